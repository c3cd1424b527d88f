"""Intervals for scores that rank or mix classes: the area under the ROC curve, F1 averaged over classes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from layerwise.evaluation.proportions import Interval, normal_quantile
from layerwise.evaluation.scored_rows import FloatArray


def area_interval(area: float, positives: float, negatives: float, level: float = 0.95) -> Interval:
    """Interval of a binary area under the ROC curve: the areas t whose own standard error reaches `area`.

        (area - t)^2 = z^2 t (1 - t) (1 + N (1-t)/(2-t) + N t/(1+t)) / (positives negatives),
        N = (positives + negatives)/2 - 1

    Keeps inside 0..1 and has width when the area is 1. Source: Newcombe 2006, Statistics in Medicine 25,
    method 5, on the variance of Hanley and McNeil 1982.
    """
    from scipy.optimize import brentq

    z = normal_quantile(level)
    spread = max((positives + negatives) / 2 - 1, 0.0)

    def excess(t: float) -> float:
        variance = t * (1 - t) * (1 + spread * (1 - t) / (2 - t) + spread * t / (1 + t))
        return float((area - t) ** 2 - z * z * variance / (positives * negatives))

    tiny = 1e-12
    low = 0.0 if area <= tiny else float(brentq(excess, 0.0, area - tiny))
    high = 1.0 if area >= 1 - tiny else float(brentq(excess, area + tiny, 1.0))
    return low, high


def logit_interval(estimate: float, influence: FloatArray, level: float = 0.95) -> Interval | None:
    """Interval of a score in 0..1 from each row's influence (n,) on it, taken on the scale log(p / (1 - p)).

    The delta method: variance = n/(n-1) sum of squared influences. None where the estimate is 0 or 1, or no
    row moves it: there the method would claim a certainty that nobody has.
    """
    rows = len(influence)
    if not 1e-12 < estimate < 1 - 1e-12 or rows < 2:
        return None
    error = np.sqrt(np.square(influence).sum() * rows / (rows - 1))
    if error == 0:
        return None
    reach = normal_quantile(level) * error / (estimate * (1 - estimate))
    centre = np.log(estimate / (1 - estimate))
    low, high = 1 / (1 + np.exp(-(centre - reach))), 1 / (1 + np.exp(-(centre + reach)))
    return float(low), float(high)


def area_influence(y: npt.NDArray[np.int64], probabilities: FloatArray, weights: FloatArray) -> FloatArray:
    """(n,) each row's influence on the mean over classes of the area of that class against the rest.

    A positive row's placement is the share of negatives that it beats (half for ties), and the other way
    round. Source: DeLong, DeLong and Clarke-Pearson 1988; weights as in a weighted mean.
    """
    classes = probabilities.shape[1]
    influence = np.zeros(len(y))
    for c in range(classes):
        positive = y == c
        for side, beats in ((positive, True), (~positive, False)):
            placement = _placement(probabilities[side, c], probabilities[~side, c], weights[~side])
            if not beats:
                placement = 1 - placement
            weight = weights[side] / weights[side].sum()
            influence[side] += weight * (placement - weight @ placement) / classes
    return influence


def _placement(scores: FloatArray, others: FloatArray, weights: FloatArray) -> FloatArray:
    """(n,) the weighted share of `others` below each score, ties counted half."""
    order = np.argsort(others, kind="stable")
    below = np.concatenate([[0.0], np.cumsum(weights[order])])
    ranked = others[order]
    left = below[np.searchsorted(ranked, scores, side="left")]
    right = below[np.searchsorted(ranked, scores, side="right")]
    return np.asarray((left + right) / (2 * below[-1]))


def macro_f1_influence(
    y: npt.NDArray[np.int64], chosen: npt.NDArray[np.int64], classes: int, weights: FloatArray
) -> FloatArray:
    """(n,) each row's influence on F1 averaged over the classes that occur or are predicted.

        F_c = 2 right_c / (true_c + predicted_c),  so a row of class t answered p moves it by
        w (2 [t = p] - F_t) / (true_t + predicted_t) - w F_p / (true_p + predicted_p)

    Source: the delta method of Takahashi et al. 2022, written per row.
    """
    right = np.bincount(y, weights=weights * (y == chosen), minlength=classes)
    size = np.bincount(y, weights=weights, minlength=classes) + np.bincount(
        chosen, weights=weights, minlength=classes
    )
    met = size > 0
    f1 = np.divide(2 * right, size, out=np.zeros(classes), where=met)
    influence = (2 * (y == chosen) - f1[y]) / size[y] - f1[chosen] / size[chosen]
    return np.asarray(weights * influence / met.sum())

"""How far a metric might be off because the rows it was measured on are few."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from layerwise.errors import InputError
from layerwise.evaluation.bootstrap import Statistic, bootstrap_intervals
from layerwise.evaluation.metrics import brier_of_rows, evaluate
from layerwise.evaluation.proportions import Interval, f1_interval, mean_of_shares, normal_quantile, wilson
from layerwise.evaluation.ranking import area_influence, area_interval, logit_interval, macro_f1_influence
from layerwise.evaluation.scored_rows import FloatArray, ScoredRows, effective_rows, scored_rows

MOST_SCORES_RANKED = 2_000_000


def confidence_intervals(
    task: str,
    y: npt.ArrayLike,
    prediction: npt.ArrayLike,
    *,
    level: float = 0.95,
    seed: int = 0,
    weights: npt.ArrayLike | None = None,
) -> dict[str, Interval]:
    """(low, high) for the metrics of `evaluate` on the same y, prediction and weights.

        accuracy                        Wilson's score interval
        balanced_accuracy               Wilson intervals of the recalls, joined (Zou and Donner 2008)
        f1, binary                      Wilson through the share of true positives (Lam, Gopal and Qian 2023)
        f1, multiclass                  delta method on the logit scale (Takahashi et al. 2022)
        roc_auc, binary                 Newcombe 2006, method 5
        roc_auc, multiclass             DeLong's variance on the logit scale (DeLong et al. 1988)
        log_loss, brier, r2, rmse, mae  BCa bootstrap, 2,000 draws (Efron 1987)
        median_absolute_error           order statistics (Woodruff 1952)

    They speak of the luck of which rows were drawn, not of training again with another seed. With weights,
    the effective number of rows (Kish 1965) stands for the number of rows.
    The tests simulate how often a 95% interval holds the truth: at least 90 times in 100, and at least 87 for
    the bootstrap on few rows, where a handful of them makes most of the loss.
    A metric gets no interval where none can be honest: fewer than two rows, or a method whose width would be
    zero. Raises InputError as `evaluate` does, and for a level outside 0..1. Takes about a second at most
    beyond the metrics themselves, for any number of rows.
    """
    if not 0 < level < 1:
        raise InputError(f"level must lie between 0 and 1, for example 0.95; found {level}")
    rows = scored_rows(task, y, prediction, weights=weights)
    if rows.rows < 2:
        return {}
    scores = evaluate(task, rows.y, rows.prediction, weights=rows.weights)
    if task == "regression":
        intervals = _regression(rows, scores, level, seed)
    else:
        intervals = _classification(rows, scores, level, seed)
    return {name: intervals[name] for name in scores if name in intervals}


def _classification(
    rows: ScoredRows, scores: dict[str, float], level: float, seed: int
) -> dict[str, Interval]:
    y, weight = rows.y, rows.weight
    chosen = rows.prediction.argmax(axis=1)
    per_class = [weight[y == c] for c in np.unique(y)]
    recalls = [
        float(np.average(chosen[y == c] == c, weights=w))
        for c, w in zip(np.unique(y), per_class, strict=True)
    ]
    intervals = {
        "accuracy": wilson(scores["accuracy"], effective_rows(weight), level),
        "balanced_accuracy": mean_of_shares(recalls, [effective_rows(w) for w in per_class], level),
    }
    if "roc_auc" in scores:
        area = _area(rows, scores["roc_auc"], level)
        if area is not None:
            intervals["roc_auc"] = area
    if "f1" in scores:
        f1 = _f1(rows, chosen, scores["f1"], level)
        if f1 is not None:
            intervals["f1"] = f1
    truth = rows.prediction[np.arange(rows.rows), y]
    surprise = -np.log(np.clip(truth, np.finfo(np.float64).eps, None))
    terms = np.column_stack([weight, weight * surprise, weight * brier_of_rows(rows)])
    statistics: dict[str, Statistic] = {
        "log_loss": lambda sums: sums[:, 1] / sums[:, 0],
        "brier": lambda sums: sums[:, 2] / sums[:, 0],
    }
    return intervals | bootstrap_intervals(terms, statistics, level=level, seed=seed)


def _area(rows: ScoredRows, area: float, level: float) -> Interval | None:
    y, weight = rows.y, rows.weight
    if rows.task == "binary":
        return area_interval(area, effective_rows(weight[y == 1]), effective_rows(weight[y == 0]), level)
    classes = rows.prediction.shape[1]
    step = -(-rows.rows * classes // MOST_SCORES_RANKED)
    some = np.argsort(y, kind="stable")[::step]
    if len(np.unique(y[some])) < classes:
        return None
    influence = area_influence(y[some], rows.prediction[some], weight[some])
    return logit_interval(area, influence / np.sqrt(step), level)


def _f1(rows: ScoredRows, chosen: npt.NDArray[np.int64], f1: float, level: float) -> Interval | None:
    y, weight = rows.y, rows.weight
    if rows.task == "binary":
        involved = (y == 1) | (chosen == 1)
        return f1_interval(f1, effective_rows(weight[involved]), level)
    return logit_interval(f1, macro_f1_influence(y, chosen, rows.prediction.shape[1], weight), level)


def _regression(rows: ScoredRows, scores: dict[str, float], level: float, seed: int) -> dict[str, Interval]:
    weight, error = rows.weight, rows.prediction - rows.y
    centred = rows.y - np.average(rows.y, weights=weight)
    terms = np.column_stack(
        [weight, weight * error**2, weight * np.abs(error), weight * centred, weight * centred**2]
    )
    statistics: dict[str, Statistic] = {
        "rmse": lambda sums: np.sqrt(np.maximum(sums[:, 1], 0) / sums[:, 0]),
        "mae": lambda sums: sums[:, 2] / sums[:, 0],
    }
    if "r2" in scores:
        statistics["r2"] = lambda sums: 1 - sums[:, 1] / (sums[:, 4] - sums[:, 3] ** 2 / sums[:, 0])
    intervals = bootstrap_intervals(terms, statistics, level=level, seed=seed)
    median = _median_interval(np.abs(error), weight, level)
    if median is not None:
        intervals["median_absolute_error"] = median
    return intervals


def _median_interval(values: FloatArray, weight: FloatArray, level: float) -> Interval | None:
    """The values at the shares 1/2 ± z/(2 sqrt(n)) of the rows, rounded outward (Woodruff 1952)."""
    reach = normal_quantile(level) / (2 * np.sqrt(effective_rows(weight)))
    if reach >= 0.5:
        return None
    order = np.argsort(values)
    share = np.cumsum(weight[order]) / weight.sum()
    low = np.searchsorted(share, 0.5 - reach, side="left")
    high = min(int(np.searchsorted(share, 0.5 + reach, side="right")), len(values) - 1)
    ends = float(values[order][low]), float(values[order][high])
    return ends if ends[0] < ends[1] else None

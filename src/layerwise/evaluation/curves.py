"""Points to draw: ROC curves, calibration, the confusion matrix, residuals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from layerwise.evaluation.proportions import wilson
from layerwise.evaluation.scored_rows import FloatArray, effective_rows, scored_rows


class RocCurve(NamedTuple):
    """Of class `label` against the rest; both rates (p,) rise from 0 to 1. area is that under all points."""

    label: Any
    false_positive_rate: FloatArray
    true_positive_rate: FloatArray
    area: float


class CalibrationCurve(NamedTuple):
    """Bins of equal size: the mean predicted probability beside the share that came true (all (bins,)).

    low and high are each share's 95% Wilson interval, rows the number of rows, error the expected calibration
    error: the mean over rows of the distance between the two (Naeini et al. 2015).
    """

    predicted: FloatArray
    observed: FloatArray
    low: FloatArray
    high: FloatArray
    rows: npt.NDArray[np.int64]
    error: float


class Residuals(NamedTuple):
    """predicted - true: a positive residual means that the network answered too high. All (n,), y's unit."""

    true: FloatArray
    predicted: FloatArray
    residual: FloatArray


def roc_curves(
    task: str,
    y: npt.ArrayLike,
    prediction: npt.ArrayLike,
    *,
    labels: Sequence[Any] | None = None,
    weights: npt.ArrayLike | None = None,
    points: int = 400,
) -> list[RocCurve]:
    """One curve for class 1 of a binary task, one per class that both occurs and is not alone otherwise.

    Long curves keep `points` points, spread evenly along the curve. Raises InputError as `evaluate` does.
    """
    from sklearn.metrics import roc_curve

    rows = scored_rows(task, y, prediction, labels=labels, weights=weights)
    names = list(range(rows.prediction.shape[1])) if labels is None else list(labels)
    asked = [1] if task == "binary" else range(len(names))
    curves = []
    for c in asked:
        truth = rows.y == c
        if truth.all() or not truth.any():
            continue
        false_positive, true_positive, _ = roc_curve(truth, rows.prediction[:, c], sample_weight=rows.weights)
        area = float(np.trapezoid(true_positive, false_positive))
        kept = _evenly_along(false_positive, true_positive, points)
        curves.append(RocCurve(names[c], false_positive[kept], true_positive[kept], area))
    return curves


def _evenly_along(x: FloatArray, y: FloatArray, points: int) -> npt.NDArray[np.int64]:
    """Indices of at most `points` points of a curve, evenly along its length, with both ends."""
    if len(x) <= points:
        return np.arange(len(x))
    travelled = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    return np.unique(
        np.searchsorted(travelled, np.linspace(0, travelled[-1], points - 1)).clip(0, len(x) - 1)
    )


def calibration_curve(
    task: str,
    y: npt.ArrayLike,
    prediction: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    bins: int = 10,
) -> CalibrationCurve:
    """Do predicted probabilities come true as often as they say?

    Binary: the probability of class 1 and whether the row is of class 1. Multiclass: the probability of the
    chosen class and whether it is right (Guo et al. 2017). Rows are sorted by probability and cut into `bins`
    of equal size; equal probabilities are never torn apart.
    """
    rows = scored_rows(task, y, prediction, weights=weights)
    if task == "binary":
        probability, came_true = rows.prediction[:, 1], rows.y == 1
    else:
        probability, came_true = rows.prediction.max(axis=1), rows.prediction.argmax(axis=1) == rows.y
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, bins + 1)[1:-1]))
    place = np.searchsorted(edges, probability, side="left")
    weight = rows.weight
    found = []
    for b in np.unique(place):
        here = place == b
        share = float(np.average(came_true[here], weights=weight[here]))
        low, high = wilson(share, effective_rows(weight[here]))
        mean = float(np.average(probability[here], weights=weight[here]))
        found.append((mean, share, low, high, here.sum(), weight[here].sum()))
    predicted, observed, low_ends, high_ends, count, mass = (
        np.array(column) for column in zip(*found, strict=True)
    )
    error = float(np.average(np.abs(predicted - observed), weights=mass))
    return CalibrationCurve(predicted, observed, low_ends, high_ends, count.astype(np.int64), error)


def confusion_matrix(
    task: str, y: npt.ArrayLike, prediction: npt.ArrayLike, *, weights: npt.ArrayLike | None = None
) -> npt.NDArray[Any]:
    """(k, k): row = true class, column = the class answered; counts of rows (int64), or sums of weights."""
    rows = scored_rows(task, y, prediction, weights=weights)
    classes = rows.prediction.shape[1]
    cell = rows.y * classes + rows.prediction.argmax(axis=1)
    count = np.bincount(cell, weights=rows.weights, minlength=classes * classes)
    return np.asarray(count.reshape(classes, classes))


def residuals(y: npt.ArrayLike, prediction: npt.ArrayLike) -> Residuals:
    """True values, predictions and their difference. Raises InputError as `evaluate` of a regression does."""
    rows = scored_rows("regression", y, prediction)
    return Residuals(rows.y, rows.prediction, rows.prediction - rows.y)

"""The rows that are scored: true values beside predictions, checked once for every score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from layerwise.errors import InputError, nearest

TASKS = ("binary", "multiclass", "regression")
FloatArray = npt.NDArray[np.float64]


class ScoredRows(NamedTuple):
    """n rows with weight above zero.

    y: (n,) int64 class index, or (n,) float64 values.  prediction: (n, k) float64 probabilities whose rows
    sum to one, or (n,) float64 values.  weights: (n,) float64 above zero, or None when every row counts the
    same.
    """

    task: str
    y: npt.NDArray[Any]
    prediction: FloatArray
    weights: FloatArray | None

    @property
    def rows(self) -> int:
        return len(self.y)

    @property
    def weight(self) -> FloatArray:
        """(n,) the weights, ones where there are none."""
        return np.ones(self.rows) if self.weights is None else self.weights


def scored_rows(
    task: str,
    y: npt.ArrayLike,
    prediction: npt.ArrayLike,
    *,
    labels: Sequence[Any] | None = None,
    weights: npt.ArrayLike | None = None,
) -> ScoredRows:
    """Check y (n,) and prediction ((n, k) or (n,)) against each other, and drop the rows of weight zero.

    Probabilities may miss a sum of one by 0.001 (single precision); they are divided by their sum.
    Raises InputError for an unknown task, no rows, lengths that differ, values that are not finite, class
    indices outside 0..k-1, rows that are no probabilities, and weights that are negative or all zero.
    """
    if task not in TASKS:
        raise InputError(f"unknown task {task!r}; {nearest(str(task), TASKS)}")
    truth = np.asarray(y)
    if truth.ndim != 1 or truth.size == 0:
        raise InputError(
            f"y must be one value per row, shape (n,) with n at least 1; found shape {truth.shape}"
        )
    predicted = np.asarray(prediction, dtype=np.float64)
    if predicted.ndim == 0 or len(predicted) != len(truth):
        raise InputError(f"y has {len(truth):,} rows but prediction has shape {predicted.shape}")
    unfinished = ~np.isfinite(predicted).reshape(len(truth), -1).all(axis=1)
    if unfinished.any():
        raise InputError(
            f"prediction holds {int(unfinished.sum()):,} rows that are not finite "
            f"(first in row {int(unfinished.argmax()):,}); the network has diverged: lower the learning rate"
        )
    if task == "regression":
        truth = _values(truth, predicted)
    else:
        truth, predicted = _classes(task, truth, predicted, labels)
    if weights is None:
        return ScoredRows(task, truth, predicted, None)
    kept = _weights(weights, len(truth))
    counts = kept > 0
    return ScoredRows(task, truth[counts], predicted[counts], kept[counts])


def _values(truth: npt.NDArray[Any], predicted: FloatArray) -> FloatArray:
    if predicted.ndim != 1:
        raise InputError(
            f"a regression needs one prediction per row, shape (n,); found shape {predicted.shape}"
        )
    values = np.asarray(truth, dtype=np.float64)
    if not np.isfinite(values).all():
        row = int((~np.isfinite(values)).argmax())
        raise InputError(f"y holds values that are not finite (first in row {row:,}); leave those rows out")
    return values


def _classes(
    task: str, truth: npt.NDArray[Any], predicted: FloatArray, labels: Sequence[Any] | None
) -> tuple[npt.NDArray[np.int64], FloatArray]:
    if predicted.ndim != 2 or predicted.shape[1] < 2 or (task == "binary" and predicted.shape[1] != 2):
        wanted = "(n, 2)" if task == "binary" else "(n, k) with k at least 2"
        raise InputError(
            f"a {task} task needs probabilities of shape {wanted}; found shape {predicted.shape}"
        )
    classes = predicted.shape[1]
    if labels is not None and len(labels) != classes:
        raise InputError(
            f"{len(labels)} labels for {classes} columns of probabilities; give one label per column"
        )
    if truth.dtype == bool:
        truth = truth.astype(np.int64)
    if truth.dtype.kind not in "iu":
        raise InputError(f"y must hold class indices (integers 0 to {classes - 1}); found type {truth.dtype}")
    outside = (truth < 0) | (truth >= classes)
    if outside.any():
        row = int(outside.argmax())
        raise InputError(f"y holds class index {truth[row]} in row {row:,}; expected 0 to {classes - 1}")
    total = predicted.sum(axis=1)
    wrong = (predicted < 0).any(axis=1) | (np.abs(total - 1) > 1e-3)
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(
            f"row {row:,} of prediction is no probability distribution (it sums to {total[row]:.4g}, "
            f"smallest {predicted[row].min():.4g}); each row must be at or above 0 and sum to 1"
        )
    return truth.astype(np.int64), predicted / total[:, None]


def _weights(weights: npt.ArrayLike, rows: int) -> FloatArray:
    kept = np.asarray(weights, dtype=np.float64)
    if kept.shape != (rows,):
        raise InputError(f"weights must be one number per row, shape ({rows},); found shape {kept.shape}")
    if not np.isfinite(kept).all() or (kept < 0).any():
        row = int((~np.isfinite(kept) | (kept < 0)).argmax())
        raise InputError(f"weights must be finite and at or above 0; found {kept[row]} in row {row:,}")
    if not kept.any():
        raise InputError("every weight is 0, so there is no row to score")
    return kept


def effective_rows(weights: FloatArray) -> float:
    """How many equally weighted rows tell as much: (sum w)^2 / sum w^2. Source: Kish 1965."""
    return float(weights.sum() ** 2 / np.square(weights).sum())

"""What one gets without a network: the figure that a metric must be read against."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from layerwise.evaluation.metrics import evaluate
from layerwise.evaluation.scored_rows import FloatArray


def baseline_prediction(
    task: str,
    y_train: npt.ArrayLike,
    rows: int,
    *,
    classes: int | None = None,
    weights: npt.ArrayLike | None = None,
) -> FloatArray:
    """One answer for every row: the class frequencies (rows, k) of the training rows, or their mean (rows,).

    classes: k, by default the largest class index plus one. weights (n,): of the training rows.
    Its most probable class is the most frequent one, so its accuracy is that of "always answer that class".
    """
    weight = None if weights is None else np.asarray(weights, dtype=np.float64)
    if task == "regression":
        return np.full(rows, np.average(np.asarray(y_train, dtype=np.float64), weights=weight))
    y = np.asarray(y_train, dtype=np.int64)
    count = np.bincount(y, weights=weight, minlength=classes or 2).astype(np.float64)
    return np.tile(count / count.sum(), (rows, 1))


def baseline_metrics(
    task: str,
    y_train: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    classes: int | None = None,
    train_weights: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
) -> dict[str, float]:
    """`evaluate` of `baseline_prediction` on y (n,): what predicting without looking at a row would score."""
    rows = len(np.asarray(y))
    if task != "regression":
        classes = classes or int(max(np.max(np.asarray(y_train)), np.max(np.asarray(y)), 1)) + 1
    prediction = baseline_prediction(task, y_train, rows, classes=classes, weights=train_weights)
    return evaluate(task, y, prediction, weights=weights)

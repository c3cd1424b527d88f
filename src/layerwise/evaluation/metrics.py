"""How good predictions are, in the numbers people know."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from layerwise.errors import InputError, nearest
from layerwise.evaluation.scored_rows import ScoredRows, scored_rows

HIGHER_IS_BETTER: Mapping[str, bool] = {
    "accuracy": True,
    "balanced_accuracy": True,
    "roc_auc": True,
    "f1": True,
    "log_loss": False,
    "brier": False,
    "r2": True,
    "rmse": False,
    "mae": False,
    "median_absolute_error": False,
}
METRICS_OF: Mapping[str, tuple[str, ...]] = {
    "classification": ("accuracy", "balanced_accuracy", "roc_auc", "log_loss", "f1", "brier"),
    "regression": ("r2", "rmse", "mae", "median_absolute_error"),
}


def evaluate(
    task: str,
    y: npt.ArrayLike,
    prediction: npt.ArrayLike,
    *,
    labels: Sequence[Any] | None = None,
    weights: npt.ArrayLike | None = None,
    metrics: Collection[str] | None = None,
) -> dict[str, float]:
    """The metrics of the task, as plain finite numbers; a metric that these rows cannot give is absent.

    Classification: y (n,) class index, prediction (n, k) probabilities (binary: k = 2).
        accuracy            share of rows whose most probable class is the true one
        balanced_accuracy   mean over the classes that occur of the share of their rows that is right
        roc_auc             binary: of class 1; multiclass: mean over classes of one against the rest
        log_loss            mean of -log p(true class), p clipped at 2.2e-16 (float64 epsilon), so at most
                            36.04
        f1                  binary: of class 1; multiclass: mean over the classes that occur or are predicted
        brier               binary: mean (p - y)^2; multiclass: mean over rows of sum over classes (0 to 2)
    Regression: y (n,), prediction (n,): r2, rmse, mae, median_absolute_error, the last three in y's unit.

    weights (n,): a row of weight 2 counts as two rows, a row of weight 0 is left out. metrics: only these are
    worked out (ranking for roc_auc takes most of the time); all by default.
    Raises InputError as `scored_rows` does, and for a metric that the task does not have. `absent_metrics`
    says why a metric is absent.
    Source: scikit-learn's metrics; Brier 1950 for brier.
    """
    rows = scored_rows(task, y, prediction, labels=labels, weights=weights)
    known = METRICS_OF["regression" if task == "regression" else "classification"]
    for name in metrics or ():
        if name not in known:
            raise InputError(f"a {task} task has no metric {name!r}; {nearest(name, known)}")
    asked = set(known if metrics is None else metrics)
    scores = _regression(rows, asked) if task == "regression" else _classification(rows, asked)
    return {name: float(scores[name]) for name in known if name in scores}


def absent_metrics(
    task: str,
    y: npt.ArrayLike,
    prediction: npt.ArrayLike,
    *,
    labels: Sequence[Any] | None = None,
    weights: npt.ArrayLike | None = None,
) -> dict[str, str]:
    """The metrics that `evaluate` leaves out for these rows, each with the reason as a sentence."""
    rows = scored_rows(task, y, prediction, labels=labels, weights=weights)
    reasons = {}
    if task == "regression":
        if not _varies(rows.y):
            reasons["r2"] = "All true values are the same, so there is no variation to explain."
        return reasons
    classes = rows.prediction.shape[1]
    missing = np.setdiff1d(np.arange(classes), rows.y)
    if missing.size:
        names = [repr(labels[c]) if labels is not None else str(c) for c in missing[:5]]
        more = f" and {missing.size - 5} more" if missing.size > 5 else ""
        reasons["roc_auc"] = (
            f"No row is of class {', '.join(names)}{more}; the area needs rows of every class."
        )
    if task == "binary" and not (rows.y == 1).any() and not (rows.prediction.argmax(axis=1) == 1).any():
        reasons["f1"] = "The positive class neither occurs nor is predicted."
    return reasons


def _varies(y: npt.NDArray[Any]) -> bool:
    return bool((y != y[0]).any())


def _classification(rows: ScoredRows, asked: set[str]) -> dict[str, float]:
    from sklearn.metrics import f1_score, log_loss, recall_score, roc_auc_score

    y, probabilities, weights = rows.y, rows.prediction, rows.weights
    classes = np.arange(probabilities.shape[1])
    chosen = probabilities.argmax(axis=1)
    occurring = np.unique(y)
    binary = rows.task == "binary"
    scores: dict[str, float] = {}
    if "accuracy" in asked:
        scores["accuracy"] = np.average(chosen == y, weights=weights)
    if "balanced_accuracy" in asked:
        scores["balanced_accuracy"] = recall_score(
            y, chosen, labels=occurring, average="macro", sample_weight=weights, zero_division=0
        )
    if "roc_auc" in asked and len(occurring) == len(classes):
        ranking = probabilities[:, 1] if binary else probabilities
        scores["roc_auc"] = roc_auc_score(
            y, ranking, sample_weight=weights, multi_class="ovr", average="macro", labels=classes
        )
    if "log_loss" in asked:
        scores["log_loss"] = log_loss(y, probabilities, labels=classes, sample_weight=weights)
    met = np.union1d(occurring, chosen)
    if "f1" in asked and (not binary or 1 in met):
        of = np.array([1]) if binary else met
        scores["f1"] = f1_score(y, chosen, labels=of, average="macro", sample_weight=weights, zero_division=0)
    if "brier" in asked:
        scores["brier"] = np.average(brier_of_rows(rows), weights=weights)
    return scores


def brier_of_rows(rows: ScoredRows) -> npt.NDArray[np.float64]:
    """(n,) the squared distance of each row's probabilities from the truth; binary counts class 1 only."""
    if rows.task == "binary":
        return np.asarray(np.square(rows.prediction[:, 1] - rows.y))
    truth = rows.prediction[np.arange(rows.rows), rows.y]
    return np.asarray(np.square(rows.prediction).sum(axis=1) - 2 * truth + 1)


def _regression(rows: ScoredRows, asked: set[str]) -> dict[str, float]:
    from sklearn.metrics import mean_absolute_error, mean_squared_error, median_absolute_error, r2_score

    truth, predicted, weights = rows.y, rows.prediction, rows.weights
    scores: dict[str, float] = {}
    if "r2" in asked and _varies(truth):
        scores["r2"] = r2_score(truth, predicted, sample_weight=weights)
    if "rmse" in asked:
        scores["rmse"] = np.sqrt(mean_squared_error(truth, predicted, sample_weight=weights))
    if "mae" in asked:
        scores["mae"] = mean_absolute_error(truth, predicted, sample_weight=weights)
    if "median_absolute_error" in asked:
        scores["median_absolute_error"] = median_absolute_error(truth, predicted, sample_weight=weights)
    return scores

"""From what a user fitted, a pipeline or a search too, to the estimator with the network in it."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from layerwise.engine import Program
from layerwise.errors import InputError
from layerwise.estimators.seen_network import SeenNetwork

MADE_HERE = "an estimator of layerwise, or a pipeline or search that ends in one"


def innermost(estimator: Any) -> Any:
    """The last step of a pipeline, the best estimator of a search; anything else as it is."""
    while True:
        if isinstance(estimator, Pipeline):
            estimator = estimator.steps[-1][1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            return estimator


def network_and_rows(estimator: Any, X: Any) -> tuple[Program, np.ndarray, np.ndarray]:
    """(program, flat parameters, rows as the network sees them).

    Raises InputError where there is no network of ours inside, NotFittedError where it is not fitted.
    """
    while not isinstance(estimator, SeenNetwork):
        if isinstance(estimator, Pipeline):
            check_is_fitted(estimator)
            X = estimator[:-1].transform(X) if len(estimator) > 1 else X
            estimator = estimator.steps[-1][1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            raise InputError(f"estimator is a {type(estimator).__name__}; expected {MADE_HERE}")
    return *estimator._network_parts(), estimator._network_rows(X)


def history_of(estimator: Any) -> Any:
    """The history of the run that fitted the estimator, a data frame.

    Raises InputError for one that keeps none, NotFittedError where it is not fitted.
    """
    inner = innermost(estimator)
    if not isinstance(inner, SeenNetwork):
        if hasattr(inner, "loss_curve_"):
            return _of_loss_curve(inner)
        raise InputError(f"estimator is a {type(inner).__name__}; expected {MADE_HERE}")
    inner._network_parts()
    try:
        return inner.history_  # type: ignore[attr-defined]
    except AttributeError:
        raise InputError(
            f"this {type(inner).__name__} was loaded, and its history stayed with its run; give that to "
            "from_history, for example polars.read_parquet('runs/NAME/history.parquet')"
        ) from None


def _of_loss_curve(estimator: Any) -> list[dict[str, float]]:
    """The history that scikit-learn's own networks keep."""
    name = "validation_accuracy" if hasattr(estimator, "classes_") else "validation_r2"
    rows = [{"epoch": epoch, "cost": cost} for epoch, cost in enumerate(estimator.loss_curve_, start=1)]
    for row, score in zip(rows, estimator.validation_scores_ or (), strict=False):
        row[name] = score
    return rows


def best_epoch_of(estimator: Any) -> int | None:
    """The epoch whose parameters were kept for its validation, or None where the last ones were."""
    inner = innermost(estimator)
    if isinstance(inner, SeenNetwork):
        return inner._kept_epoch()
    scores = getattr(inner, "validation_scores_", None)
    return int(np.argmax(scores)) + 1 if scores else None

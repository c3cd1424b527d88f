"""How good a model is on some rows: predictions, metrics and how sure they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.estimators import TabularClassifier, TabularRegressor
from layerwise.evaluation import confidence_intervals, evaluate

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Score:
    """A model on n rows.   y (n,) class index or value, prediction (n, k) probabilities or (n,) values"""

    y: np.ndarray
    prediction: np.ndarray
    weights: np.ndarray | None
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]


def predictor(model: TabularClassifier | TabularRegressor) -> Callable[[Any], np.ndarray]:
    """Frame -> probabilities (n, k) of a classifier, values (n,) of a regressor."""
    return model.predict_proba if isinstance(model, TabularClassifier) else model.predict


def score(
    model: TabularClassifier | TabularRegressor,
    frame: pl.DataFrame,
    target: pl.Series,
    weights: np.ndarray | None = None,
    *,
    seed: int = 0,
) -> Score:
    """Predict the rows of `frame` and compare with `target`.

    Raises InputError for columns that are absent and for labels that were not there in training.
    """
    y = model.target_.encode(target)
    prediction = predictor(model)(frame)
    task = model.target_.task
    return Score(
        y=y,
        prediction=prediction,
        weights=weights,
        metrics=evaluate(task, y, prediction, weights=weights),
        intervals=confidence_intervals(task, y, prediction, seed=seed, weights=weights),
    )

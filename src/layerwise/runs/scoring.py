"""How good a model is on some rows: predictions, metrics and how sure they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.estimators import TabularClassifier, TabularRegressor
from layerwise.evaluation import Importance, confidence_intervals, evaluate, permutation_importance
from layerwise.network.parameters import named_views

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


# Columns that are shuffled to see what the answers rest on: each takes some milliseconds.
MOST_SHUFFLED = 200


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


def importance(
    model: TabularClassifier | TabularRegressor, frame: pl.DataFrame, found: Score, *, seed: int = 0
) -> list[Importance]:
    """What the answers on the rows of `frame`, scored before, rest on: see `permutation_importance`.

    Where the model reads more than MOST_SHUFFLED columns, of those that its first layer weighs most.
    """
    features = model.encoder_.transform(frame, dtype=model.dtype)
    columns: dict[str, list[int]] = {name: [] for name in model.encoder_.columns}
    for place, name in enumerate(model.encoder_.feature_columns):
        columns[name].append(place)
    if len(columns) > MOST_SHUFFLED:
        network = model.network_
        W1 = named_views(network.parameters, network.program.architecture)["W1"]
        reach = np.linalg.norm(W1, axis=0) * features.std(axis=0)
        weighed = sorted(columns, key=lambda name: -float(np.square(reach[columns[name]]).sum()))
        columns = {name: columns[name] for name in weighed[:MOST_SHUFFLED]}
    return permutation_importance(
        model.answers, features, columns, found.y, model.target_.task, seed=seed, weights=found.weights
    )

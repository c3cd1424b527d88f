"""How good a model is on some rows: predictions, metrics and how sure they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.checking.network_check import NetworkBatch
from layerwise.engine import build_engine
from layerwise.estimators import TabularClassifier, TabularRegressor
from layerwise.evaluation import Importance, confidence_intervals, evaluate, permutation_importance
from layerwise.network.parameters import named_views

if TYPE_CHECKING:
    import polars as pl

    from layerwise.runs.training_table import Rows


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
    model: TabularClassifier | TabularRegressor, rows: Rows, found: Score, *, seed: int = 0
) -> list[Importance]:
    """What the answers on these rows, scored before, rest on: see `permutation_importance`.

    Where the model reads more than MOST_SHUFFLED columns, of those that would cost most by `expected_rise`.
    """
    features = model.encoder_.transform(rows.frame, dtype=model.dtype)
    columns: dict[str, list[int]] = {name: [] for name in model.encoder_.columns}
    for place, name in enumerate(model.encoder_.feature_columns):
        columns[name].append(place)
    if len(columns) > MOST_SHUFFLED:
        rises = expected_rise(model.network_batch(rows.frame, rows.target, rows.weights))
        ordered = sorted(columns, key=lambda name: -float(rises[columns[name]].sum()))
        columns = {name: columns[name] for name in ordered[:MOST_SHUFFLED]}
    return permutation_importance(
        model.answers, features, columns, found.y, model.target_.task, seed=seed, weights=found.weights
    )


def expected_rise(batch: NetworkBatch) -> np.ndarray:
    """How much the cost would rise if an input were shuffled, to first order: (n[0],).

    - mean over examples of dJ/dx (x - mean of x) = - sum over units of W1 (dW1 - db1 mean of x)

    Source: Molchanov et al. 2017, "Pruning Convolutional Neural Networks for Resource Efficient Inference",
    equation 7, for an input in place of a unit and its mean in place of 0.
    """
    program = replace(batch.program, objective=replace(batch.program.objective, l2=0.0, l1=0.0))
    engine = build_engine(program, batch.engine)
    _, gradient = engine.cost_and_gradient(batch.parameters, batch.X, batch.Y, batch.weights)
    W1 = named_views(batch.parameters, program.architecture)["W1"]
    grads = named_views(gradient, program.architecture)
    mean = np.average(batch.X, axis=0, weights=batch.weights)
    return -(W1 * (grads["W1"] - grads["b1"] * mean)).sum(axis=0)

"""Held-out rows of a table: what the loop learns of them after each epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from layerwise.engine import Engine, Program, cost_of, output_activation
from layerwise.evaluation import evaluate


class Held(NamedTuple):
    """X (m, n[0]) and Y (m, n[L]) of the network's precision, values (m,) as the target encodes them.

    weights: what a row counts in the metrics, (m,) or None.  counted: what it counts in the cost, with the
    weight of its class.
    """

    X: np.ndarray
    Y: np.ndarray
    values: np.ndarray
    weights: np.ndarray | None
    counted: np.ndarray | None


class Validation(NamedTuple):
    """Makes, for an engine, the loop's `validate`: the cost and the named metrics of the held-out rows.

    `prediction` turns outputs (m, n[L]) into probabilities (m, classes) or values (m,).
    """

    task: str
    held: Held
    metrics: tuple[str, ...]
    prediction: Callable[[np.ndarray], np.ndarray]

    def __call__(self, engine: Engine) -> Validating:
        return Validating(self, engine, self.held.X)

    def row(self, program: Program, Z: np.ndarray) -> dict[str, float]:
        """What the history gets where the held-out rows come to Z (m, n[L])."""
        held = self.held
        with np.errstate(all="ignore"):
            cost = cost_of(program, Z, held.Y, held.counted)
            prediction = self.prediction(output_activation(program, Z))
        scores = {f"validation_{name}": value for name, value in self._scores(prediction).items()}
        return {"validation_cost": cost} | scores

    def _scores(self, prediction: np.ndarray) -> dict[str, float]:
        held = self.held
        if not np.isfinite(prediction).all():
            return dict.fromkeys(self.metrics, float("nan"))
        if self.metrics == ("accuracy",):
            right = prediction.argmax(axis=1) == held.values
            return {"accuracy": float(np.average(right, weights=held.weights))}
        scores = evaluate(self.task, held.values, prediction, weights=held.weights, metrics=self.metrics)
        return {name: scores.get(name, float("nan")) for name in self.metrics}


class Validating(NamedTuple):
    """See `training.validation.Turnable`: X are the held-out rows as the engine takes them."""

    validation: Validation
    engine: Engine
    X: np.ndarray

    def __call__(self, parameters: np.ndarray) -> dict[str, float]:
        with np.errstate(all="ignore"):
            Z = self.engine.pre_activations(parameters, self.X)
        return self.validation.row(self.engine.program, Z)

    def on(self, engine: Engine, X: np.ndarray) -> Validating:
        return self._replace(engine=engine, X=X)

"""An epoch of mini-batches as scikit-learn counts its loss: at once where that comes to the same."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from layerwise.engine import Batches, Engine, StepTotals, TrainingState
from layerwise.estimators.mlp_inputs import dense_rows
from layerwise.network.objective import penalty
from layerwise.network.parameters import named_views

SECONDS_PER_CALL = 0.2
FIRST_STEPS = 16


class Rows(NamedTuple):
    """Examples: X (m, n[0]) dense or sparse by rows, Y (m, n[L]), weights (m,) or None."""

    X: Any
    Y: np.ndarray
    weights: np.ndarray | None


class EpochOutcome(NamedTuple):
    """The loss of an epoch, the norm of its last gradient, and whether every cost was finite."""

    loss: float
    gradient_norm: float
    finite: bool


def reported_loss(cost: float, penalties: float, outputs: int) -> float:
    """What scikit-learn reports of J: the data's part averaged over the outputs, the penalties as they are."""
    return (cost - penalties) / outputs + penalties


class Epochs:
    """Epochs over the same examples. `averaged_outputs` is n[L] where losses are averaged over it, else 1.

    The loss of an epoch is the mean of its batches' losses, each counted by its rows. Where rows have
    weights the engine counts by weight instead, so each step is then a call of its own, as it is for sparse
    rows, which become dense one batch at a time, and for a loss averaged over outputs.
    """

    def __init__(self, engine: Engine, rows: Rows, size: int, averaged_outputs: int) -> None:
        self.engine, self.rows, self.size, self.averaged_outputs = engine, rows, size, averaged_outputs
        self.count = rows.X.shape[0]
        self.steps = -(-self.count // size)
        self.by_step = sparse.issparse(rows.X) or rows.weights is not None or averaged_outputs > 1
        self._call_steps = min(self.steps, FIRST_STEPS)

    def run(
        self,
        state: TrainingState,
        order: np.ndarray | None,
        epoch: int,
        rates: np.ndarray,
        on_steps: Callable[[int], None] | None = None,
    ) -> EpochOutcome:
        """One epoch, changing `state` in place. `order` (m,) or None; `rates` (steps,)."""
        run = self._step_by_step if self.by_step else self._at_once
        return run(state, order, epoch, rates, on_steps)

    def _at_once(self, state, order, epoch, rates, on_steps) -> EpochOutcome:
        batches = Batches(*self.rows, order, self.size)
        totals = StepTotals()
        while totals.steps < self.steps and totals.finite:
            start = time.perf_counter()
            part = rates[totals.steps : totals.steps + self._call_steps]
            totals = self.engine.run_steps(state, batches, epoch, totals, part)
            if len(part) < self.steps:
                self._pace(len(part), time.perf_counter() - start)
                if on_steps is not None:
                    on_steps(totals.steps)
        return EpochOutcome(totals.mean_cost, totals.gradient_norm, totals.finite)

    def _pace(self, steps: int, seconds: float) -> None:
        """How many steps the next call does, so that Ctrl-C is heard and progress shows in time."""
        fitting = int(steps * SECONDS_PER_CALL / max(seconds, 1e-6))
        self._call_steps = max(1, min(self.steps, fitting, 4 * self._call_steps))

    def _step_by_step(self, state, order, epoch, rates, on_steps) -> EpochOutcome:
        program = self.engine.program
        views = named_views(state.parameters, program.architecture)
        total, norm = 0.0, float("nan")
        for step in range(self.steps):
            start, stop = step * self.size, min((step + 1) * self.size, self.count)
            batch = self.batch(slice(start, stop) if order is None else order[start:stop])
            weight = float(stop - start if batch.weights is None else batch.weights.sum(dtype=np.float64))
            counts = self.averaged_outputs > 1 and weight
            penalties = penalty(program.objective, views, weight) if counts else 0.0
            # Each step is an epoch of one step to the engine, with dropout masks of its own.
            outcome = self.engine.run_steps(
                state, batch, epoch * self.steps + step, StepTotals(), rates[step : step + 1]
            )
            if not outcome.finite:
                return EpochOutcome(float("nan"), float("nan"), False)
            if outcome.weight:
                loss = reported_loss(outcome.mean_cost, penalties, self.averaged_outputs)
                total, norm = total + loss * (stop - start), outcome.gradient_norm
            if on_steps is not None:
                on_steps(step + 1)
        return EpochOutcome(total / self.count, norm, True)

    def batch(self, rows: Any) -> Batches:
        """The examples that an array of positions or a slice names, dense."""
        X = dense_rows(self.rows.X, rows)
        weights = None if self.rows.weights is None else self.rows.weights[rows]
        return Batches(X, np.ascontiguousarray(self.rows.Y[rows]), weights, None, len(X))

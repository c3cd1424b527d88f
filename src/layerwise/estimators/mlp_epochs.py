"""Epochs of mini-batches as scikit-learn counts their loss: at once where that comes to the same."""

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
from layerwise.training.pace import FIRST_STEPS, LARGEST_ORDER, fitting


class Rows(NamedTuple):
    """Examples: X (m, n[0]) dense or sparse by rows, Y (m, n[L]), weights (m,) or None."""

    X: Any
    Y: np.ndarray
    weights: np.ndarray | None


class EpochOutcome(NamedTuple):
    """An epoch's loss, the norm of its last gradient, whether every cost was finite, how long it took."""

    loss: float
    gradient_norm: float
    finite: bool
    seconds: float


def reported_loss(cost: float, penalties: float, outputs: int) -> float:
    """What scikit-learn reports of J: the data's part averaged over the outputs, plus the penalties."""
    return (cost - penalties) / outputs + penalties


class Epochs:
    """Epochs over the same examples. `averaged_outputs` is n[L] where losses are averaged over it, else 1.

    The loss of an epoch is the mean of its batches' losses, each counted by its rows. Where rows have
    weights the engine counts by weight instead, so each step is then a call of its own, as it is for sparse
    rows, which become dense one batch at a time, and for a loss averaged over outputs. Otherwise a call does
    as many steps, or as many epochs, as leave Ctrl-C and progress waiting for about pace.SECONDS_PER_CALL.
    """

    def __init__(self, engine: Engine, rows: Rows, size: int, averaged_outputs: int) -> None:
        self.engine, self.rows, self.size, self.averaged_outputs = engine, rows, size, averaged_outputs
        self.count = rows.X.shape[0]
        self.steps = -(-self.count // size)
        self.by_step = sparse.issparse(rows.X) or rows.weights is not None or averaged_outputs > 1
        self._call_steps = min(self.steps, FIRST_STEPS)
        self._call_epochs = max(1, FIRST_STEPS // self.steps)

    def at_once(self, most: int) -> int:
        """How many epochs, of `most`, the next call may do."""
        if self.by_step:
            return 1
        return max(1, min(most, self._call_epochs, LARGEST_ORDER // self.count))

    def run(
        self,
        state: TrainingState,
        orders: np.ndarray | None,
        epoch: int,
        rates: np.ndarray,
        on_steps: Callable[[int], None] | None = None,
    ) -> list[EpochOutcome]:
        """Epochs from number `epoch` on, changing `state` in place; ends with the first that is not finite.

        `orders` (epochs, m) or None; `rates` (epochs, steps).
        """
        start = time.perf_counter()
        if len(rates) > 1:
            batches = Batches(*self.rows, orders, self.size)
            ended = self.engine.run_epochs(state, batches, epoch, rates)
            seconds = time.perf_counter() - start
            each = seconds / len(ended)
            outcomes = [
                EpochOutcome(cost, norm, True, each)
                for cost, norm in zip(ended.mean_costs.tolist(), ended.sums[2].tolist(), strict=True)
            ]
            outcomes[-1] = outcomes[-1]._replace(finite=ended.finite)
        else:
            run = self._step_by_step if self.by_step else self._in_parts
            order = None if orders is None else orders[0]
            loss, norm, finite = run(state, order, epoch, rates[0], on_steps)
            seconds = time.perf_counter() - start
            outcomes = [EpochOutcome(loss, norm, finite, seconds)]
        self._call_epochs = fitting(len(outcomes), seconds, self._call_epochs)
        return outcomes

    def _in_parts(self, state, order, epoch, rates, on_steps) -> tuple[float, float, bool]:
        batches = Batches(*self.rows, order, self.size)
        totals = StepTotals()
        while totals.steps < self.steps and totals.finite:
            start = time.perf_counter()
            part = rates[totals.steps : totals.steps + self._call_steps]
            totals = self.engine.run_steps(state, batches, epoch, totals, part)
            if len(part) < self.steps:
                seconds = time.perf_counter() - start
                self._call_steps = min(self.steps, fitting(len(part), seconds, self._call_steps))
                if on_steps is not None:
                    on_steps(totals.steps)
        return totals.mean_cost, totals.gradient_norm, totals.finite

    def _step_by_step(self, state, order, epoch, rates, on_steps) -> tuple[float, float, bool]:
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
            totals = self.engine.run_steps(
                state, batch, epoch * self.steps + step, StepTotals(), rates[step : step + 1]
            )
            if not totals.finite:
                return float("nan"), float("nan"), False
            if totals.weight:
                loss = reported_loss(totals.mean_cost, penalties, self.averaged_outputs)
                total, norm = total + loss * (stop - start), totals.gradient_norm
            if on_steps is not None:
                on_steps(step + 1)
        return total / self.count, norm, True

    def batch(self, rows: Any) -> Batches:
        """The examples that an array of positions or a slice names, dense, as one mini-batch."""
        X = dense_rows(self.rows.X, rows)
        weights = None if self.rows.weights is None else self.rows.weights[rows]
        return Batches(X, np.ascontiguousarray(self.rows.Y[rows]), weights, None, len(X))

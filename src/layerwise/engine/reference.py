"""The reference engine: the network's own functions and the optimizers' rules, on NumPy arrays.

Slow and plain; the compiled engine must follow its trajectory to rounding.
"""

from __future__ import annotations

import numpy as np

from layerwise.engine.checks import check_epochs, check_examples, check_parameters, check_steps
from layerwise.engine.contract import (
    Batches,
    Check,
    EpochTotals,
    Program,
    StepTotals,
    TrainingState,
    output_activation,
)
from layerwise.formulas.optimizers import clip_scale
from layerwise.formulas.randomness import dropout_key, dropout_mask, shuffled
from layerwise.formulas.regularizers import decay, max_norm_scale
from layerwise.network.objective import cost_and_gradient
from layerwise.network.parameters import flat_vector, named_views
from layerwise.network.propagation import Dropout, forward


class ReferenceEngine:
    """See `contract.Engine`."""

    name = "numpy"

    def __init__(self, program: Program) -> None:
        self.program = program

    def is_compiled(self, rows: int) -> bool:
        """There is nothing to compile."""
        return True

    def compile(self, rows: int) -> None:
        """There is nothing to compile."""

    def run_steps(
        self, state: TrainingState, batches: Batches, epoch: int, so_far: StepTotals, rates: np.ndarray
    ) -> StepTotals:
        """See `contract.Engine.run_steps`."""
        with np.errstate(all="ignore"):
            return self._run_steps(state, batches, epoch, so_far, rates)

    def _run_steps(
        self, state: TrainingState, batches: Batches, epoch: int, so_far: StepTotals, rates: np.ndarray
    ) -> StepTotals:
        check_steps(self.program, state, batches, so_far, rates)
        return self._steps(state, batches, epoch, so_far, rates)

    def run_epochs(
        self, state: TrainingState, batches: Batches, epoch: int, rates: np.ndarray
    ) -> EpochTotals:
        """See `contract.Engine.run_epochs`."""
        check_epochs(self.program, state, batches, rates)
        done: list[StepTotals] = []
        with np.errstate(all="ignore"):
            for number, row in enumerate(rates):
                order = None if batches.order is None else batches.order[number]
                one = batches._replace(order=order)
                done.append(self._steps(state, one, epoch + number, StepTotals(), row))
                if not done[-1].finite:
                    break
        sums = np.array([totals[:3] for totals in done]).reshape(-1, 3).T
        return EpochTotals(sums, batches.steps, done[-1].steps, done[-1].finite)

    def _steps(
        self, state: TrainingState, batches: Batches, epoch: int, so_far: StepTotals, rates: np.ndarray
    ) -> StepTotals:
        epoch_key = dropout_key(self.program.seed, epoch)
        cost_sum, weight_sum, norm, first_step, _ = so_far
        for step, rate in enumerate(rates, start=first_step):
            rows: slice | np.ndarray = slice(step * batches.size, (step + 1) * batches.size)
            if batches.order is not None:
                rows = batches.order[rows]
            X, Y = batches.X[rows], batches.Y[rows]
            weights = None if batches.weights is None else batches.weights[rows]
            weight = float(len(X)) if weights is None else float(weights.sum(dtype=np.float64))
            if weight == 0:
                continue
            dropouts = self._dropouts(epoch_key, step, len(X), batches.masks)
            cost, gradient = self._batch(state.parameters, X, Y, weights, dropouts)
            if not np.isfinite(cost):
                return StepTotals(cost_sum, weight_sum, float("nan"), step, False)
            norm = float(np.sqrt(np.square(gradient, dtype=np.float64).sum()))
            self._update(state, gradient, norm, float(rate))
            cost_sum += cost * weight
            weight_sum += weight
        return StepTotals(cost_sum, weight_sum, norm, first_step + len(rates), True)

    def orders(self, rows: int, first: int, count: int) -> np.ndarray:
        """See `contract.Engine.orders`."""
        drawn = [shuffled(rows, self.program.seed, epoch) for epoch in range(first, first + count)]
        return np.array(drawn, dtype=np.int64).reshape(count, rows)

    def pre_activations(
        self, parameters: np.ndarray, X: np.ndarray, check: Check | None = None
    ) -> np.ndarray:
        """See `contract.Engine.pre_activations`."""
        check_parameters(self.program, parameters)
        check_examples(self.program, X)
        if check is not None:
            check(X)
        architecture = self.program.architecture
        with np.errstate(all="ignore"):
            caches = forward(X.T, named_views(parameters, architecture), architecture.activations)
        return np.ascontiguousarray(caches[-1].Z.T)

    def outputs(self, parameters: np.ndarray, X: np.ndarray, check: Check | None = None) -> np.ndarray:
        """See `contract.Engine.outputs`."""
        with np.errstate(all="ignore"):
            return output_activation(self.program, self.pre_activations(parameters, X, check))

    def cost_and_gradient(
        self,
        parameters: np.ndarray,
        X: np.ndarray,
        Y: np.ndarray,
        weights: np.ndarray | None = None,
        dropout_at: tuple[int, int] | None = None,
    ) -> tuple[float, np.ndarray]:
        """See `contract.Engine.cost_and_gradient`."""
        check_parameters(self.program, parameters)
        check_examples(self.program, X, Y, weights)
        dropouts = None
        if dropout_at is not None:
            epoch, step = dropout_at
            dropouts = self._dropouts(dropout_key(self.program.seed, epoch), step, len(X), None)
        with np.errstate(all="ignore"):
            return self._batch(parameters, X, Y, weights, dropouts)

    def _batch(self, parameters, X, Y, weights, dropouts) -> tuple[float, np.ndarray]:
        architecture = self.program.architecture
        views = named_views(parameters, architecture)
        cost, grads = cost_and_gradient(
            self.program.objective, views, architecture, X.T, Y.T, weights, dropouts
        )
        named = {name.removeprefix("d"): array for name, array in grads.items()}
        return cost, flat_vector(named, architecture, parameters.dtype)

    def _dropouts(
        self, epoch_key: int, step: int, examples: int, given: tuple[np.ndarray | None, ...] | None
    ) -> list[Dropout | None]:
        dropouts: list[Dropout | None] = []
        for layer, _, n, _ in self.program.architecture.layers():
            keep_prob = self.program.keep_probs[layer - 1]
            mask = None
            if keep_prob < 1 and given is not None:
                mask = given[layer - 1]
            elif keep_prob < 1:
                mask = dropout_mask(epoch_key, step, layer, n, examples, keep_prob).T
            dropouts.append(None if mask is None else Dropout(mask.T, keep_prob))
        return dropouts

    def _update(self, state: TrainingState, gradient: np.ndarray, norm: float, rate: float) -> None:
        program = self.program
        state.t += 1
        if program.clip_norm:
            gradient = gradient * float(clip_scale(norm, program.clip_norm))
        constants = program.rule.constants(state.t, *program.optimizer_settings)
        for block in program.architecture.blocks:
            where = block.slice
            weight = state.parameters[where]
            if block.is_weight and program.decay:
                weight = decay(weight, rate, program.decay)
            slots = tuple(slot[where] for slot in state.slots)
            weight, *slots_after = program.rule.rule(weight, *slots, gradient[where], rate, *constants)
            if block.is_weight and program.max_norm:
                rows = weight.reshape(block.shape)
                norms = np.sqrt(np.square(rows, dtype=np.float64).sum(axis=1, keepdims=True))
                weight = (rows * max_norm_scale(norms, program.max_norm).astype(weight.dtype)).ravel()
            state.parameters[where] = weight
            for slot, after in zip(state.slots, slots_after, strict=True):
                slot[where] = after

"""The steps of one arm, many at a time: the compiled engine, fed in the order that the note's loops have."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from layerwise.engine import Batches, Engine, StepTotals, TrainingState
from layerwise.formulas.optimizers import OPTIMIZERS
from layerwise.formulas.randomness import generator_at
from layerwise.network.objective import cost_and_gradient
from layerwise.network.parameters import named_views
from layerwise.studies.arm import Arm, Examples
from layerwise.studies.note_random import NoteOrder, Seeds, note_masks

MOST_COPIES = 100
NUMBERS_AT_ONCE = 2**18


class Stepper(Protocol):
    """Changes the state in place, epoch by epoch."""

    def advance(self, state: TrainingState, epoch: int, epochs: int) -> StepTotals:
        """Do `epochs` epochs from number `epoch` (from 0). Returns what the first one's last step came to;
        its `finite` is False where any cost of these epochs was not finite, and the state is then stale."""


def stepper(arm: Arm, engine: Engine, examples: Examples, seeds: Seeds) -> Stepper:
    """The one that trains this arm."""
    if arm.keep_prob < 1 and arm.fixed_masks:
        return FixedMasks(arm, engine, examples, seeds)
    if arm.batch_size is None or arm.batch_size >= len(examples.X):
        return WholeBatch(arm, engine, examples)
    if arm.own_order:
        return ManyEpochs(arm, engine, examples, seeds)
    return MiniBatches(arm, engine, examples, seeds)


class WholeBatch:
    """Batch gradient descent: one step an epoch. Copies of the data stand one behind the other, so that a
    hundred steps are one call of the engine."""

    def __init__(self, arm: Arm, engine: Engine, examples: Examples) -> None:
        self.engine, self.rate, self.rows = engine, arm.rate, len(examples.X)
        copies = max(1, min(MOST_COPIES, NUMBERS_AT_ONCE // examples.X.size))
        self.X, self.Y = (np.tile(array, (copies, 1)) for array in (examples.X, examples.Y))
        self.copies = copies

    def advance(self, state: TrainingState, epoch: int, epochs: int) -> StepTotals:
        first = self._steps(state, epoch, 1)
        done = 1
        while first.finite and done < epochs:
            steps = min(self.copies, epochs - done)
            if not self._steps(state, epoch + done, steps).finite:
                return first._replace(finite=False)
            done += steps
        return first

    def _steps(self, state: TrainingState, epoch: int, steps: int) -> StepTotals:
        rows = steps * self.rows
        batches = Batches(self.X[:rows], self.Y[:rows], None, None, self.rows)
        return self.engine.run_steps(state, batches, epoch, StepTotals(), np.full(steps, self.rate))


class MiniBatches:
    """Mini-batches of examples in the note's order, shuffled anew before every epoch."""

    def __init__(self, arm: Arm, engine: Engine, examples: Examples, seeds: Seeds) -> None:
        assert arm.batch_size is not None
        self.engine, self.examples, self.size = engine, examples, arm.batch_size
        self.order = NoteOrder(seeds.order, len(examples.X))
        self.rates = np.full(-(-len(examples.X) // arm.batch_size), arm.rate)

    def advance(self, state: TrainingState, epoch: int, epochs: int) -> StepTotals:
        batches = self._batches(epoch)
        before = self.engine.run_steps(state, batches, epoch, StepTotals(), self.rates[:-1])
        if not before.finite:
            return before
        whole = self.engine.run_steps(state, batches, epoch, before, self.rates[-1:])
        last = whole._replace(cost=whole.cost - before.cost, weight=whole.weight - before.weight)
        for number in range(epoch + 1, epoch + epochs):
            if not last.finite:
                break
            totals = self.engine.run_steps(state, self._batches(number), number, StepTotals(), self.rates)
            last = last._replace(finite=totals.finite)
        return last

    def _batches(self, epoch: int) -> Batches:
        return Batches(self.examples.X, self.examples.Y, None, self.order.of(epoch), self.size)


class ManyEpochs:
    """Mini-batches of examples in an order of our own, many epochs in one call of the engine.

    The epochs stand one behind the other. Where the last mini-batch of an epoch is smaller, it is filled up
    with examples of weight 0, which count for nothing.
    """

    def __init__(self, arm: Arm, engine: Engine, examples: Examples, seeds: Seeds) -> None:
        assert arm.batch_size is not None
        self.engine, self.examples, self.seed = engine, examples, seeds.order
        self.size, self.rate = arm.batch_size, arm.rate
        self.rows = len(examples.X)
        self.steps = -(-self.rows // self.size)
        self.filled = self.steps * self.size
        self.most = max(1, min(MOST_COPIES, NUMBERS_AT_ONCE // (self.filled * examples.X.shape[1])))
        self.weights = np.tile((np.arange(self.filled) < self.rows).astype(np.float64), self.most)

    def orders(self, epoch: int, epochs: int) -> np.ndarray:
        """The orders of epochs that stand together, from number `epoch`: (epochs, rows) int64."""
        plain = np.tile(np.arange(self.rows), (epochs, 1))
        return generator_at(self.seed, "shuffle", epoch).permuted(plain, axis=1)

    def advance(self, state: TrainingState, epoch: int, epochs: int) -> StepTotals:
        alone = self._batches(epoch, 1)
        rates = np.full(self.steps, self.rate)
        before = self.engine.run_steps(state, alone, epoch, StepTotals(), rates[:-1])
        if not before.finite:
            return before
        whole = self.engine.run_steps(state, alone, epoch, before, rates[-1:])
        last = whole._replace(cost=whole.cost - before.cost, weight=whole.weight - before.weight)
        done = 1
        while last.finite and done < epochs:
            together = min(self.most, epochs - done)
            batches = self._batches(epoch + done, together)
            rates = np.full(together * self.steps, self.rate)
            totals = self.engine.run_steps(state, batches, epoch + done, StepTotals(), rates)
            last = last._replace(finite=totals.finite)
            done += together
        return last

    def _batches(self, epoch: int, epochs: int) -> Batches:
        index = np.zeros((epochs, self.filled), dtype=np.int64)
        index[:, : self.rows] = self.orders(epoch, epochs)
        X, Y = (array[index.ravel()] for array in (self.examples.X, self.examples.Y))
        return Batches(X, Y, self.weights[: index.size], None, self.size)


class FixedMasks:
    """Batch gradient descent under dropout masks that are the same in every pass, by the reference network:
    the engine draws masks of its own and takes none."""

    def __init__(self, arm: Arm, engine: Engine, examples: Examples, seeds: Seeds) -> None:
        self.architecture = arm.architecture
        self.objective = engine.program.objective
        self.rule = OPTIMIZERS["gd"].rule
        self.rate = arm.rate
        self.X, self.Y = np.ascontiguousarray(examples.X.T), np.ascontiguousarray(examples.Y.T)
        self.masks = note_masks(self.architecture, arm.keep_prob, len(examples.X), seeds.mask)

    def advance(self, state: TrainingState, epoch: int, epochs: int) -> StepTotals:
        first = None
        views = named_views(state.parameters, self.architecture)
        for _ in range(epochs):
            cost, grads = cost_and_gradient(
                self.objective, views, self.architecture, self.X, self.Y, dropouts=self.masks
            )
            if first is None:
                norm = float(np.sqrt(sum(float(np.vdot(g, g)) for g in grads.values())))
                first = StepTotals(cost, 1.0, norm, 1, bool(np.isfinite(cost)))
            if not np.isfinite(cost):
                return first._replace(finite=False)
            for name, array in views.items():
                (array[:],) = self.rule(array, grads[f"d{name}"], self.rate)
            state.t += 1
        assert first is not None
        return first

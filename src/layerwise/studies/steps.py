"""The steps of one arm, many epochs at a time: the engine, fed in the order that the note's loops have."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from layerwise.engine import Batches, Engine, StepTotals, TrainingState
from layerwise.formulas.randomness import generator_at
from layerwise.studies.arm import Arm, Examples
from layerwise.studies.note_random import NoteOrder, Seeds, note_masks

# Examples in the epochs of one call: a call takes a fraction of a second, so Ctrl-C is heard soon.
EXAMPLES_AT_ONCE = 2**17


Masks = tuple[np.ndarray | None, ...]


class Orders(Protocol):
    """The orders of the examples, epoch by epoch."""

    def several(self, epoch: int, epochs: int) -> np.ndarray:
        """Those of so many epochs from number `epoch` (from 0): (epochs, rows) int64."""


class Stepper:
    """Changes a state in place, epoch by epoch: all examples at once, or mini-batches in given orders."""

    def __init__(
        self, arm: Arm, engine: Engine, examples: Examples, orders: Orders | None, masks: Masks | None
    ) -> None:
        rows = len(examples.X)
        self.engine, self.orders = engine, orders
        size = rows if orders is None or arm.batch_size is None else arm.batch_size
        self.batches = Batches(examples.X, examples.Y, None, None, size, masks)
        self.rates = np.full((max(1, EXAMPLES_AT_ONCE // rows), self.batches.steps), arm.rate)

    def advance(self, state: TrainingState, epoch: int, epochs: int) -> StepTotals:
        """Do `epochs` epochs from number `epoch` (from 0). Returns what the first one's last step came to;
        its `finite` is False where any cost of these epochs was not finite, and the state is then stale."""
        alone = self.batches
        if self.orders is not None:
            alone = alone._replace(order=self.orders.several(epoch, 1)[0])
        rates = self.rates[0]
        before = self.engine.run_steps(state, alone, epoch, StepTotals(), rates[:-1])
        if not before.finite:
            return before
        whole = self.engine.run_steps(state, alone, epoch, before, rates[-1:])
        last = whole._replace(cost=whole.cost - before.cost, weight=whole.weight - before.weight)
        done = 1
        while last.finite and done < epochs:
            together = min(len(self.rates), epochs - done)
            batches = self.batches
            if self.orders is not None:
                batches = batches._replace(order=self.orders.several(epoch + done, together))
            totals = self.engine.run_epochs(state, batches, epoch + done, self.rates[:together])
            last = last._replace(finite=totals[-1].finite)
            done += together
        return last


class OwnOrder:
    """Orders of our own, drawn for many epochs at once."""

    def __init__(self, seed: int, rows: int) -> None:
        self.seed, self.rows = seed, rows

    def several(self, epoch: int, epochs: int) -> np.ndarray:
        """See `Orders.several`."""
        plain = np.tile(np.arange(self.rows), (epochs, 1))
        return generator_at(self.seed, "shuffle", epoch).permuted(plain, axis=1)


def stepper(arm: Arm, engine: Engine, examples: Examples, seeds: Seeds) -> Stepper:
    """The one that trains this arm."""
    rows = len(examples.X)
    if arm.batch_size is not None and arm.batch_size < rows:
        orders: Orders = OwnOrder(seeds.order, rows) if arm.own_order else NoteOrder(seeds.order, rows)
        return Stepper(arm, engine, examples, orders, None)
    masks = None
    if arm.keep_prob < 1 and arm.fixed_masks:
        drawn = note_masks(arm.architecture, arm.keep_prob, rows, seeds.mask)
        masks = tuple(None if one is None else np.ascontiguousarray(one.kept.T) for one in drawn[:-1])
    return Stepper(arm, engine, examples, None, masks)

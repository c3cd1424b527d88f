"""How long to train and how fast: epochs, mini-batches, the learning rate over time, when to stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from layerwise.errors import InputError, nearest
from layerwise.formulas.schedules import PLATEAU, SCHEDULE_NAMES, SCHEDULES, warm_up


@dataclass(frozen=True)
class Recipe:
    """What the loop does around the engine's steps. Raises InputError for a value out of range.

    batch_size: examples in a mini-batch; 0 means all of them (batch gradient descent).
    schedule_factor, schedule_every: for "step" (every so many epochs), "exponential" (each epoch) and
        "plateau" (after so many epochs without progress); None takes the schedule's own.
    warm_up: epochs over which the rate rises to its full height, for any schedule.
    patience: stop when the monitored value has not improved for so many epochs; None never does.
    min_delta: how much better counts as better.
    monitor: the history's column that decides; None means "validation_cost", or "cost" without validation.
    """

    epochs: int = 100
    batch_size: int = 64
    learning_rate: float = 0.001
    schedule: str = "constant"
    schedule_factor: float | None = None
    schedule_every: int | None = None
    warm_up: float = 0.0
    shuffle: bool = True
    patience: int | None = None
    min_delta: float = 0.0
    monitor: str | None = None

    def __post_init__(self) -> None:
        _require("epochs", self.epochs, Integral, lambda n: n >= 1, "an integer of at least 1")
        _require(
            "batch_size",
            self.batch_size,
            Integral,
            lambda n: n >= 0,
            "an integer of at least 1, or 0 for all rows",
        )
        _require(
            "learning_rate", self.learning_rate, Real, lambda x: 0 < x < np.inf, "a finite number above 0"
        )
        if self.schedule not in SCHEDULE_NAMES:
            raise InputError(f"unknown schedule {self.schedule!r}; {nearest(self.schedule, SCHEDULE_NAMES)}")
        if self.schedule_factor is not None:
            inside = "a number above 0 and at most 1"
            _require("schedule_factor", self.schedule_factor, Real, lambda x: 0 < x <= 1, inside)
        for name in ("schedule_every", "patience"):
            if getattr(self, name) is not None:
                _require(name, getattr(self, name), Integral, lambda n: n >= 1, "an integer of at least 1")
        for name in ("warm_up", "min_delta"):
            within = "a finite number of at least 0"
            _require(name, getattr(self, name), Real, lambda x: 0 <= x < np.inf, within)

    def batch_rows(self, rows: int) -> int:
        """Examples of a mini-batch where there are so many in all."""
        return min(self.batch_size or rows, rows)

    def rates(self, epoch: int | np.ndarray, steps: int, plateau_factor: float = 1.0) -> np.ndarray:
        """The learning rate of each of the epoch's steps, (steps,); of epochs (k,) it is (k, steps)."""
        position = np.asarray(epoch)[..., None] + np.arange(steps) / steps
        if self.schedule == PLATEAU:
            factor = np.full(position.shape, plateau_factor)
        else:
            settings: dict[str, float] = {}
            if self.schedule in ("step", "exponential") and self.schedule_factor is not None:
                settings["factor"] = self.schedule_factor
            if self.schedule == "step" and self.schedule_every is not None:
                settings["every"] = self.schedule_every
            factor = SCHEDULES[self.schedule](position / self.epochs, position, **settings)
        if self.warm_up:
            factor = factor * warm_up(position + 1 / steps, self.warm_up)
        return self.learning_rate * factor


def _require(name: str, value: Any, kind: type, holds: Callable[[Any], bool], expected: str) -> None:
    if isinstance(value, bool) or not isinstance(value, kind) or not holds(value):
        raise InputError(f"{name} is {value!r}; expected {expected}")

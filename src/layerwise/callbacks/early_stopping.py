"""Stop when a column of the history no longer improves, or has reached what it was to reach."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

from layerwise.errors import InputError, nearest
from layerwise.training.loop import HIGHER_IS_BETTER


class EarlyStopping:
    """Stops a run after `patience` epochs without improvement, or once the goal is reached.

    It stops the run and no more: which epoch's parameters are kept is the estimator's own rule.

    Parameters
    ----------
    monitor : str, optional
        A column of the history, such as "cost", "validation_cost", "validation_accuracy" or
        "layer1_update_ratio". By default the one that the run itself watches.
    patience : int, optional
        Epochs without improvement after which to stop; None stops at the goal only.
    min_delta : float
        How much better counts as an improvement.
    goal : float, optional
        Stop as soon as the column is at least as good as this.
    higher_is_better : bool, optional
        By default known from the name: accuracies, areas, F1 and R2 rise, everything else falls.

    Attributes
    ----------
    best_, best_epoch_ : the best value and its epoch.
    reason_ : why it stopped the run, or None.

    Raises InputError for a parameter out of range, and in the first epoch for a column that is not there.
    """

    monitor: str | None
    patience: int | None
    min_delta: float
    goal: float | None
    higher_is_better: bool | None
    best_: float | None
    best_epoch_: int | None
    reason_: str | None

    def __init__(
        self,
        monitor: str | None = None,
        *,
        patience: int | None = 10,
        min_delta: float = 0.0,
        goal: float | None = None,
        higher_is_better: bool | None = None,
    ) -> None:
        if patience is not None and not (isinstance(patience, Integral) and patience >= 1):
            raise InputError(f"patience is {patience!r}; expected an integer of at least 1, or None")
        if not (isinstance(min_delta, Real) and 0 <= min_delta < math.inf):
            raise InputError(f"min_delta is {min_delta!r}; expected a finite number of at least 0")
        if goal is not None and not (isinstance(goal, Real) and math.isfinite(goal)):
            raise InputError(f"goal is {goal!r}; expected a finite number, or None")
        if patience is None and goal is None:
            raise InputError("neither patience nor goal is given, so this would never stop a run")
        self.monitor = monitor
        self.patience = patience
        self.min_delta = min_delta
        self.goal = goal
        self.higher_is_better = higher_is_better
        self.on_train_begin({})

    def on_fit_begin(self, estimator: Any) -> None:
        """Forget the fit before."""
        self.on_train_begin({})

    def on_train_begin(self, plan: Mapping[str, Any]) -> None:
        """Forget the run before; look at the epochs of this one that were done earlier."""
        self._column = self.monitor or str(plan.get("monitor", "cost"))
        metric = self._column.removeprefix("validation_").removeprefix("train_")
        rises = metric in HIGHER_IS_BETTER if self.higher_is_better is None else self.higher_is_better
        self._sign = -1.0 if rises else 1.0
        self.best_ = None
        self.best_epoch_ = None
        self.reason_ = None
        self._seen = False
        self._waited = 0
        for row in plan.get("history", ()):
            self._look(row)

    def on_epoch_end(self, row: Mapping[str, Any]) -> bool:
        """Whether to stop."""
        self._look(row)
        if self.patience is not None and self._waited >= self.patience:
            self.reason_ = f"{self._column} had not improved for {self._waited} epochs"
        if self._reached_goal():
            self.reason_ = f"{self._column} reached {self.best_:g} in epoch {self.best_epoch_}"
        return self.reason_ is not None

    def _reached_goal(self) -> bool:
        if self.goal is None or self.best_ is None:
            return False
        return self._turned(self.best_) <= self._turned(self.goal)

    def _turned(self, value: float) -> float:
        """The value so that lower is better."""
        return self._sign * value

    def _look(self, row: Mapping[str, Any]) -> None:
        if row.get(self._column) is None:
            # Statistics of the layers are not taken in every epoch.
            if not self._seen:
                raise InputError(
                    f"cannot monitor {self._column!r}: the history has no such column; "
                    f"{nearest(self._column, row)}"
                )
            return
        self._seen = True
        value = float(row[self._column])
        better = self.best_ is None or self._turned(value) < self._turned(self.best_) - self.min_delta
        if math.isnan(value) or not better:
            self._waited += 1
            return
        self.best_, self.best_epoch_, self._waited = value, int(row["epoch"]), 0

"""What a rule may read: the columns of the history, and what the task would cost without a network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from layerwise.errors import InputError, nearest
from layerwise.training.history import columns_of, layer_columns

TASKS = ("binary", "multiclass", "regression")
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Facts:
    """The history of a run, column by column, and its task.

    columns: name -> (n,) float64, nan where a row has no value; "epoch" and "cost" are always there.
    baseline_cost: that of a model that ignores its input. baseline_accuracy: its accuracy, or None.
    """

    columns: Mapping[str, FloatArray]
    task: str = "binary"
    baseline_cost: float | None = None
    baseline_accuracy: float | None = None

    @classmethod
    def of(
        cls,
        history: Any,
        task: str = "binary",
        baseline_cost: float | None = None,
        baseline_accuracy: float | None = None,
    ) -> Facts:
        """From a History, a Polars or pandas frame, or rows as mappings.

        A binary task without a `baseline_cost` has log 2: that of the answer "1/2". Raises InputError for
        an unknown task, and for a history without rows or without a column "cost".
        """
        if task not in TASKS:
            raise InputError(f"unknown task {task!r}; {nearest(str(task), TASKS)}")
        columns = columns_of(history)
        if not columns:
            raise InputError("the history has no rows; expected one for each epoch that was recorded")
        if "cost" not in columns:
            found = ", ".join(map(str, list(columns)[:8])) or "none"
            raise InputError(f"the history has no column 'cost'; found {found}")
        columns.setdefault("epoch", np.arange(1.0, len(columns["cost"]) + 1))
        if baseline_cost is None and task == "binary":
            baseline_cost = math.log(2)
        return cls(columns, task, baseline_cost, baseline_accuracy)

    def column(self, name: str) -> FloatArray | None:
        """The column, or None where it is absent or holds no number at all."""
        values = self.columns.get(name)
        return None if values is None or np.isnan(values).all() else values

    @property
    def epochs(self) -> tuple[int, int]:
        """The first and the last epoch of the history."""
        numbers = self.columns["epoch"]
        return int(numbers[0]), int(numbers[-1])

    @cached_property
    def fitted_cost(self) -> FloatArray:
        """The cost in training, without penalty and dropout where the history has it so."""
        found = self.column("train_cost")
        return self.columns["cost"] if found is None else found

    def layers(self, statistic: str) -> dict[int, FloatArray]:
        """{layer: column} of a statistic, in the order of the layers, where it was taken."""
        found = layer_columns(self.columns, statistic)
        return {layer: values for layer, values in found.items() if not np.isnan(values).all()}

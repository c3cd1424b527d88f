"""History is data: one row per epoch, which reports, diagnosis and comparisons read."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from layerwise.errors import InputError

if TYPE_CHECKING:
    import polars as pl


class History:
    """The rows of a run, in order. A column is whatever a row holds; what a row lacks is null.

    Columns: epoch (from 1), step, cost (mean over the epoch, penalties included), learning_rate (of the last
    step), gradient_norm (of the last step), seconds (since the start), rows_per_second, validation_cost and
    other validation metrics, and the statistics of `training.statistics` in the epochs where they are taken.
    """

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []
        # Columns of later epochs, made into rows when one is looked at: that takes as long as a small step.
        self._columns: list[Mapping[str, npt.NDArray[Any]]] = []
        self._length = 0

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A dictionary for each epoch."""
        for columns in self._columns:
            values = zip(*(column.tolist() for column in columns.values()), strict=True)
            self._rows += [dict(zip(columns, row, strict=True)) for row in values]
        self._columns.clear()
        return self._rows

    @rows.setter
    def rows(self, rows: list[dict[str, Any]]) -> None:
        self._rows, self._length = rows, len(rows)
        self._columns.clear()

    def append(self, row: Mapping[str, Any]) -> None:
        self.rows.append(dict(row))
        self._length += 1

    def extend(self, columns: Mapping[str, npt.NDArray[Any]]) -> None:
        """Append the rows of several epochs, given as columns of one length."""
        self._columns.append(columns)
        self._length += len(next(iter(columns.values())))

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def column(self, name: str) -> list[Any]:
        """The values of a column, None where a row has none."""
        return [row.get(name) for row in self.rows]

    def frame(self) -> pl.DataFrame:
        """The history as a Polars data frame."""
        import polars as pl

        names = list(dict.fromkeys(name for row in self.rows for name in row))
        return pl.DataFrame({name: self.column(name) for name in names}, strict=False)


def epoch_columns(
    first: int, t: int, rates: np.ndarray, costs: np.ndarray, norms: np.ndarray
) -> dict[str, np.ndarray]:
    """The history of whole epochs from number `first` on, before which t steps were done.

    rates (epochs, steps); costs, norms (epochs,), or such rows
    """
    epochs, steps = rates.shape
    numbers = np.arange(1, epochs + 1)
    return {
        "epoch": first + numbers,
        "step": t + numbers * steps,
        "cost": costs,
        "learning_rate": rates[:, -1].copy(),
        "gradient_norm": norms,
    }


def time_columns(before: float, seconds: float, epochs: int, rows: int) -> dict[str, np.ndarray]:
    """The history's columns of time, for so many epochs of `rows` examples that took `seconds` in one call,
    `before` seconds after the start."""
    return {
        "seconds": before + seconds * np.arange(1, epochs + 1) / epochs,
        "rows_per_second": np.full(epochs, rows * epochs / max(seconds, 1e-9)),
    }


def columns_of(history: Any) -> dict[str, npt.NDArray[np.float64]]:
    """A run's history as numbers, column by column: name -> (epochs,), nan where a row has none.

    history: a History, a Polars or pandas frame, or rows as mappings. Raises InputError for anything else.
    """
    rows = _rows_of(history)
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: np.array([_number(row.get(name)) for row in rows]) for name in names}


def layer_columns(columns: Mapping[str, Any], statistic: str) -> dict[int, Any]:
    """{layer: column} of a statistic of `training.statistics`, in the order of the layers."""
    found = {}
    for name, values in columns.items():
        match = re.fullmatch(rf"layer(\d+)_{re.escape(statistic)}", name)
        if match:
            found[int(match.group(1))] = values
    return dict(sorted(found.items()))


def _rows_of(history: Any) -> list[Mapping[str, Any]]:
    if hasattr(history, "iter_rows"):
        return list(history.iter_rows(named=True))
    if hasattr(history, "to_dict") and hasattr(history, "columns"):
        return history.to_dict("records")
    if isinstance(history, Iterable) and not isinstance(history, str | bytes | Mapping):
        rows = list(history)
        if all(isinstance(row, Mapping) for row in rows):
            return rows
    raise InputError(
        f"history is a {type(history).__name__}; expected a History, a data frame or rows as dictionaries"
    )


def _number(value: Any) -> float:
    """nan for what is missing or no number."""
    try:
        return math.nan if value is None else float(value)
    except (TypeError, ValueError):
        return math.nan

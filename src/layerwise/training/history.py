"""History is data: one row per epoch, which reports, diagnosis and comparisons read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl


class History:
    """The rows of a run, in order. A column is whatever a row holds; what a row lacks is null.

    Columns: epoch (from 1), step, cost (mean over the epoch, penalties included), learning_rate (of the last
    step), gradient_norm (of the last step), seconds (since the start), rows_per_second, validation_cost and
    other validation metrics, and the statistics of `training.statistics` in the epochs where they are taken.
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def append(self, row: Mapping[str, Any]) -> None:
        self.rows.append(dict(row))

    def __len__(self) -> int:
        return len(self.rows)

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

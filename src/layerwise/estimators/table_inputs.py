"""What comes with a table: one value for each row, and how much each row counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.errors import InputError
from layerwise.tables import frame_from

if TYPE_CHECKING:
    import polars as pl


def series_for(values: Any, name: str, frame: pl.DataFrame) -> pl.Series:
    """One value per row of `frame`, under a name that the frame does not use. Raises InputError."""
    import polars as pl

    column = frame_from({name: values}) if not isinstance(values, pl.Series) else values.to_frame()
    if column.height != frame.height:
        raise InputError(f"{name} has {column.height:,} values for {frame.height:,} rows")
    series = column.to_series()
    while not series.name or series.name in frame.columns:
        series = series.alias(f"{series.name or name}_")
    return series


def sample_weights(values: Any, rows: int) -> np.ndarray | None:
    """Sample weights as float64, (rows,). Raises InputError for negative, missing or infinite ones."""
    if values is None:
        return None
    weights = np.asarray(values, dtype=np.float64).ravel()
    if len(weights) != rows:
        raise InputError(f"sample_weight has {len(weights):,} values for {rows:,} rows")
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if wrong.size:
        raise InputError(
            f"sample_weight is {weights[wrong[0]]} in row {wrong[0] + 1:,} "
            f"(and wrong in {wrong.size - 1:,} more); expected finite numbers of at least 0"
        )
    if not weights.any():
        raise InputError("sample_weight is 0 for every row")
    return weights

"""What counts as a missing value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl

# The words that people and programs write where a value is missing, after spaces are taken off.
MISSING_WORDS = (
    "",
    "?",
    "NA",
    "N/A",
    "#N/A",
    "n/a",
    "NaN",
    "nan",
    "-nan",
    "null",
    "NULL",
    "Null",
    "None",
    "NaT",
    "<NA>",
)


def may_hold_nan(series: pl.Series) -> bool:
    """Whether a column of floating-point numbers has to be looked through for NaN. NumPy is asked: each
    question to polars takes a tenth of a millisecond, for which a table of thousands of columns waits."""
    return series.null_count() > 0 or bool(np.isnan(series.to_numpy()).any())


def present_in(series: pl.Series) -> pl.Series:
    """The values that are not null."""
    return series.drop_nulls() if series.null_count() else series


def cleaned(series: pl.Series) -> pl.Series:
    """The series with one kind of missing value, null: NaN becomes null, and so do words like "NA" and "?".

    Text loses the spaces around it; categorical columns become text; other dtypes stay as they are.
    """
    import polars as pl

    dtype = series.dtype
    if dtype.is_float():
        return series.fill_nan(None) if may_hold_nan(series) else series
    if dtype in (pl.Categorical, pl.Enum):
        series, dtype = series.cast(pl.String), pl.String()
    if dtype == pl.String:
        stripped = series.str.strip_chars()
        return stripped.set(stripped.is_in(list(MISSING_WORDS)).fill_null(False), None)
    return series

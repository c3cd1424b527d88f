"""What counts as a missing value."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def cleaned(series: pl.Series) -> pl.Series:
    """The series with one kind of missing value, null: NaN becomes null, and so do words like "NA" and "?".

    Text loses the spaces around it; categorical columns become text; other dtypes stay as they are.
    """
    import polars as pl

    dtype = series.dtype
    if dtype.is_float():
        return series.fill_nan(None)
    if dtype in (pl.Categorical, pl.Enum):
        series, dtype = series.cast(pl.String), pl.String()
    if dtype == pl.String:
        stripped = series.str.strip_chars()
        return stripped.set(stripped.is_in(list(MISSING_WORDS)).fill_null(False), None)
    return series

"""A column's values as numbers, booleans, dates or levels, from any dtype that can hold them.

Each function returns the values with null where one is missing, and which rows hold something that is not of
that kind (as booleans, never null). The same functions serve when a table is profiled, when an encoder is
fitted and when it meets other data, so a column that is text in one file and numbers in another is read
alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from layerwise.tables.missing import cleaned

if TYPE_CHECKING:
    import polars as pl

    Cast = tuple[pl.Series, pl.Series]

TRUE_WORDS = ("true", "yes", "y", "t", "on", "1", "1.0")
FALSE_WORDS = ("false", "no", "n", "f", "off", "0", "0.0")
# Formats of dates that people write, tried in this order; of equals the first wins (day before month is ours
# to guess only where the month cannot come first).
DATE_FORMATS = (
    "%Y-%m-%d",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M:%S%.fZ",
    "%Y-%m-%dT%H:%M:%S%.f%z",
    "%Y-%m-%d %H:%M:%S%.f%z",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%m/%d/%Y",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d-%m-%Y",
    "%d-%m-%Y %H:%M:%S",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d %b %Y",
    "%d %B %Y",
    "%d-%b-%Y",
)


def to_numbers(series: pl.Series) -> Cast:
    """Float64: numbers, numbers written as text ("-" alone is a missing value), booleans as 0 and 1,
    durations in seconds, times of day in seconds after midnight."""
    import polars as pl

    series = cleaned(series)
    dtype = series.dtype
    if dtype == pl.String:
        series = series.set((series == "-").fill_null(False), None)
        numbers = series.cast(pl.Float64, strict=False).fill_nan(None)
    elif dtype == pl.Duration:
        numbers = series.dt.total_microseconds().cast(pl.Float64) / 1e6
    elif dtype == pl.Time:
        numbers = series.cast(pl.Int64).cast(pl.Float64) / 1e9
    elif dtype.is_numeric():
        numbers = series if dtype == pl.Float64 else series.cast(pl.Float64)
        return numbers, pl.Series(series.name, np.zeros(len(series), dtype=bool))
    elif dtype in (pl.Boolean, pl.Null):
        numbers = series.cast(pl.Float64)
    else:
        numbers = pl.Series(series.name, [None], dtype=pl.Float64).new_from_index(0, len(series))
    return numbers, series.is_not_null() & numbers.is_null()


def to_booleans(series: pl.Series) -> Cast:
    """Boolean: true and false, yes and no, on and off, in any case, 1 and 0."""
    import polars as pl

    series = cleaned(series)
    if series.dtype == pl.Boolean:
        truth = series
    elif series.dtype.is_numeric():
        truth = _truth(series == 1, series == 0)
    else:
        words = series.cast(pl.String, strict=False).str.to_lowercase()
        truth = _truth(words.is_in(list(TRUE_WORDS)), words.is_in(list(FALSE_WORDS)))
    return truth.alias(series.name), series.is_not_null() & truth.is_null()


def to_dates(series: pl.Series, format: str | None) -> Cast:
    """Datetime in microseconds, without a time zone (UTC where the text or dtype names one).

    format: how text is written, one of DATE_FORMATS; text with the year first is read in any case.
    """
    import polars as pl

    series = cleaned(series)
    stamp = pl.Datetime("us")
    if series.dtype == pl.String:
        dates = _parsed_dates(series, format)
        for other in DATE_FORMATS:
            rest = series.is_not_null() & dates.is_null()
            if not rest.any():
                break
            if other.startswith("%Y") and other != format:  # nobody can read these two ways
                dates = dates.zip_with(~rest, _parsed_dates(series, other))
    elif series.dtype == pl.Date:
        dates = series.cast(stamp)
    elif series.dtype == pl.Datetime:
        zone = series.dtype.time_zone  # type: ignore[attr-defined]
        utc = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zone else series
        dates = utc.cast(stamp)
    else:
        dates = pl.Series(series.name, [None], dtype=stamp).new_from_index(0, len(series))
    return dates, series.is_not_null() & dates.is_null()


def to_levels(series: pl.Series) -> pl.Series:
    """Each value as the text that names its level, alike for 1, 1.0 and "1"; null where missing."""
    import polars as pl

    series = cleaned(series)
    if series.dtype.is_float():
        whole = (series == series.round(0)) & (series.abs() < 2**53)
        texts = series.cast(pl.String)
        return texts.zip_with(~whole.fill_null(False), series.cast(pl.Int64, strict=False).cast(pl.String))
    if series.dtype.is_nested() or series.dtype in (pl.Binary, pl.Object):
        return pl.Series(series.name, [None if value is None else str(value) for value in series.to_list()])
    return series.cast(pl.String)


def date_format(series: pl.Series) -> str | None:
    """The first of DATE_FORMATS that reads every text present, or None."""
    present = series.drop_nulls()
    if not len(present):
        return None
    first = present.head(50)
    if not first.str.contains(r"\d").all() or not first.str.len_chars().is_between(6, 40).all():
        return None
    for format in DATE_FORMATS:
        if _parsed_dates(first, format).null_count() or _parsed_dates(present, format).null_count():
            continue
        return format
    return None


def _parsed_dates(series: pl.Series, format: str | None) -> pl.Series:
    import polars as pl

    if format is None:
        return pl.Series(series.name, [None], dtype=pl.Datetime("us")).new_from_index(0, len(series))
    if "%H" not in format:
        return series.str.to_date(format, strict=False).cast(pl.Datetime("us"))
    dates = series.str.to_datetime(format, strict=False, time_unit="us")
    if "%z" in format:
        dates = dates.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return dates


def _truth(true: pl.Series, false: pl.Series) -> pl.Series:
    """True where `true`, False where `false`, null where neither."""
    return true.set(~(true.fill_null(False) | false.fill_null(False)), None)

"""What one column is, told from its values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from layerwise.tables.casting import date_format, to_booleans, to_numbers
from layerwise.tables.missing import cleaned, present_in

if TYPE_CHECKING:
    import polars as pl


class Kind(StrEnum):
    """What a column is. Numbers, booleans, categories and dates become features; the others are left out."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    CATEGORY = "category"
    DATE = "date"
    CONSTANT = "constant"
    IDENTIFIER = "identifier"
    TEXT = "text"
    EMPTY = "empty"


USABLE = frozenset({Kind.NUMBER, Kind.BOOLEAN, Kind.CATEGORY, Kind.DATE})

# Chance below which whole numbers that never repeat are taken for identifiers.
_CHANCE = 1e-3
_FEWEST_IDENTIFIERS = 14
_FEWEST_NAMES = 20
_UUID = r"^\{?[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}\}?$"


@dataclass(frozen=True)
class Recognition:
    """A column's kind, why, its distinct values (missing ones not counted), and the format of its dates."""

    kind: Kind
    reason: str
    distinct: int
    format: str | None = None


def recognise_kind(series: pl.Series) -> Recognition:
    """Decide what a column is.

    - one value and none missing: constant;  no value: empty
    - booleans, 0 and 1, yes and no and their like: boolean
    - numbers, text that reads as numbers throughout (and has no leading zeros), durations: number, unless
      whole numbers that never repeat where chance would repeat them: identifier
    - dates, and text that one date format reads throughout: date
    - text that (nearly) never repeats, or UUIDs: identifier;  long and varied: text;  other: category
    """
    import polars as pl

    series = cleaned(series)
    present = present_in(series)
    if not len(present):
        return Recognition(Kind.EMPTY, "it holds no value", 0)
    if series.dtype.is_nested() or series.dtype in (pl.Binary, pl.Object):
        return Recognition(
            Kind.TEXT, f"it holds values of type {series.dtype}, not numbers or words", len(present)
        )
    distinct = present.n_unique()
    if distinct == 1 and len(present) == len(series):
        return Recognition(Kind.CONSTANT, f"it holds {shown(present[0])} in every row", 1)
    if series.dtype == pl.String:
        return _recognise_text(present, distinct)
    if series.dtype == pl.Boolean:
        return Recognition(Kind.BOOLEAN, "", distinct)
    if series.dtype in (pl.Date, pl.Datetime):
        return Recognition(Kind.DATE, "", distinct)
    return _recognise_numbers(to_numbers(present)[0], distinct)


def never_repeats_by_design(numbers: pl.Series, distinct: int) -> bool:
    """True when whole numbers are identifiers: they repeat less than numbers drawn by chance would.

    n draws from a range of R values are all distinct with a chance of at most exp(-n^2 / (2 R)) (the birthday
    problem; unequal chances only make repeats likelier). Steps count in their greatest common divisor, so
    10, 20, 30, ... is a sequence too. Years are not identifiers.
    numbers: Float64 without nulls.
    """
    import numpy as np

    n = len(numbers)
    if n < _FEWEST_IDENTIFIERS or distinct < 0.99 * n:
        return False
    values = numbers.to_numpy()
    if not np.isfinite(values).all() or (values != np.rint(values)).any() or np.abs(values).max() >= 2**53:
        return False
    whole = np.unique(values.astype(np.int64))
    if whole[0] >= 1800 and whole[-1] <= 2100:
        return False
    step = int(np.gcd.reduce(np.diff(whole)))
    size = (int(whole[-1]) - int(whole[0])) // step + 1
    if distinct == n:
        return n * n / (2 * size) > -np.log(_CHANCE)
    expected = size / n * -np.expm1(-n / size)
    return n >= 100 and expected < 0.9


def _recognise_text(present: pl.Series, distinct: int) -> Recognition:
    words, not_words = to_booleans(present)
    if distinct == 2 and not not_words.any() and words.n_unique() == 2:
        return Recognition(Kind.BOOLEAN, "", distinct)
    numbers, not_numbers = to_numbers(present)
    if not not_numbers.any() and numbers.null_count() < len(numbers):
        if not present.str.contains(r"^[-+]?0\d").any():
            return _recognise_numbers(numbers.drop_nulls(), distinct)
        if distinct >= 0.95 * len(present) and len(present) >= _FEWEST_NAMES:
            return Recognition(Kind.IDENTIFIER, "its codes hardly ever repeat", distinct)
        return Recognition(Kind.CATEGORY, "", distinct)
    format = date_format(present)
    if format is not None:
        return Recognition(Kind.DATE, "", distinct, format)
    if len(present) >= 2 and present.head(100).str.contains(_UUID).all() and distinct > 0.5 * len(present):
        return Recognition(Kind.IDENTIFIER, "its values are UUIDs", distinct)
    sample = present.head(10_000)
    mean_words = float(sample.str.count_matches(r"\S+").mean() or 0)  # type: ignore[arg-type]
    mean_length = float(sample.str.len_chars().mean() or 0)  # type: ignore[arg-type]
    if (
        len(present) >= _FEWEST_NAMES
        and distinct > 0.5 * len(present)
        and (mean_words >= 5 or mean_length > 60)
    ):
        return Recognition(Kind.TEXT, f"it holds free text ({mean_words:.0f} words on average)", distinct)
    if len(present) >= _FEWEST_NAMES and distinct >= 0.95 * len(present):
        return Recognition(
            Kind.IDENTIFIER, f"{distinct:,} of its {len(present):,} values differ from all others", distinct
        )
    return Recognition(Kind.CATEGORY, "", distinct)


def _recognise_numbers(numbers: pl.Series, distinct: int) -> Recognition:
    low, high = numbers.min(), numbers.max()
    if distinct == 2 and low == 0.0 and high == 1.0:
        return Recognition(Kind.BOOLEAN, "", distinct)
    if never_repeats_by_design(numbers, distinct):
        return Recognition(
            Kind.IDENTIFIER,
            f"its {distinct:,} whole numbers run from {shown(low)} to {shown(high)} and never repeat, as row "
            "numbers and keys do",
            distinct,
        )
    return Recognition(Kind.NUMBER, "", distinct)


def shown(value: object) -> str:
    """A value for a sentence, on one line and of at most 40 characters."""
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:g}"
    text = repr(value) if isinstance(value, str) else str(value)
    return re.sub(r"\s+", " ", text if len(text) <= 40 else text[:37] + "...")

"""A table's columns: what each one is, which are used, and what a person should know about them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from layerwise.errors import InputError, nearest
from layerwise.tables.casting import to_dates, to_numbers
from layerwise.tables.column import LAST_RESORT, ColumnProfile, column_notices
from layerwise.tables.kinds import USABLE, Kind, Recognition, recognise_kind, shown
from layerwise.tables.leaks import find_leaks
from layerwise.tables.missing import cleaned, present_in
from layerwise.tables.notices import Notice, counted, listed
from layerwise.tables.task import decide_task

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class TableProfile:
    """Every column but the target, in the table's order, and what was noticed."""

    columns: tuple[ColumnProfile, ...]
    notices: tuple[Notice, ...]
    rows: int

    @property
    def used(self) -> tuple[ColumnProfile, ...]:
        """The columns that become features."""
        return tuple(column for column in self.columns if column.used)

    def __getitem__(self, name: str) -> ColumnProfile:
        """The column of this name. Raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def profile_table(
    frame: pl.DataFrame,
    target: str | None = None,
    *,
    exclude: Collection[str] = (),
    only: Collection[str] = (),
    reserved: Mapping[str, str] | None = None,
    task: str | None = None,
    look_for_leaks: bool = True,
) -> TableProfile:
    """What every column is, and which to use.

    exclude: columns to leave out.  only: columns to use, all others are left out; one that is named here is
    used even if it looks like an identifier, free text or a copy of the target.
    reserved: columns that serve another end ({"w": "it holds the weights of the rows"}), so are no features.
    task: what `decide_task` says when None; it decides how leaks of the target are looked for.
    Raises InputError for a name that is not a column, infinite values in a used column, and when no column
    can be used.
    """
    _require_columns(frame, exclude, only, target)
    reserved = reserved or {}
    exclude, only = frozenset(exclude), frozenset(only)
    columns = [
        _profile(series, reserved.get(series.name) or _chosen(series.name, exclude, only))
        for series in frame.get_columns()
        if series.name != target
    ]
    columns = _without_needless_refusal(columns, only)
    notices = column_notices(columns)
    if target is not None and look_for_leaks:
        columns, leaks = _without_copies(frame, columns, target, task, only)
        notices += leaks
    notices += _duplicate_rows(frame)
    _require_used(columns, exclude, only)
    return TableProfile(tuple(columns), tuple(notices), frame.height)


def _require_columns(
    frame: pl.DataFrame, exclude: Collection[str], only: Collection[str], target: str | None
) -> None:
    for option, names in (("--exclude", exclude), ("--only", only)):
        for name in names:
            if name not in frame.columns:
                raise InputError(
                    f"{option} names {name!r}, which is no column; {nearest(name, frame.columns)}"
                )
    if target is not None and target not in frame.columns:
        raise InputError(
            f"the table has no column {target!r} to be the target; {nearest(target, frame.columns)}"
        )
    both = sorted(set(exclude) & set(only))
    if both:
        raise InputError(f"{listed(both)} cannot be in both --exclude and --only; leave out one of the two")


def _chosen(name: str, exclude: Collection[str], only: Collection[str]) -> str:
    """Why the person's choice leaves this column out, or ""."""
    if name in exclude:
        return "left out by --exclude"
    return "not among --only" if only and name not in only else ""


def _profile(series: pl.Series, refusal: str) -> ColumnProfile:
    import polars as pl

    values = cleaned(series)
    found = recognise_kind(series)
    used = not refusal and found.kind in USABLE
    profile = ColumnProfile(
        name=series.name,
        kind=found.kind,
        dtype=str(series.dtype),
        rows=len(series),
        missing=values.null_count(),
        distinct=found.distinct,
        used=used,
        reason=refusal or found.reason,
        examples=_examples(values, found),
        format=found.format,
        unwanted=bool(refusal),
    )
    if (found.kind in (Kind.NUMBER, Kind.BOOLEAN, Kind.IDENTIFIER) and series.dtype.is_numeric()) or (
        found.kind == Kind.NUMBER
    ):
        numbers = to_numbers(series)[0]
        if used:
            _require_finite(numbers)
        is_finite = np.isfinite(numbers.to_numpy())
        finite = numbers if is_finite.all() else numbers.filter(pl.Series(is_finite))
        if len(finite):
            low, high, mean = float(finite.min()), float(finite.max()), float(finite.mean())  # type: ignore[arg-type]
            return replace(profile, minimum=low, maximum=high, mean=mean)
    return profile


def _require_finite(numbers: pl.Series) -> None:
    infinite = np.isinf(numbers.to_numpy())
    if infinite.any():
        count, row = int(infinite.sum()), int(infinite.argmax()) + 1
        raise InputError(
            f"column {numbers.name!r} holds {counted(count, 'infinite value')} (first in row {row:,}); "
            f"replace them or leave the column out with --exclude {numbers.name!r}"
        )


def _examples(values: pl.Series, found: Recognition) -> tuple[str, ...]:
    present = present_in(values)
    if found.kind in (Kind.CATEGORY, Kind.BOOLEAN):
        counts = present.value_counts(sort=True)
        first = counts.sort(["count", present.name], descending=[True, False])[present.name].head(5)
    elif present.dtype.is_numeric():
        return tuple(shown(value) for value in list(dict.fromkeys(present.head(100).to_list()))[:3])
    else:
        first = present.head(100).unique(maintain_order=True).head(3)
    if found.kind == Kind.DATE:
        return tuple(str(day) for day in to_dates(first, found.format)[0].to_list())
    return tuple(shown(value).strip("'") for value in first.to_list())


def _without_needless_refusal(columns: list[ColumnProfile], only: Collection[str]) -> list[ColumnProfile]:
    """Use an identifier after all where the person names it, or a numeric one where nothing else is left."""
    last = not any(column.used for column in columns) and not only
    result = []
    for column in columns:
        numeric = column.kind == Kind.IDENTIFIER and column.minimum is not None
        asked = column.name in only and not column.unwanted and column.kind in (Kind.IDENTIFIER, Kind.TEXT)
        if asked or (last and numeric and not column.unwanted):
            kind = Kind.NUMBER if numeric else Kind.CATEGORY
            column = replace(column, kind=kind, used=True, reason="" if asked else LAST_RESORT)
        result.append(column)
    return result


def _without_copies(
    frame: pl.DataFrame, columns: list[ColumnProfile], target: str, task: str | None, only: Collection[str]
) -> tuple[list[ColumnProfile], list[Notice]]:
    """Leave out copies of the target, and warn of columns that predict it alone."""
    used = [column for column in columns if column.used]
    notices, copies = [], {}
    for leak in find_leaks(frame, used, target, task or decide_task(frame[target])) if used else []:
        name = repr(leak.column)
        if leak.copy and leak.column not in only and len(used) > 1:
            copies[leak.column] = f"it is the target {target!r} under another coding: {leak.figure}"
            message = (
                f"Column {name} is the target {target!r} under another coding ({leak.figure}); it is "
                "left out. Use it all the same by naming it in --only."
            )
        else:
            message = (
                f"Column {name} predicts the target {target!r} almost perfectly on its own "
                f"({leak.figure}). If its "
                f"value is known only after the outcome, leave it out with --exclude {name}."
            )
        notices.append(Notice("leak", "warning", leak.column, message))
    return [
        replace(column, used=False, reason=copies[column.name]) if column.name in copies else column
        for column in columns
    ], notices


def _duplicate_rows(frame: pl.DataFrame) -> list[Notice]:
    try:
        count = frame.height - frame.n_unique()
    except Exception as error:
        if not type(error).__module__.startswith("polars"):
            raise
        return []  # nested values cannot be compared
    if not count:
        return []
    return [
        Notice(
            "duplicate_rows",
            "info",
            None,
            f"{counted(count, 'row')} of {frame.height:,} repeat{'s' if count == 1 else ''} another row "
            "exactly; copies on both sides of a split make the metrics look better than they are.",
        )
    ]


def _require_used(columns: list[ColumnProfile], exclude: Collection[str], only: Collection[str]) -> None:
    if any(column.used for column in columns):
        return
    if not columns:
        raise InputError("no usable feature: the table has no column besides the target")
    reasons = "; ".join(f"{column.name!r}: {column.reason}" for column in columns[:6])
    more = f"; and {len(columns) - 6:,} more columns" if len(columns) > 6 else ""
    raise InputError(f"no usable feature: every column is left out ({reasons}{more})")

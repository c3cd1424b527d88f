"""What is known of one column, and what a person should know of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from layerwise.tables.kinds import USABLE, Kind
from layerwise.tables.notices import Notice, listed

MANY_LEVELS = 50
LAST_RESORT = "it looks like an identifier, but no other column is left to learn from"
_MOST_NOTICES = 5
_DRESSED_NUMBER = re.compile(r"[-+(]?\s*[$€£¥]?\s*[-+]?\d[\d,.' ]*\s*([$€£¥%]|[A-Z]{3})?\s*\)?")


@dataclass(frozen=True)
class ColumnProfile:
    """One column.

    dtype: as read.  rows, missing, distinct: counts; missing values are not counted as distinct.
    used: whether it becomes features; if not, `reason` says why not.
    examples: the most frequent values of categories and booleans, the first values of others, as text.
    minimum, maximum, mean: of numbers.  format: how dates are written in it, None if they are no text.
    unwanted: left out by the person's own choice, so nobody needs to be told.
    """

    name: str
    kind: Kind
    dtype: str
    rows: int
    missing: int
    distinct: int
    used: bool
    reason: str = ""
    examples: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    format: str | None = None
    unwanted: bool = False


def column_notices(columns: Iterable[ColumnProfile]) -> list[Notice]:
    """What is left out and why, and what is used with a caveat; one notice for all columns of many alike."""
    told: dict[str, list[Notice]] = {}
    for column in columns:
        notice = _notice(column)
        if notice is not None:
            told.setdefault(notice.code, []).append(notice)
    result = []
    for code, notices in told.items():
        if len(notices) > _MOST_NOTICES:
            names = listed([notice.column or "" for notice in notices])
            text = f"{len(notices):,} columns {_SUMMARIES[code]}: {names}."
            result.append(Notice(code, notices[0].severity, None, text))
        else:
            result += notices
    return result


_SUMMARIES = {
    "constant": "hold one value throughout and are left out",
    "empty": "hold no value and are left out",
    "identifier": "name the rows and are left out (one that --only names is used all the same)",
    "last_resort": "look like identifiers, but are used because no other column is left to learn from",
    "text": "hold free text or nested values and are left out",
    "high_cardinality": f"have more than {MANY_LEVELS} different values each; the frequent ones get a "
    "feature each, the others share one",
    "number_as_text": "hold numbers written with signs or separators and are taken as text; write plain "
    "numbers (1234.5) to use them as such",
}


def _notice(column: ColumnProfile) -> Notice | None:
    name = repr(column.name)
    if column.unwanted:
        return None
    if column.reason == LAST_RESORT:
        text = f"Column {name} is used although {LAST_RESORT}."
        return Notice("last_resort", "warning", column.name, text)
    if column.kind in (Kind.CATEGORY, Kind.IDENTIFIER) and _dressed_numbers(column):
        text = (
            f"Column {name} holds numbers written with signs or separators ({column.examples[0]!r}) and "
            "is taken "
            f"as text{'' if column.used else ', which never repeats, so it is left out'}; write plain "
            "numbers (1234.5) to use it as such."
        )
        return Notice("number_as_text", "warning", column.name, text)
    if column.used and column.kind == Kind.CATEGORY and column.distinct > MANY_LEVELS:
        text = (
            f"Column {name} has {column.distinct:,} different values in {column.rows:,} rows; the "
            "frequent ones "
            f"get a feature each, the others share one. If it only names the rows: --exclude {name}."
        )
        return Notice("high_cardinality", "info", column.name, text)
    if column.kind in USABLE:
        return None
    keep = " Use it all the same by naming it in --only." if column.kind == Kind.IDENTIFIER else ""
    text = f"Column {name} is left out ({column.kind}): {column.reason}.{keep}"
    return Notice(column.kind.value, "info", column.name, text)


def _dressed_numbers(column: ColumnProfile) -> bool:
    return bool(column.examples) and all(
        _DRESSED_NUMBER.fullmatch(example) and re.search(r"[$€£¥%,' ]", example)
        for example in column.examples
    )

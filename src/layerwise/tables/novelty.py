"""What an encoder met in new data that its training rows did not have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from layerwise.tables.kinds import shown
from layerwise.tables.notices import Notice, counted


@dataclass(frozen=True)
class Novelty:
    """So many rows of a column with something new.

    what: "unseen" (a value that no training row had), "rare" (a category that had no feature of its own,
    being rare in training or absent from it) or "missing" (a missing value where training had none).
    example: one such value, "" for missing ones.  expected: share of rows of this sort in training.
    """

    column: str
    what: Literal["unseen", "rare", "missing"]
    count: int
    example: str = ""
    expected: float = 0.0


def novelty_notices(novelties: Iterable[Novelty], rows: int) -> tuple[Notice, ...]:
    """One warning for each column and novelty, their counts added up over batches of `rows` rows in all.

    Rare categories are worth a word only where they are far commoner than in training (twice, and ten rows).
    """
    totals: dict[tuple[str, str], Novelty] = {}
    for new in novelties:
        old = totals.get((new.column, new.what))
        totals[new.column, new.what] = new if old is None else replace(old, count=old.count + new.count)
    return tuple(
        _notice(novelty, rows)
        for novelty in totals.values()
        if novelty.what != "rare" or novelty.count > 2.0 * novelty.expected * rows + 10
    )


def _notice(novelty: Novelty, rows: int) -> Notice:
    share = f"{counted(novelty.count, 'row')} of {rows:,}"
    if novelty.what == "missing":
        text = (
            f"Column {novelty.column!r} is missing in {share}, but was never missing in training; "
            "a typical value is put in its place."
        )
        return Notice("new_missing", "warning", novelty.column, text)
    if novelty.what == "rare":
        text = (
            f"Column {novelty.column!r} holds values in {share} that were rare or absent in training, where "
            f"{novelty.expected:.1%} were (for example {shown(novelty.example)}); they are taken as 'other'."
        )
        return Notice("rare_values", "warning", novelty.column, text)
    text = (
        f"Column {novelty.column!r} holds values in {share} that were not there in training "
        f"(for example {shown(novelty.example)}); they are taken as 'other'."
    )
    return Notice("unseen_values", "warning", novelty.column, text)

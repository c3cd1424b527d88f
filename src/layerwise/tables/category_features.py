"""Features of a column of categories: one for each frequent level."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from layerwise.errors import InputError
from layerwise.tables.casting import to_levels
from layerwise.tables.novelty import Novelty
from layerwise.tables.stored import fields

if TYPE_CHECKING:
    import polars as pl

    from layerwise.tables.column import ColumnProfile

ALWAYS_KEPT = 8


@dataclass(frozen=True)
class CategoryFeatures:
    """A 1 in the place of the row's level, 0 elsewhere.

    levels: those with a place of their own.  missing: whether missing values have one.
    rare_share: share of the training rows with a level too rare for a place of its own; if there are any,
    they have one place together, which new levels then take too (else those are 0 throughout).
    Two levels and nothing more are a single feature: 0 for the first, 1 for the second, one half for neither.
    """

    column: str
    levels: tuple[str, ...]
    rare_share: float
    missing: bool

    @classmethod
    def fit(cls, column: ColumnProfile, series: pl.Series, max_categories: int) -> CategoryFeatures:
        """Learn the levels from the training rows.

        The 8 most frequent levels always have a place; of the others, those in at least 0.4% of the rows (at
        least 2 rows, and 50 suffice), up to `max_categories` levels in all. Levels are kept in sorted order.
        """
        import polars as pl

        levels = to_levels(series)
        counts = (
            levels.drop_nulls()
            .value_counts(name="rows")
            .sort(["rows", series.name], descending=[True, False])
        )
        enough = min(max(math.ceil(0.004 * len(series)), 2), 50)
        kept = counts.head(max_categories).with_row_index("rank")
        kept = kept.filter((pl.col("rank") < ALWAYS_KEPT) | (pl.col("rows") >= enough))
        names = tuple(sorted(kept[series.name].to_list()))
        rare = int(counts["rows"].sum()) - int(kept["rows"].sum())
        return cls(column.name, names, rare / max(len(series), 1), levels.null_count() > 0)

    @property
    def other(self) -> bool:
        """Whether rare and new levels have a place."""
        return self.rare_share > 0.0

    @property
    def names(self) -> tuple[str, ...]:
        places = [f"{self.column} = {level}" for level in self.levels]
        places += [f"{self.column} (other)"] * self.other + [f"{self.column} (missing)"] * self.missing
        if len(places) < 2:
            return ()
        return (places[1],) if self._single else tuple(places)

    @property
    def _single(self) -> bool:
        return len(self.levels) == 2 and not self.other and not self.missing

    def transform(self, series: pl.Series) -> tuple[np.ndarray, list[Novelty]]:
        """(rows, features) float64, and what is new."""
        import polars as pl

        levels = to_levels(series)
        indices = list(range(len(self.levels)))
        found = levels.replace_strict(list(self.levels), indices, default=None, return_dtype=pl.Int64)
        missing = levels.is_null().to_numpy()
        places = found.fill_null(-1).to_numpy().astype(np.int64)
        unseen = (places < 0) & ~missing
        last = len(self.levels)
        if self.other:
            places[unseen] = last
            places[missing] = last
        if self.missing:
            places[missing] = last + self.other
        return self._spread(places), self._novelties(levels, unseen, missing)

    def _spread(self, places: np.ndarray) -> np.ndarray:
        width = len(self.names)
        if self._single:
            return np.where(places < 0, 0.5, places.astype(np.float64))[:, None]
        out = np.zeros((len(places), width))
        if width:
            rows = np.flatnonzero(places >= 0)
            out[rows, places[rows]] = 1.0
        return out

    def _novelties(self, levels: pl.Series, unseen: np.ndarray, missing: np.ndarray) -> list[Novelty]:
        novelties = []
        if unseen.any():
            example = levels[int(np.argmax(unseen))]
            what: Literal["rare", "unseen"] = "rare" if self.other else "unseen"
            novelties.append(Novelty(self.column, what, int(unseen.sum()), example, self.rare_share))
        if missing.any() and not self.missing:
            novelties.append(Novelty(self.column, "missing", int(missing.sum())))
        return novelties

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": "category",
            "column": self.column,
            "levels": list(self.levels),
            "rare_share": self.rare_share,
            "missing": self.missing,
        }

    @classmethod
    def from_dict(cls, data: Any) -> CategoryFeatures:
        values = fields(
            data,
            "category column",
            kind=("category",),
            column=str,
            levels=[str],
            rare_share=float,
            missing=bool,
        )
        if len(set(values["levels"])) < len(values["levels"]):
            raise InputError(
                f"the stored category column {values['column']!r} is damaged: a level occurs twice"
            )
        if not 0.0 <= values["rare_share"] <= 1.0:
            raise InputError(
                f"the stored category column {values['column']!r} is damaged: rare_share is no share"
            )
        return cls(values["column"], tuple(values["levels"]), values["rare_share"], values["missing"])

"""Columns of any kind in, numbers for a network out; learnt from the training rows alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.errors import InputError, nearest
from layerwise.tables.category_features import CategoryFeatures
from layerwise.tables.columns import TableProfile
from layerwise.tables.date_features import DateFeatures
from layerwise.tables.kinds import Kind
from layerwise.tables.notices import listed
from layerwise.tables.novelty import Novelty
from layerwise.tables.number_features import BooleanFeatures, NumberFeatures
from layerwise.tables.scaling import SCALINGS, require_scaling
from layerwise.tables.stored import fields

if TYPE_CHECKING:
    import polars as pl

    Part = NumberFeatures | BooleanFeatures | CategoryFeatures | DateFeatures

FORMAT = 1
_PARTS: dict[str, Callable[[Any], Part]] = {
    "number": NumberFeatures.from_dict,
    "boolean": BooleanFeatures.from_dict,
    "category": CategoryFeatures.from_dict,
    "date": DateFeatures.from_dict,
}


@dataclass(frozen=True)
class TableEncoder:
    """How each used column becomes features.

    Numbers are scaled, missing ones become the training median with a feature that says so; booleans are 0
    and 1; categories have a feature for each frequent level; dates have days, year and the cycles that vary.
    parts: one for each column, in the order of the training table.  scaling: of numbers and dates.
    """

    parts: tuple[Part, ...]
    scaling: str

    @classmethod
    def fit(
        cls, frame: pl.DataFrame, profile: TableProfile, *, scaling: str = "robust", max_categories: int = 128
    ) -> TableEncoder:
        """Learn from `frame`, the training rows, what the profile's used columns need.

        scaling: "robust", "standard", "minmax" or "none".  max_categories: most levels of a category with a
        feature of their own. Columns without any variation in these rows give no feature.
        Raises InputError for an option out of range, an absent column, infinite values, and when no feature
        comes out.
        """
        require_scaling(scaling)
        if isinstance(max_categories, bool) or max_categories < 1:
            raise InputError(f"max_categories must be at least 1, but is {max_categories}")
        if not frame.height:
            raise InputError("there are no rows to learn the encoding from")
        names = [column.name for column in profile.used]
        _require_columns(frame, names)
        parts: list[Part] = []
        for column, series in zip(profile.used, frame.select(names).get_columns(), strict=True):
            if column.kind == Kind.NUMBER:
                parts.append(NumberFeatures.fit(column, series, scaling))
            elif column.kind == Kind.BOOLEAN:
                parts.append(BooleanFeatures.fit(column, series))
            elif column.kind == Kind.DATE:
                parts.append(DateFeatures.fit(column, series, scaling))
            else:
                parts.append(CategoryFeatures.fit(column, series, max_categories))
        encoder = cls(tuple(parts), scaling)
        if not encoder.feature_names:
            raise InputError(
                f"no usable feature: {listed(names)} {'vary' if len(names) > 1 else 'varies'} too "
                f"little in the {frame.height:,} training rows to learn from"
            )
        return encoder

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The table's columns that `transform` needs."""
        return tuple(part.column for part in self.parts)

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """A name for each feature, such as "age", "age (missing)", "city = Rome", "born (days)"."""
        return tuple(name for part in self.parts for name in part.names)

    @cached_property
    def feature_columns(self) -> tuple[str, ...]:
        """The column that each feature comes from."""
        return tuple(part.column for part in self.parts for _ in part.names)

    @cached_property
    def text_columns(self) -> tuple[str, ...]:
        """Columns to read as text (`as_text` of the readers), so that a level "007" is not read as 7."""
        return tuple(part.column for part in self.parts if isinstance(part, CategoryFeatures))

    def transform(self, frame: pl.DataFrame, *, dtype: Any = np.float32) -> np.ndarray:
        """Features (rows, features), C-contiguous, float32 or float64, all finite.

        Columns may come in any order and with others among them. Raises InputError for absent columns, text
        where numbers or dates were, and infinite values.
        """
        return self.transform_and_tell(frame, dtype=dtype)[0]

    def transform_and_tell(
        self, frame: pl.DataFrame, *, dtype: Any = np.float32
    ) -> tuple[np.ndarray, list[Novelty]]:
        """As `transform`, and what the training rows did not have; see `novelty_notices`."""
        dtype = np.dtype(dtype)
        if dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
            raise InputError(f"dtype must be float32 or float64, but is {dtype}")
        _require_columns(frame, self.columns)
        out = np.empty((frame.height, len(self.feature_names)), dtype=dtype)
        novelties = []
        place = 0
        for part, series in zip(self.parts, frame.select(self.columns).get_columns(), strict=True):
            values, new = part.transform(series)
            out[:, place : place + values.shape[1]] = values
            place += values.shape[1]
            novelties += new
        return out, novelties

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON; numbers come back to the last bit."""
        return {"format": FORMAT, "scaling": self.scaling, "columns": [part.to_dict() for part in self.parts]}

    @classmethod
    def from_dict(cls, data: Any) -> TableEncoder:
        """What `to_dict` gave. Raises InputError for what is missing, of a wrong type, or newer."""
        if isinstance(data, dict) and isinstance(data.get("format"), int) and data["format"] > FORMAT:
            raise InputError(
                f"the stored encoder has format {data['format']}, newer than this layerwise reads "
                f"({FORMAT}); update layerwise"
            )
        values = fields(data, "encoder", format=(FORMAT,), scaling=SCALINGS, columns=[dict])
        parts = []
        for column in values["columns"]:
            kind = column.get("kind")
            if not isinstance(kind, str) or kind not in _PARTS:
                raise InputError(f"the stored encoder is damaged: a column is of unknown kind {kind!r}")
            parts.append(_PARTS[kind](column))
        encoder = cls(tuple(parts), values["scaling"])
        if len(set(encoder.columns)) < len(encoder.columns):
            raise InputError("the stored encoder is damaged: a column occurs twice")
        if not encoder.feature_names:
            raise InputError("the stored encoder is damaged: it makes no feature")
        return encoder


def _require_columns(frame: pl.DataFrame, names: Any) -> None:
    there = dict.fromkeys(frame.columns)
    absent = [name for name in names if name not in there]
    if absent:
        asked = set(names)
        others = [name for name in there if name not in asked] or list(there)
        hint = nearest(absent[0], others[:50]) if others else "the table has no columns"
        raise InputError(
            f"the table lacks {'the column' if len(absent) == 1 else f'{len(absent):,} columns'} "
            f"{listed(absent, most=20)} that the network was trained on; for {absent[0]!r}: {hint}"
        )

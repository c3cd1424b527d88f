"""Features of a column of numbers, and of one of booleans."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.errors import InputError
from layerwise.tables.casting import to_booleans, to_numbers
from layerwise.tables.kinds import shown
from layerwise.tables.missing import cleaned
from layerwise.tables.notices import counted
from layerwise.tables.novelty import Novelty
from layerwise.tables.scaling import Scale, fit_scale
from layerwise.tables.stored import fields

if TYPE_CHECKING:
    import polars as pl

    from layerwise.tables.column import ColumnProfile


@dataclass(frozen=True)
class NumberFeatures:
    """The scaled number, and 1 where it is missing, if training had missing ones.

    fill: what a missing number is taken for, the training median.  indicated: whether training had missing
    ones.
    """

    column: str
    scale: Scale
    fill: float
    indicated: bool

    @classmethod
    def fit(cls, column: ColumnProfile, series: pl.Series, scaling: str) -> NumberFeatures:
        """Learn from the training rows. Raises InputError as `transform` does."""
        x = _finite_numbers(series)
        known = x[~np.isnan(x)]
        if not len(known):
            return cls(column.name, Scale(0.0, 0.0, False), 0.0, False)
        return cls(column.name, fit_scale(known, scaling), float(np.median(known)), len(known) < len(x))

    @property
    def names(self) -> tuple[str, ...]:
        value = (self.column,) if self.scale.factor else ()
        return (*value, f"{self.column} (missing)") if self.indicated else value

    def transform(self, series: pl.Series) -> tuple[np.ndarray, list[Novelty]]:
        """(rows, features) float64, and what is new.

        Raises InputError for text that is no number and for infinite values, with column, row and value.
        """
        x = _finite_numbers(series)
        missing = np.isnan(x)
        out = np.empty((len(x), len(self.names)))
        if self.scale.factor:
            out[:, 0] = self.scale.apply(np.where(missing, self.fill, x) if missing.any() else x)
        if self.indicated:
            out[:, -1] = missing
        new = int(missing.sum()) if not self.indicated else 0
        return out, [Novelty(self.column, "missing", new)] if new else []

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "number", **asdict(self)}

    @classmethod
    def from_dict(cls, data: Any) -> NumberFeatures:
        values = fields(
            data, "number column", kind=("number",), column=str, scale=dict, fill=float, indicated=bool
        )
        scale = stored_scale(values["scale"], values["column"])
        return cls(values["column"], scale, values["fill"], values["indicated"])


@dataclass(frozen=True)
class BooleanFeatures:
    """0 or 1, one half where missing; and 1 where it is missing, if training had missing ones.

    varies: whether training had both.
    """

    column: str
    varies: bool
    indicated: bool

    @classmethod
    def fit(cls, column: ColumnProfile, series: pl.Series) -> BooleanFeatures:
        """Learn from the training rows."""
        truth, _ = to_booleans(series)
        known = truth.drop_nulls()
        return cls(column.name, known.n_unique() > 1, 0 < len(known) < len(truth))

    @property
    def names(self) -> tuple[str, ...]:
        value = (self.column,) if self.varies else ()
        return (*value, f"{self.column} (missing)") if self.indicated else value

    def transform(self, series: pl.Series) -> tuple[np.ndarray, list[Novelty]]:
        """(rows, features) float64, and what is new: a word or number that is neither counts as missing.

        Raises InputError when no value of the column is a boolean.
        """
        truth, wrong = to_booleans(series)
        missing = truth.is_null().to_numpy()
        out = np.empty((len(series), len(self.names)))
        if self.varies:
            out[:, 0] = np.where(missing, 0.5, truth.fill_null(False).to_numpy())
        if self.indicated:
            out[:, -1] = missing
        novelties = []
        unseen = int(wrong.sum())
        if unseen:
            row = int(wrong.arg_true()[0])
            if unseen == len(series) - cleaned(series).null_count() and unseen > 1:
                raise InputError(
                    f"column {self.column!r} held true and false (or 1 and 0) in training, but holds "
                    f"{shown(series[row])} in row {row + 1:,} and no such value anywhere; is it the "
                    "right column?"
                )
            novelties.append(Novelty(self.column, "unseen", unseen, str(series[row])))
        new = int(missing.sum()) - unseen if not self.indicated else 0
        return out, [*novelties, Novelty(self.column, "missing", new)] if new else novelties

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "boolean", **asdict(self)}

    @classmethod
    def from_dict(cls, data: Any) -> BooleanFeatures:
        values = fields(data, "boolean column", kind=("boolean",), column=str, varies=bool, indicated=bool)
        return cls(values["column"], values["varies"], values["indicated"])


def stored_scale(data: Any, column: str) -> Scale:
    """A scale from plain data. Raises InputError when damaged."""
    return Scale(**fields(data, f"scale of column {column!r}", center=float, factor=float, smooth=bool))


def _finite_numbers(series: pl.Series) -> np.ndarray:
    """(rows,) float64 with NaN where missing. Raises InputError for what is no finite number."""
    numbers, wrong = to_numbers(series)
    if wrong.any():
        row = int(wrong.arg_true()[0])
        raise InputError(
            f"column {series.name!r} must hold numbers, as in training, but holds {shown(series[row])} "
            "in row "
            f"{row + 1:,} ({counted(int(wrong.sum()), 'row')} like it); correct the value or leave it empty"
        )
    x = numbers.to_numpy()
    infinite = np.isinf(x)
    if infinite.any():
        raise InputError(
            f"column {series.name!r} holds {counted(int(infinite.sum()), 'infinite value')} (first in row "
            f"{int(np.argmax(infinite)) + 1:,}); replace them, or leave the fields empty"
        )
    return x

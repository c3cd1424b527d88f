"""Features of a column of dates: how late it is, and where it stands in its year, week and day."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.errors import InputError
from layerwise.tables.casting import DATE_FORMATS, to_dates
from layerwise.tables.kinds import shown
from layerwise.tables.notices import counted
from layerwise.tables.novelty import Novelty
from layerwise.tables.number_features import stored_scale
from layerwise.tables.scaling import Scale, fit_scale
from layerwise.tables.stored import fields

if TYPE_CHECKING:
    import polars as pl

    from layerwise.tables.column import ColumnProfile

_DAY = 86_400_000_000  # microseconds
# Cycle -> how many steps it has.
CYCLES = {"month": 12, "weekday": 7, "hour": 24}


@dataclass(frozen=True)
class DateFeatures:
    """Days since 1970 and the year, both scaled; sine and cosine of month, weekday and hour, where they vary.

    format: how text is written, None for a column of dates.  fill: days that a missing date is taken for, the
    training median; its sines and cosines are 0.  cycles: those that varied in training.
    """

    column: str
    format: str | None
    days: Scale
    year: Scale
    fill: float
    cycles: tuple[str, ...]
    indicated: bool

    @classmethod
    def fit(cls, column: ColumnProfile, series: pl.Series, scaling: str) -> DateFeatures:
        """Learn from the training rows. Raises InputError as `transform` does."""
        dates = _dates(series, column.format)
        known = dates.drop_nulls()
        if not len(known):
            flat = Scale(0.0, 0.0, False)
            return cls(column.name, column.format, flat, flat, 0.0, (), False)
        days = _days(known)
        years = known.dt.year().to_numpy().astype(np.float64)
        cycles = tuple(name for name in CYCLES if len(np.unique(_steps(known, name))) > 1)
        return cls(
            column.name,
            column.format,
            fit_scale(days, scaling),
            fit_scale(years, scaling),
            float(np.median(days)),
            cycles,
            len(known) < len(dates),
        )

    @property
    def names(self) -> tuple[str, ...]:
        parts = ["days"] * bool(self.days.factor) + ["year"] * bool(self.year.factor)
        parts += [f"{cycle} {wave}" for cycle in self.cycles for wave in ("sine", "cosine")]
        return tuple(f"{self.column} ({part})" for part in parts + ["missing"] * self.indicated)

    def transform(self, series: pl.Series) -> tuple[np.ndarray, list[Novelty]]:
        """(rows, features) float64, and what is new.

        Raises InputError for text that is no date, with column, row and value.
        """
        import polars as pl

        dates = _dates(series, self.format)
        missing = dates.is_null().to_numpy()
        filled = dates.fill_null(pl.Series([round(self.fill * _DAY)]).cast(pl.Datetime("us"))[0])
        parts = []
        if self.days.factor:
            parts.append(self.days.apply(_days(filled)))
        if self.year.factor:
            parts.append(self.year.apply(filled.dt.year().to_numpy().astype(np.float64)))
        for cycle in self.cycles:
            angle = 2.0 * np.pi / CYCLES[cycle] * _steps(filled, cycle)
            parts += [np.where(missing, 0.0, np.sin(angle)), np.where(missing, 0.0, np.cos(angle))]
        if self.indicated:
            parts.append(missing.astype(np.float64))
        new = int(missing.sum()) if not self.indicated else 0
        out = np.column_stack(parts) if parts else np.empty((len(series), 0))
        return out, [Novelty(self.column, "missing", new)] if new else []

    def to_dict(self) -> dict[str, Any]:
        return {"kind": "date", **asdict(self), "cycles": list(self.cycles)}

    @classmethod
    def from_dict(cls, data: Any) -> DateFeatures:
        values = fields(
            data,
            "date column",
            kind=("date",),
            column=str,
            format=(None, *DATE_FORMATS),
            days=dict,
            year=dict,
            fill=float,
            cycles=[tuple(CYCLES)],
            indicated=bool,
        )
        if abs(values["fill"]) > 3_000_000:
            raise InputError(f"the stored date column {values['column']!r} is damaged: fill is no date")
        return cls(
            values["column"],
            values["format"],
            stored_scale(values["days"], values["column"]),
            stored_scale(values["year"], values["column"]),
            values["fill"],
            tuple(values["cycles"]),
            values["indicated"],
        )


def _dates(series: pl.Series, format: str | None) -> pl.Series:
    dates, wrong = to_dates(series, format)
    if wrong.any():
        row = int(wrong.arg_true()[0])
        written = f"dates written as {format}" if format else "dates"
        raise InputError(
            f"column {series.name!r} must hold {written}, as in training, but holds "
            f"{shown(series[row])} in row "
            f"{row + 1:,} ({counted(int(wrong.sum()), 'row')} like it); correct the value or leave it empty"
        )
    return dates


def _days(dates: pl.Series) -> np.ndarray:
    """Days since 1970-01-01, with fractions, (rows,) float64."""
    return dates.to_physical().to_numpy().astype(np.float64) / _DAY


def _steps(dates: pl.Series, cycle: str) -> np.ndarray:
    """Where each date stands in the cycle, from 0 (January, Monday, midnight), (rows,) float64."""
    steps = {
        "month": lambda: dates.dt.month().cast(float) - 1.0,
        "weekday": lambda: dates.dt.weekday().cast(float) - 1.0,
        "hour": lambda: dates.dt.hour().cast(float) + dates.dt.minute().cast(float) / 60.0,
    }[cycle]()
    return steps.to_numpy()

"""What there is to learn, told from the target's values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from layerwise.errors import InputError, nearest
from layerwise.tables.casting import to_numbers
from layerwise.tables.kinds import shown
from layerwise.tables.missing import cleaned
from layerwise.tables.notices import counted

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

TASKS = ("binary", "multiclass", "regression")
MOST_WHOLE_CLASSES = 20
_ROWS_PER_WHOLE_CLASS = 10


@dataclass(frozen=True)
class Decision:
    """A task and the rule that led to it, as a clause."""

    task: str
    rule: str


def decide_task(series: pl.Series, task: str | None = None) -> str:
    """ "binary", "multiclass" or "regression": `task` if given, else what the values say, by these rules.

    - text, booleans and categories are classes: binary if there are two, else multiclass
    - text that reads as numbers counts as numbers
    - numbers with fractions are a quantity: regression
    - whole numbers: two values are binary. Up to 20 values with on average ten rows each are class codes:
      multiclass, unless they are five or more neighbours (3, 4, 5, ...) whose counts rise to one peak inside
      and fall to a fifth of it at both ends, as scores and counts do: regression. More values: regression

    Missing values are left out of the count. Raises InputError for an unknown task, and where the values
    cannot be what `task` says.
    """
    return decide(series, task).task


def decide(series: pl.Series, task: str | None = None) -> Decision:
    """`decide_task`, with the rule that decided."""
    import polars as pl

    if task is not None and task not in TASKS:
        raise InputError(f"there is no task {task!r}; {nearest(task, TASKS)}")
    present = cleaned(series).drop_nulls()
    name = series.name
    if not len(present):
        raise InputError(f"the target {name!r} holds no value in any of its {len(series):,} rows")
    numbers, not_numbers = to_numbers(present)
    numeric = not not_numbers.any() and numbers.null_count() == 0 and present.dtype != pl.Boolean
    if task == "regression":
        if not numeric and present.dtype != pl.Boolean:
            row = int((to_numbers(series)[1]).arg_true()[0]) + 1
            raise InputError(
                f"a regression needs numbers, but the target {name!r} holds {shown(series[row - 1])} in row "
                f"{row:,}; classify it instead (--task multiclass, TabularClassifier), or choose another "
                "target"
            )
        return Decision(task, "asked for")
    distinct = int(present.n_unique())
    if task is not None:
        if task == "binary" and distinct != 2:
            raise InputError(
                f"--task binary needs two labels, but the target {name!r} holds {distinct:,}; "
                f"use --task {'multiclass' if distinct > 2 else 'regression'}, or choose another target"
            )
        return Decision(task, "asked for")
    if present.dtype in (pl.Date, pl.Datetime, pl.Time, pl.Duration) or present.dtype.is_nested():
        raise InputError(
            f"the target {name!r} holds values of type {present.dtype}, which are neither labels nor "
            "numbers; turn it into a number (days, for example) or choose another target"
        )
    if not numeric:
        return Decision("binary" if distinct == 2 else "multiclass", f"its values are {distinct:,} labels")
    return _decide_numbers(numbers, len(present))


def _decide_numbers(numbers: pl.Series, rows: int) -> Decision:
    import numpy as np

    values, counts = np.unique(numbers.to_numpy(), return_counts=True)
    if not np.isfinite(values).all() or (values != np.rint(values)).any():
        return Decision("regression", "its values are numbers with fractions")
    if len(values) == 2:
        return Decision("binary", "its values are two whole numbers")
    if len(values) > MOST_WHOLE_CLASSES or rows < _ROWS_PER_WHOLE_CLASS * len(values):
        many = counted(len(values), "different whole number")
        return Decision("regression", f"its values are {many} in {counted(rows, 'row')}")
    if _is_a_score(values, counts):
        return Decision(
            "regression",
            f"its values are the neighbouring whole numbers {values[0]:.0f} to {values[-1]:.0f}, "
            "common in the middle and rare at both ends, as scores and counts are",
        )
    return Decision(
        "multiclass", f"its values are {len(values)} different whole numbers, each repeated often"
    )


def _is_a_score(values: np.ndarray, counts: np.ndarray) -> bool:
    import numpy as np

    peak = int(np.argmax(counts))
    rises = (np.diff(counts[: peak + 1]) >= 0).all()
    falls = (np.diff(counts[peak:]) <= 0).all()
    neighbours = values[-1] - values[0] == len(values) - 1
    rare_ends = max(counts[0], counts[-1]) <= counts[peak] / 5
    return bool(len(values) >= 5 and neighbours and rises and falls and rare_ends)

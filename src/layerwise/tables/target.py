"""The column to learn: checked, made into numbers, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from layerwise.errors import InputError, nearest
from layerwise.tables.casting import to_levels, to_numbers
from layerwise.tables.kinds import shown
from layerwise.tables.missing import cleaned
from layerwise.tables.notices import Notice, counted, listed
from layerwise.tables.task import TASKS, decide

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

MOST_CLASSES = 1000
Label = str | int | float | bool

# The dtypes that a label column is given back in, by name.
_LABEL_DTYPES = (
    "String",
    "Boolean",
    *(f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)),
    "Float32",
    "Float64",
)


@dataclass(frozen=True)
class Target:
    """A target column as a network sees it.

    task: "binary", "multiclass" or "regression".  labels: the classes in sorted order, as Python values, so
    that class k is labels[k] and the positive class of a binary task is labels[1]; None for regression.
    dtype: the polars dtype of decoded values, by name ("String", "Int64", ...).
    """

    column: str
    task: str
    labels: tuple[Label, ...] | None
    dtype: str

    def encode(self, series: pl.Series) -> np.ndarray:
        """Class indices (n,) int64, or values (n,) float64.

        A label is known by its text too ("1" for 1). Raises InputError for missing values (drop those rows
        first), infinite values, values that are no number, and labels that were not there in training.
        """
        missing = cleaned(series).null_count()
        if missing:
            raise InputError(f"the target {self.column!r} is missing in {counted(missing, 'row')}; drop them")
        if self.labels is None:
            return _finite_numbers(series, self.column).to_numpy().astype("float64")
        import polars as pl

        levels = to_levels(series)
        known = self._label_texts()
        classes = levels.replace_strict(known, list(range(len(known))), default=None, return_dtype=pl.Int64)
        if classes.null_count():
            unknown = classes.is_null()
            row = int(unknown.arg_true()[0]) + 1
            raise InputError(
                f"the target {self.column!r} holds the label {shown(levels[row - 1])} in row {row:,} "
                f"({counted(int(unknown.sum()), 'row')} with labels that were not there in training); "
                f"known are {listed(known)}"
            )
        return classes.to_numpy().astype("int64")

    def decode(self, values: np.ndarray) -> pl.Series:
        """The column back: labels for class indices (n,), in their own dtype; Float64 for values (n,)."""
        import numpy as np
        import polars as pl

        if self.labels is None:
            return pl.Series(self.column, np.asarray(values, dtype=np.float64))
        labels = pl.Series(self.column, list(self.labels), dtype=getattr(pl, self.dtype))
        return labels.gather(np.asarray(values, dtype=np.int64))

    def _label_texts(self) -> list[str]:
        import polars as pl

        return to_levels(pl.Series(list(self.labels or ()), dtype=getattr(pl, self.dtype))).to_list()

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        labels = None if self.labels is None else list(self.labels)
        return {"column": self.column, "task": self.task, "labels": labels, "dtype": self.dtype}

    @classmethod
    def from_dict(cls, data: Any) -> Target:
        """What `to_dict` gave. Raises InputError for what is missing, of a wrong type or contradictory."""
        if not isinstance(data, dict) or set(data) != {"column", "task", "labels", "dtype"}:
            raise InputError("the stored target is damaged: expected column, task, labels and dtype")
        column, task, labels, dtype = data["column"], data["task"], data["labels"], data["dtype"]
        sound = isinstance(column, str) and task in TASKS and dtype in _LABEL_DTYPES
        if task == "regression":
            sound = sound and labels is None
        else:
            sound = (
                sound
                and isinstance(labels, list)
                and len(labels) >= 2
                and (task == "multiclass" or len(labels) == 2)
                and all(_fits(label, dtype) for label in labels)
                and len(set(labels)) == len(labels)
            )
        if not sound:
            raise InputError(f"the stored target is damaged: {shown(str(data))}")
        return cls(column, task, None if labels is None else tuple(labels), dtype)


def prepare_target(
    frame: pl.DataFrame, column: str, task: str | None = None, *, fewest: int = 2
) -> tuple[Target, np.ndarray, tuple[Notice, ...]]:
    """The target, the rows that have one (boolean, one a row of `frame`), and what was noticed.

    fewest: the examples that each class needs: two where one is kept for a test.
    Raises InputError for a target that is absent, without a value, constant, infinite somewhere, with a class
    of too few examples, with more classes than rows make sense for, or not what `task` says.
    """
    if column not in frame.columns:
        raise InputError(
            f"the table has no column {column!r} to be the target; {nearest(column, frame.columns)}"
        )
    series = frame[column]
    values = cleaned(series)
    if not len(values):
        raise InputError(f"the table has no rows, so the target {column!r} cannot be learnt")
    decision = decide(series, task)
    keep = values.is_not_null()
    notices = [_decided(column, decision.task, decision.rule, asked=task is not None)]
    if not keep.all():
        missing = int((~keep).sum())
        notices.append(
            Notice(
                "target_missing",
                "warning",
                column,
                f"The target {column!r} is missing in {counted(missing, 'row')} of {len(values):,}; "
                f"{'it is' if missing == 1 else 'they are'} left out.",
            )
        )
    if decision.task == "regression":
        numbers = _finite_numbers(series, column).drop_nulls()
        if numbers.n_unique() == 1:
            raise InputError(_constant(column, numbers[0]))
        keep = keep & to_numbers(series)[0].is_not_null()
        return Target(column, "regression", None, "Float64"), keep.to_numpy(), tuple(notices)
    target = _classes(column, values, decision.task, fewest)
    notices.extend(_rare_classes(column, values))
    return target, keep.to_numpy(), tuple(notices)


def _classes(column: str, values: pl.Series, task: str, fewest: int) -> Target:
    import polars as pl

    present = values.drop_nulls()
    if present.dtype.is_float():
        _finite_numbers(present, column)
    counts = present.value_counts(sort=True, name="rows")
    if counts.height == 1:
        raise InputError(_constant(column, present[0]))
    if counts.height > MOST_CLASSES or counts.height > max(10, len(present) / 2):
        numeric = not to_numbers(present)[1].any()
        advice = (
            "use --task regression" if numeric else "it looks like a name or an identifier; choose another"
        )
        raise InputError(
            f"the target {column!r} has {counts.height:,} different labels in {len(present):,} rows, "
            "more than "
            f"can be learnt as classes (at most {MOST_CLASSES:,}, with two rows each on average); {advice}"
        )
    single = counts.filter(pl.col("rows") < fewest)[column].to_list()
    if single:
        row = int((values == single[0]).fill_null(False).arg_true()[0]) + 1
        more = f" (and {len(single) - 1:,} more classes likewise)" if len(single) > 1 else ""
        raise InputError(
            f"the target {column!r} has one example of the class {shown(single[0])}, in row {row:,}{more}; "
            "a class needs at least two, one to learn from and one to test with: add examples or remove "
            "the row"
        )
    dtype = present.dtype
    if str(dtype) not in _LABEL_DTYPES:
        present = to_levels(present)
        dtype = pl.String()
    return Target(column, task, tuple(present.unique().sort().to_list()), str(dtype))


def _rare_classes(column: str, values: pl.Series) -> list[Notice]:
    import polars as pl

    counts = values.drop_nulls().value_counts(sort=True, name="rows")
    rare = counts.filter(pl.col("rows") < 10)
    if not rare.height:
        return []
    names = [str(label) for label in rare[column].to_list()]
    return [
        Notice(
            "rare_classes",
            "warning",
            column,
            f"The target {column!r} has fewer than 10 examples of {listed(names)} "
            f"({int(rare['rows'][-1])} at least); metrics on {'it' if rare.height == 1 else 'them'} are "
            "uncertain. Add examples, or merge classes.",
        )
    ]


def _decided(column: str, task: str, rule: str, *, asked: bool) -> Notice:
    if asked:
        return Notice("task", "info", column, f"The task is {task}, as asked.")
    other = "multiclass" if task == "regression" else "regression"
    hint = "" if "label" in rule or "fraction" in rule else f" If that is wrong, say --task {other}."
    return Notice(
        "task", "info", column, f"The task is {task}: {column!r} was judged so because {rule}.{hint}"
    )


def _finite_numbers(series: pl.Series, column: str) -> pl.Series:
    numbers, wrong = to_numbers(series)
    if wrong.any():
        row = int(wrong.arg_true()[0]) + 1
        raise InputError(
            f"the target {column!r} must hold numbers, but row {row:,} holds {shown(series[row - 1])} "
            f"({counted(int(wrong.sum()), 'row')} like it)"
        )
    infinite = numbers.is_infinite().fill_null(False)
    if infinite.any():
        count, row = int(infinite.sum()), int(infinite.arg_true()[0]) + 1
        raise InputError(
            f"the target {column!r} holds {counted(count, 'infinite value')} (first in row {row:,}); "
            "replace them or remove those rows"
        )
    return numbers


def _constant(column: str, value: object) -> str:
    return (
        f"the target {column!r} is {shown(value)} in every row, so there is nothing to learn; "
        "choose another target or add rows with other values"
    )


def _fits(label: object, dtype: str) -> bool:
    if dtype == "String":
        return isinstance(label, str)
    if dtype == "Boolean":
        return isinstance(label, bool)
    if isinstance(label, bool):
        return False
    return isinstance(label, (int, float)) if dtype.startswith("Float") else isinstance(label, int)

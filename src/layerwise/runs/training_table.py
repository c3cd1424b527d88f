"""The rows of a run: read, looked at, and put on their sides, before there is a network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from layerwise import datasets
from layerwise.errors import InputError, nearest
from layerwise.runs.config import TrainConfig
from layerwise.tables import (
    ColumnProfile,
    Kind,
    Notice,
    Target,
    prepare_target,
    profile_table,
    read_table,
    split_rows,
)
from layerwise.tables.casting import to_dates, to_numbers
from layerwise.tables.kinds import recognise_kind
from layerwise.tables.missing import cleaned

if TYPE_CHECKING:
    import polars as pl


class Rows(NamedTuple):
    """One side of the split: the features' columns, the target's, and how much each row counts."""

    frame: pl.DataFrame
    target: pl.Series
    weights: np.ndarray | None


@dataclass(frozen=True)
class TrainingTable:
    """What was read, and how its rows are used.

    config: the options with what was found out put in: the target and the names of columns.
    splits: "train", and "validation" and "test" where they have rows.  columns: all but the target.
    """

    config: TrainConfig
    rows: int
    target: Target
    splits: dict[str, Rows]
    columns: tuple[ColumnProfile, ...]
    notices: tuple[Notice, ...]

    @property
    def task(self) -> str:
        return self.target.task


def read_training_table(config: TrainConfig) -> TrainingTable:
    """Read the table of a run, decide its task, and split its rows.

    Raises InputError for all that is wrong with the data or with what the options say of it.
    """
    name, task = _target_name(config)
    frame = read_table(config.data)
    _require_column(frame, name, "--target", config.shown_data)
    config = replace(
        config,
        target=name,
        exclude=named_columns(config.exclude, frame.columns),
        only=tuple(column for column in named_columns(config.only, frame.columns) if column != name),
    )
    if name in config.exclude:
        raise InputError(f"--exclude names the target {name!r}; choose another target or leave that out")
    for option in ("weights", "group", "time"):
        column = getattr(config, option)
        if column is not None:
            _require_column(frame, column, f"--{option}", config.shown_data)
            if column == name:
                raise InputError(f"--{option} names the target {name!r}; name another column")
    target, keep, notices = prepare_target(frame, name, config.task or task)
    if config.task or task:
        notices = tuple(notice for notice in notices if notice.code != "task")
    config.estimator(target.task).check_parameters()
    columns, about_rows = _columns(frame, config, target.task)
    features = [column.name for column in columns if column.reason not in _NOT_FOR_TRAINING]
    if not keep.all():
        frame = frame.filter(keep)
    splits = _split(frame, config, target, features)
    if config.test is not None:
        used = [column.name for column in columns if column.used]
        splits["test"] = _test_rows(config, frame, target, features, used)
    return TrainingTable(config, len(keep), target, splits, columns, (*notices, *about_rows))


def named_columns(entries: Iterable[str], columns: Sequence[str]) -> tuple[str, ...]:
    """The names in `entries`; one that is no column and has commas is taken as several."""
    names: list[str] = []
    for entry in entries:
        parts = [entry] if entry in columns else [part.strip() for part in entry.split(",")]
        names.extend(part for part in parts if part and part not in names)
    return tuple(names)


def row_weights(frame: pl.DataFrame, column: str) -> np.ndarray:
    """A column as weights, float64 (rows,). Raises InputError for values that are none."""
    numbers, _ = to_numbers(frame[column])
    weights = numbers.to_numpy().astype(np.float64)
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if wrong.size:
        raise InputError(
            f"the weights column {column!r} holds {frame[column][int(wrong[0])]!r} in row "
            f"{wrong[0] + 1:,} (and is wrong in {wrong.size - 1:,} more); "
            "expected finite numbers of at least 0"
        )
    if not weights.any():
        raise InputError(f"the weights column {column!r} is 0 in every row, so no row would count")
    return weights


_WEIGHTS, _GROUPS = "it says how much each row counts", "it says which rows belong together"
_NOT_FOR_TRAINING = ("left out by --exclude", "not among --only", _WEIGHTS, _GROUPS)


def _target_name(config: TrainConfig) -> tuple[str, str | None]:
    """The target and, where the data tells it, the task."""
    if config.data.startswith("demo:"):
        known = datasets.load(config.data.removeprefix("demo:"))
        own = config.target in (None, known.target)
        return config.target or known.target, known.task if own else None
    if config.target is None:
        columns = read_table(config.data).columns
        shown = ", ".join(columns[:12]) + (", ..." if len(columns) > 12 else "")
        raise InputError(
            f"say which column to predict with --target; {config.shown_data} has the columns {shown}"
        )
    return config.target, None


def _require_column(frame: pl.DataFrame, name: str, option: str, source: str) -> None:
    if name not in frame.columns:
        raise InputError(f"{option} {name!r} is no column of {source}; {nearest(name, frame.columns)}")


def _columns(
    frame: pl.DataFrame, config: TrainConfig, task: str
) -> tuple[tuple[ColumnProfile, ...], tuple[Notice, ...]]:
    """All columns over all rows: this checks names and values before anything else is done."""
    reasons = {config.weights: _WEIGHTS, config.group: _GROUPS}
    aside = [name for name in reasons if name is not None and name not in config.only]
    exclude = [*config.exclude, *(name for name in aside if name not in config.exclude)]
    profile = profile_table(
        frame, config.target, exclude=exclude, only=config.only, task=task, look_for_leaks=False
    )
    columns = tuple(
        replace(column, reason=reasons[column.name], used=False) if column.name in aside else column
        for column in profile.columns
    )
    return columns, profile.notices


def _split(frame: pl.DataFrame, config: TrainConfig, target: Target, features: list[str]) -> dict[str, Rows]:
    series = frame[target.column]
    weights = None if config.weights is None else row_weights(frame, config.weights)
    split = split_rows(
        frame.height,
        y=None if target.task == "regression" else target.encode(series),
        task=target.task,
        test=0.0 if config.test is not None else config.test_fraction,
        validation=config.network["validation_fraction"],
        seed=config.seed,
        group=None if config.group is None else frame[config.group],
        time=None if config.time is None else _moments(frame[config.time]),
    )
    chosen = frame.select(features)
    return {
        name: Rows(chosen[rows], series[rows], None if weights is None else weights[rows])
        for name, rows in split._asdict().items()
        if len(rows)
    }


def _moments(series: pl.Series) -> Any:
    """A column as something that can be put in order. Raises InputError where it is no time."""
    found = recognise_kind(series)
    if found.kind == Kind.DATE:
        return to_dates(series, found.format)[0].to_numpy()
    numbers, wrong = to_numbers(series)
    if wrong.any():
        row = int(wrong.arg_true()[0])
        raise InputError(
            f"--time {series.name!r} holds {series[row]!r} in row {row + 1:,}, which is neither a date nor a "
            "number, so the rows cannot be put in order of time"
        )
    return numbers.to_numpy()


def _test_rows(
    config: TrainConfig, frame: pl.DataFrame, target: Target, features: list[str], used: list[str]
) -> Rows:
    """The rows of --test FILE, checked before training."""
    import polars as pl

    source = str(config.test)
    text = [name for name in (*features, target.column) if frame[name].dtype == pl.String]
    test = read_table(source, as_text=text)
    needed = [target.column, *used, *([config.weights] if config.weights else [])]
    absent = [name for name in needed if name not in test.columns]
    if absent:
        raise InputError(
            f"--test {source} lacks the columns {', '.join(map(repr, absent[:12]))}; "
            f"for {absent[0]!r}: {nearest(absent[0], test.columns)}"
        )
    kept = [name for name in features if name in test.columns]
    test = test.filter(cleaned(test[target.column]).is_not_null())
    if not test.height:
        raise InputError(f"--test {source} has no row with a target {target.column!r}")
    try:
        target.encode(test[target.column])
    except InputError as error:
        raise InputError(f"--test {source}: {error}") from None
    weights = row_weights(test, config.weights) if config.weights else None
    return Rows(test.select(kept), test[target.column], weights)

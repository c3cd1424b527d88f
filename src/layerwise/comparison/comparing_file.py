"""`layerwise compare`: the same for a table that lies in a file, with the options of `layerwise train`."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from layerwise.comparison.compared_rows import ComparedRows
from layerwise.comparison.comparing import run_comparison
from layerwise.comparison.comparison import Comparison, checked_metric, checked_seeds
from layerwise.comparison.grid import combinations
from layerwise.comparison.running import Progress, checked_jobs
from layerwise.errors import InputError
from layerwise.runs.config import NETWORK_DEFAULTS, TrainConfig
from layerwise.runs.config_file import absolute
from layerwise.runs.run_folder import data_stem
from layerwise.runs.training_table import Rows, read_training_table, row_weights
from layerwise.tables import prepare_target, read_table
from layerwise.tables.databases import without_password

_NOT_FIXED = ("seed", "out", "overwrite")


def compare_file(
    options: Mapping[str, Any],
    *,
    vary: Mapping[str, Sequence[Any]],
    seeds: int | Sequence[int] = 5,
    jobs: int | None = None,
    metric: str | None = None,
    store: str | os.PathLike[str] | None = None,
    progress: Callable[[Progress], object] | None = None,
    on_rows: Callable[[ComparedRows, int], object] | None = None,
) -> Comparison:
    """Compare on a table with the options of `layerwise train`, by name; `seed` is the first seed.

    A run's numbers are those that `layerwise train` gives with the same settings and seed. on_rows: called
    once the table is read, with the rows and the number of columns. The other arguments as in `compare`.
    Raises InputError, before any run, for options out of range and data that cannot be used.
    """
    fixed = {name: value for name, value in options.items() if name in NETWORK_DEFAULTS and name != "seed"}
    of_table = {name: value for name, value in options.items() if name not in NETWORK_DEFAULTS}
    config = TrainConfig.of({**of_table, "seed": options.get("seed", 0)})
    if config.test is None and config.test_fraction == 0:
        raise InputError("test_fraction is 0; combinations are compared on test rows, so it must be above 0")
    if config.time is not None and "validation_fraction" in vary:
        raise InputError("validation_fraction cannot be varied where rows are split by time; leave one out")
    chosen_seeds, jobs = checked_seeds(seeds, config.seed), checked_jobs(jobs)
    share = 0.0 if config.test else config.test_fraction
    combinations(vary, fixed, task=config.task, test_fraction=share)
    with _on_disk(config) as readable:
        rows, named, notices = _compared_rows(replace(readable, network=fixed))
    checked_metric(metric, rows.task)
    chosen = combinations(vary, fixed, task=rows.task, test_fraction=share)
    if on_rows is not None:
        on_rows(rows, rows.rows.frame.width)
    data = config.data if config.data == "-" else absolute(config.data)
    return run_comparison(
        rows,
        chosen,
        chosen_seeds,
        replace(named, data=data, test=None if config.test is None else absolute(config.test)),
        metric,
        jobs=jobs,
        store=store,
        progress=progress,
        notices=notices,
    )


def comparison_folder(data: str, varied: Sequence[str]) -> Path:
    """Where a comparison goes when nobody says: the same for the same call, so that it can go on there."""
    return Path("runs") / "-".join([data_stem(without_password(data)), "compare", *varied])


def _compared_rows(config: TrainConfig) -> tuple[ComparedRows, TrainConfig, tuple[str, ...]]:
    """(rows, the options with what was found out put in, what a person should know of the data)."""
    table = read_training_table(config)
    named, splits = table.config, table.splits
    warned = tuple(notice.message for notice in table.notices if notice.severity == "warning")
    if named.time is not None:
        sides = dict(splits)
        train = splits["train"]
        found = ComparedRows(train, table.target, named.test_fraction, sides=sides, only=named.only)
        return found, named, warned
    frame = read_table(named.data)
    target, keep, _ = prepare_target(frame, table.target.column, table.task)
    if not keep.all():
        frame = frame.filter(keep)
    rows = Rows(
        frame.select(splits["train"].frame.columns),
        frame[target.column],
        None if named.weights is None else row_weights(frame, named.weights),
    )
    group = None if named.group is None else frame[named.group].to_numpy()
    test = None if named.test is None else splits["test"]
    found = ComparedRows(rows, target, named.test_fraction, group, test, only=named.only)
    return found, named, warned


@contextlib.contextmanager
def _on_disk(config: TrainConfig) -> Iterator[TrainConfig]:
    """The options with standard input put into a file for as long as the block lasts: it is read twice."""
    if config.data != "-":
        yield config
        return
    with tempfile.TemporaryDirectory(prefix="layerwise-stdin-") as folder:
        path = Path(folder) / "stdin.csv"
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield replace(config, data=str(path))

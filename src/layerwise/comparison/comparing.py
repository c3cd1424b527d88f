"""`layerwise.compare`: the same network with other settings, on a table in memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from layerwise.comparison.compared_rows import ComparedRows
from layerwise.comparison.comparison import Comparison, checked_metric, checked_seeds
from layerwise.comparison.grid import Combination, combinations
from layerwise.comparison.run_store import comparison_run_key, comparison_runs
from layerwise.comparison.running import Progress, checked_jobs, run_all
from layerwise.errors import InputError
from layerwise.estimators import TabularClassifier, TabularRegressor
from layerwise.estimators.table_inputs import sample_weights, series_for
from layerwise.runs.config import NETWORK_DEFAULTS, TrainConfig
from layerwise.runs.training_table import Rows
from layerwise.tables import frame_from, prepare_target


def compare(
    X: Any,
    y: Any,
    *,
    vary: Mapping[str, Sequence[Any]],
    seeds: int | Iterable[int] = 5,
    jobs: int | None = None,
    estimator: TabularClassifier | TabularRegressor | None = None,
    settings: Mapping[str, Any] | None = None,
    task: str | None = None,
    metric: str | None = None,
    test_fraction: float = 0.2,
    sample_weight: Any = None,
    groups: Any = None,
    store: str | os.PathLike[str] | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> Comparison:
    """Train a network with every combination of some settings, each with the same seeds, and compare.

    A seed fixes the rows for training, validation and test, and every random draw of training, and is the
    same for all combinations: their runs are pairs.

    Parameters
    ----------
    X : data frame (Polars, pandas, Arrow), dictionary of columns or 2-D array, (rows, columns)
    y : (rows,)
        Labels or values to predict; rows without one are left out.
    vary : {name: values}
        Settings of `TabularClassifier` and the values to try: {"optimizer": ["gd", "adam"]}.
    seeds : int or list of int
        How many (0, 1, ...), or which.
    jobs : int
        Runs at a time, each in a process of its own with one thread for linear algebra; -1 for one a core;
        None for what `joblib.parallel_config` says, which can be a Dask or Ray cluster, and 1 without it. The
        same bits for any number. Tried with Dask's cluster on one machine and, after
        `ray.util.joblib.register_ray()`, with Ray 2.60 under `parallel_config(backend="ray", n_jobs=-1)`
        (without n_jobs joblib does one run at a time, here). Ray hands runs back a few at a time.
    estimator : TabularClassifier or TabularRegressor
        Its parameters are the settings that do not vary; its kind says the task. It is not fitted.
    settings : {name: value}
        The same by name; they go before those of the estimator. The rest have their defaults.
    task : str
        binary, multiclass or regression, where the target's values do not say it rightly.
    metric : str
        What ranks the combinations on the test rows; by default accuracy, for values R².
    test_fraction : float
        Share of the rows that is kept for the test.
    sample_weight : (rows,)
        How much each row counts.
    groups : (rows,)
        Rows of one group stay on one side of each split.
    store : folder
        Where each finished run is kept in a small file. The same call again goes on where it stopped, and
        other seeds or values are added to what is there.
    progress : function of a `Progress`
        Called at the start and after each run.

    Returns
    -------
    Comparison. A run that fails or diverges is a row of `.runs` with its reason. Ctrl-C ends it early with
    the runs that are done, and `.interrupted` is true.

    Raises
    ------
    InputError, before any run, for settings out of range and data that cannot be used; TrainingError where a
    process was ended from outside.
    """
    fixed, task = _fixed(estimator, settings, vary, task)
    chosen_seeds, jobs = checked_seeds(seeds), checked_jobs(jobs)
    chosen = combinations(vary, fixed, task=task, test_fraction=test_fraction)
    _require_test_rows(test_fraction)
    frame = frame_from(X)
    labels = series_for(y, "y", frame)
    weights = sample_weights(sample_weight, frame.height)
    group = None if groups is None else series_for(groups, "groups", frame).to_numpy()
    target, keep, notices = prepare_target(labels.to_frame(), labels.name, task)
    if not keep.all():
        frame, labels = frame.filter(keep), labels.filter(keep)
        weights = None if weights is None else weights[keep]
        group = None if group is None else group[keep]
    if task is None:
        chosen = combinations(vary, fixed, task=target.task, test_fraction=test_fraction)
    rows = ComparedRows(Rows(frame, labels, weights), target, test_fraction, group)
    config = TrainConfig(
        data="DATA",
        target=str(labels.name),
        task=task,
        weights=None if weights is None else "WEIGHTS",
        group=None if group is None else "GROUPS",
        test_fraction=test_fraction,
    )
    said = tuple(notice.message for notice in notices if notice.severity == "warning")
    return run_comparison(
        rows, chosen, chosen_seeds, config, metric, jobs=jobs, store=store, progress=progress, notices=said
    )


def run_comparison(
    rows: ComparedRows,
    chosen: tuple[Combination, ...],
    seeds: tuple[int, ...],
    config: TrainConfig,
    metric: str | None = None,
    *,
    jobs: int | None = None,
    store: str | os.PathLike[str] | None = None,
    progress: Callable[[Progress], object] | None = None,
    notices: tuple[str, ...] = (),
) -> Comparison:
    """The comparison of these combinations on these rows. Raises as `compare` does."""
    metric = checked_metric(metric, rows.task)
    for share in {combination.settings["validation_fraction"] for combination in chosen}:
        rows.split(seeds[0], share)
    kept = comparison_runs(store)
    keys = {
        comparison_run_key(rows.digest, combination.settings, seed)
        for seed in seeds
        for combination in chosen
    }
    others = kept.others(keys)
    if others:
        noun = "run in the folder is" if others == 1 else "runs in the folder are"
        notices = (*notices, f"{others:,} finished {noun} of another table or other settings; left alone.")
    records, interrupted = run_all(rows, chosen, seeds, jobs=jobs, store=kept, progress=progress)
    return Comparison(
        combinations=chosen,
        seeds=seeds,
        records=records,
        task=rows.task,
        metric=metric,
        config=replace(config, network={}),
        draws_test_rows=rows.draws_test_rows,
        interrupted=interrupted,
        notices=notices,
    )


def _fixed(
    estimator: Any, settings: Mapping[str, Any] | None, vary: Mapping[str, Any], task: str | None
) -> tuple[dict[str, Any], str | None]:
    """The settings that do not vary, and the task as far as the caller says it."""
    if not isinstance(vary, Mapping):
        raise InputError(
            f'vary is {vary!r}; expected names and values, for example {{"optimizer": ["gd", "adam"]}}'
        )
    given: dict[str, Any] = {}
    if estimator is not None:
        if not isinstance(estimator, TabularClassifier | TabularRegressor):
            raise InputError(
                f"estimator is a {type(estimator).__name__}; expected a TabularClassifier or TabularRegressor"
            )
        regression = isinstance(estimator, TabularRegressor)
        if task is not None and (task == "regression") != regression:
            raise InputError(f"task is {task!r}, but the estimator is a {type(estimator).__name__}")
        if regression:
            task = "regression"
        given = {
            name: value
            for name, value in estimator.get_params().items()
            if name not in vary and name != "seed" and value != NETWORK_DEFAULTS[name]
        }
    return given | dict(settings or {}), task


def _require_test_rows(test_fraction: Any) -> None:
    if (
        isinstance(test_fraction, bool)
        or not isinstance(test_fraction, int | float)
        or not 0 < test_fraction < 1
    ):
        raise InputError(
            f"test_fraction is {test_fraction!r}; expected above 0 and below 1: combinations are compared on "
            "test rows"
        )

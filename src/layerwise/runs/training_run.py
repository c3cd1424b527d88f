"""A whole run: from options to a folder with a network, its measurements and its report."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from layerwise._version import __version__
from layerwise.evaluation import baseline_metrics, importance_metric
from layerwise.persistence import write_atomically
from layerwise.report import write_report
from layerwise.runs.config import TrainConfig
from layerwise.runs.config_file import absolute, config_text
from layerwise.runs.measurements import Measurements
from layerwise.runs.report_contents import report_contents
from layerwise.runs.run_folder import (
    CONFIG,
    HISTORY,
    HISTORY_TEXT,
    METRICS,
    REPORT,
    move_into_place,
    new_folder,
    run_path,
)
from layerwise.runs.scoring import importance, score
from layerwise.runs.stored_run import Run
from layerwise.runs.training_table import TrainingTable, read_training_table
from layerwise.tables import Notice


def run_training(config: TrainConfig, callbacks: Sequence[Any] = ()) -> Run:
    """Read, split, train, measure and write; the folder appears at the end, whole.

    callbacks: what `training.Callback` says, and also `on_table(table: TrainingTable)` when the data is read
    and `on_phase(name)` at "measuring" and "writing".
    Raises InputError, before training, for options or data that are wrong, and where the folder cannot be
    written; TrainingError where training gave nothing to keep. Nothing is left behind then.
    """
    config.check()
    path = run_path(config.out, config.data, overwrite=config.overwrite)
    with new_folder(path) as folder:
        table = read_training_table(config)
        _tell(callbacks, "on_table", table)
        model, said = _fitted(table, callbacks)
        _tell(callbacks, "on_phase", "measuring")
        measured = _measured(table, model, said)
        _tell(callbacks, "on_phase", "writing")
        run = _written(folder, path, table, model, measured)
        return Run(
            move_into_place(folder, path, renumber=config.out is None),
            run.config,
            run.metrics,
            run.history,
            run.model,
        )


def _fitted(table: TrainingTable, callbacks: Sequence[Any]) -> tuple[Any, tuple[Notice, ...]]:
    model = table.config.estimator(table.task)
    train, held = table.splits["train"], table.splits.get("validation")
    if held is None:
        model.set_params(validation_fraction=0.0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RuntimeWarning)
        model.fit(
            train.frame,
            train.target,
            X_val=None if held is None else held.frame,
            y_val=None if held is None else held.target,
            sample_weight=train.weights,
            sample_weight_val=None if held is None else held.weights,
            only=table.config.only,
            target=table.target,
            callbacks=callbacks,
        )
    said = []
    for warning in caught:
        if issubclass(warning.category, RuntimeWarning):
            said.append(Notice("training", "warning", None, _sentence(str(warning.message))))
        else:
            warnings.showwarning(warning.message, warning.category, warning.filename, warning.lineno)
    return model, tuple(said)


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else text + "."


def _measured(table: TrainingTable, model: Any, said: tuple[Notice, ...]) -> Measurements:
    config = table.config
    scores = {
        name: score(model, rows.frame, rows.target, rows.weights, seed=config.seed)
        for name, rows in table.splits.items()
    }
    scored = next(name for name in ("test", "validation", "train") if name in scores)
    best, train, task = scores[scored], scores["train"], model.target_.task
    labels = model.target_.labels
    return Measurements(
        scores=scores,
        scored_split=scored,
        baseline=baseline_metrics(
            task,
            train.y,
            best.y,
            classes=None if labels is None else len(labels),
            train_weights=train.weights,
            weights=best.weights,
        ),
        importance=importance(model, table.splits[scored], best, seed=config.seed),
        importance_metric=importance_metric(task),
        notices=_merged(table.notices, model.profile_.notices, said),
    )


def _merged(whole: Sequence[Notice], learnt: Sequence[Notice], said: Sequence[Notice]) -> tuple[Notice, ...]:
    """Warnings first. What was told of the whole table is not told of the training rows again."""
    told = {(notice.code, notice.column) for notice in whole} | {("duplicate_rows", None)}
    notices = [*said, *whole, *(notice for notice in learnt if (notice.code, notice.column) not in told)]
    return tuple(sorted(dict.fromkeys(notices), key=lambda notice: notice.severity == "info"))


def _written(folder: Path, path: Path, table: TrainingTable, model: Any, measured: Measurements) -> Run:
    config = table.config
    history, metrics = model.history_, measured.document(table, model, __version__)
    kept = config_text(_with_absolute_paths(config))
    model.save(folder)
    write_atomically(folder / CONFIG, kept)
    parquet = io.BytesIO()
    history.write_parquet(parquet)
    write_atomically(folder / HISTORY, parquet.getvalue())
    write_atomically(folder / HISTORY_TEXT, history.write_csv())
    text = json.dumps(metrics, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(folder / METRICS, text)
    write_report(folder / REPORT, report_contents(path, table, model, measured, kept))
    return Run(folder, config, metrics, history, model)


def _with_absolute_paths(config: TrainConfig) -> TrainConfig:
    from dataclasses import replace

    test = None if config.test is None else absolute(config.test)
    return replace(config, data=absolute(config.data), test=test)


def _tell(callbacks: Sequence[Any], event: str, *arguments: Any) -> None:
    for callback in callbacks:
        handler = getattr(callback, event, None)
        if handler is not None:
            handler(*arguments)

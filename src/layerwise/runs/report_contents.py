"""The report's contents, gathered from a run."""

from __future__ import annotations

import os
import platform
import shlex
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from layerwise import datasets
from layerwise._version import __version__
from layerwise.network.parameters import named_views
from layerwise.report import ColumnRow, LayerRow, NoticeRow, ReportContents
from layerwise.runs.decision_boundary import decision_boundary
from layerwise.runs.measurements import Measurements
from layerwise.runs.run_folder import CONFIG, data_stem
from layerwise.runs.training_table import TrainingTable

_LIBRARIES = ("numpy", "numba", "polars", "scikit-learn", "scipy")


def report_contents(
    path: Path, table: TrainingTable, model: Any, measured: Measurements, config_toml: str
) -> ReportContents:
    """All that the page shows of this run. `path` is where the run will lie."""
    config, target, result = table.config, model.target_, model.result_
    best = measured.scores[measured.scored_split]
    labels = target.labels or ()
    frequent = None
    if labels:
        counts = np.bincount(measured.scores["train"].y, measured.scores["train"].weights)
        frequent = labels[int(counts.argmax())]
    return ReportContents(
        title=f"{target.column}, predicted from {data_stem(config.data)}",
        task=target.task,
        target=target.column,
        labels=labels,
        created=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z").strip(),
        layerwise_version=__version__,
        command=f"layerwise train --config {shlex.quote(str(path / CONFIG))}",
        data_source=_source(config.shown_data, table.rows),
        rows={name: len(score.y) for name, score in measured.scores.items()},
        columns=_columns(table, model),
        notices=[NoticeRow(notice.severity, notice.column, notice.message) for notice in measured.notices],
        metrics={name: score.metrics for name, score in measured.scores.items()},
        intervals={name: score.intervals for name, score in measured.scores.items()},
        baseline=measured.baseline,
        baseline_label=frequent,
        scored_split=measured.scored_split,
        y=best.y,
        prediction=best.prediction,
        weights=best.weights,
        history=model.history_,
        best_epoch=result.best_epoch,
        stop_reason=result.reason,
        importance=measured.importance,
        importance_metric=measured.importance_metric,
        layers=layer_rows(model),
        parameter_count=int(model.network_.parameters.size),
        recipe=model.get_params(),
        config_toml=config_toml,
        boundary=decision_boundary(model, table.splits[measured.scored_split], best.y),
        seconds=result.seconds,
        environment=_environment(),
    )


def layer_rows(model: Any) -> list[LayerRow]:
    """The network's layers, from the first hidden one to the output."""
    program = model.network_.program
    views = named_views(model.network_.parameters, program.architecture)
    rows = []
    for layer, activation in enumerate(program.architecture.activations, start=1):
        W, b = views[f"W{layer}"], views[f"b{layer}"]
        last = layer == len(program.architecture.activations)
        rows.append(
            LayerRow(
                name="output" if last else f"layer {layer}",
                kind="dense",
                shape=tuple(W.shape),
                activation=activation,
                parameters=W.size + b.size,
                dropout=0.0 if last or not program.dropout else program.dropout[layer - 1],
            )
        )
    return rows


def _columns(table: TrainingTable, model: Any) -> list[ColumnRow]:
    """Counts are of all rows; whether a column is used was decided on the training rows."""
    learnt = {column.name: column for column in model.profile_.columns}
    rows = []
    for column in table.columns:
        decided = learnt.get(column.name, column)
        rows.append(
            ColumnRow(
                column.name,
                str(decided.kind),
                column.missing,
                column.distinct,
                decided.used,
                decided.reason,
            )
        )
    return rows


def _source(data: str, rows: int) -> str:
    if data.startswith("demo:"):
        name = data.removeprefix("demo:")
        return f"{name}: {datasets.load(name).source} ({rows:,} rows)"
    return f"{data} ({rows:,} rows)"


def _environment() -> dict[str, str]:
    found = {"layerwise": __version__, "Python": platform.python_version()}
    found |= {name: metadata.version(name) for name in _LIBRARIES}
    return found | {
        "System": f"{platform.system()} {platform.machine()}",
        "Cores": str(os.cpu_count() or "unknown"),
    }

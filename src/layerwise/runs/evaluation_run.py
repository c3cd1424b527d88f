"""How a trained network does on other data."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from layerwise.errors import InputError, nearest
from layerwise.estimators import load_tabular
from layerwise.runs.run_folder import CONFIG
from layerwise.runs.scoring import score
from layerwise.runs.stored_run import read_run_config
from layerwise.runs.training_table import row_weights
from layerwise.tables import Notice, novelty_notices, read_table
from layerwise.tables.missing import cleaned
from layerwise.tables.notices import counted


@dataclass(frozen=True)
class Evaluation:
    """Metrics of a network on some rows, with their 95% intervals."""

    data: str
    target: str
    task: str
    rows: int
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    notices: tuple[Notice, ...]

    def document(self) -> dict[str, Any]:
        """The same, ready for JSON."""
        values = asdict(self)
        values["intervals"] = {name: list(interval) for name, interval in self.intervals.items()}
        values["notices"] = [asdict(notice) for notice in self.notices]
        return values


def evaluate_file(run: str | os.PathLike[str], data: str) -> Evaluation:
    """Measure the network of a run, or of any folder that `save` wrote, on a table that has the target.

    Rows without a target are left out. A run that was trained with weights weighs these rows too, where the
    table has that column. Raises InputError for a run or data that cannot be used.
    """
    model = load_tabular(run)
    target = model.target_
    text = [*model.encoder_.text_columns, *([target.column] if target.dtype == "String" else [])]
    frame = read_table(data, as_text=text)
    if target.column not in frame.columns:
        raise InputError(
            f"{data} has no column {target.column!r}, the target of {run}; "
            f"{nearest(target.column, frame.columns)} (`layerwise predict` needs no target)"
        )
    notices = []
    known = frame.filter(cleaned(frame[target.column]).is_not_null())
    if known.height < frame.height:
        message = (
            f"The target {target.column!r} is missing in {counted(frame.height - known.height, 'row')} of "
            f"{frame.height:,}; what is left is measured."
        )
        notices.append(Notice("target_missing", "warning", target.column, message))
    if not known.height:
        raise InputError(f"{data} has no row with a target {target.column!r}, so there is nothing to measure")
    weights = None
    config = Path(run) / CONFIG
    if config.is_file():
        column = read_run_config(Path(run)).weights
        if column is not None and column in known.columns:
            weights = row_weights(known, column)
    _, new = model.encoder_.transform_and_tell(known, dtype=model.dtype)
    notices.extend(novelty_notices(new, known.height))
    found = score(model, known, known[target.column], weights, seed=model.seed)
    return Evaluation(
        data, target.column, target.task, known.height, found.metrics, found.intervals, tuple(notices)
    )

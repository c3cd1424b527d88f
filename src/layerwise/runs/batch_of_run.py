"""A trained model and rows to check its gradients on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from layerwise.errors import InputError, nearest
from layerwise.estimators import load_tabular
from layerwise.runs.run_folder import CONFIG
from layerwise.runs.stored_run import read_run_config
from layerwise.runs.training_table import row_weights
from layerwise.tables import read_table
from layerwise.tables.missing import cleaned


class ModelAndRows(NamedTuple):
    """A saved estimator, its columns, its target, and how much each row counts or None."""

    model: Any
    X: Any
    y: Any
    weights: np.ndarray | None
    data: str


def model_and_rows(run: str | os.PathLike[str], data: str | None) -> ModelAndRows:
    """The model of a run, or of any folder that `save` wrote, with rows of `data`, or of the run's own table.

    Rows without a target are left out. Raises InputError for a run or data that cannot be used.
    """
    model, folder = load_tabular(run), Path(run)
    config = read_run_config(folder) if (folder / CONFIG).is_file() else None
    if data is None:
        if config is None:
            raise InputError(
                f"{run} does not say which table it was trained on; name one: layerwise check {run} DATA"
            )
        data = config.data
    target = model.target_
    text = [*model.encoder_.text_columns, *([target.column] if target.dtype == "String" else [])]
    frame = read_table(data, as_text=text)
    if target.column not in frame.columns:
        raise InputError(
            f"{data} has no column {target.column!r}, the target of {run}; "
            f"{nearest(target.column, frame.columns)}"
        )
    known = frame.filter(cleaned(frame[target.column]).is_not_null())
    if not known.height:
        raise InputError(
            f"{data} has no row with a target {target.column!r}, so there is nothing to check on"
        )
    column = None if config is None else config.weights
    weights = row_weights(known, column) if column is not None and column in known.columns else None
    return ModelAndRows(model, known, known[target.column], weights, data)

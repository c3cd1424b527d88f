"""A run as its folder keeps it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layerwise.errors import InputError
from layerwise.estimators import TabularClassifier, TabularRegressor, load_tabular
from layerwise.persistence import models_beside
from layerwise.runs.config import TrainConfig
from layerwise.runs.config_file import read_config
from layerwise.runs.run_folder import CONFIG, HISTORY, METRICS

if TYPE_CHECKING:
    import polars as pl

FORMAT = "layerwise-run"
FORMAT_VERSION = 1
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Run:
    """A finished run. metrics: what metrics.json holds.  history: one row per epoch."""

    path: Path
    config: TrainConfig
    metrics: Mapping[str, Any]
    history: pl.DataFrame
    model: TabularClassifier | TabularRegressor

    @property
    def splits(self) -> dict[str, dict[str, float]]:
        """The metrics of each split that has rows."""
        return {split: self.metrics[split] for split in SPLITS if self.metrics.get(split)}


def read_run(path: str | os.PathLike[str]) -> Run:
    """The run in a folder. Raises InputError for a folder that is absent, no run, damaged or newer."""
    folder = Path(path)
    if not folder.is_dir():
        raise InputError(f"there is no run at {folder}: no such folder; {models_beside(folder)}")
    model = load_tabular(folder)
    metrics = read_metrics(folder)
    return Run(folder, read_run_config(folder), metrics, _history(folder), model)


def read_run_config(folder: Path) -> TrainConfig:
    """The configuration that the run keeps. Raises InputError."""
    return TrainConfig.of(read_config(folder / CONFIG))


def read_metrics(folder: Path) -> dict[str, Any]:
    """What metrics.json holds. Raises InputError where it is absent, damaged or newer."""
    file = folder / METRICS
    try:
        metrics = json.loads(file.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{folder} is no whole run: {METRICS} is missing; train again") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{file} is damaged: {error}; train again") from error
    if not isinstance(metrics, dict) or metrics.get("format") != FORMAT:
        raise InputError(f"{file} is not the metrics of a layerwise run")
    version = metrics.get("format_version")
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise InputError(
            f"{file} has format version {version} (written by layerwise {metrics.get('layerwise_version')}), "
            "which is newer than this layerwise reads: upgrade with `pip install --upgrade layerwise`"
        )
    wrong = [split for split in SPLITS if not isinstance(metrics.get(split), dict)]
    if wrong:
        raise InputError(f"{file} is damaged: it lacks the metrics of {wrong[0]!r}; train again")
    return metrics


def _history(folder: Path) -> pl.DataFrame:
    import polars as pl

    file = folder / HISTORY
    try:
        return pl.read_parquet(file)
    except FileNotFoundError:
        raise InputError(f"{folder} is no whole run: {HISTORY} is missing; train again") from None
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError(f"{file} is damaged: {str(error).splitlines()[0]}; train again") from error

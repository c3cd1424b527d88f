"""The history as event files, for TensorBoard to show while the run goes."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from layerwise.errors import InputError

SECONDS_BETWEEN_FLUSHES = 10
# Says where a row stands; everything else in it is drawn.
POSITIONS = ("epoch", "step")


class TensorBoard:
    """Logs every number of the history by epoch; `tensorboard --logdir FOLDER` shows them.

    Charts are grouped by what they show: cost/train and cost/validation, accuracy/validation,
    gradient_norm/layer1, and so on. The estimator's parameters are there as text.

    Parameters
    ----------
    folder : str or path
        Where the event files go; one folder for each run, below a common one to compare them.
    layers : bool
        Whether to log the statistics of the layers too.

    Raises InputError where the package tensorboardX is not installed.
    """

    def __init__(self, folder: str | os.PathLike[str], *, layers: bool = True) -> None:
        self.folder = folder
        self.layers = layers
        self._writer: Any = None

    def on_fit_begin(self, estimator: Any) -> None:
        """Begin anew, and note the estimator's parameters."""
        self._close()
        self._open()
        lines = [f"| {name} | {value} |" for name, value in estimator.get_params(deep=False).items()]
        title = type(estimator).__name__
        self._writer.add_text(title, "\n".join([f"| {title} | |", "| --- | --- |", *lines]), 0)

    def on_train_begin(self, plan: Mapping[str, Any]) -> None:
        self._open()

    def on_epoch_end(self, row: Mapping[str, Any]) -> None:
        """Log the row."""
        self._open()
        for name, value in row.items():
            tag = tag_of(name)
            if tag is None or (not self.layers and name.startswith("layer")):
                continue
            if value is not None and math.isfinite(value):
                self._writer.add_scalar(tag, float(value), int(row["epoch"]))

    def on_train_end(self, result: Any) -> None:
        """Say how it ended, and close the file."""
        self._open()
        text = f"{result.reason}; epoch {result.best_epoch} is kept"
        self._writer.add_text("end", text, len(result.history))
        self._close()

    def on_fit_end(self, estimator: Any) -> None:
        self._close()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _open(self) -> None:
        if self._writer is not None:
            return
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise InputError(
                "logging for TensorBoard needs tensorboardX: pip install 'layerwise[tensorboard]'"
            ) from error
        try:
            Path(self.folder).mkdir(parents=True, exist_ok=True)
            self._writer = SummaryWriter(logdir=str(self.folder), flush_secs=SECONDS_BETWEEN_FLUSHES)
        except OSError as error:
            raise InputError(f"cannot write into {self.folder}: {error.strerror or error}") from error


def tag_of(column: str) -> str | None:
    """What TensorBoard calls a column of the history; None where it says where the row stands.

    >>> tag_of("validation_accuracy"), tag_of("layer2_gradient_norm"), tag_of("cost"), tag_of("epoch")
    ('accuracy/validation', 'gradient_norm/layer2', 'cost/train', None)
    """
    if column in POSITIONS:
        return None
    layer = re.fullmatch(r"layer(\d+)_(\w+)", column)
    if layer:
        return f"{layer.group(2)}/layer{layer.group(1)}"
    if column.startswith("validation_"):
        return column.removeprefix("validation_") + "/validation"
    return "cost/train" if column == "cost" else f"run/{column}"

"""Charts of how the network learned: costs, metrics, learning rate, and what happened in each layer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from layerwise.report.charts.epoch_lines import EpochLines, FloatArray, Line, drawn
from layerwise.report.charts.themed_svg import COLOUR, SERIES, Chart, series

if TYPE_CHECKING:
    import polars as pl

    from layerwise.report.contents import ReportContents

METRICS_IN_WORDS = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "roc_auc": "Area under the ROC curve",
    "log_loss": "Log loss",
    "f1": "F1",
    "r2": "R²",
    "rmse": "RMSE",
    "mae": "Mean absolute error",
}
LAYER_STATISTICS = {
    "update_ratio": (
        "Movement per layer",
        "How far an epoch moved a layer's weights, relative to their size. "
        "A layer far below the others has stopped learning.",
    ),
    "gradient_norm": (
        "Gradient per layer",
        "How strongly the cost pulls on each layer. Layers a thousand times apart mean that the signal "
        "fades or explodes on its way back.",
    ),
    "activation_std": (
        "Spread of activations per layer",
        "How much a layer's outputs differ from row to row and unit to unit. "
        "Near zero, the layer no longer tells rows apart.",
    ),
    "zero_fraction": (
        "Silent outputs per layer",
        "The share of a layer's outputs that are exactly zero. Half is normal for ReLU; "
        "near 100% the layer is dead.",
    ),
    "dead_fraction": (
        "Dead units per layer",
        "The share of a layer's units that are zero on every row looked at. Such a unit no longer learns.",
    ),
}
SHARES = frozenset({"zero_fraction", "dead_fraction"})
"""Statistics that are shares of 1, and drawn for the layers where they are not always zero."""


def learning_charts(contents: ReportContents) -> list[Chart]:
    """Cost and the validation metric, as far as the history has them."""
    history = contents.history
    if history is None or history.height == 0:
        return []
    plots = [_cost(history, contents.best_epoch), _metric(history, contents)]
    return [drawn(plot, _epochs(history)) for plot in plots if plot is not None]


def inside_charts(contents: ReportContents) -> list[Chart]:
    """The learning rate where it varies, and each statistic of the layers, a line per layer.

    Three to a line, with as many lines of two as it takes to leave no gap.
    """
    history = contents.history
    if history is None or history.height == 0:
        return []
    found = [_learning_rate(history), *(_layers(history, statistic) for statistic in LAYER_STATISTICS)]
    plots = [plot for plot in found if plot is not None]
    halves = {0: 0, 1: 4, 2: 2}[len(plots) % 3] if len(plots) != 1 else 1
    return [drawn(plot, _epochs(history), "half" if i < halves else "third") for i, plot in enumerate(plots)]


def column(history: pl.DataFrame, name: str) -> FloatArray | None:
    """A column of the history as numbers, null as nan; None when it is absent or has no finite value."""
    import polars as pl

    if name not in history.columns:
        return None
    values = history[name].cast(pl.Float64, strict=False).to_numpy().astype(np.float64)
    return values if np.isfinite(values).any() else None


def _epochs(history: pl.DataFrame) -> FloatArray:
    found = column(history, "epoch")
    whole = found is not None and bool(np.isfinite(found).all())
    return found if found is not None and whole else np.arange(1, history.height + 1, dtype=np.float64)


def _cost(history: pl.DataFrame, best_epoch: int | None) -> EpochLines | None:
    found = [
        ("train", column(history, "cost"), COLOUR["muted"]),
        ("validation", column(history, "validation_cost"), COLOUR["accent"]),
    ]
    lines = [Line(word, values, colour) for word, values, colour in found if values is not None]
    if not lines:
        return None
    caption = "What training tries to make small."
    if len(lines) == 2:
        caption += " Validation turning upward while train still falls means that the network memorises."
    return EpochLines("cost", "Cost", caption, lines, best_epoch)


def _metric(history: pl.DataFrame, contents: ReportContents) -> EpochLines | None:
    order = ("r2", "rmse", "mae") if contents.task == "regression" else ("accuracy", "roc_auc", "log_loss")
    others = [name.removeprefix("validation_") for name in history.columns if name.startswith("validation_")]
    for metric in dict.fromkeys([*order, *others]):
        held_out = column(history, f"validation_{metric}")
        if held_out is None or metric == "cost":
            continue
        lines = [Line("validation", held_out, COLOUR["accent"])]
        fitted = column(history, f"train_{metric}")
        if fitted is not None:
            lines.insert(0, Line("train", fitted, COLOUR["muted"]))
        caption = "Measured after each epoch on the validation rows, which are not trained on."
        if contents.best_epoch is not None:
            caption += f" The network of epoch {contents.best_epoch} is the one that was kept."
        title = METRICS_IN_WORDS.get(metric, metric.replace("_", " "))
        if fitted is None:
            title += " on validation rows"
        share = metric in ("accuracy", "balanced_accuracy")
        return EpochLines("metric", title, caption, lines, contents.best_epoch, share=share)
    return None


def _learning_rate(history: pl.DataFrame) -> EpochLines | None:
    rate = column(history, "learning_rate")
    if rate is None or np.nanmax(rate) - np.nanmin(rate) <= 1e-9 * np.nanmax(np.abs(rate)):
        return None
    caption = "How large a step each update took, as the schedule set it."
    lines = [Line("learning rate", rate, COLOUR["accent"])]
    return EpochLines("rate", "Learning rate", caption, lines, linear=True)


def _layers(history: pl.DataFrame, statistic: str) -> EpochLines | None:
    found = [re.fullmatch(rf"layer(\d+)_{statistic}", name) for name in history.columns]
    numbers = sorted(int(match.group(1)) for match in found if match)
    values = [(n, column(history, f"layer{n}_{statistic}")) for n in numbers]
    layers = [(n, value) for n, value in values if value is not None]
    if statistic in SHARES:
        layers = [(n, value) for n, value in layers if np.nanmax(value) > 0]
    if not layers:
        return None
    if len(layers) > SERIES:
        kept = np.unique(np.linspace(0, len(layers) - 1, SERIES).round().astype(int))
        layers = [layers[i] for i in kept]
    lines = [Line(f"layer {n}", value, series(i)) for i, (n, value) in enumerate(layers)]
    title, caption = LAYER_STATISTICS[statistic]
    return EpochLines(f"layers-{statistic}", title, caption, lines, share=statistic in SHARES, layers=True)

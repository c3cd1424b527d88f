"""The page's cards and tables: metrics, importance, layers, facts, as plain rows for the template."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from layerwise.report.numbers import ABSENT, count, duration, elided, is_number, metric, minus, percent

if TYPE_CHECKING:
    from layerwise.report.contents import LayerRow, ReportContents

METRICS: Mapping[str, tuple[str, str]] = {
    "accuracy": ("Accuracy", "The share of rows answered rightly."),
    "balanced_accuracy": (
        "Balanced accuracy",
        "The share answered rightly within each class, averaged: rare classes count in full.",
    ),
    "roc_auc": (
        "ROC AUC",
        "How often a row of the class is ranked above a row of another one: 0.5 is guessing, 1 perfect.",
    ),
    "log_loss": (
        "Log loss",
        "The penalty for probabilities that were wrong or unsure: 0 is certain and right, lower is better.",
    ),
    "f1": (
        "F1",
        "The balance of finding all rows of a class and raising no false alarms; averaged over classes.",
    ),
    "brier": (
        "Brier score",
        "The squared distance of the probabilities from what happened; lower is better.",
    ),
    "r2": (
        "R²",
        "The share of the target’s variation that is explained: 0 is answering the mean, 1 perfect.",
    ),
    "rmse": ("RMSE", "The typical error in the target’s unit, large errors weighing more; lower is better."),
    "mae": (
        "Mean absolute error",
        "How far answers are off on average, in the target’s unit; lower is better.",
    ),
    "median_absolute_error": (
        "Median absolute error",
        "Half of the answers are closer than this, in the target’s unit; lower is better.",
    ),
}
CARDS = {
    "classification": ("accuracy", "balanced_accuracy", "roc_auc", "log_loss"),
    "regression": ("r2", "rmse", "mae", "median_absolute_error"),
}
BASELINE_WORDS = {
    "accuracy": "most frequent answer",
    "balanced_accuracy": "most frequent answer",
    "roc_auc": "guessing",
    "log_loss": "class frequencies",
}
MOST_IMPORTANT = 15


class Card(NamedTuple):
    """One large number: its name, value, interval, what one gets without a network, and what it means."""

    name: str
    value: str
    interval: str
    baseline: str
    meaning: str


class Bar(NamedTuple):
    """A bar of the importance table: all lengths in percent of the widest."""

    column: str
    name: str
    value: str
    start: float
    length: float
    whisker_start: float
    whisker_length: float
    below: bool


def metric_cards(contents: ReportContents) -> list[Card]:
    """The four metrics of the task that matter most, on the scored split."""
    scores = contents.metrics.get(contents.scored_split, {})
    cards = []
    for name in CARDS["classification" if contents.is_classification else "regression"]:
        if not is_number(scores.get(name)):
            continue
        title, meaning = METRICS[name]
        base = contents.baseline.get(name)
        words = BASELINE_WORDS.get(name, "answering the mean")
        if name == "median_absolute_error":
            words = "answering the mean"
        baseline = f"{words}: {metric(name, base)}" if is_number(base) else ""
        cards.append(
            Card(
                title,
                metric(name, scores[name]),
                _between(contents, contents.scored_split, name),
                baseline,
                meaning,
            )
        )
    return cards


def _between(contents: ReportContents, split: str, name: str) -> str:
    interval = contents.intervals.get(split, {}).get(name)
    if interval is None or not all(map(is_number, interval)):
        return ""
    return f"{metric(name, interval[0])} to {metric(name, interval[1])}"


def metric_rows(contents: ReportContents) -> tuple[list[str], list[tuple[str, str, list[tuple[str, str]]]]]:
    """Headings, and a row per metric: name, meaning, and (value, interval) per split and for the baseline."""
    splits = [split for split in ("test", "validation", "train") if contents.metrics.get(split)]
    found = dict.fromkeys(name for split in splits for name in contents.metrics[split])
    names = [name for name in METRICS if name in found] + [name for name in found if name not in METRICS]
    rows = []
    for name in names:
        title, meaning = METRICS.get(name, (name.replace("_", " "), ""))
        cells = [
            (metric(name, contents.metrics[split].get(name)), _between(contents, split, name))
            for split in splits
        ]
        if contents.baseline:
            cells.append((metric(name, contents.baseline.get(name)), ""))
        rows.append((title, meaning, cells))
    headings = [split.capitalize() for split in splits] + (["No network"] if contents.baseline else [])
    return headings, rows


def importance_bars(contents: ReportContents) -> list[Bar]:
    """The most important columns, each with a bar from zero and a whisker of one standard deviation."""
    shown = [i for i in contents.importance if math.isfinite(i.mean)][:MOST_IMPORTANT]
    if not shown:
        return []
    spread = [(i, i.std if math.isfinite(i.std) else 0.0) for i in shown]
    low = min(0.0, *(i.mean - std for i, std in spread))
    high = max(0.0, *(i.mean + std for i, std in spread))
    width = (high - low) or 1.0

    def place(value: float) -> float:
        return round(100 * (value - low) / width, 2)

    decimals = max(0, 2 - math.floor(math.log10(max(abs(i.mean) for i in shown) or 1.0)))
    bars = []
    for i, std in spread:
        start, end = sorted((place(0), place(i.mean)))
        left, right = place(i.mean - std), place(i.mean + std)
        text = minus(f"{i.mean:,.{decimals}f}") + (f" ± {std:,.{decimals}f}" if std else "")
        lengths = start, round(end - start, 2), left, round(right - left, 2)
        bars.append(Bar(i.column, elided(i.column, 80), text, *lengths, i.mean < 0))
    return bars


def facts(contents: ReportContents) -> list[tuple[str, str]]:
    """What was trained on what, in a few words each."""
    kinds = {"binary": "one of two classes", "multiclass": f"one of {len(contents.labels)} classes"}
    predicted = contents.target + (f" ({kinds[contents.task]})" if contents.task in kinds else " (a number)")
    if contents.task == "multiclass" and not len(contents.labels):
        predicted = f"{contents.target} (one of several classes)"
    used = [column for column in contents.columns if column.used]
    from_columns = ""
    if contents.columns:
        left_out = len(contents.columns) - len(used)
        from_columns = f"{len(used):,} columns" + (f" ({left_out:,} left out)" if left_out else "")
    rows = " / ".join(f"{rows:,} {split}" for split, rows in contents.rows.items() if rows)
    time = duration(contents.seconds) if contents.seconds is not None else ""
    epochs = ""
    if contents.history is not None and contents.history.height:
        epochs = count(contents.history.height)
        if contents.best_epoch is not None:
            epochs += f", of which epoch {contents.best_epoch:,} was kept"
    pairs = [
        ("Predicts", predicted),
        ("From", from_columns),
        ("Data", contents.data_source),
        ("Rows", rows),
        ("Epochs", epochs),
        ("Training time", time),
    ]
    return [(name, text) for name, text in pairs if text]


def layer_table(layers: Sequence[LayerRow]) -> list[tuple[str, str, str, str, str, str]]:
    """name, kind, shape as "units × inputs", activation, dropout, parameters; all as text."""
    return [
        (
            layer.name,
            layer.kind,
            " × ".join(f"{size:,}" for size in layer.shape),
            layer.activation,
            percent(layer.dropout) if layer.dropout else ABSENT,
            count(layer.parameters),
        )
        for layer in layers
    ]


def layer_boxes(contents: ReportContents) -> list[tuple[str, str]]:
    """(size, what it is) from the inputs to the outputs, for the diagram."""
    layers = [layer for layer in contents.layers if len(layer.shape) == 2]
    if not layers:
        return []
    boxes = [(f"{layers[0].shape[1]:,}", "inputs")]
    boxes += [(f"{layer.shape[0]:,}", layer.activation) for layer in layers]
    return boxes


def settings(recipe: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The recipe's names and values as text: lists joined, a dash for None, yes and no for booleans."""
    return [(str(name).replace("_", " "), _setting(value)) for name, value in recipe.items()]


def _setting(value: Any) -> str:
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {_setting(part)}" for name, part in value.items()) or ABSENT
    if isinstance(value, list | tuple):
        return ", ".join(_setting(part) for part in value) or ABSENT
    return str(value)

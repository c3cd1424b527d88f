"""Where a classifier is right and how sure it is: the confusion table, ROC and calibration charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from layerwise.evaluation import calibration_curve, confusion_matrix, roc_curves
from layerwise.report.charts.themed_svg import COLOUR, SERIES, Chart, series, themed_svg
from layerwise.report.numbers import elided, metric, number, percent, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from layerwise.evaluation import RocCurve
    from layerwise.report.contents import ReportContents

MOST_CLASSES = 30
Rows = npt.NDArray[Any]


class Cell(NamedTuple):
    """A cell of the confusion table: text, what a pointer shows, share of its true class, on the diagonal."""

    text: str
    hint: str
    share: float
    percentage: str
    right: bool


class Confusion(NamedTuple):
    """The confusion table: answered classes across, a row per true class; and the pairs mixed up most."""

    names: list[str]
    rows: list[tuple[str, str, list[Cell]]]
    caption: str
    dense: bool
    upright: bool
    pairs: list[tuple[str, str, str, str]]


def confusion_table(contents: ReportContents) -> Confusion | None:
    """Counts, and each as a share of its true class. Beyond 30 classes, the 30 that are mixed up most."""
    scored = contents.scored
    if not contents.is_classification or scored is None:
        return None
    names = contents.class_names
    counts = confusion_matrix(contents.task, *scored, weights=contents.weights)
    total = counts.sum(axis=1)
    wrong = counts - np.diag(np.diag(counts))
    shown = np.arange(len(names))
    if len(names) > MOST_CLASSES:
        mixed = wrong.sum(axis=0) + wrong.sum(axis=1)
        shown = np.sort(np.argsort(-mixed, kind="stable")[:MOST_CLASSES])
    dense = len(shown) > 6
    rows = []
    for t in shown:
        cells = []
        for p in shown:
            share = float(counts[t, p] / total[t]) if total[t] else 0.0
            text = f"{counts[t, p]:,.6g}" if counts[t, p] or not dense else ""
            hint = f"true {names[t]}, answered {names[p]}: {counts[t, p]:,.6g} ({percent(share)})"
            cells.append(Cell(text, hint, share, percent(share), bool(t == p)))
        rows.append((names[t], f"{total[t]:,.6g}", cells))
    order = np.argsort(-wrong, axis=None, kind="stable")[:5]
    pairs = [
        (
            elided(names[t], 60),
            elided(names[p], 60),
            f"{wrong[t, p]:,.6g}",
            percent(float(wrong[t, p] / total[t])),
        )
        for t, p in (divmod(int(i), len(names)) for i in order)
        if wrong[t, p] > 0
    ]
    caption = "Each row is a true class, each column what the network answered; the diagonal is right."
    if len(shown) < len(names):
        caption += f" Of {len(names)} classes, the {len(shown)} with the most mistakes are shown."
    if not pairs:
        caption += " Not one row is answered wrongly."
    heads = [names[p] for p in shown]
    upright = not dense or max(map(len, heads)) <= 3
    return Confusion(heads, rows, caption, dense, upright, pairs)


def classification_charts(contents: ReportContents) -> list[Chart]:
    """The ROC curve (one class against the rest if several) and the calibration curve of the scored split."""
    scored = contents.scored
    if not contents.is_classification or scored is None:
        return []
    charts = [_roc(contents, *scored), _calibration(contents, *scored)]
    return [chart for chart in charts if chart is not None]


def _roc(contents: ReportContents, y: Rows, prediction: Rows) -> Chart | None:
    names = contents.class_names
    curves = roc_curves(contents.task, y, prediction, labels=names, weights=contents.weights)
    if not curves:
        return None

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color=COLOUR["muted"], linewidth=1, linestyle=(0, (3, 3)))
        _draw_curves(axes, curves)
        axes.set_xlabel("false alarms (share of the other rows)")
        axes.set_ylabel("found (share of the class)")
        _unit_square(axes)

    if contents.task == "binary":
        title = "Finding one class: ROC curve"
        caption = (
            f"Moving the threshold trades found rows of “{elided(names[1], 40)}” against false alarms. "
            "The closer to the upper left corner the better; the dashed line is guessing. "
            f"Area {metric('roc_auc', curves[0].area)}."
        )
    else:
        title = "Finding each class: ROC curves"
        worst = min(curves, key=lambda curve: curve.area)
        caption = (
            "Each class against all others; the closer to the upper left corner the better, the dashed line "
            "is guessing. "
        )
        if worst.area == 1:
            caption += "On these rows, every class is told from the rest without fail."
        else:
            caption += f"Hardest to tell from the rest: “{elided(worst.label, 40)}”, "
            caption += f"area {metric('roc_auc', worst.area)}."
    areas = ", ".join(f"{curve.label} {metric('roc_auc', curve.area)}" for curve in curves[:MOST_CLASSES])
    svg = themed_svg(draw, name="roc", label=f"{title}. Area under the curve: {areas}.")
    return Chart(title, caption, svg)


def _draw_curves(axes: Axes, curves: list[RocCurve]) -> None:
    """Up to eight curves in colours; of more, the three with the smallest area, the others faint."""
    ranked = sorted(curves, key=lambda curve: curve.area)
    named = ranked if len(curves) <= SERIES else ranked[:3]
    for curve in curves:
        if not any(curve is other for other in named):
            rates = curve.false_positive_rate, curve.true_positive_rate
            axes.plot(*rates, color=COLOUR["muted"], alpha=0.35, linewidth=1)
    for i, curve in enumerate(named):
        label = f"{elided(curve.label, 18)}  {metric('roc_auc', curve.area)}"
        axes.plot(
            curve.false_positive_rate,
            curve.true_positive_rate,
            color=COLOUR["accent"] if len(curves) == 1 else series(i),
            label=label,
            drawstyle="steps-post" if len(curve.true_positive_rate) < 100 else "default",
        )
    if len(curves) > 1:
        title = None if len(named) == len(curves) else f"hardest of {len(curves)} classes"
        axes.legend(loc="lower right", title=title, handlelength=1.1, alignment="left")


def _calibration(contents: ReportContents, y: Rows, prediction: Rows) -> Chart:
    curve = calibration_curve(contents.task, y, prediction, weights=contents.weights)
    binary = contents.task == "binary"
    probability = prediction[:, 1] if binary else prediction.max(axis=1)
    name = elided(contents.class_names[1], 30) if binary else ""

    def draw(figure: Figure) -> None:
        from matplotlib.ticker import MaxNLocator

        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
        upper.plot([0, 1], [0, 1], color=COLOUR["muted"], linewidth=1, linestyle=(0, (3, 3)))
        upper.vlines(curve.predicted, curve.low, curve.high, color=COLOUR["accent"], alpha=0.45, linewidth=2)
        upper.plot(
            curve.predicted, curve.observed, color=COLOUR["accent"], marker="o", markersize=5.5, linewidth=1.2
        )
        upper.set_ylabel(f"came true ({name})" if binary else "was right")
        _unit_square(upper)
        upper.set_aspect("auto")
        lower.hist(probability, bins=np.linspace(0, 1, 21), color=COLOUR["accent"], alpha=0.55, rwidth=0.86)
        lower.set_ylabel("rows")
        lower.yaxis.set_major_locator(MaxNLocator(nbins=2, integer=True))
        lower.set_xlabel(f"predicted probability of {name}" if binary else "probability of the answer")

    gap = f"On average the two differ by {number(100 * curve.error, 2)} percentage points."
    caption = (
        "Are stated probabilities honest? Points on the dashed line come true as often as the network says; "
        f"below it, the network is too sure. {gap} Each point stands for about "
        f"{plural(int(np.median(curve.rows)), 'row')}; bars are 95% intervals."
    )
    svg = themed_svg(
        draw,
        name="calibration",
        label=f"Predicted probability against how often it came true. {gap}",
    )
    return Chart("Can its probabilities be trusted?", caption, svg)


def _unit_square(axes: Axes) -> None:
    from matplotlib.ticker import MultipleLocator, PercentFormatter

    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MultipleLocator(0.25))
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol="%"))
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)

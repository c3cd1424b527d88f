"""Charts of how far a regression's answers are from the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from layerwise.evaluation import Residuals, residuals
from layerwise.report.charts.themed_svg import COLOUR, ROUND, Chart, themed_svg
from layerwise.report.numbers import elided, number, percent, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from layerwise.report.contents import ReportContents

MOST_POINTS = 800


def regression_charts(contents: ReportContents) -> list[Chart]:
    """Predicted against true values, and the histogram of residuals, of the scored split."""
    scored = contents.scored
    if contents.is_classification or scored is None:
        return []
    found = residuals(*scored)
    return [_scatter(contents, found), _histogram(found)]


def _scatter(contents: ReportContents, found: Residuals) -> Chart:
    rows = len(found.true)
    some = np.arange(rows)
    if rows > MOST_POINTS:
        some = np.sort(np.random.default_rng(0).permutation(rows)[:MOST_POINTS])
    target = elided(contents.target, 36)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        ends = [
            min(found.true.min(), found.predicted.min()),
            max(found.true.max(), found.predicted.max()),
        ]
        axes.plot(ends, ends, color=COLOUR["ink"], linewidth=1, linestyle=(0, (3, 3)))
        axes.scatter(
            found.true[some], found.predicted[some], s=22, color=COLOUR["accent"], alpha=0.5, linewidths=0
        )
        axes.set_xlabel(f"true {target}")
        axes.set_ylabel("predicted")
        plain_numbers(axes)

    caption = "Each point is a row; on the dashed line the answer is exact, above it too high."
    if rows > MOST_POINTS:
        caption += f" A random {MOST_POINTS} of {rows:,} rows are drawn."
    label = f"Predicted against true {target} for {plural(rows, 'row')}."
    svg = themed_svg(draw, name="predicted", label=label)
    return Chart("Predicted and true values", caption, svg)


def _histogram(found: Residuals) -> Chart:
    residual = found.residual
    middle = np.quantile(np.abs(residual), 0.8)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        bins = int(np.clip(np.sqrt(len(residual)) * 1.5, 8, 40))
        low, high = residual.min(), residual.max()
        if len(residual) > 1000:
            low, high = np.quantile(residual, [0.002, 0.998])
        edges = np.linspace(low, high, bins + 1) if high > low else np.array([low - 0.5, low + 0.5])
        axes.hist(residual, bins=edges.tolist(), color=COLOUR["accent"], alpha=0.75, rwidth=0.92)
        axes.axvline(0, color=COLOUR["ink"], linewidth=1, linestyle=(0, (3, 3)))
        axes.set_xlabel("predicted − true")
        axes.set_ylabel("rows")
        axes.grid(visible=False, axis="x")
        plain_numbers(axes)

    high = percent(float((residual > 0).mean()))
    caption = (
        f"How far answers miss. Four in five are within {number(float(middle), 3)} of the truth; "
        f"{high} are too high. "
        "A lopsided or two-humped shape means that something systematic is still to be learned."
    )
    svg = themed_svg(draw, name="residuals", label=f"Histogram of residuals. {caption}")
    return Chart("Size of the errors", caption, svg)


def plain_numbers(axes: Axes) -> None:
    """Both axes with few ticks, written as the page writes numbers."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=5, steps=ROUND))
        axis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 4)))

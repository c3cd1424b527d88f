"""Lines over epochs: how a figure of the history is drawn, whatever the figure is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from layerwise.report.charts.themed_svg import COLOUR, ROUND, Chart, legend_above, themed_svg
from layerwise.report.numbers import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray = npt.NDArray[np.float64]


class Line(NamedTuple):
    """One line: its word in the legend, a value per epoch (nan where there is none), and its colour."""

    word: str
    values: FloatArray
    colour: str


class EpochLines(NamedTuple):
    """A chart to be drawn.

    share: values are shares of 1. linear: never on a logarithmic axis. layers: its lines are layers, so even
    one alone is named, and shares start at zero to stay comparable.
    """

    name: str
    title: str
    caption: str
    lines: list[Line]
    best_epoch: int | None = None
    share: bool = False
    linear: bool = False
    layers: bool = False


def drawn(plot: EpochLines, epochs: FloatArray, size: str = "half") -> Chart:
    """The chart, over epochs (n,); on a logarithmic axis when the values span more than a factor of 30."""
    lines = [
        line._replace(values=np.where(np.isfinite(line.values), line.values, np.nan)) for line in plot.lines
    ]
    everything = np.concatenate([line.values[np.isfinite(line.values)] for line in lines])
    positive = bool(everything.min() > 0)
    logarithmic = positive and not (plot.share or plot.linear) and everything.max() > 30 * everything.min()

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for line in lines:
            there = np.isfinite(line.values)
            marker = "o" if there.sum() <= 2 else None
            x, y = epochs[there], line.values[there]
            axes.plot(x, y, color=line.colour, label=line.word, marker=marker, markersize=5)
        if logarithmic:
            axes.set_yscale("log")
        _epoch_axis(axes, epochs)
        _value_axis(axes, share=plot.share, logarithmic=bool(logarithmic))
        best = plot.best_epoch
        if best is not None and len(epochs) > 1 and epochs.min() <= best <= epochs.max():
            dashes, word = (0, (3, 3)), f"best: epoch {best:,}"
            axes.axvline(best, color=COLOUR["ink"], linewidth=1, linestyle=dashes, label=word)
        if plot.share and plot.layers:
            axes.set_ylim(bottom=0)
        if plot.layers or len(axes.get_legend_handles_labels()[0]) > 1:
            legend_above(axes, columns=4 if size == "half" else 3)

    ends = "; ".join(f"{line.word} from {_end(line.values, 0)} to {_end(line.values, -1)}" for line in lines)
    label = f"{plot.title} over {len(epochs)} epochs: {ends}."
    width, height = (390, 255) if size == "half" else (330, 225)
    svg = themed_svg(draw, name=plot.name, label=label, width=width, height=height)
    return Chart(plot.title, plot.caption, svg, size)


def _end(values: FloatArray, which: int) -> str:
    return number(float(values[np.isfinite(values)][which]), 3)


def _epoch_axis(axes: Axes, x: FloatArray) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, steps=ROUND))
    axes.grid(visible=False, axis="x")
    if len(x) == 1:
        axes.set_xlim(x[0] - 1, x[0] + 1)
    else:
        axes.set_xlim(np.nanmin(x), np.nanmax(x))


def _value_axis(axes: Axes, *, share: bool, logarithmic: bool) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    if share:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(100 * value) + "%"))
        low, high = axes.get_ylim()
        axes.set_ylim(max(low, -0.02), min(high, 1.02))
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=ROUND))
        return
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 3)))
    if logarithmic:
        low, high = axes.get_ylim()
        subs = (1.0,) if high / low > 300 else (1.0, 3.0)
        axes.yaxis.set_major_locator(LogLocator(subs=subs, numticks=8))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=ROUND))

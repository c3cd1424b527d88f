"""The picture of a network with two columns: what it answers everywhere, and the rows it was scored on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from layerwise.report.charts.regression import plain_numbers
from layerwise.report.charts.themed_svg import COLOUR, SERIES, Chart, series, themed_svg
from layerwise.report.numbers import elided

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from layerwise.report.contents import Boundary, ReportContents

MOST_POINTS = 800


def boundary_chart(contents: ReportContents) -> Chart | None:
    """The decision regions or the value surface, with the scored rows; None without a Boundary."""
    boundary = contents.boundary
    if boundary is None:
        return None
    names = contents.class_names
    some = np.arange(len(boundary.x))
    if len(some) > MOST_POINTS:
        some = np.sort(np.random.default_rng(0).permutation(len(some))[:MOST_POINTS])

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.grid(visible=False)
        if contents.is_classification:
            _regions(axes, boundary)
            _class_points(axes, boundary, some, names)
        else:
            _surface(axes, boundary, some)
        axes.set_xlabel(elided(boundary.x_name, 48))
        axes.set_ylabel(elided(boundary.y_name, 32))
        axes.set_xlim(boundary.xs[0], boundary.xs[-1])
        axes.set_ylim(boundary.ys[0], boundary.ys[-1])
        plain_numbers(axes)

    if contents.is_classification:
        title = "The decision boundary"
        caption = (
            "What the network answers for every pair of values: the deeper the colour the surer it is, and "
            "the line is where it changes its mind. "
            f"Points are the {contents.scored_split} rows in the colour of their true class."
        )
    else:
        title = "The surface that was learned"
        caption = (
            "What the network predicts for every pair of values: deeper is higher. "
            f"Points are the {contents.scored_split} rows, deeper where the true value is higher."
        )
    label = f"{title} over {boundary.x_name} and {boundary.y_name}. {caption}"
    svg = themed_svg(draw, name="boundary", label=label, width=500, height=360)
    return Chart(title, caption, svg, size="wide")


def _layers(
    axes: Axes,
    boundary: Boundary,
    height: npt.NDArray[np.float64],
    levels: list[float],
    colour: str,
    alpha: float,
) -> None:
    """Areas above each level laid over one another, so that no seams show between them."""
    top = float(height.max())
    for level in levels:
        if level < top:
            axes.contourf(
                boundary.xs,
                boundary.ys,
                height,
                levels=[level, top + 1],
                colors=[colour],
                alpha=alpha,
                antialiased=True,
            )


def _regions(axes: Axes, boundary: Boundary) -> None:
    surface = boundary.surface
    if surface.ndim == 2:
        surface = np.stack([1 - surface, surface], axis=-1)
    for c in range(surface.shape[-1]):
        others = np.delete(surface, c, axis=-1).max(axis=-1)
        margin = surface[..., c] - others
        _layers(axes, boundary, margin, [0.0, 0.25, 0.5, 0.75, 0.95], series(c), 0.1)
        if margin.min() < 0 < margin.max():
            axes.contour(
                boundary.xs,
                boundary.ys,
                margin,
                levels=[0.0],
                colors=[COLOUR["ink"]],
                linewidths=1.2,
                alpha=0.8,
            )


def _class_points(axes: Axes, boundary: Boundary, some: npt.NDArray[np.int64], names: list[str]) -> None:
    markers = "osD^vPX*"
    for c in np.unique(boundary.target[some]):
        here = some[boundary.target[some] == c]
        axes.scatter(
            boundary.x[here],
            boundary.y[here],
            s=30,
            marker=markers[int(c) % SERIES],
            color=series(int(c)),
            edgecolors=COLOUR["card"],
            linewidths=0.8,
            label=elided(names[int(c)], 24),
        )
    if len(names) <= 2 * SERIES:
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4, borderaxespad=0.2, handletextpad=0.2)


def _surface(axes: Axes, boundary: Boundary, some: npt.NDArray[np.int64]) -> None:
    low, high = float(boundary.surface.min()), float(boundary.surface.max())
    if high > low:
        levels = np.linspace(low, high, 9)[:-1]
        _layers(axes, boundary, boundary.surface, levels.tolist(), COLOUR["accent"], 0.09)
    values = boundary.target[some].astype(np.float64)
    if not len(values):
        return
    edges = np.quantile(values, [0.2, 0.4, 0.6, 0.8])
    place = np.searchsorted(edges, values)
    for step in np.unique(place):
        here = some[place == step]
        axes.scatter(
            boundary.x[here],
            boundary.y[here],
            s=30,
            color=COLOUR["accent"],
            alpha=0.2 + 0.2 * float(step),
            edgecolors=COLOUR["ink"],
            linewidths=0.7,
        )

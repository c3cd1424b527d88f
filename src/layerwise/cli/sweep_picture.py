"""The difference against the step, as a picture: truncation on one side, rounding on the other."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from layerwise.checking import Sweep
from layerwise.persistence import write_atomically
from layerwise.report.charts import Chart
from layerwise.report.charts.themed_svg import COLOUR, themed_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SMALLEST_SHOWN = 1e-16
LIGHT = {"ink": "#14181f", "muted": "#566070", "grid": "#dde2e9", "card": "#ffffff", "accent": "#1d5fd1",
         "wrong": "#c2410c", "series1": "#1d5fd1", "series2": "#c2570c", "series3": "#1a7f4b"}  # fmt: skip
DARK = {"ink": "#e9edf3", "muted": "#a3adbb", "grid": "#313844", "card": "#1a1e26", "accent": "#7fabff",
        "wrong": "#ff9a62", "series1": "#7fabff", "series2": "#ff9f5a", "series3": "#5fcf94"}  # fmt: skip
FONT = 'system-ui, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif'
WIDTH, HEIGHT = 410, 300


def sweep_chart(sweep: Sweep) -> Chart:
    """The picture for a page, in the page's colours."""
    svg = themed_svg(
        lambda figure: _draw(figure, sweep, COLOUR),
        name="sweep",
        label=said_of(sweep),
        width=WIDTH,
        height=HEIGHT,
    )
    return Chart("Difference against the step", said_of(sweep), svg)


def said_of(sweep: Sweep) -> str:
    """What the picture shows, in two sentences."""
    passing = sweep.passing()
    first = (
        f"No step brings the difference below {sweep.tolerance:g}."
        if passing is None
        else f"The difference is below {sweep.tolerance:g} for steps from {passing[0]:g} to {passing[1]:g}: "
        "a larger step fails by truncation, a smaller one by the rounding of the cost."
    )
    return f"{first} With a step chosen for each entry it is {sweep.chosen:.1e}."


def write_picture(sweep: Sweep, path: Path) -> None:
    """Write the picture as SVG (light and dark) or PNG, as the file's name ends."""
    if path.suffix.lower() == ".svg":
        write_atomically(path, _standalone(sweep_chart(sweep).svg))
    else:
        write_atomically(path, _png(sweep))


def _standalone(svg: str) -> str:
    def variables(colours: Mapping[str, str]) -> str:
        return "".join(f"--{name}:{colour};" for name, colour in colours.items())

    style = (
        f"<style>svg{{--font:{FONT};{variables(LIGHT)}background:var(--card)}}"
        f"@media (prefers-color-scheme:dark){{svg{{{variables(DARK)}}}}}</style>"
    )
    opening = svg.index(">") + 1
    head = svg[:opening].replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return f"{head}\n{style}{svg[opening:]}\n"


def _png(sweep: Sweep) -> bytes:
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"font.size": 11}):
        figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), layout="constrained", facecolor="white")
        FigureCanvasAgg(figure)
        _draw(figure, sweep, LIGHT)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=160, metadata={"Software": None})
    return buffer.getvalue()


def _draw(figure: Figure, sweep: Sweep, colours: Mapping[str, str]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes = figure.add_subplot()
    steps = np.array(sweep.steps)
    differences = np.clip(np.array(sweep.differences), SMALLEST_SHOWN, None)
    chosen = max(sweep.chosen, SMALLEST_SHOWN)
    axes.plot(steps, differences, color=colours["series1"], marker="o", markersize=4, label="one step")
    axes.axhline(
        sweep.tolerance, color=colours["wrong"], linewidth=1.2, label=f"tolerance {sweep.tolerance:g}"
    )
    axes.axhline(
        chosen, color=colours["series3"], linewidth=1.6, linestyle=(0, (4, 2)), label="a step per entry"
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.invert_xaxis()
    everything = [*differences, chosen, sweep.tolerance]
    axes.set_ylim(min(everything) / 60, max(everything) * 60)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(numticks=6))
        axis.set_major_formatter(
            FuncFormatter(lambda value, _: f"{value:.0e}".replace("e-0", "e-").replace("e+00", ""))
        )
        axis.set_minor_locator(NullLocator())
    for x, side, word in ((0.01, "left", "truncation"), (0.99, "right", "rounding")):
        axes.text(x, 0.02, word, transform=axes.transAxes, ha=side, va="bottom", color=colours["muted"])
    axes.set_xlabel("step (the note's epsilon)", color=colours["muted"])
    axes.set_ylabel("difference", color=colours["muted"])
    axes.grid(visible=True, color=colours["grid"], linewidth=0.8)
    axes.tick_params(which="both", color=colours["grid"], labelcolor=colours["muted"], length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(colours["grid"])
    axes.legend(loc="upper center", ncols=3, frameon=False, fontsize=10, labelcolor=colours["ink"],
                columnspacing=1.0, handlelength=1.4)  # fmt: skip

"""The pictures of a study, in the report's look: cost curves, boundaries, weights, seeds and rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.engine import build_engine
from layerwise.formulas.activations import sigmoid
from layerwise.network.parameters import named_views
from layerwise.network.propagation import forward
from layerwise.report.charts.themed_svg import COLOUR, ROUND, Chart, legend_above, series, themed_svg
from layerwise.studies.arm import Examples
from layerwise.studies.repeats import Repeats
from layerwise.studies.stories import PAGE_WORDS
from layerwise.studies.study import Row
from layerwise.studies.tuning import Tuned
from layerwise.studies.words import model_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GRID = 160
LOGARITHMIC_BEYOND = 30.0
LEVELS = (0.0, 0.25, 0.5, 0.75, 0.95)


def cost_chart(rows: Sequence[Row], unit: str, language: str, name: str = "cost") -> Chart:
    """The cost curves of all models over each other."""
    say = PAGE_WORDS[language]
    curves = [
        (model_name(row.run.arm.model, language), np.array(row.run.costs, dtype=np.float64).reshape(-1, 2))
        for row in rows
    ]
    values = np.concatenate([curve[:, 1] for _, curve in curves])
    values = values[np.isfinite(values) & (values > 0)]
    logarithmic = len(values) > 0 and values.max() > LOGARITHMIC_BEYOND * values.min()

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        # Curves that coincide, such as momentum's on plain descent's, stay visible by their dashes.
        for i, (model, curve) in enumerate(curves):
            dashes = "-" if i % 2 == 0 else (0, (4, 2))
            axes.plot(curve[:, 0], curve[:, 1], color=series(i), label=model, linestyle=dashes, linewidth=1.6)
        if logarithmic:
            axes.set_yscale("log")
        axes.set_xlabel(say[unit])
        axes.set_xlim(left=0)
        _plain_ticks(axes, y_logarithmic=bool(logarithmic))
        axes.grid(visible=False, axis="x")
        legend_above(axes, columns=1)

    label = f"{say['cost']}: " + "; ".join(
        f"{model} {curve[0, 1]:.4g} - {curve[-1, 1]:.4g}" for model, curve in curves if len(curve)
    )
    caption = say["cost caption"].format(unit=say[unit])
    svg = themed_svg(draw, name=name, label=label, width=440, height=300)
    return Chart(say["cost"], caption, svg, "wide")


def boundary_chart(row: Row, examples: Examples, language: str) -> Chart:
    """What one network answers over the plane, and the training points."""
    say = PAGE_WORDS[language]
    arm, X = row.run.arm, examples.X
    low, high = X.min(axis=0), X.max(axis=0)
    margin = 0.08 * (high - low)
    xs, ys = (np.linspace(low[k] - margin[k], high[k] + margin[k], GRID) for k in (0, 1))
    grid = np.column_stack([axis.ravel() for axis in np.meshgrid(xs, ys)])
    Z = build_engine(arm.program()).pre_activations(row.run.parameters, np.ascontiguousarray(grid))
    surface = sigmoid(Z).reshape(GRID, GRID)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.grid(visible=False)
        for k, sure in enumerate((1 - 2 * surface, 2 * surface - 1)):
            for level in LEVELS:
                if sure.max() > level:
                    axes.contourf(xs, ys, sure, levels=[level, 2.0], colors=[series(k)], alpha=0.1)
        if surface.min() < 0.5 < surface.max():
            axes.contour(xs, ys, surface, levels=[0.5], colors=[COLOUR["ink"]], linewidths=1.2, alpha=0.8)
        for k, marker in enumerate("os"):
            there = examples.Y[:, 0] == k
            axes.scatter(
                X[there, 0],
                X[there, 1],
                s=16,
                marker=marker,
                color=series(k),
                edgecolors=COLOUR["card"],
                linewidths=0.5,
                label=say["true"].format(k=k),
            )
        axes.set_xlim(xs[0], xs[-1])
        axes.set_ylim(ys[0], ys[-1])
        _plain_ticks(axes)
        legend_above(axes, columns=2)

    name = model_name(arm.model, language)
    label = f"{say['boundary']}: {name}. {say['boundary caption']}"
    svg = themed_svg(draw, name=f"boundary-{arm.key}", label=label, width=330, height=300)
    return Chart(name, say["boundary caption"], svg, "third")


def inside_chart(row: Row, examples: Examples, language: str) -> Chart:
    """Histograms of the weights before and after, and of the activations after, a column for each layer."""
    say = PAGE_WORDS[language]
    arm, run = row.run.arm, row.run
    before, after = (named_views(vector, arm.architecture) for vector in (run.start, run.parameters))
    with np.errstate(all="ignore"):
        caches = forward(examples.X.T, after, arm.architecture.activations)
    depth = arm.architecture.depth

    def draw(figure: Figure) -> None:
        panels: Any = figure.subplots(2, depth, squeeze=False)
        # The numbers at the ends of neighbouring axes stand apart.
        figure.set_layout_engine("constrained", wspace=0.12)
        for layer in range(1, depth + 1):
            weights, activity = panels[0, layer - 1], panels[1, layer - 1]
            both = [array[f"W{layer}"].ravel() for array in (before, after)]
            _histogram(weights, both[0], _bins(np.concatenate(both)), COLOUR["muted"], 0.55)
            _histogram(weights, both[1], _bins(np.concatenate(both)), COLOUR["accent"], 0.6)
            active = caches[layer - 1].A.ravel()
            _histogram(activity, active, _bins(active), series(2), 0.75)
            title = say["layer"].format(n=layer) if "{n}" in say["layer"] else f"{say['layer']} {layer}"
            weights.set_title(title, color=COLOUR["ink"])
        panels[0, 0].set_ylabel(say["weights"])
        panels[1, 0].set_ylabel(say["activations"])

    name = model_name(arm.model, language)
    label = f"{say['inside']}: {name}. {say['inside caption']}"
    svg = themed_svg(draw, name=f"inside-{arm.key}", label=label, width=390, height=280)
    return Chart(name, say["inside caption"], svg, "half")


def repeats_chart(repeats: Repeats, language: str) -> Chart:
    """The test accuracy of every seed, a column of points for each model."""
    say = PAGE_WORDS[language]
    names = [model_name(arm.model, language) for arm in repeats.arms]
    scatter = np.random.default_rng(0)

    def draw(figure: Figure) -> None:
        panels: Any = figure.subplots(1, 2, sharey=True)
        for axes, split in zip(panels, ("train", "test"), strict=True):
            for i, arm in enumerate(repeats.arms):
                values = repeats.values(arm.key, f"{split}_accuracy")
                values = 100 * values[np.isfinite(values)]
                if not len(values):
                    continue
                x = i + scatter.uniform(-0.22, 0.22, len(values))
                axes.scatter(x, values, s=14, color=series(i), alpha=0.55, linewidths=0, label=names[i])
                axes.plot([i - 0.32, i + 0.32], [values.mean()] * 2, color=COLOUR["ink"], linewidth=1.6)
            axes.set_xticks([])
            axes.set_xlim(-0.6, len(names) - 0.4)
            axes.set_xlabel(f"{_split(split, language)} (%)")
            axes.grid(visible=False, axis="x")
        handles, labels = panels[1].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=1, handletextpad=0.3)

    label = f"{say['repeats']}. {say['repeats caption']}"
    svg = themed_svg(draw, name="seeds", label=label, width=440, height=300)
    return Chart(say["repeats"], say["repeats caption"], svg, "wide")


def tuned_chart(tuned: Tuned, language: str) -> Chart:
    """What the choice was made by, over the rates."""
    say = PAGE_WORDS[language]

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for i, tried in enumerate(tuned.tried):
            scores = np.array([pair for pair in tried.scores if np.isfinite(pair[1])])
            if not len(scores):
                continue
            model = model_name(tried.arm.model, language)
            axes.plot(*scores.T, color=series(i), marker="o", markersize=3.5, linewidth=1.4, label=model)
            axes.plot(*scores[scores[:, 1].argmin()], "o", color=series(i), markersize=9)
        axes.set_xscale("log")
        axes.set_xlabel(say["rate"])
        axes.set_ylim(bottom=0)
        _plain_ticks(axes, x_logarithmic=True)
        legend_above(axes, columns=1)

    label = f"{say['tuned']}. {say['tuned caption']}"
    svg = themed_svg(draw, name="rates", label=label, width=440, height=300)
    return Chart(say["tuned"], say["tuned caption"], svg, "wide")


def epsilons_chart(epsilons: Sequence[tuple[float, float]], language: str) -> Chart:
    """The difference of the right gradient over epsilon."""
    say = PAGE_WORDS[language]
    curve = np.array(epsilons)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot(*curve.T, color=COLOUR["accent"], marker="o", markersize=5)
        axes.axvline(1e-7, color=COLOUR["ink"], linewidth=1, linestyle=(0, (3, 3)))
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("epsilon")
        _plain_ticks(axes, x_logarithmic=True, y_logarithmic=True)

    lowest = curve[curve[:, 1].argmin()]
    label = f"{say['epsilons']}: {lowest[1]:.1e} at {lowest[0]:.0e}. {say['epsilons caption']}"
    svg = themed_svg(draw, name="epsilons", label=label, width=440, height=270)
    return Chart(say["epsilons"], say["epsilons caption"], svg, "wide")


def charts_by_file(charts: Mapping[str, Chart]) -> dict[str, str]:
    """{file name: a whole SVG file}, in the light theme's colours."""
    return {f"{name}.svg": standalone(chart.svg) for name, chart in charts.items()}


LIGHT = {
    "ink": "#14181f", "muted": "#566070", "grid": "#dde2e9", "card": "#ffffff", "accent": "#1d5fd1",
    "wrong": "#c2410c", "series1": "#1d5fd1", "series2": "#c2570c", "series3": "#1a7f4b",
    "series4": "#8b3fc4", "series5": "#c2255c", "series6": "#0e7c86", "series7": "#7a6a00",
    "series8": "#5f6b7a",
}  # fmt: skip


def standalone(svg: str) -> str:
    """The picture of a page as a file of its own: its colours in place of the page's variables."""
    for name, colour in LIGHT.items():
        svg = svg.replace(f"var(--{name})", colour)
    svg = svg.replace("var(--font)", "sans-serif")
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" style="background:#ffffff" ', 1)


def _split(split: str, language: str) -> str:
    if language == "zh":
        return {"train": "训练准确率", "test": "测试准确率"}[split]
    return f"{split} accuracy"


def _bins(values: np.ndarray) -> np.ndarray:
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    if high - low < 1e-12 * max(abs(low), abs(high), 1e-300):
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, 25)


def _histogram(axes: Axes, values: np.ndarray, bins: np.ndarray, colour: str, alpha: float) -> None:
    from matplotlib.ticker import MaxNLocator

    values = values[np.isfinite(values)]
    heights, edges = np.histogram(values, bins)
    axes.bar(edges[:-1], heights, width=np.diff(edges), align="edge", color=colour, alpha=alpha)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=3, steps=ROUND))
    axes.grid(visible=False)


def _plain_ticks(axes: Axes, *, x_logarithmic: bool = False, y_logarithmic: bool = False) -> None:
    """Numbers as people write them: Matplotlib's powers need its mathematics, which the page has not."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    for axis, logarithmic in ((axes.xaxis, x_logarithmic), (axes.yaxis, y_logarithmic)):
        axis.set_major_formatter(
            FuncFormatter(
                lambda value, _: f"{value:,.10g}" if abs(value) >= 1e-4 or value == 0 else f"{value:.0e}"
            )
        )
        if logarithmic:
            axis.set_major_locator(LogLocator(numticks=8))
            axis.set_minor_locator(NullLocator())
        else:
            axis.set_major_locator(MaxNLocator(nbins=5, steps=ROUND))

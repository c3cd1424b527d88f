"""The pictures of a comparison: every run's score, differences to the best, learning curves overlaid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from layerwise.comparison.tabulation import ranking, scores_on_test_rows
from layerwise.comparison.verdict import metric_word
from layerwise.report.charts.themed_svg import COLOUR, ROUND, SERIES, Chart, series, themed_svg
from layerwise.report.numbers import SHARES, elided, number, plural
from layerwise.report.numbers import metric as shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from layerwise.comparison.comparison import Comparison

MOST_ROWS = 24
LEGEND_ROW = 17
FloatArray = npt.NDArray[np.float64]


def comparison_charts(comparison: Comparison) -> list[Chart]:
    """Those that the runs give."""
    charts = [scores_chart(comparison), differences_chart(comparison)]
    charts += [
        curves_chart(comparison, "validation_cost", "Cost on validation rows"),
        curves_chart(comparison, "cost", "Cost on training rows"),
    ]
    return [chart for chart in charts if chart is not None]


def short_label(comparison: Comparison, k: int) -> str:
    """The values alone: `he, adam`. Their names stand in the caption."""
    varied = comparison.combinations[k].varied
    label = comparison.combinations[k].label
    if len(varied) == 1:
        return elided(label.partition("=")[2], 30)
    return elided(", ".join(part.partition("=")[2] for part in _parts(label, list(varied))), 30)


def _parts(label: str, varied: list[str]) -> list[str]:
    """A label's settings; their values may hold commas themselves."""
    parts, rest = [], label
    for following in varied[1:]:
        part, _, value = rest.partition(f", {following}=")
        parts.append(part)
        rest = f"{following}={value}"
    return [*parts, rest]


def _names(comparison: Comparison) -> str:
    return ", ".join(comparison.combinations[0].varied)


def scores_chart(comparison: Comparison) -> Chart | None:
    """Every run's metric on its test rows, a line per combination, best above."""
    ranked = [k for k in ranking(comparison) if scores_on_test_rows(comparison, k, comparison.metric)]
    if not ranked:
        return None
    ranked = ranked[:MOST_ROWS]
    scores = [list(scores_on_test_rows(comparison, k, comparison.metric).values()) for k in ranked]
    word = metric_word(comparison.metric)

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for place, values in enumerate(scores):
            colour = _colour(place)
            axes.plot(values, [place] * len(values), "o", color=colour, alpha=0.45, markersize=5)
            axes.plot([np.mean(values)] * 2, [place - 0.3, place + 0.3], color=colour, linewidth=3)
        _rows(axes, [short_label(comparison, k) for k in ranked])
        _value_axis(axes, comparison.metric)
        axes.set_xlabel(word)

    ends = "; ".join(
        f"{comparison.combinations[k].label}: {shown(comparison.metric, float(np.mean(values)))}"
        for k, values in zip(ranked, scores, strict=True)
    )
    svg = themed_svg(
        draw,
        name="scores",
        label=f"Mean {word} on test rows. {ends}.",
        width=390,
        height=_height(len(ranked)),
    )
    caption = (
        f"A dot is a run with one seed, a bar the mean over seeds; lines are {_names(comparison)}. "
        "Dots of one seed were measured on the same rows."
    )
    return Chart(f"{word[:1].upper()}{word[1:]} on test rows", caption + _cut(comparison, ranked), svg)


def differences_chart(comparison: Comparison) -> Chart | None:
    """How far each combination is from the best, with 95% intervals."""
    winner = comparison.winner
    if winner is None:
        return None
    pairs = comparison.differences()
    against = pairs.filter((pairs["first"] == winner.label) & pairs["low"].is_not_null()).head(MOST_ROWS)
    if not len(against):
        return None
    ranked = ranking(comparison)
    place_of = {comparison.combinations[k].label: place for place, k in enumerate(ranked)}

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for place, row in enumerate(against.iter_rows(named=True)):
            colour = _colour(place_of[row["second"]])
            axes.plot([-row["high"], -row["low"]], [place, place], color=colour, linewidth=2.5)
            axes.plot([-row["difference"]], [place], "o", color=colour, markersize=6)
        axes.axvline(0, color=COLOUR["ink"], linewidth=1, linestyle=(0, (3, 3)))
        _rows(axes, [short_label(comparison, ranked[place_of[label]]) for label in against["second"]])
        _value_axis(axes, comparison.metric, points=True)
        unit = " (percentage points)" if comparison.metric in SHARES else ""
        axes.set_xlabel(f"difference in {metric_word(comparison.metric)}{unit}")

    ends = "; ".join(
        f"{row['second']}: {number(-row['difference'], 3)} ({number(-row['high'], 3)} to "
        f"{number(-row['low'], 3)})"
        for row in against.iter_rows(named=True)
    )
    label = f"Difference to {winner.label}, with 95% intervals. {ends}."
    svg = themed_svg(draw, name="differences", label=label, width=390, height=_height(len(against)))
    caption = (
        f"How far each is from {winner.label} (the dashed line), seed by seed, with 95% intervals that take "
        "each pair on its own. Where a bar crosses the line, the difference may be luck."
    )
    return Chart("Difference to the best", caption, svg)


def curves_chart(comparison: Comparison, column: str, title: str) -> Chart | None:
    """A curve over epochs: every run thin, the mean of each combination thick."""
    ranked = [k for k in ranking(comparison) if _curves(comparison, k, column)][:SERIES]
    if not ranked:
        return None
    lines = [(_curves(comparison, k, column), short_label(comparison, k)) for k in ranked]
    values = np.concatenate([curve[1] for curves, _ in lines for curve in curves])
    logarithmic = bool(values.min() > 0 and np.quantile(values, 0.99) > 30 * values.min())

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for place, (curves, label) in enumerate(lines):
            for epochs, curve in curves:
                axes.plot(epochs, curve, color=series(place), alpha=0.25, linewidth=0.9)
            axes.plot(*_mean_curve(curves), color=series(place), label=label, marker=_dot(curves))
        _epochs(axes, logarithmic)
        _without_spikes(axes, values, logarithmic)
        figure.legend(
            *axes.get_legend_handles_labels(),
            loc="outside upper left",
            ncols=2,
            handlelength=1.1,
            handletextpad=0.5,
            columnspacing=1.2,
            borderaxespad=0.1,
        )

    ends = "; ".join(
        f"{label} ends at {number(float(_mean_curve(curves)[1][-1]), 3)}" for curves, label in lines
    )
    height = 255 + LEGEND_ROW * ((len(lines) - 1) // 2)
    name = f"curves-{column}"
    svg = themed_svg(draw, name=name, label=f"{title} over epochs: {ends}.", width=390, height=height)
    caption = (
        "Thin: each seed. Thick: the mean of the seeds, as far as half of them were still training. "
        f"Colours are {_names(comparison)}."
    )
    return Chart(title, caption + _cut(comparison, ranked), svg)


def _curves(comparison: Comparison, k: int, column: str) -> list[tuple[FloatArray, FloatArray]]:
    """(epochs, values) of each run that has the column, where it is finite."""
    found = []
    for seed in comparison.seeds:
        curve = comparison.records.get((k, seed), {}).get("curve", {})
        if column in curve:
            values = np.array([np.nan if v is None else v for v in curve[column]], dtype=np.float64)
            epochs = np.array(curve["epoch"], dtype=np.float64)
            there = np.isfinite(values)
            if there.any():
                found.append((epochs[there], values[there]))
    return found


def _mean_curve(curves: Sequence[tuple[FloatArray, FloatArray]]) -> tuple[FloatArray, FloatArray]:
    """The mean over runs, up to the epoch that half of them reached."""
    last = np.sort([epochs[-1] for epochs, _ in curves])[::-1]
    end = last[(len(last) - 1) // 2]
    epochs = np.unique(np.concatenate([of_run for of_run, _ in curves]))
    epochs = epochs[epochs <= end]
    each = [np.interp(epochs, of_run, values, right=np.nan) for of_run, values in curves]
    return epochs, np.nanmean(each, axis=0)


def _dot(curves: Sequence[tuple[FloatArray, FloatArray]]) -> str | None:
    return "o" if len(_mean_curve(curves)[0]) == 1 else None


def _cut(comparison: Comparison, ranked: Sequence[int]) -> str:
    left = len(comparison.combinations) - len(ranked)
    return f" {plural(left, 'combination')} more in the table." if left else ""


def _colour(place: int) -> str:
    """The best eight have the colours that they have in the curves."""
    return series(place) if place < SERIES else COLOUR["muted"]


def _height(rows: int) -> float:
    return max(150.0, 75.0 + 26.0 * rows)


def _rows(axes: Axes, labels: Sequence[str]) -> None:
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", labelcolor=COLOUR["ink"])
    axes.grid(visible=False, axis="y")


def _value_axis(axes: Axes, metric: str, *, points: bool = False) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=ROUND))
    if metric in SHARES:
        sign = "" if points else "%"
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(100 * value, 3) + sign))
    else:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 3)))


def _epochs(axes: Axes, logarithmic: bool) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, steps=ROUND))
    axes.grid(visible=False, axis="x")
    if logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0), numticks=8))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=ROUND))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 3)))


def _without_spikes(axes: Axes, values: FloatArray, logarithmic: bool) -> None:
    """One run that shoots up must not press all others into a line."""
    high = float(np.quantile(values, 0.99))
    if not logarithmic and values.max() > 3 * high:
        axes.set_ylim(top=1.2 * high)

"""A comparison as plain text, for a terminal or a log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from layerwise.comparison.tabulation import TIE_BREAKERS
from layerwise.comparison.verdict import metric_word
from layerwise.report.numbers import ABSENT, SHARES, duration, number
from layerwise.report.numbers import metric as shown

MAIN_EFFECTS = "Each setting on its own, over all values of the others"

if TYPE_CHECKING:
    from layerwise.comparison.comparison import Comparison


def plain_text(comparison: Comparison) -> str:
    """The ranking as a table, the settings one by one where several vary, and what can be said of it."""
    parts = ["\n".join(_aligned(*summary_cells(comparison)))]
    headings, rows = main_effects_cells(comparison)
    if rows:
        parts.append(f"{MAIN_EFFECTS}:\n" + "\n".join(_aligned(headings, rows)))
    return "\n\n".join([*parts, findings(comparison)])


def findings(comparison: Comparison) -> str:
    """The verdict, its cautions, and the winner's recipe."""
    said = comparison.verdict
    parts = ["\n".join([said.headline, *said.details])]
    if said.cautions or comparison.notices:
        parts.append("\n".join(f"- {caution}" for caution in (*said.cautions, *comparison.notices)))
    winner = comparison.winner
    if winner is not None:
        parts.append(f"The winner's recipe:\n\n{_indented(winner.shell)}\n\n{_indented(winner.python)}")
    return "\n\n".join(parts)


def summary_cells(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of the ranking: varied settings, metrics as mean ± spread, best epoch, seconds."""
    summary = comparison.summary()
    varied = list(comparison.combinations[0].varied)
    metrics = dict.fromkeys((comparison.metric, TIE_BREAKERS[comparison.task]))
    headings = ["", *varied, *(metric_word(name) for name in metrics)]
    headings += ["against the best", "best epoch", "time", "runs"]
    against = _against(comparison)
    rows = []
    for row in summary.iter_rows(named=True):
        cells = [f"{row['rank']}", *(row[name] for name in varied)]
        cells += [_mean_and_spread(name, row) for name in metrics]
        cells += [against.get(row["combination"], ""), _round(row["best_epoch"])]
        cells += [duration(row["seconds"]), _runs(row)]
        rows.append(cells)
    return headings, rows


def main_effects_cells(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of the main effects, a setting's name on its first row only; no rows where only one
    setting varies."""
    metric, frame = comparison.metric, comparison.main_effects()
    headings = ["setting", "value", metric_word(metric), "to the best value", "95% interval", "", "runs"]
    rows, last = [], None
    for row in frame.iter_rows(named=True):
        mean, spread = row["mean"], row["spread"]
        shown_mean = shown(metric, mean) + ("" if spread is None else f" ± {shown(metric, spread)}")
        left = f" ({row['left_out']} left out)" if row["left_out"] else ""
        rows.append(
            [
                "" if row["setting"] == last else row["setting"],
                row["value"],
                shown_mean,
                *_to_the_best(metric, row),
                f"{row['runs']}{left}",
            ]
        )
        last = row["setting"]
    return headings, rows


def _to_the_best(metric: str, row: dict[str, Any]) -> list[str]:
    """Difference, interval, and what can be told."""
    if row["mean"] is None:
        return [ABSENT, "", "no run to compare"]
    if row["against"] is None:
        return ["the best", "", ""]
    unit = 100.0 if metric in SHARES else 1.0
    points = " points" if metric in SHARES else ""
    difference = f"{number(unit * row['difference'], 3)}{points}"
    if row["p_holm"] is None:
        return [difference, "", ""]
    interval = ""
    if row["low"] is not None:
        interval = f"{number(unit * row['low'], 3)} to {number(unit * row['high'], 3)}"
    word = "worse" if row["worse"] else "cannot be told"
    return [difference, interval, f"{word}, {p_text(row['p_holm'])}"]


def _mean_and_spread(name: str, row: dict[str, Any]) -> str:
    mean, spread = row[f"{name}_mean"], row[f"{name}_spread"]
    return (
        shown(name, mean)
        if spread is None or mean is None
        else f"{shown(name, mean)} ± {shown(name, spread)}"
    )


def _against(comparison: Comparison) -> dict[str, str]:
    """What can be told of each combination and the winner."""
    winner = comparison.winner
    if winner is None:
        return {}
    pairs = comparison.differences().filter(comparison.differences()["first"] == winner.label)
    told = {winner.label: "the best"}
    for row in pairs.iter_rows(named=True):
        if row["p_holm"] is not None:
            word = "worse" if row["better"] == "first" else "cannot be told"
            told[row["second"]] = f"{word}, {p_text(row['p_holm'])}"
    return told


def p_text(p: float) -> str:
    """p = 0.03, p < 0.001; two digits, because nobody knows more."""
    if p < 0.001:
        return "p < 0.001"
    return "p = 1" if p >= 0.995 else f"p = {p:.2g}"


def _round(value: float | None) -> str:
    return ABSENT if value is None else f"{value:,.0f}"


def _runs(row: dict[str, Any]) -> str:
    aside = [f"{row[name]} {name}" for name in ("diverged", "failed") if row[name]]
    return f"{row['runs']}" + (f" ({', '.join(aside)})" if aside else "")


def _aligned(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(cells[j]) for cells in (headings, *rows)) for j in range(len(headings))]
    lines = []
    for cells in (headings, ["-" * width for width in widths], *rows):
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        lines.append("  ".join(padded).rstrip())
    return lines


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" if line else "" for line in text.splitlines())

"""A comparison as one HTML file in the report's look; it loads nothing from anywhere."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from layerwise._version import __version__
from layerwise.comparison.charts import comparison_charts
from layerwise.comparison.paired_differences import FEWEST_RUNS
from layerwise.comparison.plain_text import main_effects_cells, p_text, summary_cells
from layerwise.comparison.recipe import changed_settings
from layerwise.comparison.verdict import metric_word
from layerwise.report.numbers import ABSENT, SHARES, count, duration, number, plural
from layerwise.report.numbers import metric as shown
from layerwise.report.tables import settings
from layerwise.report.templating import render_page

if TYPE_CHECKING:
    from layerwise.comparison.comparison import Comparison

MOST_PAIRS = 200


def render_comparison(comparison: Comparison) -> str:
    """The page as text. The same comparison gives the same text. Every text of the user is escaped."""
    return render_page("comparison.html", _parts(comparison), "layerwise.comparison")


def notebook_fragment(comparison: Comparison) -> str:
    """The ranking and the verdict as a piece of HTML for a notebook."""
    headings, rows = summary_cells(comparison)
    said = comparison.verdict
    head = "".join(f"<th>{html.escape(heading)}</th>" for heading in headings)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>" for cells in rows
    )
    sentences = " ".join(html.escape(sentence) for sentence in said.details)
    cautions = "".join(f"<li>{html.escape(caution)}</li>" for caution in said.cautions)
    return (
        f"<div><p><strong>{html.escape(said.headline)}</strong> {sentences}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><ul>{cautions}</ul></div>"
    )


def _parts(comparison: Comparison) -> dict[str, Any]:
    headings, rows = summary_cells(comparison)
    effect_headings, effects = main_effects_cells(comparison)
    config = comparison.config
    own = config.data == "DATA"
    return {
        "title": f"Comparison of {', '.join(comparison.combinations[0].varied)}"
        + ("" if own else f" on {config.data}"),
        "version": __version__,
        "verdict": comparison.verdict,
        "cautions": [*comparison.verdict.cautions, *comparison.notices],
        "facts": _facts(comparison),
        "headings": headings,
        "rows": rows,
        "effect_headings": effect_headings,
        "effects": effects,
        "charts": comparison_charts(comparison),
        "pairs": _pairs(comparison),
        "pairs_in_all": len(comparison.differences()),
        "winner": comparison.winner,
        "fixed": settings(
            {
                name: value
                for name, value in changed_settings(comparison.combinations[0].settings).items()
                if name not in comparison.combinations[0].varied
            }
        ),
        "runs": _runs(comparison),
        "method": _method(comparison),
        "metric": metric_word(comparison.metric),
    }


def _facts(comparison: Comparison) -> list[tuple[str, str]]:
    config = comparison.config
    seconds = comparison.runs["seconds"].sum()
    rows: Mapping[str, int] = next(
        (record["rows"] for record in comparison.records.values() if record["rows"]), {}
    )
    pairs = [
        ("Predicts", f"{config.target} ({comparison.task})"),
        ("Data", "" if config.data == "DATA" else config.data),
        ("Rows of each run", " / ".join(f"{n:,} {side}" for side, n in rows.items())),
        ("Combinations", count(len(comparison.combinations))),
        ("Seeds", count(len(comparison.seeds))),
        ("Runs", f"{len(comparison.records):,} of {comparison.planned:,}"),
        ("Training time in all", duration(float(seconds or 0.0))),
    ]
    return [(name, text) for name, text in pairs if text]


def _pairs(comparison: Comparison) -> list[list[str]]:
    metric = comparison.metric
    unit = 100.0 if metric in SHARES else 1.0
    found = []
    for row in comparison.differences().head(MOST_PAIRS).iter_rows(named=True):
        interval = ABSENT
        if row["low"] is not None:
            interval = f"{number(unit * row['low'], 3)} to {number(unit * row['high'], 3)}"
        told = {"first": row["first"] + " is better", "second": row["second"] + " is better"}
        nothing = f"fewer than {FEWEST_RUNS} seeds" if row["p"] is None else "cannot be told"
        found.append(
            [
                f"{row['first']} against {row['second']}",
                ABSENT if row["difference"] is None else number(unit * row["difference"], 3),
                interval,
                ABSENT if row["p"] is None else p_text(row["p"]),
                ABSENT if row["p_holm"] is None else p_text(row["p_holm"]),
                told.get(row["better"], nothing),
            ]
        )
    return found


def _runs(comparison: Comparison) -> list[list[str]]:
    metric = comparison.metric
    return [
        [
            row["combination"],
            str(row["seed"]),
            row["status"],
            *(shown(metric, row[f"{side}_{metric}"]) for side in ("test", "validation", "train")),
            ABSENT if row["best_epoch"] is None else f"{row['best_epoch']:,} of {row['epochs']:,}",
            duration(row["seconds"]),
            row["reason"],
        ]
        for row in comparison.runs.iter_rows(named=True)
    ]


def _method(comparison: Comparison) -> str:
    pairs = plural(len(comparison.differences()), "pair")
    if comparison.draws_test_rows:
        test = (
            "Differences are judged by the corrected resampled t test (Nadeau and Bengio 2003): each seed "
            "draws its rows anew from one table, so runs share rows and agree more than independent runs "
            "would; the plain t test would raise false alarms."
        )
    else:
        test = "Differences are judged by Student’s paired t test; all runs have the same test rows."
    return (
        "A seed fixes the rows for training, validation and test and every random draw of training, and is "
        f"the same for all combinations, so that runs are compared in pairs. {test} The p values of the "
        f"{pairs} are corrected for being many by Holm’s method (1979): if nothing differs, the chance of "
        "even one false alarm among them is at most 5%."
    )

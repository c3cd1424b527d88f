"""The page of a study: its question, its table, what the rules found, the pictures; one file, no network."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from layerwise._version import __version__
from layerwise.report.charts.themed_svg import Chart
from layerwise.report.templating import render_page
from layerwise.studies.outcome import Outcome
from layerwise.studies.pictures import (
    boundary_chart,
    cost_chart,
    epsilons_chart,
    inside_chart,
    repeats_chart,
    tuned_chart,
)
from layerwise.studies.stories import PAGE_WORDS, SOURCES_ZH, STORIES, unfinished_words
from layerwise.studies.tables import choice_words
from layerwise.studies.words import model_name


def study_charts(outcome: Outcome, language: str) -> dict[str, Chart]:
    """Every picture of the study by name: cost, boundary-<model>, inside-<model>, seeds, rates, epsilons."""
    if outcome.study is None or outcome.examples is None:
        return {"epsilons": epsilons_chart(outcome.epsilons, language)}
    charts = {"cost": cost_chart(outcome.trained, outcome.study.unit, language)}
    for row in outcome.trained:
        if outcome.study.is_plane:
            charts[f"boundary-{row.run.arm.key}"] = boundary_chart(row, outcome.examples, language)
        charts[f"inside-{row.run.arm.key}"] = inside_chart(row, outcome.examples, language)
    if outcome.repeats is not None:
        charts["seeds"] = repeats_chart(outcome.repeats, language)
    if outcome.tuned is not None:
        charts["rates"] = tuned_chart(outcome.tuned, language)
    return charts


def render_study(outcome: Outcome, charts: dict[str, Chart], language: str) -> str:
    """The page as text; the same outcome gives the same text."""
    return render_page("study.html", _parts(outcome, charts, language), "layerwise.studies")


def _parts(outcome: Outcome, charts: dict[str, Chart], language: str) -> dict[str, Any]:
    say, story = PAGE_WORDS[language], STORIES[language][outcome.name]
    facts = {"source": "", "train": 0, "test": 0}
    examples = outcome.examples
    if examples is not None:
        source = examples.source if language == "en" else SOURCES_ZH.get(examples.source, examples.source)
        facts = {"source": source, "train": f"{len(examples.X):,}", "test": f"{len(examples.X_test):,}"}
    tables = outcome.tables(language)
    return {
        "language": {"en": "en", "zh": "zh-CN"}[language],
        "version": __version__,
        "say": say,
        "story": story,
        "how": story.how.format(**facts),
        "own_figures": outcome.study is not None and bool(outcome.study.takes) and outcome.data is None,
        "unfinished": unfinished_words(outcome.unfinished, language),
        "table": tables[0],
        "repeats_table": tables[1] if outcome.repeats is not None else None,
        "tuned_table": tables[-1] if outcome.tuned is not None else None,
        "found": [
            (
                model_name(row.run.arm.model, language),
                [finding.words(language) for finding in row.findings] or [say["no rule"]],
            )
            for row in outcome.trained
        ],
        "cost": charts.get("cost") or charts.get("epsilons"),
        "boundaries": [chart for name, chart in charts.items() if name.startswith("boundary-")],
        "insides": [chart for name, chart in charts.items() if name.startswith("inside-")],
        "seeds_chart": charts.get("seeds"),
        "rates_chart": charts.get("rates"),
        "repeats_lead": _repeats_lead(outcome, language),
        "tuned_lead": _tuned_lead(outcome, language),
        "command": _command(outcome, language),
        "foot": say["foot"].format(version=__version__),
    }


def _repeats_lead(outcome: Outcome, language: str) -> str:
    if outcome.repeats is None:
        return ""
    say = PAGE_WORDS[language]
    stop = "." if language == "en" else "。"
    parts = [
        outcome.tables(language)[1].title + stop,
        say["redrawn" if outcome.repeats.redrawn else "same data"],
    ]
    if outcome.repeats.fresh_masks:
        parts.append(say["fresh"])
    return _sentences([*parts, say["precision"]], language)


def _tuned_lead(outcome: Outcome, language: str) -> str:
    if outcome.tuned is None:
        return ""
    say = PAGE_WORDS[language]
    rates = [rate for rate, _ in outcome.tuned.tried[0].scores]
    lead = say["tuned lead"].format(
        rates=len(rates),
        low=rates[0],
        high=rates[-1],
        chosen=choice_words(outcome.tuned, language),
    )
    return _sentences([lead, say["precision"]], language)


def _sentences(parts: Sequence[str], language: str) -> str:
    return (" " if language == "en" else "").join(filter(None, parts))


def _command(outcome: Outcome, language: str) -> str:
    words = ["layerwise", "study", outcome.name]
    if outcome.data is not None:
        words += ["--data", shlex.quote(outcome.data)]
    if outcome.seeds:
        words += ["--seeds", str(outcome.seeds)]
    if outcome.tune:
        words.append("--tune")
    if language != "en":
        words += ["--language", language]
    return " ".join([*words, "--out", outcome.name])

"""What a comparison says, in sentences: who is ahead, of whom that can be said, and what cannot be told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from layerwise.comparison.paired_differences import FEWEST_RUNS, smallest_tellable
from layerwise.report.numbers import SHARES, number, plural
from layerwise.report.numbers import metric as shown
from layerwise.runs.options import as_typed

if TYPE_CHECKING:
    from layerwise.comparison.comparison import Comparison

ENOUGH_SEEDS = 10
MOST_NAMES = 2


class Verdict(NamedTuple):
    """headline: one sentence.  details: what it rests on.  cautions: what to know before relying on it."""

    headline: str
    details: tuple[str, ...]
    cautions: tuple[str, ...]


def verdict(comparison: Comparison) -> Verdict:
    """The verdict; the same comparison gives the same words."""
    cautions = _cautions(comparison)
    winner = comparison.winner
    if winner is None:
        return Verdict("No run gave a network, so there is nothing to compare.", (), cautions)
    word = metric_word(comparison.metric)
    seeds = _seeds(comparison)
    headline = (
        f"{winner.label} did best: {word} {shown(winner.metric, winner.score)} on average over {seeds}."
    )
    return Verdict(headline, _details(comparison), cautions)


def metric_word(metric: str) -> str:
    """`accuracy`, `log loss`, `R²`."""
    return {"roc_auc": "ROC AUC", "r2": "R²", "rmse": "RMSE", "f1": "F1"}.get(
        metric, metric.replace("_", " ")
    )


def _named(comparison: Comparison, labels: Sequence[str]) -> str:
    """One or two by name, more by their places in the ranking: `numbers 3, 4 and 5`."""
    if len(labels) <= MOST_NAMES:
        return " and ".join(labels)
    place = dict(comparison.summary().select("combination", "rank").iter_rows())
    places = sorted(place[label] for label in labels)
    if len(places) == places[-1] - places[0] + 1:
        return f"numbers {places[0]:,} to {places[-1]:,}"
    return "numbers " + ", ".join(f"{n:,}" for n in places[:-1]) + f" and {places[-1]:,}"


def _seeds(comparison: Comparison) -> str:
    return plural(len({seed for _, seed in comparison.records}), "seed")


def _details(comparison: Comparison) -> tuple[str, ...]:
    winner = comparison.winner
    assert winner is not None
    pairs = comparison.differences()
    against = pairs.filter(pairs["first"] == winner.label)
    if not len(against) or not against["p"].is_not_null().any():
        runs = int(against["runs"].max() or 0) if len(against) else 0  # type: ignore[arg-type]
        return (
            f"With {plural(runs, 'seed')}, nothing can be told of the differences: they may all be luck. "
            f"At least {FEWEST_RUNS} seeds are needed, better {ENOUGH_SEEDS}.",
        )
    behind = against.filter(against["better"] == "first")["second"].to_list()
    said = []
    if behind:
        said.append(f"It is ahead of {_named(comparison, behind)} by more than luck explains.")
    if winner.tied:
        said.append(f"It cannot be told apart from {_named(comparison, winner.tied)}.")
        faster = _fastest(comparison, winner.tied)
        if faster is not None:
            said.append(faster)
    together = _best_values_together(comparison)
    if together is not None:
        said.append(together)
    tellable = _tellable(comparison)
    if tellable is not None:
        judged = f"With {_seeds(comparison)} and {plural(len(pairs), 'pair')} to judge, "
        if comparison.metric in SHARES and tellable >= 1:
            said.append(judged + "no difference of a usual size could have been told.")
        else:
            amount = _amount(comparison.metric, tellable)
            said.append(judged + f"differences below about {amount} would have gone unnoticed.")
    return tuple(said)


def _fastest(comparison: Comparison, tied: tuple[str, ...]) -> str | None:
    """Where one that is as good trains in less than half the time, that is worth knowing."""
    winner = comparison.winner
    assert winner is not None
    summary = comparison.summary()
    seconds = dict(zip(summary["combination"], summary["seconds"], strict=True))
    quick = min((label for label in tied if seconds[label]), key=lambda label: seconds[label], default=None)
    if quick is None or seconds[winner.label] < 1 or seconds[quick] > seconds[winner.label] / 2:
        return None
    return f"Of these, {quick} trains in {seconds[quick] / seconds[winner.label]:.0%} of its time."


def _best_values_together(comparison: Comparison) -> str | None:
    """Where the settings' best values, each on its own, are not the winner's: they depend on each other."""
    winner = comparison.winner
    assert winner is not None
    effects = comparison.main_effects()
    best = effects.filter(effects["against"].is_null() & effects["mean"].is_not_null())
    values = dict(zip(best["setting"], best["value"], strict=True))
    if not values or all(as_typed(winner.settings[name]) == value for name, value in values.items()):
        return None
    named = " and ".join(f"{name}={value}" for name, value in values.items())
    summary = comparison.summary()
    for name, value in values.items():
        summary = summary.filter(summary[name] == value)
    place = ""
    if len(summary):
        place = f", which together are number {summary['rank'].to_list()[0]}"
    return f"Each on its own, the best values are {named}{place}: the settings depend on each other."


def _tellable(comparison: Comparison) -> float | None:
    """The median over all pairs of the smallest difference that could have been told."""
    pairs = comparison.differences()
    judged = pairs.filter(pairs["margin"].is_not_null())
    if not len(judged):
        return None
    return float(
        np.median(
            [
                smallest_tellable(margin, runs, len(pairs))
                for margin, runs in zip(judged["margin"], judged["runs"], strict=True)
            ]
        )
    )


def _amount(metric: str, value: float) -> str:
    return f"{number(100 * value, 2)} percentage points" if metric in SHARES else number(value, 2)


def _cautions(comparison: Comparison) -> tuple[str, ...]:
    said = []
    if comparison.interrupted:
        said.append(
            f"Interrupted: {len(comparison.records):,} of {comparison.planned:,} runs are done. "
            "The same call with the same folder goes on from there."
        )
    runs = comparison.runs
    failed = runs.filter(runs["status"].is_in(["failed", "broken"]))
    for label, part in failed.group_by("combination", maintain_order=True):
        said.append(
            f"{label[0]}: {plural(part.height, 'run')} of {len(comparison.seeds):,} failed "
            f"({part['reason'][0]}). It is ranked after those without failures."
        )
    diverged = runs.filter(runs["status"] == "diverged")
    for label, part in diverged.group_by("combination", maintain_order=True):
        said.append(
            f"{label[0]}: {plural(part.height, 'run')} of {len(comparison.seeds):,} diverged "
            f"({part['reason'][0]}); the best epoch before that is what was measured."
        )
    if comparison.winner is not None:
        said.append(
            f"The figure of the best of {len(comparison.combinations):,} is a little too good: it was chosen "
            "for being the best on these test rows."
        )
    if not comparison.draws_test_rows:
        said.append(
            "The test rows are the same in all runs: the differences speak of the luck of training, "
            "not of which rows would come next."
        )
    return tuple(said)

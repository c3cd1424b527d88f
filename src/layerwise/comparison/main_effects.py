"""What each setting does on its own, over all values of the others."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from layerwise.comparison.paired_differences import LEVEL, PairedDifference, holm, paired_difference
from layerwise.comparison.tabulation import overlap_of_splits, scores_on_test_rows
from layerwise.evaluation import HIGHER_IS_BETTER
from layerwise.runs.options import as_typed

if TYPE_CHECKING:
    import polars as pl

    from layerwise.comparison.comparison import Comparison

Cell = tuple[tuple[str, ...], int]
Pair = tuple[str, str, str]


class _Setting(NamedTuple):
    """One varied setting: {value: the combinations that have it}, in the order given; {value: {(values of the
    other settings, seed): score}}; {value: (seeds,) mean over the others} of the cells that all values have
    (those that have any), and how many cells that are."""

    name: str
    combinations: dict[str, list[int]]
    scores: dict[str, dict[Cell, float]]
    means: dict[str, np.ndarray]
    cells: int


def varied_settings(comparison: Comparison) -> list[str]:
    """The settings with two values or more."""
    names = comparison.combinations[0].varied
    return [name for name in names if len({as_typed(c.varied[name]) for c in comparison.combinations}) > 1]


def main_effects_frame(comparison: Comparison, metric: str) -> pl.DataFrame:
    """One row per value of each setting, the best of a setting first; none where only one setting varies.

    A seed's score of a value is its mean over all values of the other settings, so that the values of a
    setting are paired twice: run by run within a seed, and seed by seed. Only what all values of the setting
    have is counted: where one of them failed, the others are left out there too, but a value without any
    score has no say in this.

    Columns: metric, setting, value, runs (counted), left_out, mean and spread (standard deviation over the
    seeds), against (the best value of the setting), difference (value - against), low and high (its 95%
    interval, on its own), p, p_holm (for all pairs of values of all settings together), worse (whether p_holm
    is below 0.05; null for the best itself and where nothing can be told).
    """
    import polars as pl

    names = varied_settings(comparison)
    settings = [_setting(comparison, name, metric) for name in names] if len(names) > 1 else []
    pairs: dict[Pair, PairedDifference] = {}
    for setting in settings:
        for first, second in itertools.combinations(setting.means, 2):
            both = setting.combinations[first] + setting.combinations[second]
            found = paired_difference(
                setting.means[first], setting.means[second], overlap=overlap_of_splits(comparison, both)
            )
            pairs[setting.name, first, second] = found
    corrected = dict(zip(pairs, holm([found.p for found in pairs.values()]), strict=True))
    rows = [row for setting in settings for row in _rows(setting, metric, pairs, corrected)]
    schema: dict[str, Any] = dict.fromkeys(("metric", "setting", "value"), pl.String)
    schema |= {"runs": pl.Int64, "left_out": pl.Int64, "mean": pl.Float64, "spread": pl.Float64}
    schema |= {"against": pl.String}
    schema |= dict.fromkeys(("difference", "low", "high", "p", "p_holm"), pl.Float64) | {"worse": pl.Boolean}
    return pl.DataFrame(rows, schema=schema)


def _setting(comparison: Comparison, name: str, metric: str) -> _Setting:
    combinations: dict[str, list[int]] = {}
    scores: dict[str, dict[Cell, float]] = {}
    for k, combination in enumerate(comparison.combinations):
        typed = {other: as_typed(value) for other, value in combination.varied.items()}
        value = typed.pop(name)
        combinations.setdefault(value, []).append(k)
        cells = scores.setdefault(value, {})
        for seed, score in scores_on_test_rows(comparison, k, metric).items():
            cells[tuple(typed.values()), seed] = score
    known = [value for value, cells in scores.items() if cells]
    shared = set.intersection(*(set(scores[value]) for value in known)) if known else set()
    means = {}
    if shared:
        seeds = [seed for seed in comparison.seeds if any(seed == of for _, of in shared)]
        for value in known:
            means[value] = np.array(
                [np.mean([scores[value][cell] for cell in sorted(shared) if cell[1] == of]) for of in seeds]
            )
    return _Setting(name, combinations, scores, means, len(shared))


def _rows(
    setting: _Setting,
    metric: str,
    pairs: Mapping[Pair, PairedDifference],
    corrected: Mapping[Pair, float | None],
) -> list[dict[str, Any]]:
    sign = -1.0 if HIGHER_IS_BETTER[metric] else 1.0
    ranked = sorted(setting.means, key=lambda value: sign * float(setting.means[value].mean()))
    rows = []
    for value in [*ranked, *(value for value in setting.scores if value not in setting.means)]:
        row: dict[str, Any] = {"metric": metric, "setting": setting.name, "value": value}
        runs = setting.cells if value in setting.means else 0
        row |= {"runs": runs, "left_out": len(setting.scores[value]) - runs}
        if value in setting.means:
            means = setting.means[value]
            row |= {"mean": float(means.mean())}
            row |= {"spread": float(means.std(ddof=1)) if len(means) > 1 else None}
            row |= _against(setting.name, value, ranked[0], pairs, corrected)
        rows.append(row)
    return rows


def _against(
    name: str,
    value: str,
    best: str,
    pairs: Mapping[Pair, PairedDifference],
    corrected: Mapping[Pair, float | None],
) -> dict[str, Any]:
    """value - best; nothing for the best itself."""
    if value == best:
        return {}
    pair = (name, value, best)
    turned = pair not in pairs
    if turned:
        pair = (name, best, value)
    found, p_holm = pairs[pair], corrected[pair]
    low, high = found.low, found.high
    if turned and low is not None and high is not None:
        low, high = -high, -low
    return {
        "against": best,
        "difference": -found.mean if turned else found.mean,
        "low": low,
        "high": high,
        "p": found.p,
        "p_holm": p_holm,
        "worse": None if p_holm is None else p_holm < LEVEL,
    }

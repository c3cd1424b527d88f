"""The bootstrap for scores that are smooth functions of sums over rows: log loss, Brier, R2, RMSE, MAE."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from layerwise.evaluation.proportions import Interval, normal_quantile
from layerwise.evaluation.scored_rows import FloatArray

Statistic = Callable[[FloatArray], FloatArray]
MOST_GROUPS = 4_000
DRAWS = 2_000


def bootstrap_intervals(
    terms: FloatArray, statistics: Mapping[str, Statistic], *, level: float = 0.95, seed: int = 0
) -> dict[str, Interval]:
    """BCa bootstrap intervals (bias-corrected and accelerated) of statistics of column sums.

    terms: (n, q), what each row adds to q sums. A statistic maps sums (draws, q) to values (draws,).
    Above 4,000 rows, rows are first added up in 4,000 random groups and groups are drawn, which changes the
    distribution of a sum by nothing that matters at that size and bounds the work at about 0.2 s.
    A statistic whose draws do not vary gets no interval. The same seed gives the same bits.
    Source: Efron 1987, "Better bootstrap confidence intervals".
    """
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, 0x626F6F74])))
    groups = _random_groups(terms, generator)
    sums = _resampled_sums(groups, generator)
    total = groups.sum(axis=0, keepdims=True)
    left_out = total - groups
    intervals = {}
    with np.errstate(divide="ignore", invalid="ignore"):
        for name, statistic in statistics.items():
            interval = _bca(float(statistic(total)[0]), statistic(sums), statistic(left_out), level)
            if interval is not None:
                intervals[name] = interval
    return intervals


def _random_groups(terms: FloatArray, generator: np.random.Generator) -> FloatArray:
    rows = len(terms)
    if rows <= MOST_GROUPS:
        return terms
    order = generator.permutation(rows)[: rows - rows % MOST_GROUPS]
    grouped = terms[order].reshape(MOST_GROUPS, -1, terms.shape[1]).sum(axis=1)
    return np.asarray(grouped)


def _resampled_sums(groups: FloatArray, generator: np.random.Generator) -> FloatArray:
    """(DRAWS, q) sums over len(groups) groups drawn with replacement."""
    count = len(groups)
    at_once = max(1, min(DRAWS, 400_000 // count))
    parts = []
    for start in range(0, DRAWS, at_once):
        draws = min(at_once, DRAWS - start)
        picked = generator.integers(0, count, size=(draws, count)) + count * np.arange(draws)[:, None]
        times = np.bincount(picked.ravel(), minlength=draws * count).reshape(draws, count)
        parts.append(times.astype(np.float64) @ groups)
    return np.concatenate(parts)


def _bca(value: float, draws: FloatArray, left_out: FloatArray, level: float) -> Interval | None:
    from scipy.special import ndtr, ndtri

    draws = draws[np.isfinite(draws)]
    left_out = left_out[np.isfinite(left_out)]
    if (
        len(draws) < DRAWS // 2
        or len(left_out) < 2
        or not np.isfinite(value)
        or np.ptp(draws) <= 1e-12 * abs(value)
    ):
        return None
    below = ((draws < value).mean() + (draws <= value).mean()) / 2
    bias = ndtri(np.clip(below, 1 / len(draws), 1 - 1 / len(draws)))
    gap = left_out.mean() - left_out
    spread = np.square(gap).sum() ** 1.5
    acceleration = (gap**3).sum() / (6 * spread) if spread > 0 else 0.0
    z = normal_quantile(level)
    shifted = bias + np.array([-z, z])
    ends = ndtr(bias + shifted / (1 - acceleration * shifted))
    low, high = np.quantile(draws, ends)
    return float(low), float(high)

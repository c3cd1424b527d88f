"""Intervals for shares of rows: accuracy, balanced accuracy, F1. Honest at 0% and 100% too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Interval = tuple[float, float]


def normal_quantile(level: float) -> float:
    """z with P(-z < N(0, 1) < z) = level: 1.96 for 0.95."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + level / 2))


def wilson(share: float, rows: float, level: float = 0.95) -> Interval:
    """Wilson's score interval of a share of `rows` rows (a real number when rows are weighted).

        (p + z^2/2n ± z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)

    Source: Wilson 1927; recommended by Brown, Cai and DasGupta 2001. 10 of 10 gives (0.722, 1).
    """
    z = normal_quantile(level)
    centre = share + z * z / (2 * rows)
    reach = z * np.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    scale = 1 + z * z / rows
    low = 0.0 if share <= 0 else max(0.0, (centre - reach) / scale)
    high = 1.0 if share >= 1 else min(1.0, (centre + reach) / scale)
    return float(low), float(high)


def mean_of_shares(shares: Sequence[float], rows: Sequence[float], level: float = 0.95) -> Interval:
    """Interval of the plain mean of independent shares, such as the recalls behind balanced accuracy.

    Each share's Wilson interval gives its reach down and up; reaches add as squares.
    Source: the method of variance estimates recovery, Zou and Donner 2008.
    """
    share = np.asarray(shares, dtype=np.float64)
    each = np.array([wilson(p, n, level) for p, n in zip(share, rows, strict=True)])
    mean = share.mean()
    down = np.sqrt(np.square(share - each[:, 0]).sum()) / len(share)
    up = np.sqrt(np.square(each[:, 1] - share).sum()) / len(share)
    return float(max(0.0, mean - down)), float(min(1.0, mean + up))


def f1_interval(f1: float, rows: float, level: float = 0.95) -> Interval:
    """Interval of the F1 of one class, `rows` = true positives + false positives + false negatives.

    J = F / (2 - F) is the share of true positives among those rows, so it has a Wilson interval, and
    F = 2J / (1 + J) carries its ends over. Source: Lam, Gopal and Qian 2023 (the Wilson indirect interval).
    """
    low, high = wilson(f1 / (2 - f1), rows, level)
    return 2 * low / (1 + low), 2 * high / (1 + high)

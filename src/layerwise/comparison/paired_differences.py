"""Whether two combinations differ by more than the luck of the seeds: tests on paired runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from layerwise.errors import InputError

FEWEST_RUNS = 3
LEVEL = 0.05


class PairedDifference(NamedTuple):
    """first - second over the runs that both have.

    mean, and spread (standard deviation; None with one run); low, high: its 95% interval; p: how often a
    difference at least as large would come of luck alone; margin: the standard error.  None where it cannot
    be told.
    """

    runs: int
    mean: float
    spread: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    margin: float | None = None


def paired_difference(
    first: npt.ArrayLike, second: npt.ArrayLike, *, overlap: float = 0.0
) -> PairedDifference:
    """Student's t test on the differences d of n paired runs, corrected for rows that runs share.

        t = mean(d) / (s(d) sqrt(1/n + overlap)),  n - 1 degrees of freedom

    first, second: (n,), the k-th values of both measured with the same seed, so on the same split.
    overlap: test rows over training rows where each seed draws both anew from one table. Such runs share
    most of their training rows, so they agree more than independent runs would, and the plain test would see
    differences that are not there. 0, the plain paired t test, where the test rows are the same in all runs:
    then only the luck of training is judged, for those test rows.

    With fewer than 3 runs there is no p. Where all differences are equal there is no spread for t to go by:
    p is then the sign test's, 2 / 2^n, and 1 where they are all 0.
    Raises InputError for unequal lengths and values that are not finite.
    Source: Nadeau & Bengio 2003, "Inference for the generalization error", the corrected resampled t test.
    """
    from scipy.stats import t as student

    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1 or not len(a):
        raise InputError(f"paired values must be two rows of equal length; found {a.shape} and {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise InputError("paired values must be finite; leave out the pairs where a run failed")
    d = a - b
    n, mean = len(d), float(d.mean())
    if n == 1:
        return PairedDifference(1, mean)
    spread = float(d.std(ddof=1))
    if n < FEWEST_RUNS:
        return PairedDifference(n, mean, spread)
    rounding = 1e-12 * max(float(np.abs(a).max()), float(np.abs(b).max()))
    if spread <= rounding:
        return PairedDifference(n, mean, 0.0, p=1.0 if abs(mean) <= rounding else 2.0 / 2.0**n)
    margin = spread * float(np.sqrt(1.0 / n + overlap))
    half = float(student.ppf(0.975, n - 1)) * margin
    p = float(2 * student.sf(abs(mean) / margin, n - 1))
    return PairedDifference(n, mean, spread, mean - half, mean + half, p, margin)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """The p values made larger for being many: below 0.05, no more than 1 in 20 such families errs at all.

    The smallest of m is multiplied by m, the next by m - 1, ..., each at least the one before, at most 1.
    None stays None and is not counted. Source: Holm 1979, "A simple sequentially rejective multiple test
    procedure".
    """
    order = sorted((p, k) for k, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for position, (p, k) in enumerate(order):
        largest = max(largest, min(1.0, p * (len(order) - position)))
        adjusted[k] = largest
    return adjusted


def smallest_tellable(margin: float, runs: int, pairs: int) -> float:
    """How large a mean difference would have to be to count beside `pairs` - 1 others, given its margin."""
    from scipy.stats import t as student

    return float(student.ppf(1 - LEVEL / (2 * pairs), runs - 1)) * margin

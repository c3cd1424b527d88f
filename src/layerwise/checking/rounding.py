"""How noisy a cost is: the size of its rounding errors, from the cost itself."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial

import numpy as np

EPSILON = float(np.finfo(np.float64).eps)
POINTS = 9
ORDERS = (4, 5, 6)
SPACINGS = (2.0**-36, 2.0**-30, 2.0**-24, 2.0**-18)
SAFETY = 2.0
# More noise than single precision makes is no rounding.
MOST = 2.0**-20


def noise_of(values: Callable[[np.ndarray], np.ndarray], scale: float) -> float:
    """The size of the rounding errors of phi(t) near t = 0, `values(t)` being phi at each t (k,).

    The k-th differences of a smooth function at a tiny spacing vanish, and those of independent errors of
    variance s^2 have variance s^2 (2k)! / (k!)^2. `scale` is a length over which phi changes; the spacing
    grows from 2^-36 of it until the values differ, for a cost in single precision. At least half a unit in
    the last place of phi(0). Source: More & Wild 2011, "Estimating computational noise" (ECnoise).
    """
    table = np.zeros(POINTS)
    for spacing in SPACINGS:
        table = np.asarray(values(scale * spacing * np.arange(POINTS)), dtype=np.float64)
        table = table[np.isfinite(table)]
        if len(table) < POINTS or (table == table[0]).sum() <= POINTS // 2:
            break
    largest = float(np.abs(table).max(initial=0.0))
    estimates = [0.0]
    if len(table) == POINTS:
        estimates = [_deviation(np.diff(table, n=order), order) for order in ORDERS]
    return max(min(SAFETY * max(estimates), MOST * largest), EPSILON * largest / 2)


def _deviation(differences: np.ndarray, order: int) -> float:
    """The standard deviation of the errors that make differences of this order so large."""
    return float(np.sqrt(factorial(order) ** 2 / factorial(2 * order) * np.mean(np.square(differences))))

"""How noisy a cost is: the size of its rounding errors, from the cost itself."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial

import numpy as np

EPSILON = float(np.finfo(np.float64).eps)
POINTS = 9
ORDERS = (4, 5, 6)
SPACING = 2.0**-36
WIDER = 2.0**6
SAFETY = 2.0


def noise_of(values: Callable[[np.ndarray], np.ndarray], scale: float) -> float:
    """The size of the rounding errors of phi(t) near t = 0, `values(t)` being phi at each t (k,).

    The k-th differences of a smooth function at a tiny spacing vanish, and those of independent errors of
    variance s^2 have variance s^2 (2k)! / (k!)^2. `scale` is a length over which phi changes; the spacing
    grows from 2^-36 of it until the values differ, for a cost in single precision. At least half a unit in
    the last place of phi(0). Source: More & Wild 2011, "Estimating computational noise" (ECnoise).
    """
    spacing = SPACING * scale
    for _ in range(6):
        table = np.asarray(values(spacing * np.arange(POINTS)), dtype=np.float64)
        if not np.isfinite(table).all():
            table = table[np.isfinite(table)]
            return SAFETY * EPSILON * float(np.abs(table).max(initial=1.0))
        here = table[0]
        if (table == here).sum() <= POINTS // 2 or here == 0:
            break
        spacing *= WIDER
    estimates = []
    for order in range(1, max(ORDERS) + 1):
        table = np.diff(table)
        if order in ORDERS:
            gamma = factorial(order) ** 2 / factorial(2 * order)
            estimates.append(float(np.sqrt(gamma * np.mean(np.square(table)))))
    return max(SAFETY * float(np.median(estimates)), EPSILON * abs(float(here)) / 2)

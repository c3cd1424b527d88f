"""How noisy a cost is, or a gradient: the size of its rounding errors, from the function itself."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial

import numpy as np

from layerwise.checking.evidence import Arrays

EPSILON = float(np.finfo(np.float64).eps)
POINTS = 9
ORDERS = (4, 5, 6)
SPACINGS = (2.0**-36, 2.0**-30, 2.0**-24, 2.0**-18)
SAFETY = 2.0
# Entries that cancel by chance round more than the others.
SAFETY_OF_A = 32.0
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
    return max(min(SAFETY * float(max(estimates)), MOST * largest), EPSILON * largest / 2)


def rounding_of(gradient: Callable[[Arrays], Arrays], theta: Arrays, name: str) -> np.ndarray:
    """The size of the rounding errors in each entry of one parameter's gradient, (entries,), from the function
    itself, as `noise_of` finds that of a cost.

    Infinite where it cannot be told: the function does not answer beside theta, or the entry does not move
    at all, as 1 - tanh^2 far out, which is 0 there and should be 1e-40.
    """
    generator = np.random.default_rng(0)
    scale = {key: array * generator.choice([-1.0, 1.0], array.shape) for key, array in theta.items()}

    def at(t: float) -> np.ndarray:
        return np.ravel(gradient({key: array + t * scale[key] for key, array in theta.items()})[name])

    unknown = np.full(theta[name].size, np.inf)
    try:
        table = np.stack([at(SPACINGS[0] * k) for k in range(POINTS)]).astype(np.float64)
    except Exception:  # the caller's code may do anything at a point it was not written for
        return unknown
    if not np.isfinite(table).all():
        return unknown
    noise = np.max([_deviation(np.diff(table, n=order, axis=0), order) for order in ORDERS], axis=0)
    usual = EPSILON * np.abs(table).max(axis=0)
    return np.where((table == table[0]).all(axis=0), np.inf, SAFETY_OF_A * np.maximum(noise, usual))


def _deviation(differences: np.ndarray, order: int) -> np.ndarray:
    """The standard deviation of the errors that make differences of this order so large; along the first
    axis."""
    return np.sqrt(factorial(order) ** 2 / factorial(2 * order) * np.mean(np.square(differences), axis=0))

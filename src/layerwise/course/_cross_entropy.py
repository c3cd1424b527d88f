"""The cross-entropy cost from the outputs, as figure 6 of the note writes it."""

from __future__ import annotations

import numpy as np
from scipy.special import xlogy


def cross_entropy(AL: np.ndarray, Y: np.ndarray) -> float:
    """J = -1/m sum (y log a + (1 - y) log(1 - a)), 0 log 0 = 0.   AL in [0, 1], Y 0 or 1, both (1, m) -> J

    Infinite where an output is exactly 0 or 1 and wrong. The pre-activation Z says more than the rounded
    output, and `layerwise.formulas.losses.binary_cross_entropy` takes the same cost from it: finite, and
    exact where a is close to 1. Source: the note, figure 6.
    """
    return float(1.0 / Y.shape[1] * np.sum(-xlogy(Y, AL) - xlogy(1 - Y, 1 - AL)))


def cross_entropy_derivative(AL: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """dAL = -(Y / AL - (1 - Y) / (1 - AL)), of the loss of each example.   (1, m)

    Infinite where an output is exactly 0 or 1 and wrong, -1 or 1 where it is right.
    Source: the note, figure 12.
    """
    with np.errstate(divide="ignore"):
        return np.where(Y == 1, -1.0, 1.0) / np.where(Y == 1, AL, 1 - AL)

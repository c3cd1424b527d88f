"""The penalty that the cost itself has, measured where the data have no say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from layerwise.checking.causes.experiment import slope_along
from layerwise.checking.causes.layers import Layer
from layerwise.checking.evidence import Probes

FAR = 1e4


def penalty_of(layers: Sequence[Layer], probes: Probes) -> float | None:
    """The p of a term p/2 ||W||^2 in the cost: 0 without one, None where it cannot be seen.

    With W[2] = 0 the data do not feel W[1], and the slope along W[1] is p ||W[1]||^2. In a single layer, far
    out, a cross-entropy is a straight line, so that the slope grows by the penalty alone.
    """
    if not layers or probes.cost is None:
        return None
    first = layers[0]
    W = first.W(probes.theta)
    square = float(np.sum(np.square(W)))
    if not square:
        return None
    nothing = {name: np.zeros_like(array) for name, array in probes.theta.items()}
    along = {first.weight: first.placed(nothing, W=W)[first.weight]}
    if len(layers) > 1:
        slope, error = slope_along(probes.cost, layers[1].placed(probes.theta, W=0.0), along)
        if not np.isfinite(error):
            return None
        return slope / square if abs(slope) > 5 * error else 0.0
    slopes = []
    for far in (FAR, 2 * FAR, 4 * FAR):
        slope, error = slope_along(probes.cost, first.placed(probes.theta, W=far * W), along)
        if not np.isfinite(error):
            return None
        slopes.append(slope)
    growth, again = slopes[1] - slopes[0], slopes[2] - slopes[1]
    usual = max(map(abs, slopes))
    if abs(again) < 1e-9 * usual:
        return 0.0
    return growth / (FAR * square) if abs(again - 2 * growth) < 1e-6 * abs(again) else None

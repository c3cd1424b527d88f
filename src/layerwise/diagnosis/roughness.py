"""How a cost curve swings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from layerwise.diagnosis.facts import Facts
from layerwise.diagnosis.finding import Finding

OSCILLATES = 3.0


def roughness(costs: Sequence[float] | np.ndarray) -> float:
    """The way that a curve travels up and down, over the way that it comes down in all.

        sum |J[i + 1] - J[i]| / (J[first] - J[last])

    1 for a curve that only falls, whatever its shape; infinite for one that ends no lower than it began; 1
    for one that does not move. The last value is the mean of up to five, so that chance counts little there.
    """
    curve = np.asarray(costs, dtype=np.float64)
    curve = curve[np.isfinite(curve)]
    way = float(np.abs(np.diff(curve)).sum())
    if len(curve) < 2 or way <= 1e-12 * float(np.abs(curve).max()):
        return 1.0
    fall = float(curve[0] - curve[-max(1, min(5, len(curve) // 20)) :].mean())
    return way / fall if fall > 0 else float("inf")


def oscillates(facts: Facts) -> Finding | None:
    """The cost travels three times as far as it comes down, or more.

    Evidence: the roughness, and the swing: the mean change from one row to the next, up or down. Needs 20
    rows, as a few values show no shape.
    """
    cost = facts.columns["cost"]
    if len(cost) < 20 or not np.isfinite(cost).all():
        return None
    rough = roughness(cost)
    if rough < OSCILLATES:
        return None
    evidence = {"roughness": rough, "swing": float(np.abs(np.diff(cost)).mean())}
    return Finding("oscillates", "remark", evidence, facts.epochs)

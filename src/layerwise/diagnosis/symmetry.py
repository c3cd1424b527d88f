"""Units that are copies of each other."""

from __future__ import annotations

import numpy as np

from layerwise.diagnosis.facts import Facts
from layerwise.diagnosis.finding import Finding

SAME = 1e-6


def fails_to_break_symmetry(facts: Facts) -> Finding | None:
    """The units of a layer are equal whenever they are looked at: the layer is worth a single unit.

    Evidence: the layer (the first such), the largest `unit_spread` seen, the first and the last cost. The
    spread, not a flat cost, decides: equal weights that are not zero let the cost fall and are as useless.
    """
    for layer, spread in facts.layers("unit_spread").items():
        largest = float(np.nanmax(spread))
        if largest <= SAME:
            cost = facts.columns["cost"]
            evidence = {
                "layer": float(layer),
                "unit_spread": largest,
                "first_cost": float(cost[0]),
                "last_cost": float(cost[-1]),
            }
            return Finding("fails to break symmetry", "problem", evidence, facts.epochs)
    return None

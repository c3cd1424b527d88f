"""Errors that exist at corners only, where the gradient is a convention and not a fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from layerwise.checking.evidence import Arrays, ParameterEvidence
from layerwise.checking.functions import CostFunction
from layerwise.checking.measuring import Corner, Measuring

NEARBY = 2.0**-10
LOOKED_AT = 24


def without_conventions(
    evidence: ParameterEvidence,
    cost: CostFunction,
    gradient: Callable[[Arrays], dict[str, np.ndarray]],
    measuring: Measuring,
    generator: np.random.Generator,
) -> tuple[ParameterEvidence, list[Corner]]:
    """The evidence of a wrong parameter without entries that are right as soon as theta moves a little.

    Several corners at one place can leave the cost smooth along an entry, such as relu(t) - relu(-t) at 0,
    and still make its gradient a matter of convention. A fault stays when theta moves off the corners; so the
    worst entries are measured again at a place nearby, where there are none.
    """
    off = np.abs(evidence.analytic - evidence.numeric) - evidence.noise
    off = np.where(evidence.trusted & np.isfinite(off), off, 0).reshape(-1)
    worst = np.argsort(-off, kind="stable")[:LOOKED_AT]
    worst = worst[off[worst] > 0]
    entries = evidence.entries().reshape(-1)
    elsewhere = cost.at({
        name: array + NEARBY * measuring.scales[name] * generator.uniform(-1, 1, array.shape)
        for name, array in cost.theta.items()
    })  # fmt: skip
    here = elsewhere.at_working()
    if not worst.size or not np.isfinite(here):
        return evidence, []
    name = evidence.name
    try:
        A = gradient(elsewhere.theta)[name].astype(np.float64).reshape(-1)[entries[worst]]
    except Exception:  # the caller's code may do anything at a point it was not written for
        return evidence, []
    there = replace(measuring, cost=elsewhere, here=here, step=None)
    slopes = there.entries(name, entries[worst], A)
    cost.evaluations += elsewhere.evaluations
    with np.errstate(all="ignore"):
        # A fault that is everywhere is as large nearby.
        gone = np.minimum(np.sqrt(measuring.tolerance) * np.abs(slopes.slope), off[worst] / 100)
        rounding = slopes.error + evidence.floor
        # Where rounding would hide the fault, that it is not seen nearby says nothing.
        tells = rounding <= off[worst] / 10
        right = ~slopes.corner & tells & (np.abs(A - slopes.slope) <= rounding + gone)
    if not right.all():
        return evidence, []
    trusted = evidence.trusted.copy()
    trusted.reshape(-1)[off > 0] = False
    found = [
        Corner(
            name,
            tuple(int(i) for i in np.unravel_index(entries[k], evidence.whole_shape)),
            float(evidence.numeric.reshape(-1)[k]),
            float(evidence.numeric.reshape(-1)[k]),
            float(evidence.analytic.reshape(-1)[k]),
        )
        for k in np.flatnonzero(off > 0)
    ]
    return replace(evidence, trusted=trusted), found

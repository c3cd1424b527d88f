"""Weights that start too large."""

from __future__ import annotations

import numpy as np

from layerwise.diagnosis.facts import Facts
from layerwise.diagnosis.finding import Finding

TIMES_BASELINE = 3.0
# DeepDiagnosis (Wardat et al., ICSE 2022): half of the pre-activations beyond plus or minus 5.
SATURATED = 0.5


def too_large_weights(facts: Facts) -> Finding | None:
    """The first cost is several times that of knowing nothing, since most outputs are sure and wrong.

    Evidence: the first cost, the baseline's and their ratio, the share of the output layer's pre-activations
    beyond plus or minus 5 when first looked at, the norm of its weights. Needs a baseline and the
    statistics of the layers.
    """
    saturation = facts.layers("saturated_fraction")
    if not saturation or facts.baseline_cost is None or facts.task == "regression":
        return None
    output = max(saturation)
    looked = int(np.flatnonzero(~np.isnan(saturation[output]))[0])
    saturated = float(saturation[output][looked])
    first = float(facts.columns["cost"][0])
    times = first / facts.baseline_cost if facts.baseline_cost else np.inf
    if not (times > TIMES_BASELINE and saturated >= SATURATED):
        return None
    evidence = {
        "first_cost": first,
        "baseline_cost": facts.baseline_cost,
        "times_baseline": times,
        "saturated": saturated,
    }
    norms = facts.layers("weight_norm")
    if output in norms:
        evidence["weight_norm"] = float(norms[output][looked])
    first_epoch = int(facts.columns["epoch"][0])
    return Finding("too large weights", "problem", evidence, (first_epoch, first_epoch))

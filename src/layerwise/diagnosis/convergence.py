"""How far the cost came, and whether it was done."""

from __future__ import annotations

import numpy as np

from layerwise.diagnosis.facts import Facts
from layerwise.diagnosis.finding import Finding

LEAST_RECORDS = 20
SLOW_SHARE = 0.05
WELL_SHARE = 0.5
WELL_ACCURACY = 0.75


def converges_slowly(facts: Facts) -> Finding | None:
    """The last tenth of the history still brought a twentieth or more of the whole fall.

    The fall counts from the baseline where the start was worse, so that a bad start does not hide a slow
    end. Means over tenths are compared, so that noise does not decide. Evidence: the share, both means,
    where the fall counts from. Needs 20 rows.
    """
    cost = facts.fitted_cost
    if len(cost) < LEAST_RECORDS or not np.isfinite(cost).all():
        return None
    tenth = len(cost) // 10
    last, before = float(cost[-tenth:].mean()), float(cost[-2 * tenth : -tenth].mean())
    top = float(cost[0])
    if facts.baseline_cost is not None:
        top = min(top, facts.baseline_cost)
    fall = top - last
    share = (before - last) / fall if fall > 1e-9 * max(abs(top), 1e-300) else 0.0
    if share < SLOW_SHARE:
        return None
    evidence = {"share_of_fall": share, "last_cost": last, "before_cost": before, "first_cost": top}
    epochs = facts.columns["epoch"]
    return Finding("converges slowly", "problem", evidence, (int(epochs[-tenth]), int(epochs[-1])))


def learns_well(facts: Facts) -> Finding | None:
    """The cost came down to less than half of the baseline's, and of the answers that the baseline has wrong
    three quarters are right, where the history says.

    Evidence: the last cost (mean of the last twentieth), the baseline's, their ratio, the accuracy.
    """
    baseline = facts.baseline_cost
    cost = facts.fitted_cost
    if not baseline or np.isnan(cost).all():
        return None
    known = cost[~np.isnan(cost)]
    last = float(known[-max(1, len(known) // 20) :].mean())
    if not last < WELL_SHARE * baseline:
        return None
    evidence = {"last_cost": last, "baseline_cost": baseline, "share_of_baseline": last / baseline}
    accuracy = facts.column("train_accuracy")
    if accuracy is not None:
        evidence["train_accuracy"] = float(accuracy[~np.isnan(accuracy)][-1])
        floor = facts.baseline_accuracy
        if floor is not None and evidence["train_accuracy"] < floor + WELL_ACCURACY * (1 - floor):
            return None
    return Finding("learns well", "good", evidence, facts.epochs)

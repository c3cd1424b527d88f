"""All rules over one history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from layerwise.diagnosis.convergence import converges_slowly, learns_well
from layerwise.diagnosis.facts import Facts
from layerwise.diagnosis.finding import Finding
from layerwise.diagnosis.generalization import overconfident, overfits
from layerwise.diagnosis.roughness import oscillates
from layerwise.diagnosis.symmetry import fails_to_break_symmetry
from layerwise.diagnosis.weight_size import too_large_weights

Rule = Callable[[Facts], Finding | None]
RULES: tuple[Rule, ...] = (
    fails_to_break_symmetry,
    too_large_weights,
    overfits,
    overconfident,
    converges_slowly,
    oscillates,
)


def diagnose(
    history: Any,
    *,
    task: str = "binary",
    baseline_cost: float | None = None,
    baseline_accuracy: float | None = None,
) -> list[Finding]:
    """What the rules find, problems first; "learns well" only where no problem was found.

    history: a `training.History`, a Polars or pandas frame, or rows as dictionaries, with "cost" and
    whatever else was recorded: validation_cost, train_accuracy, validation_accuracy, layer<l>_<statistic>.
    A rule stays silent where what it reads is absent. baseline_cost, baseline_accuracy: of a model that
    ignores its input (log 2 for a binary task unless said). Raises InputError for an unknown task and for a
    history without rows or costs.
    """
    facts = Facts.of(history, task, baseline_cost, baseline_accuracy)
    found = [finding for rule in RULES if (finding := rule(facts)) is not None]
    if not any(finding.severity == "problem" for finding in found):
        well = learns_well(facts)
        if well is not None:
            found.append(well)
    order = {"problem": 0, "good": 1, "remark": 2}
    return sorted(found, key=lambda finding: order[finding.severity])

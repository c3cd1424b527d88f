"""The rules that look at one parameter: how its analytic gradient A relates to the numeric one N."""

from __future__ import annotations

from collections.abc import Callable

from layerwise.checking.causes import arrangement, axis, lost, penalty, scale
from layerwise.checking.causes.comparison import Comparison
from layerwise.checking.causes.data_part import data_part
from layerwise.checking.causes.surroundings import Surroundings
from layerwise.checking.evidence import Cause

Rule = Callable[[Comparison, Surroundings], Cause | None]

# Those that hold for the whole gradient, or for the data's part of it alone.
OF_DATA: tuple[Rule, ...] = (
    lost.zero,
    scale.sign_flipped,
    scale.scaled,
    arrangement.transposed,
    arrangement.permuted,
    axis.wrong_axis,
)

# The first that explains the whole difference has it. Those without a free number come first; then those with
# one; then those that explain by an order. Rounding, which looks like nothing in particular, comes last.
RULES: tuple[Rule, ...] = (
    lost.non_finite,
    lost.zero,
    scale.sign_flipped,
    scale.scaled,
    arrangement.transposed,
    arrangement.other_parameter,
    arrangement.permuted,
    penalty.penalty_term,
    lambda comparison, around: data_part(comparison, around, OF_DATA),
    axis.wrong_axis,
    lost.stored_in_low_precision,
    lost.rounded_inside,
)


def local_cause(comparison: Comparison, around: Surroundings) -> Cause | None:
    """The cause that explains this parameter by itself; None where none does."""
    for rule in RULES:
        cause = rule(comparison, around)
        if cause is not None:
            return cause
    return None

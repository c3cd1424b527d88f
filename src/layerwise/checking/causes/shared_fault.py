"""The cause of a wrong dZ: the step of back-propagation that the weights and biases of a layer share."""

from __future__ import annotations

from collections.abc import Mapping

from layerwise.checking.causes import guessing, lost, stale
from layerwise.checking.causes.comparison import Comparison
from layerwise.checking.causes.experiment import jumps_of_gradient
from layerwise.checking.causes.hidden_layer import has_dropout
from layerwise.checking.causes.inside import (
    fault_inside,
    fits_where_examples_are_alike,
    not_rescaled,
    of_other_values,
)
from layerwise.checking.causes.numbers import KEPT
from layerwise.checking.causes.output_layer import fault_at_output
from layerwise.checking.causes.situation import Situation
from layerwise.checking.evidence import Cause, Probes


def shared_cause(situation: Situation, index: int, local: Cause | None) -> Cause | None:
    """Why dZ of layer `index` is wrong. `local` explains its weights by themselves, where something does.

    A gradient function is asked; for arrays alone the likeliest is named, and said to be that.
    """
    probes, weights = situation.probes, situation.weights(index)
    if local is not None and not (local.name == "low-precision" and probes.gradient):
        return _with_mask(situation, index, local)
    return (
        low_precision(weights, probes)
        or local
        or _drawn_anew(situation, index)
        or stale.never_moves(weights.name, probes)
        or another_moment(situation, index)
        or (guessing.likeliest(situation, index) if probes.gradient is None else _asked(situation, index))
    )


def low_precision(part: Comparison, probes: Probes) -> Cause | None:
    """Whether the gradient function jumps as one that computes in a short type."""
    for noise in jumps_of_gradient(probes, part.name):
        if (cause := lost.low_precision_seen(part, noise)) is not None:
            return cause
    return None


def another_moment(situation: Situation, index: int | None) -> Cause | None:
    """Whether the gradient is that of other parameters; these make every layer wrong, the output's too."""
    if (index is not None and index + 1 < len(situation.layers)) or not situation.is_whole:
        return None
    analytic, numeric = situation.arrays()
    return stale.another_point(analytic, numeric, situation.probes)


def _drawn_anew(situation: Situation, index: int) -> Cause | None:
    """Whether the gradient differs from call to call, as one that draws its own mask or batch does."""
    cause, layers = stale.drawn_anew(situation.weights(index).name, situation.probes), situation.layers
    if cause is None or index + 1 == len(layers):
        return cause
    dropped = has_dropout(layers[index], layers[index + 1], situation.probes)
    return cause._replace(name="dropout-mask") if dropped else cause


def _with_mask(situation: Situation, index: int, cause: Cause) -> Cause:
    """A constant factor in a layer with dropout is that of a mask that is not rescaled."""
    layers, factor = situation.layers, cause.factor
    if cause.name != "scaled" or factor is None or index + 1 >= len(layers):
        return cause
    if not _can_be_kept(factor, situation.known.values):
        return cause
    dropped = has_dropout(layers[index], layers[index + 1], situation.probes)
    return not_rescaled(index, factor) if dropped else cause


def _can_be_kept(factor: float, known: Mapping[str, float]) -> bool:
    """Whether a factor can be keep_prob, or 1 over it. A known one decides; else it is 2 or no whole one."""
    if factor <= 0:
        return False
    if KEPT in known:
        return any(abs(factor - value) < 1e-4 * value for value in (known[KEPT], 1 / known[KEPT]))
    is_whole = abs(factor - round(factor)) < 1e-6
    return 0.1 <= factor <= 10 and (not is_whole or round(factor) == 2)


def _asked(situation: Situation, index: int) -> Cause | None:
    """What the gradient function says at parameters chosen for it."""
    layers, probes = situation.layers, situation.probes
    if index + 1 == len(layers):
        return fault_at_output(layers[index], probes)
    cause = fault_inside(layers, index, probes)
    if cause is None or (cause.name == "dropout-mask" and cause.factor is None):
        cause = of_other_values(layers, index, probes) or cause
    if cause is None and fits_where_examples_are_alike(layers, index, probes):
        Z = f"Z{index + 1}"
        return Cause(
            "stale",
            None,
            f"d{Z} is right where all examples have the same {Z}, and wrong where they differ: its "
            "activation's "
            "derivative is taken at another layer's values, or at those of an older pass.",
        )
    return cause

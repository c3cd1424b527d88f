"""A second place to look: weights of the usual size, where those given leave too little to be seen.

With weights of 1e-6, or units saturated far out, a gradient may be so small beside the cost that its rounding
hides any fault. A gradient that is a function can be asked where nothing is hidden.
"""

from __future__ import annotations

import numpy as np

from layerwise.checking.evidence import Arrays, ParameterEvidence
from layerwise.checking.measuring import scales_of
from layerwise.checking.result import GradientCheck

# A parameter of which less than this share can be told is not seen.
UNSEEN = 0.01
# Causes that a clearer place may better.
VAGUE = ("unknown", "low-precision")
# Weights within this factor of their usual size are no clearer anywhere else.
USUAL = 30.0


def usual_place(theta: Arrays, generator: np.random.Generator) -> dict[str, np.ndarray]:
    """Parameters of theta's shapes and the usual size: normal, of variance 1 / fan-in."""
    return {
        name: generator.normal(0.0, 1 / np.sqrt(max(array.shape[-1:] or (1,))), array.shape)
        for name, array in theta.items()
    }


def is_unusual(theta: Arrays) -> bool:
    """Whether parameters are far from their usual size, so that another place may be clearer; biases of 0 are
    not."""
    scales = scales_of({name: array for name, array in theta.items() if array.any()} or theta)
    usual = {name: 1 / np.sqrt(max(theta[name].shape[-1:] or (1,))) for name in scales}
    return any(not 1 / USUAL < scale / usual[name] < USUAL for name, scale in scales.items())


def unseen(check: GradientCheck) -> list[str]:
    """The parameters that passed because nothing could be seen of them."""
    return [
        name
        for name, part in check.parameters.items()
        if part.passed and (part.resolution > UNSEEN or _is_hidden(check.evidence.get(name)))
    ]


def _is_hidden(evidence: ParameterEvidence | None) -> bool:
    """Whether no entry was judged, or all are so small that the rounding of larger gradients covers them."""
    if evidence is None:
        return False
    largest = float(np.abs(evidence.analytic[evidence.trusted]).max(initial=0.0))
    return evidence.floor > UNSEEN * largest


def is_vague(check: GradientCheck) -> bool:
    """Whether the fault was found and not explained."""
    return check.culprit is not None and check.parameters[check.culprit].cause in VAGUE


def decides(here: GradientCheck, there: GradientCheck) -> bool:
    """Whether what the clearer place shows is to be said: a fault in what was not seen here, or a better
    explanation of the fault that was."""
    if there.passed or there.culprit is None:
        return False
    cause = there.parameters[there.culprit].cause
    if here.passed:
        return cause != "stale" and any(not there.parameters[name].passed for name in unseen(here))
    return there.culprit == here.culprit and cause not in (*VAGUE, "stale")


def told(here: GradientCheck) -> str:
    """The sentence that says where the verdict comes from."""
    names = ", ".join(f"d{name}" for name in unseen(here))
    hidden = (
        f"{names} cannot be told from rounding"
        if here.passed
        else f"the difference is {here.difference:.2e}, and rounding hides what it looks like"
    )
    return (
        f"At the theta given, {hidden}. The verdict and its numbers are those at parameters of the usual "
        "size, drawn at random, where the gradient function was asked too."
    )

"""The cause of each wrong parameter: by itself, or from the step that its whole layer shares."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from layerwise.checking.causes import guessing, stale
from layerwise.checking.causes.comparison import Comparison
from layerwise.checking.causes.input_probe import is_constant, wrong_inputs
from layerwise.checking.causes.local import local_cause
from layerwise.checking.causes.naming import gradient_name, sentence
from layerwise.checking.causes.shared_fault import another_moment, low_precision, shared_cause
from layerwise.checking.causes.situation import Situation
from layerwise.checking.evidence import Cause, ParameterEvidence, Probes
from layerwise.checking.given import ALONE

MANY = 0.5
# Causes that lie in the formula of the weights, whatever dZ is.
NOT_OF_DZ = ("missing-penalty", "extra-penalty", "transposed", "other-parameter")


def find_causes(evidence: Mapping[str, ParameterEvidence], probes: Probes) -> dict[str, Cause]:
    """The cause of each wrong parameter of `evidence`, which holds the right ones too.

    A cause that explains a parameter by itself comes first. Where all parameters of a layer are wrong, and
    what lies below, so is dZ, the derivative that reaches it; then the functions in `probes` are asked what
    the layer does with it, and the layers below follow. What fits nothing is "unknown", with the places of
    the error.
    """
    situation = Situation(evidence, probes)
    found: dict[str, Cause] = {}
    origin: str | None = None
    for names, index in situation.groups():
        faulty = [name for name in names if name in situation.wrong]
        if origin is not None:
            found.update({name: _follower(name, origin, found[origin]) for name in faulty})
        elif index is not None and faulty and situation.is_shared(index):
            found.update(_of_layer(situation, index, faulty))
            origin = faulty[0]
        else:
            found.update({name: _alone(situation, index, name) for name in faulty})
    return found


def _of_layer(situation: Situation, index: int, faulty: list[str]) -> dict[str, Cause]:
    """The causes in a layer whose dZ is wrong: one for all, or each its own where none is found."""
    weights = situation.weights(index)
    local = local_cause(weights, situation.around(weights, index))
    shared = shared_cause(situation, index, local)
    if shared is None:
        return {name: _alone(situation, index, name) for name in faulty}
    causes = dict.fromkeys(faulty, shared)
    biases = situation.biases(index)
    if shared is local and biases is not None and biases.name != weights.name:
        # What the weights' own formula explains says nothing of the biases, which may have a fault of theirs.
        own = local_cause(biases, situation.around(biases, index))
        if own is None and shared.name in NOT_OF_DZ:
            own = _alone(situation, index, biases.name)
        if own is not None:
            causes[biases.name] = own
    return causes


def _alone(situation: Situation, index: int | None, name: str) -> Cause:
    """The cause of one wrong parameter beside right ones."""
    wrong = [part for part in situation.parts[name] if part.is_wrong] or situation.parts[name]
    for part in wrong:
        if (cause := local_cause(part, situation.around(part, index))) is not None:
            return cause
    part = wrong[0]
    return (
        low_precision(part, situation.probes)
        or stale.drawn_anew(name, situation.probes)
        or stale.never_moves(name, situation.probes)
        or (another_moment(situation, None) if index is None else _inputs(situation, index, part))
        or _unknown(situation, index, part)
    )


def _inputs(situation: Situation, index: int, part: Comparison) -> Cause | None:
    """Weights that are wrong nearly everywhere, while the biases are right, are given other inputs."""
    biases = situation.biases(index)
    if part is not situation.weights(index) or not part.evidence.is_whole:
        return None
    if biases is None:
        if is_constant(situation.layers[index], part.D, situation.probes):
            return None
        return guessing.without_biases(situation, index)
    if biases.is_wrong or part.wrong.sum() <= MANY * part.valid.sum():
        return None
    return wrong_inputs(situation.layers, index, part.D, situation.probes) or guessing.other_inputs(
        situation, index
    )


def _unknown(situation: Situation, index: int | None, part: Comparison) -> Cause:
    """What can be said of an error that fits nothing: where it lives, and how large it is."""
    name = gradient_name(part.name)
    where = part.place(part.wrong, part.valid) or " everywhere"
    worst = int(np.argmax(np.abs(part.D)))
    place = part.index(worst)
    at = f"[{', '.join(map(str, place))}]" if place else ""
    text = (
        f"{name} is wrong{where}; it fits no known mistake. At worst {name}{at} is {part.A.flat[worst]:.6g} "
        f"and should be {part.N.flat[worst]:.6g}."
    )
    if index is None:
        if part.name == ALONE and part.A.size > 1:
            text += " Given as a dictionary of the layers' arrays, theta would let more be told."
        return Cause("unknown", None, text)
    biases = situation.biases(index)
    if biases is not None and part is situation.weights(index) and not biases.is_wrong:
        right = sentence(gradient_name(biases.name))
        text += f" {right} is right, so dZ of the layer is: look at what it is multiplied with."
    return Cause("unknown", None, text)


def _follower(name: str, origin: str, cause: Cause) -> Cause:
    return Cause(
        cause.name,
        cause.factor,
        f"{sentence(gradient_name(name))} follows from {gradient_name(origin)}: it is computed from what "
        "the layer of "
        f"{origin} passes back.",
    )

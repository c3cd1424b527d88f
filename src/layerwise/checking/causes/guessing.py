"""Without a gradient function: the likeliest cause of a wrong dZ, from arrays and what the cost shows."""

from __future__ import annotations

import numpy as np

from layerwise.checking.causes import lost
from layerwise.checking.causes.hidden_layer import has_dropout
from layerwise.checking.causes.naming import gradient_name, number
from layerwise.checking.causes.output_layer import has_sigmoid
from layerwise.checking.causes.situation import Situation
from layerwise.checking.evidence import Cause

# A sigmoid's derivative is 1/4 at most: once too often it shrinks a gradient, forgotten it leaves one large.
SHRUNK, GROWN = 0.3, 3.3
ASK = "Given as a function of theta, the gradient could be asked."


def likeliest(situation: Situation, index: int) -> Cause | None:
    """What most likely makes dZ of a layer wrong, when no rule explains it."""
    parts = [part for part in (situation.weights(index), situation.biases(index)) if part is not None]
    if all(lost.is_slight(part) for part in parts):
        return lost.slight(parts[0])
    if situation.probes.cost is None:
        return None
    if index + 1 == len(situation.layers):
        return _at_output(situation, index)
    layer, above = situation.layers[index : index + 2]
    dZ = f"dZ{index + 1} is wrong though the layers above are right"
    if has_dropout(layer, above, situation.probes):
        return Cause(
            "dropout-mask",
            None,
            f"{dZ}, and the cost drops units of layer {index + 1}: most likely its mask. {ASK}",
        )
    return Cause(
        "activation-derivative",
        None,
        f"{dZ}, and by no constant: most likely the derivative of layer {index + 1}'s activation. {ASK}",
    )


def without_biases(situation: Situation, index: int) -> Cause | None:
    """The same for a layer without biases, of which only the weights can tell: most of them must be wrong."""
    weights = situation.weights(index)
    if index + 1 == len(situation.layers) or weights.wrong.sum() <= weights.valid.sum() / 2:
        return None
    return Cause(
        "activation-derivative",
        None,
        f"{gradient_name(weights.name)} is wrong nearly everywhere and by no constant, though those above "
        f"are right: most likely the derivative of layer {index + 1}'s activation.",
    )


def _at_output(situation: Situation, index: int) -> Cause:
    weights = situation.weights(index)
    numeric = float(np.linalg.norm(weights.N))
    size = float(np.linalg.norm(weights.A[weights.valid])) / numeric if numeric else float("inf")
    text = "dZ of the last layer is wrong, and by no constant"
    if has_sigmoid(situation.layers[index], situation.probes) and not SHRUNK < size < GROWN:
        how = "taken once too often" if size < 1 else "missing"
        return Cause(
            "activation-derivative",
            None,
            f"{text}; it makes the gradients {number(size)} times as large: most likely the derivative of "
            "the output's "
            f"activation is {how}. {ASK}",
        )
    return Cause(
        "stale",
        None,
        f"{text}: most likely the gradient has other examples, labels or weights of examples than the "
        f"cost. {ASK}",
    )

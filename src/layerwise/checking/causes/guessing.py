"""Without a gradient function: the likeliest cause of a wrong dZ, from arrays and what the cost shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from layerwise.checking.causes import lost
from layerwise.checking.causes.comparison import Comparison
from layerwise.checking.causes.hidden_layer import has_dropout
from layerwise.checking.causes.naming import gradient_name, number
from layerwise.checking.causes.numbers import KEPT
from layerwise.checking.causes.output_layer import has_sigmoid
from layerwise.checking.causes.situation import Situation
from layerwise.checking.evidence import Cause

# A sigmoid's derivative is 1/4 at most: once too often it shrinks a gradient, forgotten it leaves one large.
SHRUNK, GROWN = 0.3, 3.3
# How far chance takes a wrong mask's gradient from what it is on the average; and without a known keep_prob,
# the smallest that is usual, and the least error that any mask makes.
CHANCE, BY_CHANCE = 0.25, 3.0
LEAST_KEPT, SMALLEST_APART = 0.5, 0.05
# Other examples make a gradient larger or smaller by no more than this.
SIMILAR = 8.0
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
    if has_dropout(layer, above, situation.probes) and _could_be_a_mask(
        parts, situation.known.values.get(KEPT)
    ):
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


def _could_be_a_mask(parts: Sequence[Comparison], keep_prob: float | None) -> bool:
    """Whether the gradient is off by as much as a missing mask, or another one, makes it.

    With the units that were dropped, A is N and more that has nothing to do with N, of its size by
    sqrt((1 - p) / p); left unscaled or masked otherwise, it holds a share of N not far below p. So the
    part of A along N is between p and 1 times N, but for chance, and the rest neither nothing nor much.
    """
    A, N = (np.concatenate([np.ravel(array) for array in side]) for side in _sides(parts))
    size = float(np.linalg.norm(N))
    if not size:
        return True
    least, usual = (LEAST_KEPT, 1.0) if keep_prob is None else (keep_prob, np.sqrt(1 / keep_prob - 1))
    share, apart = float(A @ N) / size**2, float(np.linalg.norm(A - N)) / size
    smallest = SMALLEST_APART if keep_prob is None else usual / BY_CHANCE
    return bool(least - CHANCE <= share <= 1 + CHANCE and smallest <= apart <= BY_CHANCE * usual)


def _sides(parts: Sequence[Comparison]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    return [np.where(part.valid, part.A, 0.0) for part in parts], [part.N for part in parts]


def other_inputs(situation: Situation, index: int) -> Cause | None:
    """Weights that are wrong nearly everywhere beside right biases, and not by far: those of the first layer
    have other inputs; those of the last, where the layers below are wrong too, other labels."""
    weights, layers = situation.weights(index), situation.layers
    size = float(np.linalg.norm(weights.A[weights.valid])) / max(float(np.linalg.norm(weights.N)), 1e-300)
    if situation.probes.gradient is not None or not 1 / SIMILAR < size < SIMILAR:
        return None
    if lost.is_slight(weights):
        return lost.slight(weights)
    wrong, right = gradient_name(weights.name), gradient_name(str(layers[index].bias))
    text = f"{wrong} is wrong and {right} is right: most likely"
    if index == 0:
        return Cause(
            "stale", None, f"{text} dZ1 is multiplied with another batch, or in another order. {ASK}"
        )
    if index + 1 == len(layers) and all(layer.weight in situation.wrong for layer in layers[:index]):
        return Cause("stale", None, f"{text} it has the labels of the examples in another order. {ASK}")
    return None


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

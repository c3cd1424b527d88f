"""What dW[l] = dZ[l] A[l-1]' takes for A[l-1], where dZ[l] is known to be right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from layerwise.checking.causes.experiment import gradient_at, shaken, slope_along
from layerwise.checking.causes.hidden_layer import PLACES, has_dropout
from layerwise.checking.causes.layers import Layer
from layerwise.checking.causes.naming import gradient_name
from layerwise.checking.evidence import Cause, Probes

CLOSE = 1e-5


def wrong_inputs(layers: Sequence[Layer], index: int, D: np.ndarray, probes: Probes) -> Cause | None:
    """Why dW is wrong where db is right. `D` = A - N of the weights, as the caller keeps them."""
    layer = layers[index]
    name = gradient_name(layer.weight)
    is_still = is_constant(layer, D, probes)
    if index + 1 == len(layers) > 1 and is_still is False and is_constant(layer, D, probes, layer.names):
        return Cause(
            "stale",
            None,
            f"The gradient of {layer.bias} is right, and {name} off by as much whatever {layer.weight} is: "
            "the labels are others than the cost's, or belong to the examples in another order.",
        )
    if index and has_dropout(layers[index - 1], layer, probes) and not is_still:
        return Cause(
            "dropout-mask",
            None,
            f"d{layer.bias} is right, so dZ{index + 1} is; {name} multiplies it with other inputs than the "
            "cost's. The "
            f"cost drops units of layer {index}: A{index} is taken before dropout, or with another mask.",
        )
    if is_still is not False:
        return None
    if index == 0:
        if not _is_a_product(layer, probes):
            return None
        return Cause(
            "stale",
            None,
            f"The gradient of {layer.bias} is right, so dZ1 is; {name} multiplies it with other inputs "
            "than the cost's: "
            "another batch, or the examples in another order.",
        )
    return _other_activation(layers, index, probes)


def is_constant(
    layer: Layer, D: np.ndarray, probes: Probes, names: Sequence[str] | None = None
) -> bool | None:
    """Whether A - N is the same at other parameters, all of them or those named; None where it is unknown.

    No wrong input leaves it the same.
    """
    if probes.gradient is None or probes.cost is None:
        return None
    there = shaken(probes.theta, 0.3, 3)
    if names is not None:
        there = {name: there[name] if name in names else array for name, array in probes.theta.items()}
    gradient = gradient_at(probes, there)
    if gradient is None:
        return None
    direction = np.zeros_like(there[layer.weight])
    direction[layer.weight_part] = np.sign(D)
    slope, error = slope_along(probes.cost, there, {layer.weight: direction})
    apart = float(np.sum(gradient[layer.weight] * direction)) - slope
    before = float(np.sum(np.abs(D)))
    return bool(np.isfinite(error) and abs(apart - before) <= 1e-4 * abs(before))


def _is_a_product(layer: Layer, probes: Probes) -> bool:
    """Whether dW is dZ times something still: a unit without dZ has no dW."""
    gradient = gradient_at(probes, layer.placed(probes.theta, W=0.0))
    if gradient is None or layer.bias is None:
        return False
    W, b = layer.W(gradient), layer.b(gradient)
    dead = np.abs(b) <= 1e-12 * np.abs(b).max(initial=0)
    return bool(np.all(W[dead] == 0))


def _other_activation(layers: Sequence[Layer], index: int, probes: Probes) -> Cause | None:
    """With W[l-1] = 0 and b[l-1] = c the inputs of layer l are g(c): compare with what dW / db shows."""
    below, layer = layers[index - 1], layers[index]
    if below.bias is None or layer.bias is None:
        return None
    shown = []
    for c in PLACES:
        gradient = gradient_at(probes, below.placed(probes.theta, W=0.0, b=c))
        if gradient is None:
            return None
        W, b = layer.W(gradient), layer.b(gradient)
        size = float(b @ b)
        if size:
            shown.append((c, b @ W / size))
    if shown and all(np.allclose(inputs, c, rtol=1e-3) for c, inputs in shown):
        return Cause(
            "unknown",
            None,
            f"{gradient_name(layer.weight)} is dZ{index + 1} times Z{index}; A{index}, after the "
            "activation, belongs "
            "there.",
        )
    return None

"""Which step of the output layer's backward pass is wrong: its derivative, or the examples it sees.

With W[L] = 0 every example has the same output, set by b[L] alone. The b[L] where the cost is least is then
the average label; there the right db[L] is 0. A wrong derivative multiplies dZ, which leaves 0 as it is;
other examples, or other weights of them, have another average.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from layerwise.checking.causes.experiment import gradient_at
from layerwise.checking.causes.hidden_layer import slopes_in_bias
from layerwise.checking.causes.layers import Layer
from layerwise.checking.causes.naming import gradient_name, number
from layerwise.checking.evidence import Cause, Probes

PLACES = (-1.3, -0.5, 0.4, 1.2)
ZERO = 1e-3
CLOSE = 1e-5


def fault_at_output(layer: Layer, probes: Probes) -> Cause | None:
    """What is wrong in dZ of the last layer, asked of the gradient function."""
    if layer.bias is None or probes.cost is None or probes.gradient is None:
        return None
    start = layer.placed(probes.theta, W=0.0)
    n = layer.b(start).size
    gradients, slopes = [], []
    for place in PLACES:
        there = layer.placed(start, b=place * np.cos(np.arange(n) * (1 + place)))
        gradient = gradient_at(probes, there)
        if gradient is None:
            return None
        gradients.append(layer.b(gradient))
        slopes.append(slopes_in_bias(layer, there, np.eye(n), probes)[0])
    analytic, numeric = np.array(gradients), np.array(slopes)
    size = float(np.linalg.norm(numeric))
    if np.linalg.norm(analytic - numeric) <= CLOSE * size:
        return _other_inputs(layer)
    average = _least_cost(layer, start, probes)
    if average is None or (gradient := gradient_at(probes, layer.placed(start, b=average))) is None:
        return None
    usual = float(np.sqrt(np.mean(np.sum(np.square(analytic), axis=1))))
    left = float(np.linalg.norm(layer.b(gradient)))
    if left <= ZERO * usual:
        return _derivative(layer, analytic, numeric)
    return Cause(
        "stale",
        None,
        f"{gradient_name(str(layer.bias))} is not 0 where the outputs are the cost's average label, but "
        f"{number(left)}: "
        "it belongs to other examples than the cost's, such as another batch, or weighs them otherwise.",
    )


def _other_inputs(layer: Layer) -> Cause:
    return Cause(
        "stale",
        None,
        f"{gradient_name(str(layer.bias))} is right while the layer's inputs are kept from it (its weights "
        "0), and "
        "wrong with them: the gradient has other inputs than the cost, such as another batch or an older "
        "cache.",
    )


def _derivative(layer: Layer, analytic: np.ndarray, numeric: np.ndarray) -> Cause:
    with np.errstate(all="ignore"):
        ratios = (analytic / numeric)[np.abs(numeric) > 1e-6 * np.abs(numeric).max()]
    return Cause(
        "activation-derivative",
        None,
        f"{gradient_name(str(layer.bias))} is 0 where it should be and {number(float(ratios.min()))} to "
        f"{number(float(ratios.max()))} times the right one elsewhere, depending on the output: the "
        "derivative of the "
        "output's activation is missing, or is there once too often, or that of the loss is another loss's.",
    )


def _least_cost(layer: Layer, start: dict[str, np.ndarray], probes: Probes) -> np.ndarray | None:
    cost = probes.cost
    assert cost is not None

    def at(b: np.ndarray) -> float:
        return cost(layer.placed(start, b=b))

    def slopes(b: np.ndarray) -> np.ndarray:
        return slopes_in_bias(layer, layer.placed(start, b=b), np.eye(len(b)), probes)[0]

    begin = np.zeros(layer.b(start).size)
    usual = float(np.linalg.norm(slopes(begin + 1)))
    if not usual:
        return None
    found = minimize(
        lambda b: at(b) / usual,
        begin,
        jac=lambda b: slopes(b) / usual,
        method="BFGS",
        options={"gtol": 1e-7, "maxiter": 60},
    )
    return found.x if float(np.linalg.norm(slopes(found.x))) <= 1e-4 * usual else None


def has_sigmoid(layer: Layer, probes: Probes) -> bool | None:
    """Whether dJ/db[L] is level far out on both sides, as behind a sigmoid; from the cost alone."""
    if layer.bias is None or probes.cost is None:
        return None
    start = layer.placed(probes.theta, W=0.0)
    first = np.eye(1, layer.b(start).size)

    def slope(place: float) -> float:
        return float(slopes_in_bias(layer, layer.placed(start, b=place * first[0]), first, probes)[0][0])

    # Far enough, and not so far that log(1 - A) is that of 0 in somebody's cost.
    level = abs(slope(-16.0) - slope(-13.0)) + abs(slope(13.0) - slope(16.0))
    near = [slope(place) for place in (-1.0, 0.0, 1.0)]
    return level <= 1e-4 * (max(near) - min(near))

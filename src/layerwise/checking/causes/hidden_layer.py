"""What a hidden layer's backward pass does, measured where all its examples are alike.

With W[l] = 0 and b[l] = c every example has the same pre-activation c in layer l, and

    db[l] = g'(c) W[l+1]' db[l+1]

whatever the data. So the cost alone gives g'(c), and shows dropout, which makes examples differ; the gradient
function gives what stands in the place of g'(c), and of W[l+1].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from layerwise.checking.causes.experiment import gradient_at, slope_along
from layerwise.checking.causes.layers import Layer
from layerwise.checking.evidence import Probes

Arrays = Mapping[str, np.ndarray]
PLACES = (-2.3, -1.1, -0.4, 0.3, 0.9, 1.7)
SHIFTS = (0.0, 1.0, -1.0)
ACROSS = 3
CLOSE = 1e-5
SMALL = 1e-9


@dataclass(frozen=True)
class Place:
    """At one pre-activation c: `back` = W[l+1]' db[l+1] (n,), the analytic db[l], and slopes of the cost
    along directions (k, n): the first is that of `back`, the others are at right angles to it."""

    c: float
    arrays: Arrays
    gradient: Arrays
    back: np.ndarray
    analytic: np.ndarray
    directions: np.ndarray
    slopes: np.ndarray
    errors: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @property
    def size(self) -> float:
        return float(np.linalg.norm(self.back))

    @property
    def derivative(self) -> float:
        """g'(c), from the cost."""
        return float(self.slopes[0]) / self.size

    @property
    def used(self) -> float:
        """What stands in the place of g'(c) in the gradient."""
        return float(self.analytic @ self.directions[0]) / self.size

    @property
    def is_dropped(self) -> bool:
        """Whether the cost's slopes leave the direction of `back`, as dropout makes them."""
        limit = 1e-6 * max(self.size, float(np.abs(self.slopes).max())) + 3 * self.errors.max(initial=0)
        return bool(np.any(np.abs(self.slopes[1:]) > limit))

    @property
    def is_along_back(self) -> bool:
        """Whether the analytic db[l] is a multiple of `back`."""
        across = self.analytic - self.used * self.back
        return float(np.linalg.norm(across)) <= CLOSE * max(
            float(np.linalg.norm(self.analytic)), SMALL * self.size
        )

    @property
    def is_right(self) -> bool:
        """Whether the analytic db[l] has the cost's slopes."""
        apart = np.abs(self.directions @ self.analytic - self.slopes)
        return bool(np.all(apart <= CLOSE * np.abs(self.slopes).max() + 1e-7 * self.size + 3 * self.errors))

    @property
    def is_lit(self) -> bool:
        """Whether the cost feels the layer at all: not where its activation is flat."""
        return float(np.linalg.norm(self.slopes)) > 1e-6 * self.size

    @property
    def ratio(self) -> float | None:
        """The r with analytic = r * slopes, None where there is none."""
        if not self.is_lit:
            return None
        seen = self.directions @ self.analytic
        r = float(seen @ self.slopes) / float(self.slopes @ self.slopes)
        return (
            r
            if np.linalg.norm(seen - r * self.slopes) <= CLOSE * np.linalg.norm(seen) + 3 * self.errors.max()
            else None
        )


def places_of(layer: Layer, above: Layer, probes: Probes) -> list[Place]:
    """What is seen at each pre-activation; empty where the functions cannot be asked.

    The layers above must be right. Where nothing comes back through them, their biases are shifted.
    """
    if layer.bias is None or above.bias is None or probes.cost is None or probes.gradient is None:
        return []
    here = gradient_at(probes, probes.theta)
    if here is None:
        return []
    usual = max(float(np.abs(array).max(initial=0.0)) for array in here.values())
    for shift in SHIFTS:
        theta = above.placed(probes.theta, b=above.b(probes.theta) + shift)
        places = [_place(layer, above, theta, c, usual, probes) for c in PLACES]
        seen = [place for place in places if place is not None]
        if len(seen) > len(PLACES) // 2:
            return seen
    return []


def _place(layer: Layer, above: Layer, theta: Arrays, c: float, usual: float, probes: Probes) -> Place | None:
    """What is seen at one pre-activation; None where nothing comes back beside gradients of size `usual`."""
    there = layer.placed(theta, W=0.0, b=c)
    gradient = gradient_at(probes, there)
    if gradient is None:
        return None
    back = above.W(there).T @ above.b(gradient)
    if not np.linalg.norm(back) > SMALL * usual * np.linalg.norm(above.W(there)):
        return None
    directions = _directions(back)
    slopes, errors = slopes_in_bias(layer, there, directions, probes)
    if not np.isfinite(errors).all():
        return None
    return Place(c, there, gradient, back, layer.b(gradient), directions, slopes, errors)


def slopes_in_bias(
    layer: Layer, theta: Arrays, directions: np.ndarray, probes: Probes
) -> tuple[np.ndarray, np.ndarray]:
    """The slopes of the cost along directions (k, n) of a layer's biases, and their errors.   each (k,)"""
    assert layer.bias is not None
    assert probes.cost is not None
    nothing = {layer.bias: np.zeros_like(theta[layer.bias])}
    pairs = []
    for direction in directions:
        step = nothing[layer.bias].copy()
        step[layer.bias_part] = direction.reshape(step[layer.bias_part].shape)
        pairs.append(slope_along(probes.cost, theta, {layer.bias: step}))
    slopes, errors = zip(*pairs, strict=True)
    return np.array(slopes), np.array(errors)


def _directions(back: np.ndarray) -> np.ndarray:
    """`back`, and directions at right angles to it: of length 1, as many as there are up to ACROSS."""
    rng = np.random.default_rng(0)
    many = np.column_stack([back, rng.normal(size=(back.size, min(ACROSS, back.size - 1)))])
    Q, _ = np.linalg.qr(many)
    return (Q * np.sign(Q[:, 0] @ back)).T if Q[:, 0] @ back < 0 else Q.T


def has_dropout(layer: Layer, above: Layer, probes: Probes) -> bool | None:
    """Whether the cost drops units of this layer, from the cost alone; None where it cannot be told.

    Without dropout the slope along d in b[l] is g'(c) times that along W[l+1] d in b[l+1], for every d.
    """
    if layer.bias is None or above.bias is None or probes.cost is None:
        return None
    rng = np.random.default_rng(0)
    for c in (0.9, -0.4):
        there = layer.placed(probes.theta, W=0.0, b=c)
        W = above.W(there)
        if W.shape[1] < 2:
            return None
        directions = rng.normal(size=(3, W.shape[1]))
        below, errors = slopes_in_bias(layer, there, directions, probes)
        beyond, errors_beyond = slopes_in_bias(above, there, directions @ W.T, probes)
        if not (np.isfinite(errors).all() and np.isfinite(errors_beyond).all()):
            continue
        if np.linalg.norm(below) < 1e-9 * np.linalg.norm(beyond) or not np.any(beyond):
            continue
        derivative = float(below @ beyond) / float(beyond @ beyond)
        left = np.linalg.norm(below - derivative * beyond)
        return bool(left > 1e-5 * np.linalg.norm(below) + 5 * (errors.max() + errors_beyond.max()))
    return None

"""200 right gradients that are hard to check: kinks, dead units, extreme scales, every activation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from planted_bugs.collection import Case, gradient_of
from planted_bugs.network import ACTIVATIONS, Network, Parameters, Spec
from planted_bugs.styles import STYLES, Style

LOSSES = ("binary", "softmax", "squared", "squared_sigmoid", "huber")
SCALES = (1e-6, 1e-4, 1e-2, 1.0, 30.0, 1e3, 1e6)
RIGHT_NETWORKS = 200


def right(seed: int, count: int = RIGHT_NETWORKS) -> Iterator[Case]:
    """Networks whose gradient is right wherever the cost has one."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        yield _one(number, rng)


def _one(number: int, rng: np.random.Generator) -> Case:
    hidden = list(ACTIVATIONS)[number % len(ACTIVATIONS)]
    loss = LOSSES[number // len(ACTIVATIONS) % len(LOSSES)]
    outputs = 3 if loss == "softmax" else int(rng.integers(1, 3))
    sizes = (int(rng.integers(2, 6)), *rng.integers(2, 7, size=rng.integers(0, 4)).tolist(), outputs)
    scale = float(rng.choice(SCALES)) if number % 2 else 1.0
    spec = Spec(
        sizes,
        hidden,
        loss,
        m=int(rng.integers(2, 20)),
        penalty=float(rng.choice([0, 0.1, 2.0])),
        keep_prob=float(rng.choice([1, 1, 0.5, 0.8])),
        weighted=bool(rng.random() < 0.3),
        summed=bool(rng.random() < 0.2),
        seed=1000 + number,
        weight_scale=scale,
        input_scale=float(rng.choice([1.0, 1 / scale, 1e-3, 1e3])) if number % 3 == 0 else 1.0,
    )
    net = Network.drawn(spec)
    parameters, hard = _hardened(net, net.parameters(), number)
    style = Style(STYLES[number % len(STYLES)], net)
    return Case(
        f"{list(sizes)} {hidden} {loss} weights x {scale:g}{hard}, {style.kind}",
        "right",
        style.wrap(parameters),
        style.cost(net),
        gradient_of(net, style, None, 0),
        frozenset(),
        frozenset(),
    )


def _hardened(net: Network, parameters: Parameters, number: int) -> tuple[Parameters, str]:
    """Dead units, pre-activations exactly at the kink or a hair away from it, zero biases."""
    if net.depth == 1 or number % 5 == 0:
        return parameters, ""
    (W, b), *rest = [(W.copy(), b.copy()) for W, b in parameters]
    kind = number % 5
    if kind == 1:
        b[0] = -1e3 * np.abs(W).max() * np.abs(net.X).max()
        return [(W, b), *rest], ", a dead unit"
    if kind == 2:
        W[0], b[0] = 0, 0
        return [(W, b), *rest], ", a unit exactly at its kink"
    if kind == 3:
        b[0] = -(W[0] @ net.X[:, 0]) + 1e-9 * np.abs(W).max()
        return [(W, b), *rest], ", an example a hair from the kink"
    return [(W, np.zeros_like(b)), *((W, np.zeros_like(b)) for W, b in rest)], ", biases zero"

"""The planted bugs: every fault in several networks of a fixed collection, or of networks drawn from a seed.

The rules of layerwise were written with the collection in sight; networks drawn from a new seed are held out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from planted_bugs.faults import FAULTS, Fault
from planted_bugs.network import Network, Parameters, Spec
from planted_bugs.styles import Style

COLLECTION = (
    Spec((4, 5, 3, 1), "relu", "binary", m=9, seed=1),
    Spec((3, 5, 5, 3), "tanh", "softmax", m=12, penalty=0.7, seed=2),
    Spec((4, 6, 3), "sigmoid", "softmax", m=10, seed=3),
    Spec((5, 4, 4, 4, 2), "leaky_relu", "squared", m=14, penalty=0.4, seed=4),
    Spec((4, 6, 4, 1), "relu", "binary", m=20, keep_prob=0.7, penalty=0.3, seed=5),
    Spec((3, 6, 5, 3), "elu", "softmax", m=6, keep_prob=0.8, seed=6),
    Spec((6, 5, 1), "gelu", "squared_sigmoid", m=11, seed=7),
    Spec((4, 4, 4, 1), "tanh", "huber", m=15, weighted=True, seed=8),
    Spec((4, 3), "relu", "softmax", m=8, penalty=0.5, seed=9),
    Spec((7, 6, 6, 2), "gelu", "squared", m=17, penalty=0.9, seed=101),
    Spec((5, 8, 4), "relu", "softmax", m=25, seed=102),
    Spec((3, 7, 4, 4, 1), "sigmoid", "binary", m=16, seed=103),
    Spec((6, 6, 6, 3), "leaky_relu", "softmax", m=13, keep_prob=0.6, seed=104),
    Spec((4, 5, 5, 5, 1), "tanh", "squared_sigmoid", m=30, penalty=0.2, keep_prob=0.9, seed=105),
    Spec((5, 1), "relu", "binary", m=23, penalty=1.5, seed=106),
    Spec((8, 9, 2), "softplus", "huber", m=9, seed=107),
    Spec((4, 7, 3), "silu", "softmax", m=19, weighted=True, seed=108),
)
STYLES_OF = ("course", "rows", "columns_named", "torch", "theta")
PER_FAULT = 3
HIDDEN = ("relu", "tanh", "sigmoid", "leaky_relu", "elu", "gelu", "softplus", "silu")
LOSSES = ("binary", "softmax", "squared", "squared_sigmoid", "huber")


def drawn_specs(seed: int, count: int = 14) -> tuple[Spec, ...]:
    """Networks that nobody chose: sizes, activation, examples, penalty, dropout and weights are drawn."""
    rng = np.random.default_rng(seed)
    specs = []
    for number in range(count):
        loss = LOSSES[number % len(LOSSES)]
        width = int(rng.integers(3, 9))
        hidden = [width if rng.random() < 0.6 else int(rng.integers(3, 9)) for _ in range(rng.integers(1, 4))]
        inputs = hidden[0] if rng.random() < 0.4 else int(rng.integers(3, 9))
        outputs = int(rng.integers(3, 6)) if loss == "softmax" else int(rng.integers(1, 4))
        spec = Spec(
            (inputs, *hidden, outputs),
            HIDDEN[(number + int(rng.integers(2)) * 3) % len(HIDDEN)],
            loss,
            m=int(rng.choice([width, *range(6, 40)])),
            penalty=float(rng.choice([0.0, 0.0, 0.3, 1.1])),
            keep_prob=float(rng.choice([1.0, 1.0, 0.5, 0.75, 0.9])),
            weighted=bool(rng.random() < 0.15),
            seed=seed * 1000 + number,
        )
        specs.append(spec)
    return tuple(specs)


@dataclass(frozen=True)
class Case:
    """What a person hands to a checker, and what is the truth about it.

    `gradient` is the function; `culprits` the parameters that may be named, `causes` the right names (both
    empty where the gradient is right).
    """

    name: str
    kind: str
    theta: Any
    cost: Callable[[Any], float]
    gradient: Callable[[Any], Any]
    culprits: frozenset[str]
    causes: frozenset[str]
    tolerance: float = 1e-7


def planted(specs: tuple[Spec, ...], seed: int) -> Iterator[Case]:
    """Each fault in up to three of the networks where it can be made, the layer and the style drawn."""
    rng = np.random.default_rng(seed)
    networks = [Network.drawn(spec) for spec in specs]
    for kind, faults in FAULTS.items():
        for fault in faults:
            able = [net for net in networks if fault.layers(net)]
            order = rng.permutation(len(able))[:PER_FAULT]
            for net in (able[i] for i in order):
                layer = int(rng.choice(list(fault.layers(net))))
                style = Style(str(rng.choice(STYLES_OF)), net)
                yield case_of(fault, kind, net, layer, style)


def case_of(fault: Fault, kind: str, net: Network, layer: int, style: Style) -> Case:
    """One fault at one layer of one network, in one style."""
    weight, bias = style.names(layer)
    return Case(
        f"{fault.name}: layer {layer} of {list(net.spec.sizes)}, {net.spec.hidden}, {net.spec.loss}, "
        f"{style.kind}",
        kind,
        style.wrap(net.parameters()),
        style.cost(net),
        gradient_of(net, style, fault, layer),
        frozenset(name for letter, name in (("W", weight), ("b", bias)) if letter in fault.wrong),
        frozenset(fault.causes),
        fault.tolerance,
    )


def gradient_of(net: Network, style: Style, fault: Fault | None, layer: int) -> Callable[[Any], Any]:
    """The person's gradient function, with the fault in it."""

    def gradient(theta: Any) -> Any:
        parameters = style.unwrap(theta)
        return style.wrap(_spoiled(net, parameters, fault, layer))

    return gradient


def _spoiled(net: Network, parameters: Parameters, fault: Fault | None, layer: int) -> Parameters:
    with np.errstate(all="ignore"):
        if fault is None:
            return net.gradient(parameters)
        if fault.whole is not None:
            return fault.whole(net, parameters)
        assert fault.hooks is not None
        return net.gradient(parameters, fault.hooks(layer))

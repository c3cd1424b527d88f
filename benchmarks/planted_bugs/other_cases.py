"""The other models' mistakes, and the chains' where they are hard to see: far from the usual scale."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from planted_bugs.collection import Case, case_of, gradient_of
from planted_bugs.faults import FAULTS
from planted_bugs.network import Network, Spec
from planted_bugs.other_models import BUGS
from planted_bugs.styles import Style

OFFSETS = (0.0, 1e6)
FAR = (1e-6, 1e-4, 30.0, 1e3)
FAR_FAULTS = {
    "dW twice too large": 1, "db with the wrong sign": 1, "a hidden dZ 3 times too large": 2,
    "dW transposed": 2, "activation derivative missing": 1, "L2 forgotten in one layer": 2,
}  # fmt: skip


def other_models(seed: int) -> Iterator[Case]:
    """Every mistake of every other model; once as it is, and once with a million added to the cost."""
    for model, bugs in BUGS.items():
        theta, cost, gradient = model(np.random.default_rng(seed))
        for bug, (culprits, causes) in bugs.items():
            for offset in OFFSETS:
                yield Case(
                    f"{model.__name__}: {bug}, cost + {offset:g}",
                    model.__name__,
                    theta,
                    _raised(cost, offset),
                    partial(gradient, bug=bug),
                    frozenset(culprits),
                    frozenset(causes),
                )


def far_away(seed: int) -> Iterator[Case]:
    """Mistakes in networks with weights of 1e-6 to 1e3, where rounding and saturation hide most."""
    named = {fault.name: fault for faults in FAULTS.values() for fault in faults}
    for scale in FAR:
        for hidden in ("tanh", "relu", "leaky_relu"):
            spec = Spec((5, 6, 6, 3), hidden, "softmax", m=14, penalty=0.2, seed=seed, weight_scale=scale)
            net = Network.drawn(spec)
            for name, layer in FAR_FAULTS.items():
                case = case_of(named[name], f"weights x {scale:g}", net, layer, Style("course", net))
                if _shows(case, net):
                    yield case


def _shows(case: Case, net: Network) -> bool:
    """Whether the mistake makes a difference: tanh' is 1 to twelve digits at weights of 1e-6."""
    right, wrong = gradient_of(net, Style("course", net), None, 0)(case.theta), case.gradient(case.theta)
    return any(
        np.linalg.norm(right[name] - wrong[name]) > 1e-6 * np.linalg.norm(right[name]) for name in right
    )


def right_models(seed: int) -> Iterator[Case]:
    """The other models without a mistake, at scales from 1e-3 to 1e3."""
    for model in BUGS:
        for scale in (1e-3, 1.0, 1e3):
            theta, cost, gradient = model(np.random.default_rng(seed))
            scaled = {k: scale * v for k, v in theta.items()} if isinstance(theta, dict) else scale * theta
            with np.errstate(all="ignore"):
                if not np.isfinite(cost(scaled)):
                    continue
            for offset in OFFSETS:
                name = f"{model.__name__} x {scale:g}, cost + {offset:g}"
                yield Case(name, "right", scaled, _raised(cost, offset), gradient, frozenset(), frozenset())


def _raised(cost: Callable[[Any], float], offset: float) -> Callable[[Any], float]:
    """The cost with a constant added, as a person's likelihood may have one."""
    return lambda theta: cost(theta) + offset

"""The note's gradient checks (its section 2.3): one dimension, and a network with and without bugs."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from layerwise.course import gradient_checking as course

TOLERANCE = 2e-7
EPSILONS = tuple(10.0**-power for power in range(1, 13))
SIZES = (4, 5, 3, 1)
BUGS = {"dW2": 2.0, "db1": 4.0}

Arrays = dict[str, np.ndarray]


class Network(NamedTuple):
    """The course's case: X (4, 3), Y (1, 3), parameters of [4, 5, 3, 1] and the right gradient."""

    X: np.ndarray
    Y: np.ndarray
    parameters: Arrays
    gradients: Arrays


@dataclass(frozen=True)
class Check:
    """One row: what was checked, the note's difference, the one published, and what the rule says of it.

    factors: for each gradient, how many times too large it is: its projection on the central differences.
    """

    model: str
    difference: float
    published: float | None
    factors: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_correct(self) -> bool:
        return self.difference <= TOLERANCE

    @property
    def wrong(self) -> dict[str, float]:
        """The gradients whose factor is not 1, where the check fails."""
        return {} if self.is_correct else {n: f for n, f in self.factors.items() if abs(f - 1) > 1e-3}

    def comment_in(self, language: str) -> str:
        """ "correct", or which gradient is wrong and by how much."""
        if self.is_correct:
            return "correct" if language == "en" else "正确"
        if not self.wrong:
            return "wrong" if language == "en" else "有误"
        word = "{} is {:.1f} times too large" if language == "en" else "{} 是应有值的 {:.1f} 倍"
        parts = [word.format(name, factor) for name, factor in self.wrong.items()]
        return (", " if language == "en" else "，").join(parts)

    @property
    def comment(self) -> str:
        return self.comment_in("en")

    def document(self) -> dict[str, Any]:
        """The row as it stands in results.json: a check has no accuracy and no cost curve."""
        return {
            "model": self.model,
            "train_accuracy": None,
            "test_accuracy": None,
            "comment": self.comment,
            "difference": self.difference,
            "published_difference": self.published,
            "factors": dict(self.factors),
            "cost": [],
        }


def the_courses_network() -> Network:
    """Drawn from NumPy's legacy seed 1, in the course's order."""
    legacy = np.random.RandomState(1)
    X, Y = legacy.randn(SIZES[0], 3), np.array([[1.0, 1.0, 0.0]])
    parameters: Arrays = {}
    for layer, (n_prev, n) in enumerate(pairwise(SIZES), start=1):
        parameters[f"W{layer}"] = legacy.randn(n, n_prev)
        parameters[f"b{layer}"] = legacy.randn(n, 1)
    _, cache = course.forward_propagation_n(X, Y, parameters)
    return Network(X, Y, parameters, course.backward_propagation_n(X, Y, cache))


def with_bugs(gradients: Arrays) -> Arrays:
    """The course's two planted bugs: dW2 twice and db1 four times as large as they should be."""
    return {name: array * BUGS.get(name, 1.0) for name, array in gradients.items()}


def difference_of(network: Network, gradients: Arrays, epsilon: float = 1e-7) -> float:
    """The note's difference, without the line that its function prints."""
    with contextlib.redirect_stdout(io.StringIO()):
        return course.gradient_check_n(network.parameters, gradients, network.X, network.Y, epsilon)


def one_dimension(x: float = 2.0, theta: float = 4.0, epsilon: float = 1e-7) -> float:
    """The note's difference for J = theta x."""
    with contextlib.redirect_stdout(io.StringIO()):
        return course.gradient_check(x, theta, epsilon)


def central_differences(network: Network, epsilon: float = 1e-6) -> Arrays:
    """(J(theta + epsilon) - J(theta - epsilon)) / (2 epsilon) for every parameter, named dW1, db1, ..."""
    found: Arrays = {}
    for name, array in network.parameters.items():
        slopes = np.empty_like(array)
        for index in np.ndindex(array.shape):
            costs = []
            for sign in (1, -1):
                moved = array.copy()
                moved[index] += sign * epsilon
                cost, _ = course.forward_propagation_n(
                    network.X, network.Y, {**network.parameters, name: moved}
                )
                costs.append(float(cost))
            slopes[index] = (costs[0] - costs[1]) / (2 * epsilon)
        found[f"d{name}"] = slopes
    return found


def factors_of(network: Network, gradients: Arrays) -> dict[str, float]:
    """How many times too large each gradient is: <g, d> / <d, d>, d the central differences; those of a layer
    that is dead on these examples have none."""
    found = {}
    for name, slopes in central_differences(network).items():
        size = float(np.vdot(slopes, slopes))
        if size > 0:
            found[name] = float(np.vdot(gradients[name], slopes)) / size
    return found


def run_gradient_study() -> list[Check]:
    """The note's three checks."""
    network = the_courses_network()
    bugs = with_bugs(network.gradients)
    return [
        Check("One dimension: J = theta x, x = 2, theta = 4", one_dimension(), 2.919335883291695e-10),
        Check(
            "3-layer NN with the course's two bugs",
            difference_of(network, bugs),
            0.285093156781,
            factors_of(network, bugs),
        ),
        Check(
            "3-layer NN without them",
            difference_of(network, network.gradients),
            1.18904178788e-07,
            factors_of(network, network.gradients),
        ),
    ]


def over_epsilons() -> list[tuple[float, float]]:
    """(epsilon, the note's difference) of the right gradient, for epsilon from 0.1 to 1e-12."""
    network = the_courses_network()
    return [(epsilon, difference_of(network, network.gradients, epsilon)) for epsilon in EPSILONS]

"""Random networks with data, and what it means that a gradient is right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from layerwise.formulas.activations import ACTIVATIONS
from layerwise.formulas.losses import LOSSES
from layerwise.network.architecture import Architecture
from layerwise.network.objective import Objective, cost, cost_and_gradient
from layerwise.network.parameters import flat_vector, named_views
from layerwise.network.propagation import Dropout

STEP = 1e-6


@dataclass
class Case:
    """A network, a batch and what is minimised. X (n[0], m), Y (n[L], m), theta (parameter_count,)."""

    architecture: Architecture
    objective: Objective
    theta: np.ndarray
    X: np.ndarray
    Y: np.ndarray
    weights: np.ndarray | None = None
    dropouts: list[Dropout | None] | None = None

    def cost(self, theta: np.ndarray | None = None) -> float:
        parameters = named_views(self.theta if theta is None else theta, self.architecture)
        return cost(
            self.objective, parameters, self.architecture, self.X, self.Y, self.weights, self.dropouts
        )

    def cost_and_gradient(self) -> tuple[float, np.ndarray]:
        value, grads = cost_and_gradient(
            self.objective,
            named_views(self.theta, self.architecture),
            self.architecture,
            self.X,
            self.Y,
            self.weights,
            self.dropouts,
        )
        named = {name.removeprefix("d"): gradient for name, gradient in grads.items()}
        return value, flat_vector(named, self.architecture, self.theta.dtype)

    def gradient(self) -> np.ndarray:
        return self.cost_and_gradient()[1]

    def of_examples(self, chosen) -> Case:
        """The same network on some of the examples."""
        return Case(
            self.architecture,
            self.objective,
            self.theta,
            self.X[:, chosen],
            self.Y[:, chosen],
            None if self.weights is None else self.weights[chosen],
            self.dropouts
            and [each and Dropout(each.kept[:, chosen], each.keep_prob) for each in self.dropouts],
        )


def random_case(
    seed: int,
    sizes: tuple[int, ...],
    activations: tuple[str, ...],
    objective: Objective,
    *,
    examples: int = 5,
    weighted: bool = False,
    keep_prob: float = 1.0,
) -> Case:
    """Parameters (biases too) and data drawn from a normal distribution, targets as the loss takes them."""
    generator = np.random.default_rng(seed)
    architecture = Architecture(sizes, activations)
    theta = generator.normal(0, 0.8, architecture.parameter_count)
    X = generator.normal(0, 1, (sizes[0], examples))
    if objective.loss == "binary_cross_entropy":
        Y = generator.choice([0.0, 1.0, 0.05, 0.7], (sizes[-1], examples))
    elif objective.loss == "poisson":
        Y = generator.poisson(2.0, (sizes[-1], examples)).astype(float)
    elif objective.loss == "softmax_cross_entropy":
        Y = generator.dirichlet(np.full(sizes[-1], 0.4), examples).T
    else:
        Y = generator.normal(0, 1.5, (sizes[-1], examples))
    dropouts: list[Dropout | None] | None = None
    if keep_prob < 1:
        dropouts = [Dropout(generator.random((n, examples)) < keep_prob, keep_prob) for n in sizes[1:-1]]
        dropouts.append(None)
    weights = generator.choice([0.5, 1.0, 2.5], examples) if weighted else None
    return Case(architecture, objective, theta, X, Y, weights, dropouts)


@st.composite
def cases(draw, *, penalties: bool = True, dropout: bool = True) -> Case:
    """Any plain network: 1 to 4 layers of 1 to 6 units, an activation for each, any loss it may have."""
    depth = draw(st.integers(1, 4))
    sizes = tuple(draw(st.integers(1, 6)) for _ in range(depth + 1))
    # exp, meant for outputs, overflows as soon as one layer of it feeds another.
    names = st.sampled_from(sorted(set(ACTIVATIONS) - {"exp"}))
    loss = draw(st.sampled_from(sorted(LOSSES)))
    output = LOSSES[loss].activation or draw(names)
    strengths = st.sampled_from([0.0, 0.7]) if penalties else st.just(0.0)
    return random_case(
        draw(st.integers(0, 2**32 - 1)),
        sizes,
        (*(draw(names) for _ in range(depth - 1)), output),
        Objective(loss, draw(strengths), draw(strengths), draw(st.sampled_from([0.3, 1.0, 5.0]))),
        examples=draw(st.integers(1, 7)),
        weighted=draw(st.booleans()),
        keep_prob=draw(st.sampled_from([0.5, 0.86, 1.0])) if dropout else 1.0,
    )


def wrong_coordinates(case: Case, gradient: np.ndarray) -> np.ndarray:
    """The coordinates where `gradient` does not lie between the cost's slopes to the left and to the right.

    Where the cost is smooth the two slopes agree to STEP times its curvature, and their middle is the central
    difference; where it has a kink (ReLU, an L1 penalty) the slopes differ and the derivative is one of them
    or, by convention, a value between. So kinks need no exception, and nothing is skipped.
    """
    here = case.cost()
    wrong = []
    for i in range(case.theta.size):
        shifted = case.theta.copy()
        shifted[i] = case.theta[i] + STEP
        right = (case.cost(shifted) - here) / STEP
        shifted[i] = case.theta[i] - STEP
        left = (here - case.cost(shifted)) / STEP
        allowed = 1e-7 * (1 + abs(here) + abs(gradient[i]))
        if not min(left, right) - allowed <= gradient[i] <= max(left, right) + allowed:
            wrong.append(i)
    return np.array(wrong, dtype=int)

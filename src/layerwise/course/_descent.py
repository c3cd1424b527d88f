"""Batch gradient descent as the course's models do it: all examples in every step, a line now and then."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from layerwise.course._cross_entropy import cross_entropy
from layerwise.course._relu_network import network_of
from layerwise.errors import TrainingError
from layerwise.formulas.optimizers import gradient_descent
from layerwise.network.architecture import Architecture
from layerwise.network.objective import Objective, cost_and_gradient, penalty
from layerwise.network.propagation import Dropout, forward


def printed_cost(objective: Objective, parameters, architecture: Architecture, X, Y, dropouts=None) -> float:
    """The cost that the course prints: from the output A[L], so infinite where A[L] is wrong and rounds to 0
    or 1. Training does not need it: the gradient comes from Z[L]."""
    AL = forward(X, parameters, architecture.activations, dropouts)[-1].A
    return cross_entropy(AL, Y) + penalty(objective, parameters, Y.shape[1])


def descend(
    X: np.ndarray,
    Y: np.ndarray,
    parameters: dict[str, np.ndarray],
    *,
    learning_rate: float,
    num_iterations: int,
    every: int,
    report: Callable[[int, float], None] | None,
    l2: float = 0.0,
    dropouts: Sequence[Dropout | None] | None = None,
) -> dict[str, np.ndarray]:
    """The parameters after `num_iterations` steps W = W - learning_rate dW; `parameters` is left as it is.

    `report` gets (iteration, cost before that iteration's step) at every `every`-th iteration. `dropouts` are
    the masks, the same in every iteration. Raises TrainingError where the cost is no longer finite.
    """
    architecture, objective = network_of(parameters), Objective("binary_cross_entropy", l2=l2)
    with np.errstate(over="ignore", invalid="ignore"):
        for iteration in range(num_iterations):
            if report is not None and iteration % every == 0:
                report(iteration, printed_cost(objective, parameters, architecture, X, Y, dropouts))
            cost, grads = cost_and_gradient(objective, parameters, architecture, X, Y, dropouts=dropouts)
            stop_unless_finite(cost, f"iteration {iteration}", learning_rate)
            parameters = {
                name: gradient_descent(value, grads[f"d{name}"], learning_rate)[0]
                for name, value in parameters.items()
            }
    return parameters


def stop_unless_finite(cost: float, when: str, learning_rate: float) -> None:
    """Raise TrainingError where the cost is not finite; taken from Z[L], it is never infinite by rounding."""
    if not math.isfinite(cost):
        raise TrainingError(
            f"the cost is {cost} at {when}: training has diverged; try a learning_rate "
            f"below {learning_rate:g}"
        )

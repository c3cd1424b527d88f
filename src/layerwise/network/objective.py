"""What training minimises: the mean loss of a batch and the penalties on its weights, with the gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from layerwise.errors import InputError, nearest
from layerwise.formulas.activations import activation_backward
from layerwise.formulas.losses import LOSSES, Loss, mean_over_examples
from layerwise.formulas.regularizers import l1_gradient, l1_penalty, l2_gradient, l2_penalty
from layerwise.network.architecture import Architecture
from layerwise.network.propagation import Dropout, LayerCache, backward, forward


@dataclass(frozen=True)
class Objective:
    """J = mean loss + lambda2 / (2 m) sum W^2 + lambda1 / m sum |W|, m the examples of the batch.

    `delta` is Huber's. Raises InputError for an unknown loss or a negative strength.
    """

    loss: str
    l2: float = 0.0
    l1: float = 0.0
    delta: float = 1.0

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise InputError(f"unknown loss {self.loss!r}; {nearest(self.loss, LOSSES)}")
        for name in ("l2", "l1"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= 0):
                raise InputError(f"{name} is {value!r}; expected a finite number of at least 0")
        if not (np.isfinite(self.delta) and self.delta > 0):
            raise InputError(f"delta is {self.delta!r}; expected a finite number above 0")

    @property
    def formula(self) -> Loss:
        return LOSSES[self.loss]

    @property
    def settings(self) -> tuple[float, ...]:
        """The loss's own settings, in the order its formula takes them."""
        return tuple(getattr(self, name) for name in self.formula.settings)

    def check(self, architecture: Architecture) -> None:
        """Raise InputError unless the loss belongs to the architecture's output activation."""
        needed, found = self.formula.activation, architecture.activations[-1]
        if needed is not None and needed != found:
            raise InputError(f"the loss {self.loss} needs the output activation {needed}; found {found}")


def losses_of(objective: Objective, Z, A, Y):
    """The loss of each example, (m,): summed over the outputs.   Z, A, Y (n[L], m)"""
    formula = objective.formula
    source = Z if formula.of == "pre-activation" else A
    losses = formula.function(source, Y, *objective.settings)
    return losses.sum(axis=0) if losses.ndim == 2 else losses


def output_backward(objective: Objective, last: LayerCache, Y):
    """dZ of the output layer, of the sum over examples.   (n[L], m)"""
    formula = objective.formula
    if formula.of == "pre-activation":
        return formula.derivative(last.Z, Y)
    return activation_backward(
        last.activation, formula.derivative(last.A, Y, *objective.settings), last.Z, last.A
    )


def penalty(objective: Objective, parameters: Mapping[str, np.ndarray], m: float) -> float:
    """lambda2 / (2 m) sum W^2 + lambda1 / m sum |W|   (the note, figure 19)."""
    total = 0.0
    for name, W in parameters.items():
        if name.startswith("W"):
            if objective.l2:
                total += float(l2_penalty(W, objective.l2 / m).sum(dtype=np.float64))
            if objective.l1:
                total += float(l1_penalty(W, objective.l1 / m).sum(dtype=np.float64))
    return total


def cost(
    objective: Objective,
    parameters: Mapping[str, np.ndarray],
    architecture: Architecture,
    X: np.ndarray,
    Y: np.ndarray,
    weights: np.ndarray | None = None,
    dropouts: Sequence[Dropout | None] | None = None,
) -> float:
    """J.   X (n[0], m), Y (n[L], m), weights (m,) or None."""
    last = forward(X, parameters, architecture.activations, dropouts)[-1]
    return batch_cost(objective, parameters, last, Y, weights)


def batch_cost(objective: Objective, parameters, last: LayerCache, Y, weights) -> float:
    """J from the last layer's cache."""
    m = Y.shape[1] if weights is None else float(weights.sum(dtype=np.float64))
    data = mean_over_examples(losses_of(objective, last.Z, last.A, Y).astype(np.float64), weights)
    return float(data) + penalty(objective, parameters, m)


def cost_and_gradient(
    objective: Objective,
    parameters: Mapping[str, np.ndarray],
    architecture: Architecture,
    X: np.ndarray,
    Y: np.ndarray,
    weights: np.ndarray | None = None,
    dropouts: Sequence[Dropout | None] | None = None,
) -> tuple[float, dict[str, np.ndarray]]:
    """J and {"dW1", "db1", ...}, with the gradients of the penalties added to the weights' own."""
    caches = forward(X, parameters, architecture.activations, dropouts)
    dZ = output_backward(objective, caches[-1], Y)
    m: float = Y.shape[1]
    if weights is not None:
        total = float(weights.sum(dtype=np.float64))
        dZ = dZ * (weights * (m / total)).astype(dZ.dtype)
        m = total
    grads = backward(dZ, caches)
    for name in grads:
        if name.startswith("dW"):
            W = parameters[name[1:]]
            if objective.l2:
                grads[name] = grads[name] + l2_gradient(W, objective.l2 / m)
            if objective.l1:
                grads[name] = grads[name] + l1_gradient(W, objective.l1 / m)
    return batch_cost(objective, parameters, caches[-1], Y, weights), grads

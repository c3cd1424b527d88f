"""Losses of one output against its target, and their derivatives.

The cross-entropies and Poisson's deviance are taken from the pre-activation z, so that log(0) never happens;
squared error and Huber's loss are taken from the output a. The cost of a batch is the mean over its examples,
weighted where examples have weights, of the sum over outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerwise.formulas.activations import sigmoid, softmax, softplus

SMALLEST_COUNT = 1e-30


def binary_cross_entropy(z, y):
    """-(y log a + (1 - y) log(1 - a)) with a = sigmoid(z), written as

        max(z, 0) - z y + log(1 + exp(-|z|))

    Elementwise; y in [0, 1]. Source: the note, figure 6, rearranged so that it is finite for any finite z and
    a small loss is not lost beside a large z.
    """
    return np.maximum(z, 0) - z * y + softplus(-np.abs(z))


def binary_cross_entropy_derivative(z, y):
    """dL/dz = sigmoid(z) - y   (the note: dZ = A - Y)."""
    return sigmoid(z) - y


def squared_error(a, y):
    """(a - y)^2 / 2. Elementwise."""
    return 0.5 * (a - y) * (a - y)


def squared_error_derivative(a, y):
    """dL/da = a - y."""
    return a - y


def huber(a, y, delta):
    """(a - y)^2 / 2 where |a - y| <= delta, else delta (|a - y| - delta / 2). Source: Huber 1964."""
    r = np.minimum(np.abs(a - y), delta)
    return r * (np.abs(a - y) - 0.5 * r)


def huber_derivative(a, y, delta):
    """dL/da = a - y, held to [-delta, delta]."""
    return np.minimum(np.maximum(a - y, -delta), delta)


def poisson(z, y):
    """Half the Poisson deviance of counts y against their mean a = exp(z):

        y log(y / a) - y + a  =  a - y z + y log y - y

    Elementwise; y >= 0, and y log y is 0 at y = 0. Source: Nelder & Wedderburn 1972.
    """
    return np.exp(z) - y * z + (y * np.log(np.maximum(y, SMALLEST_COUNT)) - y)


def poisson_derivative(z, y):
    """dL/dz = exp(z) - y."""
    return np.exp(z) - y


def softmax_cross_entropy(Z, Y):
    """-sum_k Y_k log A_k with A = softmax(Z), from Z by log-sum-exp.   Z, Y (n, m) -> (m,)

    The columns of Y are distributions: they sum to 1 (one-hot, or smoothed). So the column's maximum may be
    taken off Z in both terms, and a small loss is not lost beside a large Z.
    """
    below = Z - Z.max(axis=0)
    return np.log(np.exp(below).sum(axis=0)) - (Y * below).sum(axis=0)


def softmax_cross_entropy_derivative(Z, Y):
    """dL/dZ = softmax(Z) - Y.   (n, m)"""
    return softmax(Z) - Y


def mean_over_examples(losses, weights=None):
    """sum_i w_i L_i / sum_i w_i; the plain mean where no weights are given.   losses, weights (m,)"""
    if weights is None:
        return losses.mean()
    return (weights * losses).sum() / weights.sum()


def smooth_labels(Y, smoothing):
    """(1 - s) Y + s / K, K classes.   Y (K, m) one-hot, or (1, m) of 0 and 1 with K = 2.

    Source: Szegedy et al. 2016, section 7.
    """
    classes = max(Y.shape[0], 2)
    return (1 - smoothing) * Y + smoothing / classes


@dataclass(frozen=True)
class Loss:
    """One loss: the pair (L, L'), what it is taken `of`, and the output activation it belongs to.

    of="pre-activation": L(z, y), and `activation` is implied (sigmoid, softmax or exp).
    of="output": L(a, y), after any activation.
    """

    name: str
    function: Callable[..., Any]
    derivative: Callable[..., Any]
    of: str
    activation: str | None = None
    settings: tuple[str, ...] = ()

    @property
    def elementwise(self) -> bool:
        """Whether each output has a loss of its own (not so for softmax cross-entropy)."""
        return self.activation != "softmax"


LOSSES: dict[str, Loss] = {
    loss.name: loss
    for loss in (
        Loss(
            "binary_cross_entropy",
            binary_cross_entropy,
            binary_cross_entropy_derivative,
            "pre-activation",
            "sigmoid",
        ),
        Loss(
            "softmax_cross_entropy",
            softmax_cross_entropy,
            softmax_cross_entropy_derivative,
            "pre-activation",
            "softmax",
        ),
        Loss("squared_error", squared_error, squared_error_derivative, "output"),
        Loss("poisson", poisson, poisson_derivative, "pre-activation", "exp"),
        Loss("huber", huber, huber_derivative, "output", settings=("delta",)),
    )
}

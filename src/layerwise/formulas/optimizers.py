"""Optimizers: one step of each as an elementwise rule.

A rule takes (weight, *slots, gradient, rate, *constants) and returns (weight, *slots): scalars, or arrays
of one shape. Slots are what the optimizer remembers of each parameter, and start at 0. Constants are the
same for all parameters at one step; `Optimizer.constants` makes them from the settings and the step
number t = 1, 2, ...
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


def gradient_descent(weight, gradient, rate):
    """W = W - rate dW.   (the note, figures 13 and 27)   Returns (weight,)."""
    return (weight - rate * gradient,)


def momentum(weight, velocity, gradient, rate, beta):
    """One step of gradient descent with momentum, the note's form (figure 30).

        v = beta v + (1 - beta) dW        W = W - rate v

    Elementwise: scalars, or arrays of one shape. Returns the new (weight, velocity).
    Source: Polyak 1964; the (1 - beta) factor as in the note, so `rate` keeps its meaning for any beta.
    """
    velocity = gradient + beta * (velocity - gradient)
    return weight - rate * velocity, velocity


def classical_momentum(weight, velocity, gradient, rate, beta):
    """v = beta v - rate dW        W = W + v.   Returns (weight, velocity).

    Without the note's (1 - beta) the step grows to rate / (1 - beta). Source: Polyak 1964; Sutskever et al.
    2013, equations 1 and 2.
    """
    velocity = beta * velocity - rate * gradient
    return weight + velocity, velocity


def nesterov(weight, velocity, gradient, rate, beta):
    """v = beta v - rate dW        W = W + beta v - rate dW.   Returns (weight, velocity).

    Source: Nesterov 1983, in the form of Bengio et al. 2013 that takes the gradient at W itself.
    """
    velocity = beta * velocity - rate * gradient
    return weight + (beta * velocity - rate * gradient), velocity


def rmsprop(weight, square, gradient, rate, beta, epsilon):
    """s = beta s + (1 - beta) dW^2        W = W - rate dW / (sqrt(s) + epsilon).   Returns (weight, square).

    Source: Tieleman & Hinton 2012.
    """
    square = gradient * gradient + beta * (square - gradient * gradient)
    return weight - rate * gradient / (np.sqrt(square) + epsilon), square


def adam(weight, first, second, gradient, rate, beta1, beta2, epsilon, correction1, correction2):
    """One step of Adam.   (the note, figure 31, with epsilon outside the root as in the paper)

        v = beta1 v + (1 - beta1) dW            s = beta2 s + (1 - beta2) dW^2
        W = W - rate (v / correction1) / (sqrt(s / correction2) + epsilon)

    with correction = 1 - beta^t, see `bias_correction`. Returns (weight, first, second).
    Source: Kingma & Ba 2015, algorithm 1.
    """
    first = gradient + beta1 * (first - gradient)
    second = gradient * gradient + beta2 * (second - gradient * gradient)
    return weight - rate * (first / correction1) / (np.sqrt(second / correction2) + epsilon), first, second


def adam_epsilon_hat(weight, first, second, gradient, rate, beta1, beta2, epsilon, correction):
    """One step of Adam in the paper's order of less work, which scikit-learn and TensorFlow take.

        v = beta1 v + (1 - beta1) dW            s = beta2 s + (1 - beta2) dW^2
        W = W - rate correction v / (sqrt(s) + epsilon)

    with correction = sqrt(1 - beta2^t) / (1 - beta1^t). It is `adam` but for the meaning of epsilon, the
    paper's "epsilon hat", which is not corrected. Returns (weight, first, second).
    Source: Kingma & Ba 2015, the note before section 2.1.
    """
    first = gradient + beta1 * (first - gradient)
    second = gradient * gradient + beta2 * (second - gradient * gradient)
    return weight - rate * correction * first / (np.sqrt(second) + epsilon), first, second


def bias_correction(beta: float, t: int) -> float:
    """1 - beta^t: the weight that a moving average started at 0 has gathered after t steps."""
    return 1.0 - beta**t


def clip_scale(norm, limit):
    """min(1, limit / norm): what a gradient of this norm is multiplied by. Source: Pascanu et al. 2013."""
    return limit / np.maximum(norm, limit)


def adam_constants(t: int, beta1: float, beta2: float, epsilon: float) -> tuple[float, ...]:
    """(beta1, beta2, epsilon, 1 - beta1^t, 1 - beta2^t)."""
    return beta1, beta2, epsilon, bias_correction(beta1, t), bias_correction(beta2, t)


def epsilon_hat_constants(t: int, beta1: float, beta2: float, epsilon: float) -> tuple[float, ...]:
    """(beta1, beta2, epsilon, sqrt(1 - beta2^t) / (1 - beta1^t))."""
    return beta1, beta2, epsilon, bias_correction(beta2, t) ** 0.5 / bias_correction(beta1, t)


def plain_constants(t: int, *settings: float) -> tuple[float, ...]:
    """The settings themselves: nothing changes with t."""
    return settings


@dataclass(frozen=True)
class Optimizer:
    """One optimizer: its rule, what it remembers, its settings in the order that `constants` takes them.

    `linear`: a step is a linear function of gradients, weights and what is remembered of them, so that it is
    the same in any coordinates at right angles. `weight_decay` is the decoupled decay it is known with (AdamW
    is Adam with decay 0.01).
    """

    name: str
    rule: Callable[..., tuple[Any, ...]]
    slots: tuple[str, ...]
    settings: tuple[str, ...]
    constants: Callable[..., tuple[float, ...]] = plain_constants
    weight_decay: float = 0.0
    linear: bool = False


OPTIMIZERS: dict[str, Optimizer] = {
    optimizer.name: optimizer
    for optimizer in (
        Optimizer("gd", gradient_descent, (), (), linear=True),
        Optimizer("momentum", momentum, ("velocity",), ("momentum",), linear=True),
        Optimizer("classical_momentum", classical_momentum, ("velocity",), ("momentum",), linear=True),
        Optimizer("nesterov", nesterov, ("velocity",), ("momentum",), linear=True),
        Optimizer("rmsprop", rmsprop, ("square",), ("beta2", "epsilon")),
        Optimizer("adam", adam, ("first", "second"), ("beta1", "beta2", "epsilon"), adam_constants),
        Optimizer(
            "adam_epsilon_hat",
            adam_epsilon_hat,
            ("first", "second"),
            ("beta1", "beta2", "epsilon"),
            epsilon_hat_constants,
        ),
        Optimizer(
            "adamw",
            adam,
            ("first", "second"),
            ("beta1", "beta2", "epsilon"),
            adam_constants,
            weight_decay=0.01,
        ),
    )
}

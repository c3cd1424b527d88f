"""The fused elementwise loops: each is built from a formula and passes over its arrays once.

Arrays are (examples, units), rows contiguous, of the engine's precision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from layerwise.engine.compiled.formula import compile_formula, compiled
from layerwise.formulas.activations import ACTIVATIONS
from layerwise.formulas.losses import LOSSES
from layerwise.formulas.randomness import is_kept, subkey
from layerwise.formulas.regularizers import inverted_dropout


def activation_loops(name: str, real: str) -> tuple[Callable, Callable]:
    """(add_bias_activate, multiply_derivative) of one activation.

    add_bias_activate(Z, A, b): A = g(Z + b). Where the derivative needs only a, Z and A are one array, read
    and written once; else Z keeps Z + b beside it. multiply_derivative(D, Z, A): in place D = D * g'(Z).
    """
    activation = ACTIVATIONS[name]
    if not activation.elementwise:
        return _softmax_loops()
    function = compile_formula(activation.function, real)
    derivative = compile_formula(activation.derivative, real)

    if activation.needs == "input":

        @compiled
        def add_bias_activate(Z, A, b):
            for i in range(Z.shape[0]):
                for j in range(Z.shape[1]):
                    z = Z[i, j] + b[j]
                    Z[i, j] = z
                    A[i, j] = function(z)

        @compiled
        def multiply_derivative(D, Z, A):
            for i in range(D.shape[0]):
                for j in range(D.shape[1]):
                    D[i, j] *= derivative(Z[i, j], A[i, j])

    else:

        @compiled
        def add_bias_activate(Z, A, b):
            for i in range(A.shape[0]):
                for j in range(A.shape[1]):
                    A[i, j] = function(A[i, j] + b[j])

        @compiled
        def multiply_derivative(D, Z, A):
            for i in range(D.shape[0]):
                for j in range(D.shape[1]):
                    a = A[i, j]
                    D[i, j] *= derivative(a, a)

    return add_bias_activate, multiply_derivative


def _softmax_loops() -> tuple[Callable, Callable]:
    """`formulas.activations.softmax` and `softmax_backward`, a row at a time."""

    @compiled
    def add_bias_softmax(Z, A, b):
        for i in range(A.shape[0]):
            top = A[i, 0] + b[0]
            for j in range(A.shape[1]):
                A[i, j] += b[j]
                top = max(top, A[i, j])
            total = top - top
            for j in range(A.shape[1]):
                A[i, j] = np.exp(A[i, j] - top)
                total += A[i, j]
            for j in range(A.shape[1]):
                A[i, j] /= total

    @compiled
    def multiply_jacobian(D, Z, A):
        for i in range(D.shape[0]):
            inner = D[i, 0] * A[i, 0]
            for j in range(1, D.shape[1]):
                inner += D[i, j] * A[i, j]
            for j in range(D.shape[1]):
                D[i, j] = A[i, j] * (D[i, j] - inner)

    return add_bias_softmax, multiply_jacobian


def activation_switch(names: Sequence[str], real: str) -> tuple[Callable, Callable]:
    """(forward, backward) for a network that uses these activations; the first argument is the position."""
    forward, backward = activation_loops(names[-1], real)

    @compiled
    def last_forward(code, Z, A, b):
        forward(Z, A, b)

    @compiled
    def last_backward(code, D, Z, A):
        backward(D, Z, A)

    forwards: Callable = last_forward
    backwards: Callable = last_backward
    for code in range(len(names) - 2, -1, -1):
        forwards, backwards = _either(code, *activation_loops(names[code], real), forwards, backwards)
    return forwards, backwards


def _either(code: int, forward, backward, other_forward, other_backward) -> tuple[Callable, Callable]:
    @compiled
    def choose_forward(wanted, Z, A, b):
        if wanted == code:
            forward(Z, A, b)
        else:
            other_forward(wanted, Z, A, b)

    @compiled
    def choose_backward(wanted, D, Z, A):
        if wanted == code:
            backward(D, Z, A)
        else:
            other_backward(wanted, D, Z, A)

    return choose_forward, choose_backward


def loss_loop(name: str, real: str) -> Callable:
    """loss_and_derivative(S, Y, weights, total, D, settings) -> sum_i w_i L_i, with D = dL/dS * w_i / total.

    S (m, n) is what the loss is taken of; weights is (m,), or empty for all 1.
    """
    loss = LOSSES[name]
    if not loss.elementwise:
        return _softmax_cross_entropy_loop()
    function = compile_formula(loss.function, real)
    derivative = compile_formula(loss.derivative, real)

    @compiled
    def loss_and_derivative(S, Y, weights, total, D, settings):
        cost = 0.0
        for i in range(S.shape[0]):
            share = np.float64(weights[i]) if weights.size else 1.0
            scale = Y.dtype.type(share / total)
            example = 0.0
            for j in range(S.shape[1]):
                example += np.float64(function(S[i, j], Y[i, j], *settings))
                D[i, j] = derivative(S[i, j], Y[i, j], *settings) * scale
            cost += share * example
        return cost

    return loss_and_derivative


def _softmax_cross_entropy_loop() -> Callable:
    """`formulas.losses.softmax_cross_entropy` and its derivative, a row at a time."""

    @compiled
    def loss_and_derivative(S, Y, weights, total, D, settings):
        cost = 0.0
        for i in range(S.shape[0]):
            share = np.float64(weights[i]) if weights.size else 1.0
            scale = Y.dtype.type(share / total)
            top = S[i, 0]
            for j in range(1, S.shape[1]):
                top = max(top, S[i, j])
            exponentials = top - top
            inner = top - top
            for j in range(S.shape[1]):
                D[i, j] = np.exp(S[i, j] - top)
                exponentials += D[i, j]
                inner += Y[i, j] * (S[i, j] - top)
            for j in range(S.shape[1]):
                D[i, j] = (D[i, j] / exponentials - Y[i, j]) * scale
            cost += share * np.float64(np.log(exponentials) - inner)
        return cost

    return loss_and_derivative


def dropout_loops(real: str) -> tuple[Callable, Callable]:
    """(drop, subkey): drop(A, H, key, threshold, keep_prob) makes H = A * mask / keep_prob.

    H may be A itself. The mask is hashed anew from the key, so the backward pass needs no copy of it.
    """
    kept = compile_formula(is_kept, None)
    dropped = compile_formula(inverted_dropout, real)
    key_of = compile_formula(subkey, None)

    @compiled
    def drop(A, H, key, threshold, keep_prob):
        n = A.shape[1]
        for i in range(A.shape[0]):
            for j in range(n):
                H[i, j] = dropped(A[i, j], kept(key, i * n + j, threshold), keep_prob)

    return drop, key_of

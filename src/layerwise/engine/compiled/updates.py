"""The fused passes over the flat parameter vector: penalties, norms, the optimizer's step, max-norm."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba.np.unsafe.ndarray import to_fixed_tuple

from layerwise.engine.compiled.formula import compile_formula, compiled
from layerwise.formulas.optimizers import Optimizer
from layerwise.formulas.regularizers import (
    decay,
    l1_gradient,
    l1_penalty,
    l2_gradient,
    l2_penalty,
    max_norm_scale,
)


def penalty_loop(real: str) -> Callable:
    """add_penalty(W, G, l2, l1) -> the penalty; in place G += its gradient. One pass over W and G.

    l2 and l1 are lambda / m, of the engine's precision.
    """
    two, one = compile_formula(l2_penalty, real), compile_formula(l1_penalty, real)
    d_two, d_one = compile_formula(l2_gradient, real), compile_formula(l1_gradient, real)

    @compiled
    def add_penalty(W, G, l2, l1):
        penalty = 0.0
        for i in range(W.size):
            w = W[i]
            G[i] += d_two(w, l2) + d_one(w, l1)
            penalty += np.float64(two(w, l2) + one(w, l1))
        return penalty

    return add_penalty


@compiled
def euclidean_norm(G):
    """sqrt(sum G^2), added up in double precision. One pass over G."""
    total = 0.0
    for i in range(G.size):
        total += np.float64(G[i]) * np.float64(G[i])
    return np.sqrt(total)


@compiled
def scale_in_place(G, factor):
    """G *= factor."""
    for i in range(G.size):
        G[i] *= factor


def max_norm_loop() -> Callable:
    """limit_rows(W, limit): in place, no row of W (n, n_prev) is longer than the limit."""
    scale_of = compile_formula(max_norm_scale, "float64")

    @compiled
    def limit_rows(W, limit):
        for i in range(W.shape[0]):
            factor = W.dtype.type(scale_of(euclidean_norm(W[i]), limit))
            for j in range(W.shape[1]):
                W[i, j] *= factor

    return limit_rows


def constants_loop(optimizer: Optimizer) -> Callable:
    """fill_constants(out, t, settings): what the rule needs at step t, computed in double precision."""
    if not optimizer.settings:

        @compiled
        def no_constants(out, t, settings):
            pass

        return no_constants
    constants_at = compile_formula(optimizer.constants, None)

    @compiled
    def fill_constants(out, t, settings):
        constants = constants_at(t, *settings)
        for i in range(len(constants)):
            out[i] = constants[i]

    return fill_constants


def update_loop(optimizer: Optimizer, real: str) -> Callable:
    """update(W, S, G, start, stop, rate, weight_decay, constants): one step of part of the flat vector.

    One pass: reads and writes W (n,) and each of the slots S (slots, n), reads G (n,).
    """
    rule = compile_formula(optimizer.rule, real)
    decayed = compile_formula(decay, real)
    count = len(optimizer.constants(1, *(0.5 for _ in optimizer.settings)))

    if not optimizer.slots:

        @compiled
        def update(W, S, G, start, stop, rate, weight_decay, constants):
            for i in range(start, stop):
                W[i] = rule(decayed(W[i], rate, weight_decay), G[i], rate)[0]

    elif len(optimizer.slots) == 1:

        @compiled
        def update(W, S, G, start, stop, rate, weight_decay, constants):
            values: tuple = to_fixed_tuple(constants, count)  # type: ignore[call-arg]
            slot = S[0]
            for i in range(start, stop):
                W[i], slot[i] = rule(decayed(W[i], rate, weight_decay), slot[i], G[i], rate, *values)

    else:

        @compiled
        def update(W, S, G, start, stop, rate, weight_decay, constants):
            values: tuple = to_fixed_tuple(constants, count)  # type: ignore[call-arg]
            first, second = S[0], S[1]
            for i in range(start, stop):
                W[i], first[i], second[i] = rule(
                    decayed(W[i], rate, weight_decay), first[i], second[i], G[i], rate, *values
                )

    return update

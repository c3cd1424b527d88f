"""The drivers: whole steps of training in one compiled call, for any depth.

A driver is written once, as plain Python over names that are bound when it is built: the loops for this
program's activations, loss, optimizer and precision. The network itself comes as data: a table with a row
for each layer. Nothing is allocated inside the loop over steps.

    layers[l] = (n_prev, n, activation, W start, b start, Z start, A start, H start)

The first four are widths and positions in the flat vector; the last three are positions, per example, in
the work buffer: Z the pre-activation (A itself where it need not be kept), A = g(Z), H = A after dropout
(A itself where the layer drops nothing).
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np
from numba import njit

from layerwise.engine.compiled.disk import keep_on_disk
from layerwise.engine.compiled.formula import compiled, named_apart

LAYER_COLUMNS = 8


def _unbound(*arguments: Any) -> Any:
    raise NotImplementedError("a driver runs only after `bind`")


@compiled
def copy_row(source, i, target, j):
    """target[j] = source[i]. A loop: Numba's own slice assignment brings in code to format its errors."""
    for k in range(source.shape[1]):
        target[j, k] = source[i, k]


# Bound by `bind`; named here so that the drivers below read as plain code.
activate = activate_backward = loss_and_derivative = add_penalty = euclidean_norm = scale_in_place = _unbound
clip_scale = drop = subkey = update = fill_constants = limit_rows = batch_gradient = forward_pass = _unbound


def forward_pass_template(layers, parameters, X, work, keep_probs, thresholds, step_key):
    """Z, A and H of every layer into the work buffer. `step_key` below 0: no dropout."""
    m = X.shape[0]
    previous = X
    for layer in range(layers.shape[0]):
        n_prev, n, code, w, b, z, a, h = layers[layer]
        W = parameters[w : w + n * n_prev].reshape(n, n_prev)
        Z = work[z * m : (z + n) * m].reshape(m, n)
        A = work[a * m : (a + n) * m].reshape(m, n)
        np.dot(previous, W.T, Z)
        activate(code, Z, A, parameters[b : b + n])
        previous = A
        if step_key >= 0 and h != a:
            H = work[h * m : (h + n) * m].reshape(m, n)
            drop(A, H, subkey(step_key, layer + 1), thresholds[layer], keep_probs[layer])
            previous = H


def batch_gradient_template(
    layers, parameters, gradient, X, Y, weights, total, work, deltas, keep_probs, thresholds, step_key,
    l2, l1, loss_settings,
):  # fmt: skip
    """The cost of one mini-batch; its gradient into `gradient`. X (m, n[0]), Y (m, n[L]).

    `total` is the sum of the examples' weights; `deltas` (2, examples * widest layer) holds dZ of the layer
    at hand and of the one below it, by turns.
    """
    m = X.shape[0]
    depth = layers.shape[0]
    forward_pass(layers, parameters, X, work, keep_probs, thresholds, step_key)
    _, n, code, _, _, z, a, _ = layers[depth - 1]
    D = deltas[(depth - 1) % 2, : m * n].reshape(m, n)
    Z = work[z * m : (z + n) * m].reshape(m, n)
    A = work[a * m : (a + n) * m].reshape(m, n)
    cost = loss_and_derivative(A, Y, weights, total, D, loss_settings) / total
    activate_backward(code, D, Z, A)
    for layer in range(depth - 1, -1, -1):
        n_prev, n, _, w, b = layers[layer, :5]
        W = parameters[w : w + n * n_prev].reshape(n, n_prev)
        dW = gradient[w : w + n * n_prev].reshape(n, n_prev)
        db = gradient[b : b + n]
        db[:] = 0
        for i in range(m):
            for j in range(n):
                db[j] += D[i, j]
        if layer == 0:
            np.dot(D.T, X, dW)
        else:
            _, below_n, below_code, _, _, below_z, below_a, below_h = layers[layer - 1]
            dropped = step_key >= 0 and below_h != below_a
            source = below_h if dropped else below_a
            H = work[source * m : (source + below_n) * m].reshape(m, below_n)
            np.dot(D.T, H, dW)
            below_D = deltas[(layer - 1) % 2, : m * below_n].reshape(m, below_n)
            np.dot(D, W, below_D)
            if dropped:
                drop(below_D, below_D, subkey(step_key, layer), thresholds[layer - 1], keep_probs[layer - 1])
            below_Z = work[below_z * m : (below_z + below_n) * m].reshape(m, below_n)
            below_A = work[below_a * m : (below_a + below_n) * m].reshape(m, below_n)
            activate_backward(below_code, below_D, below_Z, below_A)
            D = below_D
        if l2 > 0 or l1 > 0:
            real = parameters.dtype.type
            cost += add_penalty(
                parameters[w : w + n * n_prev],
                gradient[w : w + n * n_prev],
                real(l2 / total),
                real(l1 / total),
            )
    return cost


def run_steps_template(
    layers, parameters, slots, gradient, X, Y, weights, order, batch_size, cost_sum, weight_sum, norm,
    first_step, rates, t, epoch_key,
    work, deltas, gathered_X, gathered_Y, gathered_weights, keep_probs, thresholds, has_dropout,
    l2, l1, loss_settings, optimizer_settings, constants, weight_decay, max_norm, clip_norm,
):  # fmt: skip
    """See `contract.Engine.run_steps`. Returns (cost sum, weight sum, last norm, steps done, t, finite)."""
    real = parameters.dtype.type
    trained = False
    for done in range(rates.size):
        step = first_step + done
        start = step * batch_size
        stop = min(start + batch_size, X.shape[0])
        m = stop - start
        if order.size:
            for i in range(m):
                copy_row(X, order[start + i], gathered_X, i)
                copy_row(Y, order[start + i], gathered_Y, i)
            batch_X, batch_Y = gathered_X[:m], gathered_Y[:m]
        else:
            batch_X, batch_Y = X[start:stop], Y[start:stop]
        total = float(m)
        batch_weights = gathered_weights[:0]
        if weights.size:
            total = 0.0
            for i in range(m):
                gathered_weights[i] = weights[order[start + i] if order.size else start + i]
                total += np.float64(gathered_weights[i])
            batch_weights = gathered_weights[:m]
            if total == 0:
                continue
        step_key = subkey(epoch_key, step) if has_dropout else -1
        cost = batch_gradient(
            layers, parameters, gradient, batch_X, batch_Y, batch_weights, total, work, deltas, keep_probs,
            thresholds, step_key, l2, l1, loss_settings,
        )  # fmt: skip
        if not np.isfinite(cost):
            return cost_sum, weight_sum, np.nan, done, t, False
        trained = True
        if clip_norm > 0:
            norm = euclidean_norm(gradient)
            scale_in_place(gradient, real(clip_scale(norm, clip_norm)))
        t += 1
        fill_constants(constants, t, optimizer_settings)
        rate = real(rates[done])
        for layer in range(layers.shape[0]):
            n_prev, n, _, w, b = layers[layer, :5]
            update(parameters, slots, gradient, w, w + n * n_prev, rate, real(weight_decay), constants)
            update(parameters, slots, gradient, b, b + n, rate, real(0), constants)
            if max_norm > 0:
                limit_rows(parameters[w : w + n * n_prev].reshape(n, n_prev), max_norm)
        cost_sum += cost * total
        weight_sum += total
    if trained and clip_norm == 0:
        norm = euclidean_norm(gradient)
    return cost_sum, weight_sum, norm, rates.size, t, True


def pre_activations_template(layers, parameters, X, out, work, chunk, keep_probs, thresholds):
    """Z[L] of every row into `out`, `chunk` rows at a time.   X (m, n[0]) -> out (m, n[L])"""
    depth = layers.shape[0]
    n, z = layers[depth - 1, 1], layers[depth - 1, 5]
    for start in range(0, X.shape[0], chunk):
        stop = min(start + chunk, X.shape[0])
        m = stop - start
        forward_pass(layers, parameters, X[start:stop], work, keep_probs, thresholds, -1)
        Z = work[z * m : (z + n) * m].reshape(m, n)
        for i in range(m):
            copy_row(Z, i, out, start + i)


def bind(template: Callable, scope: dict[str, Any], name: str | None = None) -> Callable:
    """The template compiled with the names in `scope` bound.

    With a `name`, the machine code is kept on disk under that name, which must say all that the scope
    depends on.
    """
    label = name or template.__name__
    bound = FunctionType(template.__code__, {**template.__globals__, **scope}, label)
    bound.__qualname__ = label
    bound.__module__ = template.__module__
    if name is None:
        named_apart(bound)
    compiled_template = njit(bound, nogil=True, error_model="numpy")
    if name is not None:
        keep_on_disk(compiled_template)
    return compiled_template

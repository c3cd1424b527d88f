"""JAX: whole fits in one jitted call, an epoch being one `lax.scan` over its mini-batches.

Tuned: the update written by hand; state donated; all epochs in one call (or as many as have a million
numbers of order), the orders drawn by NumPy, because sorting on the CPU by XLA costs more than a step of a
small network; a last, smaller mini-batch as a step of its own, so that no shape changes; parameters as a
tree or as one flat vector (fewer small kernels), steps unrolled or not, W stored as it comes or transposed:
each work runs in the way that is fastest for it. Dropout draws from `unsafe_rbg`, which costs a fraction of
threefry. Many seeds by vmap, on one device or cut over as many as there are threads.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.flatten_util import ravel_pytree

from speed.examples import Examples
from speed.runner import Runner, Ways, epoch_orders
from speed.work import Layers, Work

jax.config.update("jax_default_prng_impl", "unsafe_rbg")

ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh}
# Numbers of order handed over in one call.
ORDER_NUMBERS = 2**20
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def _forward(work: Work, layers, x, key=None):
    """Z[L].   W (n_prev, n)"""
    keep = 1.0 - work.dropout
    for index, (W, b) in enumerate(layers[:-1]):
        x = ACTIVATIONS[work.hidden](x @ W + b)
        if key is not None:
            kept = jax.random.bernoulli(jax.random.fold_in(key, index), keep, x.shape)
            x = jnp.where(kept, x / keep, 0)
    W, b = layers[-1]
    return x @ W + b


def _loss(work: Work, layers, x, y, key=None):
    Z = _forward(work, layers, x, key)
    if work.output == "identity":
        loss = jnp.square(Z - y).sum(axis=1) / 2
    elif work.output == "softmax":
        loss = -(y * jax.nn.log_softmax(Z)).sum(axis=1)
    else:
        loss = (jax.nn.softplus(Z) - y * Z).sum(axis=1)
    cost = loss.mean()
    if work.l2:
        cost = cost + work.l2 / (2 * x.shape[0]) * sum(jnp.square(W).sum() for W, _ in layers)
    return cost


def _update(work: Work, parameters, gradient, first, second, t):
    """Of trees or of flat vectors alike."""
    if work.optimizer == "gd":
        return jax.tree.map(lambda p, g: p - work.rate * g, parameters, gradient), first, second
    first = jax.tree.map(lambda m, g: g + BETA1 * (m - g), first, gradient)
    second = jax.tree.map(lambda v, g: g * g + BETA2 * (v - g * g), second, gradient)
    by_first, by_second = 1 / (1 - BETA1**t), 1 / (1 - BETA2**t)

    def step(p, m, v):
        return p - work.rate * (m * by_first) / (jnp.sqrt(v * by_second) + EPSILON)

    return jax.tree.map(step, parameters, first, second), first, second


def _epochs(work: Work, unravel: Callable | None, unroll: int, state, X, Y, orders):
    """All the epochs that there are orders for. state: (parameters, first, second, t, key)"""
    size = work.batch_size
    full, rest = divmod(work.rows, size)

    def step(state, index):
        parameters, first, second, t, key = state
        t = t + 1
        x, y = (X, Y) if index is None else (X[index], Y[index])
        step_key = jax.random.fold_in(key, t.astype(jnp.int32)) if work.dropout else None
        loss = lambda p: _loss(work, p if unravel is None else unravel(p), x, y, step_key)  # noqa: E731
        gradient = jax.grad(loss)(parameters)
        parameters, first, second = _update(work, parameters, gradient, first, second, t)
        return (parameters, first, second, t, key), None

    def epoch(state, order):
        if work.steps_per_epoch == 1:
            return step(state, None)
        batches = order[: full * size].reshape(full, size)
        state, _ = lax.scan(step, state, batches, unroll=min(unroll, full))
        if rest:
            state, _ = step(state, order[full * size :])
        return state, None

    outer = unroll if work.steps_per_epoch == 1 else 1
    return lax.scan(epoch, state, orders, unroll=outer)[0]


def _tree(start: Layers):
    return [(jnp.asarray(W.T), jnp.asarray(b)) for W, b in start]


def _state(parameters, seed: int):
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    return parameters, zeros, jax.tree.map(jnp.copy, zeros), jnp.zeros(()), jax.random.key(seed)


def _chunks(work: Work):
    """How many epochs each call does."""
    together = max(1, min(work.epochs, ORDER_NUMBERS // (work.rows * work.seeds)))
    whole, rest = divmod(work.epochs, together)
    return [together] * whole + [rest] * bool(rest)


def _orders(work: Work, epochs: int, generator: np.random.Generator) -> np.ndarray:
    if work.steps_per_epoch == 1:
        return np.zeros((epochs, 0), np.int32)
    return epoch_orders(work.rows, epochs, generator)


def _read(parameters) -> Layers:
    return [(np.asarray(W).T, np.asarray(b)) for W, b in parameters]


def fit(work: Work, examples: Examples, threads: int) -> Ways:
    X, Y = jnp.asarray(examples.X), jnp.asarray(examples.Y)

    def scan(flat: bool, unroll: int) -> Runner:
        start = _tree(work.start())
        vector, unravel = ravel_pytree(start)
        epochs = jax.jit(partial(_epochs, work, unravel if flat else None, unroll), donate_argnums=0)

        def run():
            generator = np.random.default_rng(0)
            state = _state(jnp.copy(vector) if flat else jax.tree.map(jnp.copy, start), 0)
            for count in _chunks(work):
                state = epochs(state, X, Y, _orders(work, count, generator))
            return jax.block_until_ready(state[0])

        return Runner(run, lambda parameters: _read(unravel(parameters) if flat else parameters))

    small = work.flops / work.steps < 1e7
    unrolls = (1, 4) if small else (1,)
    layouts = (False, True) if small else (False,)
    return {
        f"scan, {'one vector' if flat else 'tree'}, unroll {unroll}": partial(scan, flat, unroll)
        for flat in layouts
        for unroll in unrolls
    }


def seeds(work: Work, examples: Examples, threads: int) -> Ways:
    X, Y = jnp.asarray(examples.X), jnp.asarray(examples.Y)

    def stacked(flat: bool, parts: int) -> Runner:
        """`parts` groups of networks, each by vmap in one call, from a Python thread each."""
        from concurrent.futures import ThreadPoolExecutor

        starts = [_tree(work.start(seed)) for seed in range(work.seeds)]
        _, unravel = ravel_pytree(starts[0])
        groups = np.array_split(np.arange(work.seeds), parts)
        pool = ThreadPoolExecutor(parts)
        epochs = jax.jit(
            jax.vmap(
                partial(_epochs, work, unravel if flat else None, 1),
                in_axes=((0, 0, 0, None, None), None, None, 0),
                out_axes=(0, 0, 0, None, None),
            ),
            donate_argnums=0,
        )

        def group(members: np.ndarray):
            generator = np.random.default_rng(members[0])
            trees = [starts[seed] for seed in members]
            if flat:
                parameters = jnp.stack([ravel_pytree(tree)[0] for tree in trees])
            else:
                parameters = jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)
            state = _state(parameters, 0)
            for count in _chunks(work):
                orders = np.stack([_orders(work, count, generator) for _ in members])
                state = epochs(state, X, Y, orders)
            return jax.block_until_ready(state[0])

        def read(outcome: list[Any]) -> list[Layers]:
            networks = []
            for parameters, members in zip(outcome, groups, strict=True):
                for position in range(len(members)):
                    one = jax.tree.map(lambda leaf, position=position: leaf[position], parameters)
                    networks.append(_read(unravel(one) if flat else one))
            return networks

        return Runner(lambda: list(pool.map(group, groups)), read)

    return {
        f"vmap, {'one vector' if flat else 'tree'}, {parts} groups": partial(stacked, flat, parts)
        for flat in (False, True)
        for parts in sorted({1, threads})
    }


def predict(work: Work, examples: Examples, threads: int) -> Ways:
    def jitted() -> Runner:
        layers = _tree(work.start())
        outputs = jax.jit(lambda X: jax.nn.sigmoid(_forward(work, layers, X)))
        return Runner(lambda: np.asarray(outputs(examples.X)), lambda outputs: outputs)

    return {"jit": jitted}

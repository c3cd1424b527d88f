"""PyTorch, the whole step compiled by Inductor: forward, backward and update in one graph without a break.

Tuned: gradients by torch.func.grad inside the compiled function (a call of .backward() would cut it in two);
Adam written by hand on one flat vector, so that the update is one fused loop; several steps of a small
network unrolled into one call; guards skipped (`skip_guard_eval_unsafe`); the number of threads that is
fastest; many seeds by vmap over stacked networks.
"""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from speed.contestants.torch_eager import (
    ACTIVATIONS,
    stacked_orders,
    stacked_start,
    tensors,
    thread_counts,
    unstacked,
)
from speed.examples import Examples
from speed.runner import Runner, Ways
from speed.work import Layers, Work

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
MOST_UNROLLED = 10


def _views(work: Work, vector: torch.Tensor):
    """(W, b) of each layer as views of layerwise's flat vector, of one network or, with a first axis, many."""
    lead = vector.shape[:-1]
    blocks = [
        vector[..., block.slice].reshape(*lead, *block.shape) for block in work.architecture.blocks
    ]
    return [(W, b.squeeze(-1)) for W, b in zip(blocks[::2], blocks[1::2], strict=True)]


def _cost(work: Work, vector: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    layers = _views(work, vector)
    rows = x.shape[0]
    for W, b in layers[:-1]:
        x = ACTIVATIONS[work.hidden](F.linear(x, W, b))
        if work.dropout:
            x = F.dropout(x, work.dropout, training=True)
    Z = F.linear(x, *layers[-1])
    if work.output == "softmax":
        cost = F.cross_entropy(Z, y)
    elif work.output == "identity":
        cost = (Z - y).square().sum() / (2 * rows)
    else:
        cost = F.binary_cross_entropy_with_logits(Z, y)
    if work.l2:
        cost = cost + work.l2 / (2 * rows) * sum(W.square().sum() for W, _ in layers)
    return cost


def _update(work: Work, state, gradient: torch.Tensor) -> None:
    vector, first, second, powers = state
    if work.optimizer == "gd":
        vector.sub_(work.rate * gradient)
        return
    first.mul_(BETA1).add_((1 - BETA1) * gradient)
    second.mul_(BETA2).add_((1 - BETA2) * gradient * gradient)
    powers.mul_(torch.tensor([BETA1, BETA2], dtype=powers.dtype))
    by_first, by_second = 1 - powers[0], 1 - powers[1]
    vector.sub_(work.rate * (first / by_first) / ((second / by_second).sqrt() + EPSILON))


def _start(work: Work, vector: torch.Tensor):
    """(parameters, first, second, (beta1^t, beta2^t))"""
    return vector, torch.zeros_like(vector), torch.zeros_like(vector), torch.ones(2, dtype=vector.dtype)


def _read(work: Work, vector: torch.Tensor) -> Layers:
    return [(W.numpy(), b.numpy()) for W, b in _views(work, vector)]


def _settle(count: int) -> None:
    torch.set_num_threads(count)
    torch._dynamo.config.cache_size_limit = 256
    # Nothing that a guard watches changes while the clock runs; the set-up run has compiled every shape.
    torch.compiler.set_stance(skip_guard_eval_unsafe=True)


def _compiled(function):
    torch.compiler.set_stance("default")
    return torch.compile(function, fullgraph=True, dynamic=False)


def fit(work: Work, examples: Examples, threads: int) -> Ways:
    X, target = tensors(examples, work)
    start = torch.tensor(work.start_vector())
    size = work.batch_size
    full, rest = divmod(work.rows, size)

    def whole_batch(count: int, together: int) -> Runner:
        torch.set_num_threads(count)

        @_compiled
        def steps(vector, first, second, powers):
            for _ in range(together):
                gradient = torch.func.grad(partial(_cost, work))(vector, X, target)
                _update(work, (vector, first, second, powers), gradient)

        def run() -> torch.Tensor:
            state = _start(work, start.clone())
            with torch.no_grad():
                for _ in range(work.epochs // together):
                    steps(*state)
            return state[0]

        run()
        _settle(count)
        return Runner(run, partial(_read, work))

    def mini_batches(count: int, together: int) -> Runner:
        torch.set_num_threads(count)

        @_compiled
        def steps(vector, first, second, powers, order):
            for index in order.split(size):
                gradient = torch.func.grad(partial(_cost, work))(vector, X[index], target[index])
                _update(work, (vector, first, second, powers), gradient)

        def run() -> torch.Tensor:
            state = _start(work, start.clone())
            with torch.no_grad():
                for _ in range(work.epochs):
                    order = torch.randperm(work.rows)
                    for part in order.split(together * size):
                        steps(*state, part)
            return state[0]

        run()
        _settle(count)
        return Runner(run, partial(_read, work))

    way = whole_batch if work.steps_per_epoch == 1 else mini_batches
    small = work.flops / work.steps < 1e7
    unrolled = min(MOST_UNROLLED, work.steps)
    unrolled = next(n for n in range(unrolled, 0, -1) if work.steps_per_epoch > 1 or work.epochs % n == 0)
    together = unrolled if small else 1
    return {
        f"{count} threads, {together} steps a call": partial(way, count, together)
        for count in thread_counts(work, threads)
    }


def seeds(work: Work, examples: Examples, threads: int) -> Ways:
    X, target = tensors(examples, work)

    def stacked(count: int) -> Runner:
        torch.set_num_threads(count)
        gradient_of = torch.func.vmap(torch.func.grad(partial(_cost, work)))

        @_compiled
        def epoch(vector, first, second, powers, order):
            for index in order.split(work.batch_size, dim=1):
                _update(work, (vector, first, second, powers), gradient_of(vector, X[index], target[index]))

        start = torch.stack([torch.tensor(work.start_vector(seed)) for seed in range(work.seeds)])

        def run() -> torch.Tensor:
            state = _start(work, start.clone())
            with torch.no_grad():
                for _ in range(work.epochs):
                    epoch(*state, stacked_orders(work))
            return state[0]

        run()
        _settle(count)
        return Runner(run, lambda vector: unstacked(work, _read(work, vector)))

    counts = sorted({1, threads})
    return {f"vmap, {count} threads": partial(stacked, count) for count in counts}

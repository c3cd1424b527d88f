"""PyTorch, the whole step compiled by Inductor: forward, backward and update in one graph without a break.

Tuned: gradients by torch.func.grad inside the compiled function (a call of .backward() would cut it in two);
Adam written by hand; the parameters of a small network as tensors or as one flat vector, and several steps
unrolled into one call; guards skipped (`skip_guard_eval_unsafe`); the number of threads that is fastest;
many seeds as one stack of networks.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F

from speed.contestants.torch_eager import (
    ACTIVATIONS,
    draw_the_same,
    forward,
    loss_of,
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
MOST_UNROLLED = 5


# Parameters: one flat vector, or W1, b1, W2, b2, ... Each is one list of tensors.
Parameters = list[torch.Tensor]


def _layers(work: Work, parameters: Parameters) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """(W, b) of each layer; of a flat vector as views of it. Of stacked networks with an axis before."""
    if len(parameters) == 1:
        (vector,) = parameters
        lead = vector.shape[:-1]
        blocks = work.architecture.blocks
        parameters = [vector[..., block.slice].reshape(*lead, *block.shape) for block in blocks]
        parameters[1::2] = [b.squeeze(-1) for b in parameters[1::2]]
    return list(zip(parameters[::2], parameters[1::2], strict=True))


def _cost(work: Work, parameters: Parameters, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    layers = _layers(work, parameters)
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


class _State(NamedTuple):
    """parameters, Adam's two moments of each, and (beta1^t, beta2^t)."""

    parameters: Parameters
    first: Parameters
    second: Parameters
    powers: torch.Tensor

    @classmethod
    def start(cls, parameters: Parameters) -> _State:
        first, second = ([torch.zeros_like(tensor) for tensor in parameters] for _ in range(2))
        return cls([tensor.clone() for tensor in parameters], first, second, torch.ones(2))


def _update(work: Work, state: _State, gradients: Parameters) -> None:
    if work.optimizer == "gd":
        for tensor, gradient in zip(state.parameters, gradients, strict=True):
            tensor.sub_(work.rate * gradient)
        return
    state.powers.mul_(torch.tensor([BETA1, BETA2]))
    by_first, by_second = 1 - state.powers[0], 1 - state.powers[1]
    for tensor, m, v, gradient in zip(state.parameters, state.first, state.second, gradients, strict=True):
        m.mul_(BETA1).add_((1 - BETA1) * gradient)
        v.mul_(BETA2).add_((1 - BETA2) * gradient * gradient)
        tensor.sub_(work.rate * (m / by_first) / ((v / by_second).sqrt() + EPSILON))


def _start(work: Work, flat: bool) -> Parameters:
    if flat:
        return [torch.tensor(work.start_vector())]
    return [torch.tensor(array) for pair in work.start() for array in pair]


def _read(work: Work, parameters: Parameters) -> Layers:
    return [(W.numpy(), b.numpy()) for W, b in _layers(work, parameters)]


def _settled(run: Callable[[], Parameters], count: int, work: Work) -> Runner:
    """Compiled for every shape by one run; after it nothing that a guard watches changes."""

    def run_again() -> Parameters:
        draw_the_same()
        return run()

    torch.set_num_threads(count)
    torch._dynamo.config.cache_size_limit = 256
    torch.compiler.set_stance("default")
    run()
    torch.compiler.set_stance(skip_guard_eval_unsafe=True)
    return Runner(run_again, partial(_read, work))


def fit(work: Work, examples: Examples, threads: int) -> Ways:
    X, target = tensors(examples, work)
    size = work.batch_size
    gradients_of = torch.func.grad(partial(_cost, work))

    def whole_batch(count: int, together: int, flat: bool) -> Runner:
        start = _start(work, flat)

        @torch.compile(fullgraph=True, dynamic=False)
        def steps(state: _State, X: torch.Tensor, target: torch.Tensor) -> None:
            for _ in range(together):
                _update(work, state, gradients_of(state.parameters, X, target))

        def run() -> Parameters:
            state = _State.start(start)
            with torch.no_grad():
                for _ in range(work.epochs // together):
                    steps(state, X, target)
            return state.parameters

        return _settled(run, count, work)

    def mini_batches(count: int, together: int, flat: bool) -> Runner:
        start = _start(work, flat)

        @torch.compile(fullgraph=True, dynamic=False)
        def steps(state: _State, X: torch.Tensor, target: torch.Tensor, order: torch.Tensor) -> None:
            for index in order.split(size):
                _update(work, state, gradients_of(state.parameters, X[index], target[index]))

        def run() -> Parameters:
            state = _State.start(start)
            with torch.no_grad():
                for _ in range(work.epochs):
                    for part in torch.randperm(work.rows).split(together * size):
                        steps(state, X, target, part)
            return state.parameters

        return _settled(run, count, work)

    way = whole_batch if work.steps_per_epoch == 1 else mini_batches
    small = work.flops / work.steps < 1e7
    most = min(MOST_UNROLLED, work.steps) if small else 1
    together = next(n for n in range(most, 0, -1) if work.steps_per_epoch > 1 or work.epochs % n == 0)
    return {
        f"{count} threads, {together} steps a call, {'one vector' if flat else 'tensors'}": partial(
            way, count, together, flat
        )
        for count in thread_counts(work, threads)
        for flat in ((True, False) if small else (False,))
    }


def seeds(work: Work, examples: Examples, threads: int) -> Ways:
    """The stacked networks of torch_eager, whose products are batched, an epoch a call."""
    X, target = tensors(examples, work)
    start = [torch.tensor(array) for pair in stacked_start(work) for array in pair]

    def cost(parameters: Parameters, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return loss_of(work, forward(work, _layers(work, parameters), x), y)

    def stacked(count: int) -> Runner:
        @torch.compile(fullgraph=True, dynamic=False)
        def epoch(state: _State, X: torch.Tensor, target: torch.Tensor, orders: torch.Tensor) -> None:
            for index in orders.split(work.batch_size, dim=1):
                _update(work, state, torch.func.grad(cost)(state.parameters, X[index], target[index]))

        def run() -> Parameters:
            state = _State.start(start)
            with torch.no_grad():
                for _ in range(work.epochs):
                    epoch(state, X, target, stacked_orders(work))
            return state.parameters

        return _settled(run, count, work)._replace(
            read=lambda parameters: unstacked(work, _read(work, parameters))
        )

    return {f"stacked, {count} threads": partial(stacked, count) for count in sorted({1, threads})}

"""PyTorch, eager, with its fused Adam and SGD.

Tuned: functional layers on plain tensors instead of modules; mini-batches by index_select from one
permutation an epoch instead of a DataLoader; gradients set to None; all of the optimizer in one fused call;
the number of threads that is fastest; many seeds as one batched product (baddbmm) over stacked networks.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from speed.examples import Examples
from speed.runner import Runner, Ways
from speed.work import Layers, Work

ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh}


def tensors(examples: Examples, work: Work) -> tuple[torch.Tensor, torch.Tensor]:
    """(X, targets): classes as int64 for softmax, else Y."""
    target = examples.labels if work.output == "softmax" else examples.Y
    return torch.from_numpy(examples.X), torch.from_numpy(target)


def forward(work: Work, layers, x: torch.Tensor, training: bool = True) -> torch.Tensor:
    """Z[L]. Products are F.linear for one network, baddbmm for a stack of them."""
    activate = ACTIVATIONS[work.hidden]
    for W, b in layers[:-1]:
        x = activate(_linear(x, W, b))
        if work.dropout and training:
            x = F.dropout(x, work.dropout, training=True)
    return _linear(x, *layers[-1])


def _linear(x: torch.Tensor, W: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    if W.dim() == 2:
        return F.linear(x, W, b)
    return torch.baddbmm(b.unsqueeze(1), x, W.transpose(1, 2))


def loss_of(work: Work, Z: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """The mean loss; of stacked networks the sum of their means, so that each has its own gradient."""
    stack = Z.shape[0] if Z.dim() == 3 else 1
    if work.output == "softmax":
        return F.cross_entropy(Z, target)
    if work.output == "identity":
        return (Z - target).square().sum() / (2 * Z.shape[0])
    return F.binary_cross_entropy_with_logits(Z, target) * stack


def _optimizer(work: Work, layers) -> torch.optim.Optimizer:
    decay = work.l2 / work.batch_size
    groups = [
        {"params": [W for W, _ in layers], "weight_decay": decay},
        {"params": [b for _, b in layers], "weight_decay": 0.0},
    ]
    if not decay:
        groups = [{"params": [tensor for pair in layers for tensor in pair]}]
    kind = torch.optim.Adam if work.optimizer == "adam" else torch.optim.SGD
    return kind(groups, lr=work.rate, fused=True)


def _parameters(start: Layers) -> list[tuple[torch.Tensor, torch.Tensor]]:
    return [tuple(torch.tensor(array).requires_grad_() for array in pair) for pair in start]


def read(layers) -> Layers:
    return [(W.detach().numpy(), b.detach().numpy()) for W, b in layers]


def draw_the_same() -> None:
    """Each fit has the same orders and masks: after few steps the cost depends on them."""
    torch.default_generator.manual_seed(0)


def _train(work: Work, layers, X: torch.Tensor, target: torch.Tensor) -> None:
    optimizer = _optimizer(work, layers)
    size = work.batch_size
    draw_the_same()

    def step(x: torch.Tensor, y: torch.Tensor) -> None:
        loss_of(work, forward(work, layers, x), y).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    for _ in range(work.epochs):
        if work.steps_per_epoch == 1:
            step(X, target)
            continue
        for index in torch.randperm(work.rows).split(size):
            step(X.index_select(0, index), target.index_select(0, index))


def thread_counts(work: Work, threads: int) -> list[int]:
    """One thread is faster for small works; all of them are tried for the others."""
    per_step = work.flops / max(work.steps * work.seeds, 1)
    return [1, threads] if threads > 1 and per_step > 1e5 else [1]


def fit(work: Work, examples: Examples, threads: int) -> Ways:
    def with_threads(count: int) -> Runner:
        torch.set_num_threads(count)
        X, target = tensors(examples, work)

        def run():
            torch.set_num_threads(count)
            layers = _parameters(work.start())
            _train(work, layers, X, target)
            return layers

        return Runner(run, read)

    return {
        f"{count} threads": lambda count=count: with_threads(count) for count in thread_counts(work, threads)
    }


def stacked_start(work: Work) -> Layers:
    """W (seeds, n, n_prev) and b (seeds, n) of each layer."""
    import numpy as np

    starts = [work.start(seed) for seed in range(work.seeds)]
    return [
        tuple(np.stack(arrays) for arrays in zip(*layer, strict=True)) for layer in zip(*starts, strict=True)
    ]


def unstacked(work: Work, layers: Layers) -> list[Layers]:
    return [[(W[seed], b[seed]) for W, b in layers] for seed in range(work.seeds)]


def stacked_orders(work: Work) -> torch.Tensor:
    """An order of the examples for each network: (seeds, rows)."""
    return torch.rand(work.seeds, work.rows).argsort(dim=1)


def seeds(work: Work, examples: Examples, threads: int) -> Ways:
    def stacked(count: int) -> Runner:
        X, target = tensors(examples, work)

        def run():
            torch.set_num_threads(count)
            draw_the_same()
            layers = _parameters(stacked_start(work))
            optimizer = _optimizer(work, layers)
            for _ in range(work.epochs):
                for index in stacked_orders(work).split(work.batch_size, dim=1):
                    loss_of(work, forward(work, layers, X[index]), target[index]).backward()
                    optimizer.step()
                    optimizer.zero_grad(set_to_none=True)
            return layers

        return Runner(run, lambda layers: unstacked(work, read(layers)))

    counts = sorted({1, threads})
    return {f"stacked, {count} threads": lambda count=count: stacked(count) for count in counts}


def predict(work: Work, examples: Examples, threads: int) -> Ways:
    X = torch.from_numpy(examples.X)

    def traced(count: int, rows: int) -> Runner:
        torch.set_num_threads(count)
        modules: list[torch.nn.Module] = []
        for W, b in work.start():
            linear = torch.nn.Linear(W.shape[1], W.shape[0])
            linear.weight.data, linear.bias.data = torch.tensor(W), torch.tensor(b)
            modules += [linear, torch.nn.ReLU()]
        network = torch.nn.Sequential(*modules[:-1], torch.nn.Sigmoid()).eval()
        traced = torch.jit.freeze(torch.jit.trace(network, X[:rows]))

        def run() -> torch.Tensor:
            torch.set_num_threads(count)
            with torch.inference_mode():
                if rows >= work.rows:
                    return traced(X)
                return torch.cat([traced(part) for part in X.split(rows)])

        return Runner(run, lambda outputs: outputs.numpy())

    blocks = (work.rows,) if work.rows == 1 else (work.rows, 16_384, 2_048)
    return {
        f"traced, {count} threads, blocks of {rows}": lambda count=count, rows=rows: traced(count, rows)
        for count in sorted({1, threads})
        for rows in blocks
    }

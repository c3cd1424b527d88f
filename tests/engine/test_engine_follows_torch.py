"""PyTorch's optimizers, from the same start over the same mini-batches, take the engines' path."""

from __future__ import annotations

import numpy as np
import pytest
from trajectories import ENGINES, NETWORKS, examples_for, follow

from layerwise.engine import build_engine
from layerwise.network.parameters import initial_parameters, named_views

torch = pytest.importorskip("torch", reason="PyTorch is not installed; it serves here only as an oracle")

ROWS, SIZE, EPOCHS = 31, 8, 10
ACTIVATIONS = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": torch.nn.functional.gelu,
    "leaky_relu": torch.nn.functional.leaky_relu,
    "silu": torch.nn.functional.silu,
    "selu": torch.selu,
    "elu": torch.nn.functional.elu,
    "identity": lambda z: z,
    "softmax": lambda z: torch.softmax(z, dim=1),
}
LOSSES = {
    "binary_cross_entropy": lambda z, y: torch.nn.functional.binary_cross_entropy_with_logits(z, y),
    "softmax_cross_entropy": lambda z, y: torch.nn.functional.cross_entropy(z, y),
    "squared_error": lambda a, y: ((a - y) ** 2).sum(dim=1).mean() / 2,
    "huber": lambda a, y: torch.nn.functional.huber_loss(a, y, reduction="none").sum(dim=1).mean(),
}
OF_PRE_ACTIVATION = ("binary_cross_entropy", "softmax_cross_entropy")

CASES = {
    "gd": ("relu binary, gd", lambda p, rate: torch.optim.SGD(p, lr=rate), {}),
    "classical momentum": (
        "tanh regression",
        lambda p, rate: torch.optim.SGD(p, lr=rate, momentum=0.9),
        {},
    ),
    "nesterov": (
        "sigmoid regression",
        lambda p, rate: torch.optim.SGD(p, lr=rate, momentum=0.9, nesterov=True),
        {},
    ),
    "nesterov, sigmoid outputs": (
        "sigmoid outputs",
        lambda p, rate: torch.optim.SGD(p, lr=rate, momentum=0.9, nesterov=True),
        {},
    ),
    "rmsprop": (
        "robust softmax outputs",
        lambda p, rate: torch.optim.RMSprop(p, lr=rate, alpha=0.99, eps=1e-6),
        {"beta2": 0.99, "epsilon": 1e-6},
    ),
    "adam, every activation": (
        "every activation",
        lambda p, rate: torch.optim.Adam(p, lr=rate, betas=(0.8, 0.95), eps=1e-7),
        {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-7},
    ),
    "adamw": ("relu binary, adamw", lambda p, rate: torch.optim.AdamW(p, lr=rate), {}),
    "adamw, strong": (
        "relu binary, adamw",
        lambda p, rate: torch.optim.AdamW(p, lr=rate, weight_decay=0.7),
        {"weight_decay": 0.7},
    ),
    "gd, clipped": ("relu binary, gd", lambda p, rate: torch.optim.SGD(p, lr=rate), {"clip_norm": 0.05}),
    "adam, clipped": (
        "relu binary, adam",
        lambda p, rate: torch.optim.Adam(p, lr=rate),
        {"clip_norm": 0.05},
    ),
}


def torch_follows(network, make, start, examples, clip_norm=0.0):
    """(parameters by name, mean cost of each epoch), every step PyTorch's own."""
    program = network.program()
    tensors = {
        name: torch.tensor(view.copy(), requires_grad=True)
        for name, view in named_views(start, program.architecture).items()
    }
    # Weight decay is for weights alone, as in layerwise.
    biases = {"params": [t for name, t in tensors.items() if name[0] == "b"], "weight_decay": 0.0}
    weights = {"params": [t for name, t in tensors.items() if name[0] == "W"]}
    optimizer = make([weights, biases], network.rate)
    X, Y = torch.tensor(examples.X), torch.tensor(examples.Y)
    costs = []
    for _ in range(EPOCHS):
        total = 0.0
        for first in range(0, ROWS, SIZE):
            A, target = X[first : first + SIZE], Y[first : first + SIZE]
            for layer, activation in enumerate(network.activations, start=1):
                Z = A @ tensors[f"W{layer}"].T + tensors[f"b{layer}"].T
                A = ACTIVATIONS[activation](Z)
            cost = LOSSES[network.loss](Z if network.loss in OF_PRE_ACTIVATION else A, target)
            optimizer.zero_grad()
            cost.backward()
            if clip_norm:
                norm = torch.nn.utils.clip_grad_norm_(tensors.values(), float("inf"))
                # PyTorch divides by norm + 1e-6; a limit greater by as much takes that out again.
                torch.nn.utils.clip_grad_norm_(tensors.values(), clip_norm * float((norm + 1e-6) / norm))
            optimizer.step()
            total += cost.item() * len(target)
        costs.append(total / ROWS)
    return {name: tensor.detach().numpy() for name, tensor in tensors.items()}, costs


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", CASES)
def test_the_path_is_torchs(case, engine):
    name, make, settings = CASES[case]
    network = NETWORKS[name]
    program = network.program(**settings)
    examples = examples_for(network, ROWS)
    start = initial_parameters(program.architecture, "xavier", seed=3)
    theirs, costs = torch_follows(network, make, start, examples, settings.get("clip_norm", 0.0))
    ours = follow(
        build_engine(program, engine),
        examples,
        size=SIZE,
        epochs=EPOCHS,
        rate=network.rate,
        falling=False,
        shuffle=False,
        start=start,
    )
    np.testing.assert_allclose([totals.mean_cost for totals in ours.totals], costs, rtol=1e-10)
    found = named_views(ours.state.parameters, program.architecture)
    for block, expected in theirs.items():
        np.testing.assert_allclose(found[block], expected, rtol=1e-8, atol=1e-10)

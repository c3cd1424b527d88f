"""Small networks, one for each piece of compiled code that the tests share, and how to run them.

Compiling takes seconds, and what is compiled depends on the set of activations, the loss, the optimizer and
the precision; everything else is plain data. So the tests of this folder keep to the networks named here.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import pytest

from layerwise.engine import Batches, Engine, Program, StepTotals, TrainingState, build_engine
from layerwise.engine.compiled import cutting, workplace
from layerwise.formulas.losses import smooth_labels
from layerwise.formulas.randomness import shuffled
from layerwise.network.architecture import Architecture
from layerwise.network.objective import Objective
from layerwise.network.parameters import initial_parameters

ENGINES = ("numpy", "compiled")


class Network(NamedTuple):
    """One network with its loss and optimizer, and a learning rate at which it learns without leaping."""

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str
    optimizer: str
    rate: float

    def program(self, **settings: Any) -> Program:
        """Its program, float64 unless said; `l2`, `l1` and `delta` go to the objective."""
        objective = {name: settings.pop(name) for name in ("l2", "l1", "delta") if name in settings}
        return Program(
            Architecture(self.sizes, self.activations),
            Objective(self.loss, **objective),
            self.optimizer,
            **{"dtype": "float64", "seed": 5} | settings,
        )


NETWORKS = {
    "every activation": Network(
        (5, 4, 3, 5, 4, 3, 4, 5, 4, 6, 4, 3),
        (
            *("relu", "tanh", "gelu", "leaky_relu", "silu", "selu", "sigmoid", "elu", "identity"),
            *("softmax", "softmax"),
        ),
        "softmax_cross_entropy",
        "adam",
        0.01,
    ),
    "linear softmax": Network((3, 4), ("softmax",), "softmax_cross_entropy", "gd", 0.3),
    "relu binary, gd": Network((2, 10, 5, 1), ("relu", "relu", "sigmoid"), "binary_cross_entropy", "gd", 0.1),
    "relu binary, momentum": Network((3, 4, 1), ("relu", "sigmoid"), "binary_cross_entropy", "momentum", 0.1),
    "relu binary, adam": Network(
        (2, 5, 2, 1), ("relu",) * 2 + ("sigmoid",), "binary_cross_entropy", "adam", 0.01
    ),
    "relu binary, adamw": Network((3, 4, 1), ("relu", "sigmoid"), "binary_cross_entropy", "adamw", 0.01),
    "tanh regression": Network(
        (4, 6, 3, 1), ("tanh", "tanh", "identity"), "squared_error", "classical_momentum", 0.02
    ),
    "sigmoid regression": Network((4, 6, 2), ("sigmoid", "identity"), "squared_error", "nesterov", 0.02),
    "sigmoid outputs": Network((4, 3, 2), ("identity", "sigmoid"), "squared_error", "nesterov", 0.02),
    "tanh binary, adam as scikit-learn's": Network(
        (3, 4, 1), ("tanh", "sigmoid"), "binary_cross_entropy", "adam_epsilon_hat", 0.01
    ),
    "poisson regression": Network((3, 5, 1), ("tanh", "exp"), "poisson", "adam", 0.01),
    "robust softmax outputs": Network((3, 5, 4), ("tanh", "softmax"), "huber", "rmsprop", 0.003),
}


def dropping(network: Network, rate: float) -> dict[str, tuple[float, ...]]:
    """A program's setting: so much dropout in every hidden layer."""
    return {"dropout": (rate,) * (len(network.sizes) - 2)}


class Examples(NamedTuple):
    """X (m, n[0]), Y (m, n[L]), weights (m,) or None, in float64."""

    X: np.ndarray
    Y: np.ndarray
    weights: np.ndarray | None

    def batches(self, program: Program, order: np.ndarray | None, size: int) -> Batches:
        """As an engine takes them."""
        arrays = (None if a is None else np.ascontiguousarray(a, dtype=program.dtype) for a in self)
        return Batches(*arrays, order, min(size, len(self.X)))


def examples_for(
    network: Network, rows: int, seed: int = 0, smoothing: float = 0.0, weighted: bool = False
) -> Examples:
    """Random examples that fit the network's loss; some of the weights are 0."""
    random = np.random.default_rng(seed)
    n_inputs, n_outputs = network.sizes[0], network.sizes[-1]
    X = random.normal(size=(rows, n_inputs))
    if network.loss == "softmax_cross_entropy":
        Y = smooth_labels(np.eye(n_outputs)[random.integers(0, n_outputs, rows)].T, smoothing).T
    elif network.loss == "binary_cross_entropy":
        Y = smooth_labels(random.integers(0, 2, (1, rows)).astype(float), smoothing).T
    else:
        Y = random.normal(size=(rows, n_outputs)) + X[:, :1]
    weights = random.exponential(size=rows) * (random.random(rows) < 0.8) if weighted else None
    return Examples(X, Y, weights)


class Trajectory(NamedTuple):
    """What a run left: the state after it and the totals of each epoch."""

    state: TrainingState
    totals: list[StepTotals]


def follow(
    engine: Engine,
    examples: Examples,
    *,
    size: int,
    epochs: int,
    rate: float,
    falling: bool = True,
    shuffle: bool = True,
    steps_per_call: int | None = None,
    start: np.ndarray | None = None,
) -> Trajectory:
    """Run some epochs from the network's own start, or from the flat vector `start`, at a rate that falls
    from step to step or at one that stays."""
    program = engine.program
    if start is None:
        start = initial_parameters(program.architecture, "he", seed=program.seed)
    state = TrainingState.start(start, program)
    totals = []
    for epoch in range(epochs):
        order = shuffled(len(examples.X), program.seed, epoch) if shuffle else None
        batches = examples.batches(program, order, size)
        so_far = StepTotals()
        while so_far.steps < batches.steps:
            steps = min(steps_per_call or batches.steps, batches.steps - so_far.steps)
            rates = np.full(steps, rate)
            if falling:
                rates /= 1 + epoch + np.arange(so_far.steps, so_far.steps + steps) / batches.steps
            so_far = engine.run_steps(state, batches, epoch, so_far, rates)
            if not so_far.finite:
                break
        totals.append(so_far)
    return Trajectory(state, totals)


def bits_of_one_call(
    program: Program, examples: Examples, *, size: int, epochs: int, rate: float
) -> tuple[bytes, ...]:
    """What epochs in one call of the compiled engine leave, to the last bit: the state and the totals."""
    engine = build_engine(program, "compiled")
    batches = examples.batches(program, engine.orders(len(examples.X), 0, epochs), size)
    state = follow(engine, examples, size=size, epochs=0, rate=rate).state
    totals = engine.run_epochs(state, batches, 0, np.full((epochs, batches.steps), rate))
    return state.parameters.tobytes(), state.slots.tobytes(), totals.sums.tobytes()


def both(program: Program, examples: Examples, **how: Any) -> tuple[Trajectory, Trajectory]:
    """The same run in the reference engine and in the compiled one."""
    reference, compiled = (follow(build_engine(program, name), examples, **how) for name in ENGINES)
    return reference, compiled


def assert_same_trajectory(first: Trajectory, second: Trajectory, tolerance: float) -> None:
    """Parameters, what the optimizer remembers, costs and norms agree, relative to the largest of each."""
    assert first.state.t == second.state.t
    pairs = [(first.state.parameters, second.state.parameters), (first.state.slots, second.state.slots)]
    for name in ("cost", "weight", "gradient_norm", "steps", "finite"):
        columns = [np.array([getattr(t, name) for t in run.totals]) for run in (first, second)]
        pairs.append((columns[0], columns[1]))
    for one, other in pairs:
        assert np.isfinite(one).all()
        np.testing.assert_allclose(other, one, rtol=0, atol=tolerance * max(1.0, np.abs(one).max(initial=0)))


def cut(program: Program, rows: int) -> cutting.Cut:
    """How a step of so many examples, all as they stand, is cut where no product is left to BLAS."""
    examples = examples_for(NETWORKS["relu binary, adam"]._replace(sizes=program.architecture.sizes), rows)
    return cutting.cut_of(program, examples.batches(program, None, rows), rows, with_blas=False)


def assert_cut_as_the_reference(
    network: Network,
    expected: tuple[int, int],
    *,
    weighted: bool = False,
    drops: float = 0.0,
    **settings: Any,
) -> None:
    """Steps of 40 of 90 examples are cut into the expected parts in the expected way, and do what the
    reference engine does: with so much dropout in every hidden layer, and the program's other settings."""
    program = network.program(**dropping(network, drops), **settings)
    assert cut(program, 40)[:2] == expected
    examples = examples_for(network, 90, weighted=weighted)
    runs = both(program, examples, size=40, epochs=3, rate=network.rate / 4)
    assert_same_trajectory(*runs, tolerance=1e-9)


def give_threads(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    """Let every call of a compiled engine have so many threads, whatever the machine has."""

    @contextmanager
    def given(wanted, with_blas):
        yield min(wanted, free)

    monkeypatch.setattr(workplace, "shared_processors", given)

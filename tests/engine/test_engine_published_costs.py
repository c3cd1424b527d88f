"""The engines reproduce the costs that the course publishes for its networks, to the last digit printed."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import make_circles, make_moons
from trajectories import ENGINES, NETWORKS

from layerwise.engine import Batches, StepTotals, TrainingState, build_engine
from layerwise.network.parameters import flat_vector, named_views


def he_start(architecture):
    """The course's start: W = randn * sqrt(2 / n_prev) from np.random.seed(3), biases 0."""
    np.random.seed(3)
    arrays = {}
    for layer, n_prev, n, _ in architecture.layers():
        arrays[f"W{layer}"] = np.random.randn(n, n_prev) * np.sqrt(2 / n_prev)
        arrays[f"b{layer}"] = np.zeros((n, 1))
    return flat_vector(arrays, architecture)


@pytest.fixture
def legacy_generator():
    """NumPy's global generator, put back as it was."""
    state = np.random.get_state()
    yield
    np.random.set_state(state)


def accuracy(engine, state, X, Y):
    return float(((engine.pre_activations(state.parameters, np.ascontiguousarray(X)) > 0) == Y).mean())


def circles(rows, seed):
    np.random.seed(seed)
    X, y = make_circles(n_samples=rows, noise=0.05)
    return np.ascontiguousarray(X), y[:, None].astype(float)


@pytest.mark.usefixtures("legacy_generator")
@pytest.mark.parametrize("name", ENGINES)
def test_the_initialization_study_with_he(name):
    """Batch gradient descent, 0.01, 15,000 iterations on circles: published cost 0.8830537463419761 at the
    start and 0.07357895962677 at iteration 14,000, accuracy 99.33% in training and 96% in the test."""
    X, Y = circles(300, seed=1)
    X_test, Y_test = circles(100, seed=2)
    program = NETWORKS["relu binary, gd"].program()
    assert program.architecture.sizes == (2, 10, 5, 1)
    engine = build_engine(program, name)
    state = TrainingState.start(he_start(program.architecture), program)
    batches, rate = Batches(X, Y, None, None, 300), np.array([0.01])
    costs = [engine.run_steps(state, batches, i, StepTotals(), rate).mean_cost for i in range(15_000)]
    assert costs[0] == pytest.approx(0.8830537463419761, abs=1e-14)
    assert costs[14_000] == pytest.approx(0.07357895962677, abs=1e-12)
    assert accuracy(engine, state, X, Y) == pytest.approx(0.99333, abs=1e-4)
    assert accuracy(engine, state, X_test, Y_test) == pytest.approx(0.96)


@pytest.mark.usefixtures("legacy_generator")
def test_the_initialization_study_with_zeros_learns_nothing():
    """Published: the cost stays at log 2 and both accuracies at 50%."""
    X, Y = circles(300, seed=1)
    program = NETWORKS["relu binary, gd"].program()
    engine = build_engine(program, "compiled")
    state = TrainingState.start(np.zeros(program.architecture.parameter_count), program)
    batches = Batches(X, Y, None, None, 300)
    costs = [
        engine.run_steps(state, batches, i, StepTotals(), np.array([0.01])).mean_cost for i in range(1000)
    ]
    assert costs[0] == pytest.approx(np.log(2), abs=1e-13)
    assert costs[-1] == pytest.approx(np.log(2), abs=1e-13)
    assert np.abs(state.parameters).max() < 1e-12
    assert accuracy(engine, state, X, Y) == 0.5


@pytest.mark.usefixtures("legacy_generator")
@pytest.mark.parametrize(
    ("optimizer", "epochs", "costs", "share"),
    [
        ("adam", 10_000, {0: 0.690552, 1_000: 0.185567}, 0.94),
        ("momentum", 10_000, {0: 0.690741}, 0.7967),
        ("gd", 10_000, {0: 0.690736}, 0.7967),
    ],
)
def test_the_optimization_study(optimizer, epochs, costs, share):
    """Mini-batches of 64 on moons, 0.0007, shuffled by np.random.seed(10), 11, ...: the published cost is
    that of an epoch's last mini-batch; accuracy 79.67%, 79.67% and 94%."""
    np.random.seed(3)
    X, y = make_moons(n_samples=300, noise=0.2)
    X, Y = np.ascontiguousarray(X), y[:, None].astype(float)
    network = NETWORKS["relu binary, adam"]._replace(optimizer=optimizer)
    program = network.program()
    engine = build_engine(program, "compiled")
    state = TrainingState.start(he_start(program.architecture), program)
    rates = np.full(5, 0.0007)
    for epoch in range(epochs):
        np.random.seed(11 + epoch)
        batches = Batches(X, Y, None, np.random.permutation(300), 64)
        if epoch in costs:
            first = engine.run_steps(state, batches, epoch, StepTotals(), rates[:4])
            whole = engine.run_steps(state, batches, epoch, first, rates[4:])
            last = (whole.cost - first.cost) / (whole.weight - first.weight)
            assert last == pytest.approx(costs[epoch], abs=5e-7)
        else:
            engine.run_steps(state, batches, epoch, StepTotals(), rates)
    assert accuracy(engine, state, X, Y) == pytest.approx(share, abs=5e-5)


def test_symmetry_is_not_broken_by_equal_starts():
    """The note: with all weights of a layer equal, its units stay equal for ever."""
    network = NETWORKS["relu binary, gd"]
    program = network.program()
    engine = build_engine(program, "compiled")
    state = TrainingState.start(np.full(program.architecture.parameter_count, 0.3), program)
    X, Y = circles(60, seed=1)
    for epoch in range(20):
        engine.run_steps(state, Batches(X, Y, None, None, 20), epoch, StepTotals(), np.full(3, 0.1))
    W1 = named_views(state.parameters, program.architecture)["W1"]
    np.testing.assert_array_equal(W1, np.tile(W1[0], (10, 1)))
    assert not (W1 == 0.3).all()

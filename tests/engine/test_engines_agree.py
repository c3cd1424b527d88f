"""The compiled engine follows the reference's trajectory, whatever the network and the recipe."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trajectories import ENGINES, NETWORKS, assert_same_trajectory, both, examples_for, follow

from layerwise.engine import build_engine
from layerwise.formulas.activations import ACTIVATIONS
from layerwise.formulas.losses import LOSSES
from layerwise.formulas.optimizers import OPTIMIZERS

ROWS = 23
# Rounding is 1e-16 a step; a hundred steps of ten layers stay far below this, a wrong term far above.
EXACT = 1e-10

regularized = st.fixed_dictionaries(
    {},
    optional={
        "l2": st.floats(0.01, 2),
        "l1": st.floats(0.01, 0.5),
        "weight_decay": st.floats(0.01, 0.5),
        "max_norm": st.floats(0.3, 2),
        "clip_norm": st.floats(0.01, 1),
    },
)


@pytest.mark.parametrize("name", NETWORKS)
@settings(max_examples=12)
@given(
    regularizers=regularized,
    rates=st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.9]), min_size=10, max_size=10),
    size=st.integers(1, ROWS + 5),
    shuffle=st.booleans(),
    smoothing=st.sampled_from([0.0, 0.1]),
    weighted=st.booleans(),
)
def test_both_engines_follow_one_trajectory(name, regularizers, rates, size, shuffle, smoothing, weighted):
    network = NETWORKS[name]
    program = network.program(**regularizers, dropout=tuple(rates[: len(network.sizes) - 2]))
    examples = examples_for(network, ROWS, seed=size, smoothing=smoothing, weighted=weighted)
    runs = both(program, examples, size=size, epochs=3, rate=network.rate, shuffle=shuffle)
    assert_same_trajectory(*runs, tolerance=EXACT)


def test_the_networks_here_leave_no_formula_out():
    networks = NETWORKS.values()
    assert {name for network in networks for name in network.activations} == set(ACTIVATIONS)
    assert {network.loss for network in networks} == set(LOSSES)
    assert {network.optimizer for network in networks} == set(OPTIMIZERS)


@pytest.mark.parametrize(
    "regularizer",
    [
        {"l2": 0.5},
        {"l1": 0.5},
        {"weight_decay": 0.5},
        {"max_norm": 0.3},
        {"clip_norm": 0.01},
        {"dropout": (0.5, 0.5)},
    ],
    ids=lambda setting: next(iter(setting)),
)
@pytest.mark.parametrize("engine", ENGINES)
def test_every_regularizer_changes_the_run(engine, regularizer):
    network = NETWORKS["relu binary, gd"]
    examples = examples_for(network, ROWS)
    how = {"size": 7, "epochs": 2, "rate": network.rate}
    plain = follow(build_engine(network.program(), engine), examples, **how)
    other = follow(build_engine(network.program(**regularizer), engine), examples, **how)
    assert np.abs(plain.state.parameters - other.state.parameters).max() > 1e-3


@pytest.mark.parametrize(
    ("sizes", "activations"),
    [
        ((1, 1), ("sigmoid",)),
        ((1, 1, 1), ("relu", "sigmoid")),
        ((1, 7, 1, 3, 1), ("relu", "relu", "relu", "sigmoid")),
        ((2, *(3,) * 50, 1), (*("relu",) * 50, "sigmoid")),
    ],
    ids=["no hidden layer", "one unit", "a bottleneck of one unit", "fifty layers"],
)
@pytest.mark.parametrize("size", [1, 4, ROWS, 1000])
def test_odd_shapes_agree(sizes, activations, size):
    network = NETWORKS["relu binary, gd"]._replace(sizes=sizes, activations=activations)
    if len(sizes) == 2:
        network = NETWORKS["linear softmax"]._replace(sizes=(1, 2))
    examples = examples_for(network, ROWS)
    runs = both(network.program(l2=0.1), examples, size=size, epochs=2, rate=0.01)
    assert_same_trajectory(*runs, tolerance=EXACT)


def test_a_dropout_too_small_for_single_precision_agrees():
    """1 - 1e-9 is 1 in float32; the layer still counts as one that drops."""
    network = NETWORKS["linear softmax"]._replace(sizes=(3, 5, 4), activations=("identity", "softmax"))
    program = network.program(dropout=(1e-9,), dtype="float32")
    runs = both(program, examples_for(network, ROWS), size=5, epochs=2, rate=0.1)
    assert_same_trajectory(*runs, tolerance=1e-5)


def test_single_precision_descent_stays_within_its_rounding():
    """Gradient descent is smooth in the gradient: an error of 1e-7 in each of 40 steps of rate 0.1 or less
    adds up to less than 1e-6 of a parameter of size 1, times a few for the layers in between."""
    network = NETWORKS["linear softmax"]._replace(
        sizes=(3, 6, 5, 4), activations=("identity",) * 2 + ("softmax",)
    )
    examples = examples_for(network, ROWS)
    how = {"size": 5, "epochs": 8, "rate": 0.1}
    single = both(network.program(dtype="float32", dropout=(0.2, 0.1), l2=0.1), examples, **how)
    assert_same_trajectory(*single, tolerance=1e-5)
    double = follow(build_engine(network.program(dropout=(0.2, 0.1), l2=0.1), "compiled"), examples, **how)
    assert_same_trajectory(double, single[1], tolerance=1e-5)


def test_single_precision_adam_stays_within_its_rounding():
    """Adam divides the gradient by its own size: where that is mere rounding, its sign is chance, and with it
    a whole step. An epsilon of 1e-2, well above the rounding, takes that away; then an error of 1e-7 in the
    gradient is one of 1e-5 of a step of 0.01, and 40 steps come to less than 1e-5."""
    network = NETWORKS["relu binary, adam"]
    examples = examples_for(network, ROWS)
    how = {"size": 5, "epochs": 8, "rate": network.rate}
    single = both(network.program(dtype="float32", epsilon=1e-2), examples, **how)
    assert_same_trajectory(*single, tolerance=1e-5)


def test_single_precision_adam_with_its_own_epsilon_takes_no_step_longer_than_its_rate():
    """With the usual epsilon nothing better holds for every parameter; half of them agree to 1e-5."""
    network = NETWORKS["relu binary, adam"]
    examples = examples_for(network, ROWS)
    reference, compiled = both(network.program(dtype="float32"), examples, size=5, epochs=4, rate=0.01)
    apart = np.abs(reference.state.parameters - compiled.state.parameters)
    assert np.median(apart) < 1e-5
    assert apart.max() < 2 * 0.01 * reference.state.t


def test_a_compiled_gradient_is_the_references():
    network = NETWORKS["relu binary, gd"]
    program = network.program(l2=0.3, l1=0.2)
    examples = examples_for(network, ROWS, weighted=True)
    batches = examples.batches(program, None, ROWS)
    parameters = np.random.default_rng(1).normal(size=program.architecture.parameter_count)
    (cost, gradient), (compiled_cost, compiled_gradient) = (
        build_engine(program, name).cost_and_gradient(parameters, batches.X, batches.Y, batches.weights)
        for name in ENGINES
    )
    assert compiled_cost == pytest.approx(cost, rel=1e-13)
    np.testing.assert_allclose(compiled_gradient, gradient, rtol=1e-11, atol=1e-14)

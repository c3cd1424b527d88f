"""Dropout in training: the masks are those of the addressed generator, in both engines, each time others."""

from __future__ import annotations

import numpy as np
import pytest
from trajectories import ENGINES, NETWORKS, examples_for, follow, give_threads

from layerwise.engine import Batches, StepTotals, TrainingState, build_engine
from layerwise.engine.compiled import cutting
from layerwise.formulas.randomness import dropout_key, dropout_mask
from layerwise.network.parameters import flat_vector, named_views

UNITS = 64
RATES = (0.5, 0.25)
NETWORK = NETWORKS["linear softmax"]._replace(
    sizes=(1, UNITS, UNITS, 2), activations=("identity", "identity", "softmax")
)


def masks_seen(engine, seed, epoch, step):
    """Which units of the two hidden layers took part in one step of one example: those whose bias moved."""
    program = NETWORK.program(dropout=RATES, seed=seed)
    weights = {
        "W1": np.ones((UNITS, 1)),
        "W2": np.full((UNITS, UNITS), 1 / UNITS),
        "W3": np.stack([np.full(UNITS, 0.01), np.zeros(UNITS)]),
    }
    biases = {"b1": np.zeros((UNITS, 1)), "b2": np.zeros((UNITS, 1)), "b3": np.zeros((2, 1))}
    start = flat_vector(weights | biases, program.architecture)
    state = TrainingState.start(start, program)
    batches = Batches(np.ones((8, 1)), np.tile([1.0, 0.0], (8, 1)), None, None, 1)
    so_far = StepTotals(steps=step)
    build_engine(program, engine).run_steps(state, batches, epoch, so_far, np.array([1.0]))
    after = named_views(state.parameters, program.architecture)
    return tuple(after[name][:, 0] != 0 for name in ("b1", "b2"))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("seed", "epoch", "step"), [(0, 0, 0), (7, 3, 5), (2**64 - 1, 10**6, 7)])
def test_the_masks_are_those_at_their_address(engine, seed, epoch, step):
    key = dropout_key(seed, epoch)
    for layer, (seen, rate) in enumerate(zip(masks_seen(engine, seed, epoch, step), RATES, strict=True), 1):
        np.testing.assert_array_equal(seen, dropout_mask(key, step, layer, UNITS, 1, 1 - rate)[:, 0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("x", [1.0, -1.0, 0.0])
@pytest.mark.parametrize("activation", ["tanh", "identity", "leaky_relu", "silu"])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_unit_whose_value_is_zero_is_not_taken_for_one_that_is_dropped(engine, activation, x, dtype):
    """The compiled engine marks what is dropped by -0, which a product with weights of 0 may give as well."""
    network = NETWORK._replace(sizes=(1, UNITS, 2), activations=(activation, "softmax"))
    program = network.program(dropout=(0.5,), dtype=dtype)
    weights = {"W1": np.zeros((UNITS, 1)), "W2": np.stack([np.full(UNITS, 0.01), np.zeros(UNITS)])}
    start = flat_vector(
        weights | {"b1": np.full((UNITS, 1), -0.0), "b2": np.zeros((2, 1))}, program.architecture
    )
    state = TrainingState.start(start, program)
    batches = Batches(np.full((1, 1), x, dtype), np.array([[1.0, 0.0]], dtype), None, None, 1)
    build_engine(program, engine).run_steps(state, batches, 3, StepTotals(), np.array([1.0]))
    moved = named_views(state.parameters, program.architecture)["b1"][:, 0] != 0
    np.testing.assert_array_equal(moved, dropout_mask(dropout_key(5, 3), 0, 1, UNITS, 1, 0.5)[:, 0])


@pytest.mark.parametrize("engine", ENGINES)
def test_masks_differ_between_steps_epochs_seeds_and_layers(engine):
    addresses = [(0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0), (0, 1, 1)]
    firsts, seconds = zip(*(masks_seen(engine, *address) for address in addresses), strict=True)
    masks = [*firsts, *seconds]
    assert len({mask.tobytes() for mask in masks}) == len(masks)
    assert 0.35 < np.mean(firsts) < 0.65
    assert 0.6 < np.mean(seconds) < 0.9


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("sizes", "activations"),
    [
        ((3, 9, 7, 2), ("softmax", "relu", "softmax")),
        ((3, 9, 7, 2), ("silu", "softmax", "softmax")),
        ((40, 100, 30, 2), ("tanh", "relu", "softmax")),
    ],
)
def test_masks_that_are_given_drop_what_they_say(monkeypatch, sizes, activations, threads):
    """Also where units belong together, and in steps that are cut."""
    give_threads(monkeypatch, threads)
    monkeypatch.setattr(cutting, "allowed_threads", lambda: threads)
    rows, random = 700, np.random.default_rng(3)
    network = NETWORK._replace(sizes=sizes, activations=activations)
    program = network.program(dropout=(0.5, 0.2))
    examples = examples_for(network, rows)
    masks = tuple(random.random((rows, units)) < 0.6 for units in sizes[1:-1])
    batches, ends = examples.batches(program, None, rows)._replace(masks=masks), []
    for name in ENGINES:
        engine = build_engine(program, name)
        state = follow(engine, examples, size=rows, epochs=0, rate=0.1).state
        engine.run_epochs(state, batches, 0, np.full((3, 1), 0.1))
        ends.append(state.parameters)
    np.testing.assert_allclose(ends[1], ends[0], rtol=0, atol=1e-11)


@pytest.mark.parametrize("engine", ENGINES)
def test_predictions_and_gradients_drop_nothing(engine):
    random = np.random.default_rng(0)
    X, Y = random.normal(size=(6, 1)), np.tile([1.0, 0.0], (6, 1))
    plain, dropping = (NETWORK.program(dropout=rates) for rates in ((), RATES))
    parameters = random.normal(size=plain.architecture.parameter_count)
    one, other = (build_engine(program, engine) for program in (plain, dropping))
    np.testing.assert_array_equal(one.pre_activations(parameters, X), other.pre_activations(parameters, X))
    (cost, gradient), (dropping_cost, dropping_gradient) = (
        built.cost_and_gradient(parameters, X, Y) for built in (one, other)
    )
    assert cost == dropping_cost
    np.testing.assert_array_equal(gradient, dropping_gradient)


def test_units_are_kept_as_often_as_asked():
    shares = [[mask.mean() for mask in masks_seen("compiled", 0, epoch, 0)] for epoch in range(300)]
    # The standard error of a share of 300 * 64 draws is below 0.004.
    np.testing.assert_allclose(np.mean(shares, axis=0), [0.5, 0.75], atol=0.016)

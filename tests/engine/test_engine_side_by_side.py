"""Networks side by side, one in each lane of a register, are what the reference makes of each alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from trajectories import NETWORKS, examples_for

from layerwise.engine import Batches, TrainingState, build_engine, build_side_by_side
from layerwise.errors import InputError
from layerwise.network.parameters import initial_parameters

SEEDS = (3, 8, 1, 20, 7, 11, 2, 5, 9, 4)
CASES = {
    "relu binary, adam": {},
    "relu binary, gd": {"l2": 0.3, "l1": 0.1},
    "relu binary, adamw": {"weight_decay": 0.1},
    "tanh regression": {"l2": 0.5},
    "poisson regression": {},
    "robust softmax outputs": {},
    "every activation": {},
}


def starts_for(program, seeds):
    return [initial_parameters(program.architecture, "he", seed=seed).astype(program.dtype) for seed in seeds]


@pytest.mark.parametrize("size", [16, 13, 40])
@pytest.mark.parametrize("name", CASES)
def test_each_network_follows_the_reference(name, size):
    network, epochs = NETWORKS[name], 4
    program = network.program(**CASES[name])
    examples = examples_for(network, 40)
    steps = -(-40 // size)
    rates = network.rate / (1 + np.arange(epochs * steps).reshape(epochs, steps))
    starts = starts_for(program, SEEDS)
    groups = build_side_by_side(program, SEEDS)
    assert sum((group.seeds for group in groups), ()) == SEEDS
    first = 0
    for group in groups:
        state = group.start(starts[first : first + len(group.seeds)])
        orders = group.orders(40, 0, epochs) if steps > 1 else None
        costs, norms = group.run_epochs(state, Batches(examples.X, examples.Y, None, orders, size), rates)
        assert costs.shape == norms.shape == (epochs, len(group.seeds))
        for lane, seed in enumerate(group.seeds):
            engine = build_engine(replace(program, seed=seed), "numpy")
            alone = TrainingState.start(starts[first + lane], engine.program)
            order = engine.orders(40, 0, epochs) if steps > 1 else None
            totals = engine.run_epochs(alone, Batches(examples.X, examples.Y, None, order, size), 0, rates)
            close = {"rtol": 1e-9, "atol": 1e-11}
            np.testing.assert_allclose(state.parameters[:, lane], alone.parameters, **close)
            np.testing.assert_allclose(state.slots[:, :, lane], alone.slots, **close)
            np.testing.assert_allclose(costs[:, lane], totals.mean_costs, **close)
            np.testing.assert_allclose(norms[:, lane], totals.sums[2], **close)
        assert state.t == epochs * steps
        first += len(group.seeds)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_network_does_not_depend_on_those_beside_it(dtype):
    network = NETWORKS["relu binary, adam"]
    program = network.program(dtype=dtype)
    examples = examples_for(network, 50)
    X, Y = examples.X.astype(dtype), examples.Y.astype(dtype)
    rates = np.full((5, 4), 0.01)

    def trained(seeds):
        found = {}
        for group in build_side_by_side(program, seeds):
            state = group.start(starts_for(program, group.seeds))
            group.run_epochs(state, Batches(X, Y, None, group.orders(50, 0, 5), 16), rates)
            found |= {seed: state.parameters[:, lane].tobytes() for lane, seed in enumerate(group.seeds)}
        return found

    many, two = trained(range(21)), trained((17, 4))
    assert len(set(many.values())) == 21
    assert many[17] == two[17]
    assert many[4] == two[4]


def test_a_diverging_network_leaves_the_others_alone():
    network = NETWORKS["relu binary, gd"]
    program = network.program()
    examples = examples_for(network, 30)
    starts = starts_for(program, SEEDS[:3])
    rates = np.full((6, 1), 0.1)

    def trained(starts):
        (group,) = build_side_by_side(program, SEEDS[:3])
        state = group.start(starts)
        costs, _ = group.run_epochs(state, Batches(examples.X, examples.Y, None, None, 30), rates)
        return costs, state.parameters

    sound, parameters = trained(starts)
    lost, others = trained([starts[0], np.full_like(starts[1], 1e200), starts[2]])
    assert not np.isfinite(lost[-1, 1])
    np.testing.assert_array_equal(lost[:, ::2], sound[:, ::2])
    np.testing.assert_array_equal(others[:, [0, 2]], parameters[:, [0, 2]])


def test_what_does_not_go_side_by_side():
    network = NETWORKS["relu binary, adam"]
    assert build_side_by_side(network.program(), [1]) is None
    assert build_side_by_side(network.program(), [1, 2], "numpy") is None
    for settings in ({"dropout": (0.2, 0.0)}, {"clip_norm": 1.0}, {"max_norm": 2.0}):
        assert build_side_by_side(network.program(**settings), [1, 2]) is None
    with pytest.raises(InputError, match="unknown engine"):
        build_side_by_side(network.program(), [1, 2], "fast")


def test_arrays_that_do_not_fit_are_refused():
    network = NETWORKS["relu binary, adam"]
    program = network.program()
    examples = examples_for(network, 20)
    (group,) = build_side_by_side(program, (1, 2))
    state = group.start(starts_for(program, (1, 2)))
    orders = group.orders(20, 0, 2)

    def refused(match, X=examples.X, orders=orders, size=10, weights=None):
        batches = Batches(X, examples.Y, weights, orders, size)
        with pytest.raises(InputError, match=match):
            group.run_epochs(state, batches, np.full((2, 2), 0.1))

    refused("X is float32", X=examples.X.astype("float32"))
    refused("order has shape", orders=orders[:1])
    refused("order holds 20", orders=orders + 1)
    refused("mini-batch is 0", size=0)
    refused("expected a row for each epoch with 3 steps", size=7)
    refused("no weights", weights=np.ones(20))

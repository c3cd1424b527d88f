"""Steps cut by the units of the only hidden layer: the same steps, and bits that do not depend on threads."""

from __future__ import annotations

import numpy as np
import pytest
from trajectories import NETWORKS, assert_same_trajectory, both, examples_for, follow, give_threads

from layerwise.engine import build_engine
from layerwise.engine.compiled import cutting
from layerwise.engine.compiled.layout import BY_HIDDEN_UNITS

# By name, how many inputs, hidden units and outputs: of units that no number of parts divides, and of a last
# activation that keeps what it is taken of.
CUT = {
    "relu binary, momentum": (7, 70, 1),
    "relu binary, adamw": (7, 70, 1),
    "sigmoid outputs": (4, 67, 3),
    "poisson regression": (3, 64, 1),
    "robust softmax outputs": (3, 70, 4),
}


def network_of(name):
    return NETWORKS[name]._replace(sizes=CUT[name])


def cut_into(parts, threads, monkeypatch):
    """Cut every step that may be into so many parts, for so many threads, however short a call is."""
    monkeypatch.setattr(cutting, "SMALL_HIDDEN_STEP", 0)
    monkeypatch.setattr(cutting, "SMALL_CALL", 0)
    monkeypatch.setattr(cutting, "SMALL_STEP", 2**60 if parts == 2 else 0)
    give_threads(monkeypatch, threads)


def cut(program, rows):
    examples = examples_for(NETWORKS["relu binary, adam"]._replace(sizes=program.architecture.sizes), rows)
    return cutting.cut_of(program, examples.batches(program, None, rows), rows, with_blas=False)


@pytest.mark.parametrize("parts", [2, 4])
@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("settings", [{}, {"l2": 0.3, "l1": 0.01}, {"weighted": True, "dropout": (0.3,)}])
def test_a_step_cut_by_hidden_units_is_the_references(name, settings, parts, monkeypatch):
    cut_into(parts, 2, monkeypatch)
    settings = dict(settings)
    network, weighted = network_of(name), settings.pop("weighted", False)
    program = network.program(**settings)
    assert cut(program, 40)[:2] == (parts, BY_HIDDEN_UNITS)
    examples = examples_for(network, 90, weighted=weighted)
    runs = both(program, examples, size=40, epochs=3, rate=network.rate / 4)
    assert_same_trajectory(*runs, tolerance=1e-9)


def test_masks_that_are_given_are_those_of_their_units(monkeypatch):
    """In place of masks drawn anew, for a step that takes all examples as they stand."""
    network = network_of("relu binary, momentum")
    program, examples = network.program(dropout=(0.5,)), examples_for(network, 40)
    given = np.random.default_rng(1).random((40, 70)) < 0.5
    found = []
    for threads in (0, 1, 2):
        if threads:
            cut_into(2, threads, monkeypatch)
        batches = examples.batches(program, None, 40)._replace(masks=(given,))
        engine = build_engine(program, "compiled")
        state = follow(engine, examples, size=40, epochs=0, rate=0.1).state
        engine.run_epochs(state, batches, 0, np.full((4, 1), 0.1))
        found.append(state.parameters)
    np.testing.assert_allclose(found[1], found[0], rtol=0, atol=1e-12)
    assert found[2].tobytes() == found[1].tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("settings", [{}, {"dropout": (0.3,)}, {"l2": 0.3}])
def test_no_bit_depends_on_the_threads_or_on_which_of_them_is_first(dtype, settings, monkeypatch):
    """Many times over, for a thread may be a step ahead of another; mini-batches of several sizes, whose rows
    lie differently."""
    network = network_of("relu binary, momentum")
    program, examples = network.program(dtype=dtype, **settings), examples_for(network, 107)
    found = set()
    for parts, threads in [(4, 1), (4, 3)] + [(4, 2), (4, 4)] * 4:
        cut_into(parts, threads, monkeypatch)
        run = follow(build_engine(program, "compiled"), examples, size=50, epochs=8, rate=0.1)
        costs = np.array([total[:3] for total in run.totals])
        found.add((run.state.parameters.tobytes(), run.state.slots.tobytes(), costs.tobytes()))
    assert len(found) == 1


def test_a_thread_that_is_a_step_ahead_changes_nothing_that_another_reads(monkeypatch):
    """Thousands of steps in one call: threads that share what they write meet seldom at the wrong moment."""
    network = network_of("relu binary, momentum")._replace(sizes=(30, 100, 1))
    program, examples = network.program(dtype="float32", dropout=(0.3,)), examples_for(network, 569)
    epochs, found = 4000, set()
    for threads in (1, 2, 2, 2):
        cut_into(2, threads, monkeypatch)
        engine = build_engine(program, "compiled")
        batches = examples.batches(program, engine.orders(569, 0, epochs), 200)
        state = follow(engine, examples, size=200, epochs=0, rate=0.01).state
        totals = engine.run_epochs(state, batches, 0, np.full((epochs, 3), 0.01))
        found.add((state.parameters.tobytes(), state.slots.tobytes(), totals.sums.tobytes()))
    assert len(found) == 1


def test_a_cost_that_is_not_finite_leaves_what_the_step_before_made(monkeypatch):
    cut_into(2, 2, monkeypatch)
    network = network_of("relu binary, momentum")
    program, examples = network.program(), examples_for(network, 90)
    examples.X[-1] = np.nan
    reference, compiled = both(program, examples, size=30, epochs=1, rate=0.1, shuffle=False)
    assert [(run.totals[0].steps, run.totals[0].finite) for run in (reference, compiled)] == [(2, False)] * 2
    np.testing.assert_allclose(compiled.state.parameters, reference.state.parameters, rtol=0, atol=1e-12)


def test_which_steps_are_cut_so_does_not_depend_on_the_threads():
    """One hidden layer of units that stand alone, and nothing that waits for all of a gradient."""
    network = NETWORKS["relu binary, momentum"]._replace(sizes=(30, 100, 1))
    assert cut(network.program(), 200)[:2] == (2, BY_HIDDEN_UNITS)
    assert cut(network.program(), 2000)[:2] == (4, BY_HIDDEN_UNITS)
    assert cut(network.program(), 20).way != BY_HIDDEN_UNITS
    assert cut(network.program(), 5000).way != BY_HIDDEN_UNITS
    for settings in ({"clip_norm": 1.0}, {"max_norm": 1.0}):
        assert cut(network.program(**settings), 200).way != BY_HIDDEN_UNITS
    for sizes, activations in (
        ((200, 30, 1), ("relu", "sigmoid")),
        ((2000, 100, 1), ("relu", "sigmoid")),
        ((30, 100, 1), ("softmax", "sigmoid")),
        ((30, 50, 50, 1), ("relu", "relu", "sigmoid")),
    ):
        other = network._replace(sizes=sizes, activations=activations)
        assert cut(other.program(), 200).way != BY_HIDDEN_UNITS


def test_a_short_call_wakes_no_thread():
    program = NETWORKS["relu binary, momentum"]._replace(sizes=(30, 100, 1)).program()
    assert cutting.call_threads(program, BY_HIDDEN_UNITS, 2, 200, 3) == 1
    assert cutting.call_threads(program, BY_HIDDEN_UNITS, 2, 200, 300) == 2

"""Steps cut by the units of the first hidden layer: the same steps, whoever is first."""

from __future__ import annotations

import numpy as np
import pytest
from trajectories import (
    NETWORKS,
    assert_cut_as_the_reference,
    bits_of_one_call,
    both,
    cut,
    dropping,
    examples_for,
    follow,
    give_threads,
)

from layerwise.engine import build_engine
from layerwise.engine.compiled import cutting
from layerwise.engine.compiled.layout import BY_HIDDEN_UNITS

# By name, the sizes: of units that no number of parts divides, of a last activation that keeps what it is
# taken of, and of more layers than two, with units that belong together in one of them.
CUT = {
    "relu binary, momentum": (7, 70, 1),
    "relu binary, adamw": (7, 70, 1),
    "sigmoid outputs": (4, 67, 3),
    "poisson regression": (3, 64, 1),
    "robust softmax outputs": (3, 70, 4),
    "tanh regression": (4, 70, 9, 1),
    "every activation": (5, 70, 12, 5, 4, 3, 4, 5, 4, 6, 4, 3),
}


def network_of(name):
    return NETWORKS[name]._replace(sizes=CUT[name])


def cut_into(parts, threads, monkeypatch):
    """Cut every step that may be into so many parts, for so many threads, however short a call is."""
    monkeypatch.setattr(cutting, "SMALL_HIDDEN_STEP", 0)
    monkeypatch.setattr(cutting, "SMALL_CALL", 0)
    monkeypatch.setattr(cutting, "FOR_EACH_NUMBER", 0)
    monkeypatch.setattr(cutting, "SMALL_STEP", 2**60 if parts == 2 else 0)
    monkeypatch.setattr(cutting, "allowed_threads", lambda: parts)
    give_threads(monkeypatch, threads)


@pytest.mark.parametrize("parts", [2, 4])
@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("settings", [{}, {"l2": 0.3, "l1": 0.01}, {"weighted": True, "drops": 0.3}])
def test_a_step_cut_by_hidden_units_is_the_references(name, settings, parts, monkeypatch):
    cut_into(parts, 2, monkeypatch)
    assert_cut_as_the_reference(network_of(name), (parts, BY_HIDDEN_UNITS), **settings)


@pytest.mark.parametrize("name", ["relu binary, momentum", "tanh regression"])
def test_masks_that_are_given_are_those_of_their_units(name, monkeypatch):
    """In place of masks drawn anew, for a step that takes all examples as they stand."""
    network, random = network_of(name), np.random.default_rng(1)
    program, examples = network.program(**dropping(network, 0.5)), examples_for(network, 40)
    given = tuple(random.random((40, units)) < 0.5 for units in network.sizes[1:-1])
    found = []
    for threads in (0, 1, 2):
        if threads:
            cut_into(2, threads, monkeypatch)
        batches = examples.batches(program, None, 40)._replace(masks=given)
        engine = build_engine(program, "compiled")
        state = follow(engine, examples, size=40, epochs=0, rate=0.1).state
        engine.run_epochs(state, batches, 0, np.full((4, 1), 0.1))
        found.append(state.parameters)
    np.testing.assert_allclose(found[1], found[0], rtol=0, atol=1e-12)
    assert found[2].tobytes() == found[1].tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["relu binary, momentum", "tanh regression"])
@pytest.mark.parametrize("settings", [{}, {"drops": 0.3}, {"l2": 0.3}])
def test_no_bit_depends_on_the_threads_or_on_which_of_them_is_first(dtype, name, settings, monkeypatch):
    """Many times over, for a thread may be a step ahead of another; mini-batches of several sizes, whose rows
    lie differently."""
    network, settings = network_of(name), dict(settings)
    settings |= dropping(network, settings.pop("drops", 0.0)) | {"dtype": dtype}
    program, examples = network.program(**settings), examples_for(network, 107)
    found = set()
    for parts, threads in [(4, 1), (4, 3)] + [(4, 2), (4, 4)] * 4:
        cut_into(parts, threads, monkeypatch)
        run = follow(build_engine(program, "compiled"), examples, size=50, epochs=8, rate=0.1)
        costs = np.array([total[:3] for total in run.totals])
        found.add((run.state.parameters.tobytes(), run.state.slots.tobytes(), costs.tobytes()))
    assert len(found) == 1


@pytest.mark.parametrize(
    ("name", "sizes"), [("relu binary, momentum", (30, 100, 1)), ("tanh regression", (30, 100, 20, 1))]
)
def test_a_thread_that_is_a_step_ahead_changes_nothing_that_another_reads(name, sizes, monkeypatch):
    """Thousands of steps in one call: threads that share what they write meet seldom at the wrong moment."""
    network = network_of(name)._replace(sizes=sizes)
    program = network.program(dtype="float32", **dropping(network, 0.3))
    examples = examples_for(network, 569)
    found = set()
    for threads in (1, 2, 2, 2):
        cut_into(2, threads, monkeypatch)
        found.add(bits_of_one_call(program, examples, size=200, epochs=4000, rate=0.01))
    assert len(found) == 1


@pytest.mark.parametrize("name", ["relu binary, adamw", "tanh regression"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("parts", [2, 4])
def test_parameters_are_copied_for_their_parts_or_stay_in_place_to_the_same_bits(
    name, dtype, parts, monkeypatch
):
    """By how many steps a call does: an epoch of five in one, in two and three, or one by one."""
    network, found = network_of(name), set()
    program, examples = network.program(l2=0.1, dtype=dtype), examples_for(network, 107)
    cut_into(parts, 2, monkeypatch)
    monkeypatch.setattr(cutting, "QUICKLY_COPIED", 0)
    monkeypatch.setattr(cutting, "STEPS_FOR_COPIES", 3)
    assert [cutting.copies_parameters(program, steps) for steps in (1, 2, 3, 5)] == [False, False, True, True]
    for steps in (5, 3, 1):
        engine = build_engine(program, "compiled")
        run = follow(engine, examples, size=25, epochs=4, rate=0.1, steps_per_call=steps)
        costs = np.array([total[:3] for total in run.totals])
        found.add((run.state.parameters.tobytes(), run.state.slots.tobytes(), costs.tobytes()))
    assert len(found) == 1


@pytest.mark.parametrize("name", ["relu binary, momentum", "tanh regression"])
def test_a_cost_that_is_not_finite_leaves_what_the_step_before_made(name, monkeypatch):
    cut_into(2, 2, monkeypatch)
    network = network_of(name)
    program, examples = network.program(), examples_for(network, 90)
    examples.X[-1] = np.nan
    reference, compiled = both(program, examples, size=30, epochs=1, rate=0.1, shuffle=False)
    assert [(run.totals[0].steps, run.totals[0].finite) for run in (reference, compiled)] == [(2, False)] * 2
    np.testing.assert_allclose(compiled.state.parameters, reference.state.parameters, rtol=0, atol=1e-12)


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_which_steps_of_one_hidden_layer_are_cut_so_does_not_depend_on_the_threads(threads, monkeypatch):
    monkeypatch.setattr(cutting, "allowed_threads", lambda: threads)
    network = NETWORKS["relu binary, momentum"]._replace(sizes=(30, 100, 1))
    assert cut(network.program(), 200)[:2] == (2, BY_HIDDEN_UNITS)
    assert cut(network.program(), 1000)[:2] == (4, BY_HIDDEN_UNITS)
    assert cut(network.program(), 20).way != BY_HIDDEN_UNITS
    assert cut(network.program(), 5000).way != BY_HIDDEN_UNITS


@pytest.mark.parametrize(
    ("name", "sizes"), [("tanh regression", (30, 100, 50, 1)), ("relu binary, momentum", (784, 100, 1))]
)
def test_others_are_cut_into_as_many_parts_as_threads_unless_asked_to_be_cut_alike(name, sizes, monkeypatch):
    """With more hidden layers, or many parameters, a single thread would lose by it."""
    network = NETWORKS[name]._replace(sizes=sizes)
    for threads, parts in ((1, 1), (2, 2), (3, 3), (4, 4), (5, 1)):
        monkeypatch.setattr(cutting, "allowed_threads", lambda threads=threads: threads)
        assert cutting.hidden_parts(network.program(), 2000) == parts
        assert cutting.hidden_parts(network.program(reproducible=True), 2000) == 4
    program = NETWORKS["tanh regression"]._replace(sizes=(30, 100, 50, 1)).program()
    assert cutting.hidden_parts(program, 50) == 2


def test_steps_that_would_lose_by_it_are_not_cut_so(monkeypatch):
    monkeypatch.setattr(cutting, "allowed_threads", lambda: 2)
    monkeypatch.setattr(cutting, "FOR_EACH_NUMBER", 0)
    network = NETWORKS["relu binary, gd"]._replace(sizes=(30, 100, 50, 1))
    assert cut(network.program(), 200).way == BY_HIDDEN_UNITS
    # What waits for all of a gradient.
    for settings in ({"clip_norm": 1.0}, {"max_norm": 1.0}):
        assert cut(network.program(**settings), 200).way != BY_HIDDEN_UNITS
    for sizes, first in (
        ((200, 15, 5, 1), "relu"),  # few units
        ((30, 100, 50, 1), "softmax"),  # units that belong together
        ((4, 32, 32, 1), "relu"),  # much to hand over
        ((30, 50, 50, 50, 1), "relu"),  # much that each part would do
        ((2000, 500, 200, 1), "relu"),  # many parameters
        ((4096, 20, 7, 1), "relu"),  # many inputs, whose products are made ahead
    ):
        activations = (first, *("relu",) * (len(sizes) - 3), "sigmoid")
        other = network._replace(sizes=sizes, activations=activations)
        assert cut(other.program(), 200).way != BY_HIDDEN_UNITS


def test_a_short_call_wakes_no_thread():
    program = NETWORKS["relu binary, momentum"]._replace(sizes=(30, 100, 1)).program()
    assert cutting.call_threads(program, BY_HIDDEN_UNITS, 2, 200, 3) == 1
    assert cutting.call_threads(program, BY_HIDDEN_UNITS, 2, 200, 300) == 2

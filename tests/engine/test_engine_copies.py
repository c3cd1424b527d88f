"""Steps cut by examples, each thread with a copy of the network: the same steps, whoever is first."""

from __future__ import annotations

import numpy as np
import pytest
from trajectories import (
    NETWORKS,
    assert_cut_as_the_reference,
    assert_same_trajectory,
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
from layerwise.engine.compiled.layout import BY_COPIES, BY_EXAMPLES, BY_HIDDEN_UNITS, BY_UNITS

COPIED = [
    "every activation",
    "linear softmax",
    "relu binary, adamw",
    "tanh regression",
    "poisson regression",
    "robust softmax outputs",
]


def cut_into(parts, threads, monkeypatch):
    """Cut every step into so many parts, for so many threads, however small it is and short a call."""
    for name in ("SMALL_HIDDEN_STEP", "SMALL_CALL", "SMALL_STEP"):
        monkeypatch.setattr(cutting, name, 0)
    monkeypatch.setattr(cutting, "FOR_EACH_NUMBER", 2**30)
    monkeypatch.setattr(cutting, "allowed_threads", lambda: parts)
    give_threads(monkeypatch, threads)


@pytest.mark.parametrize("parts", [2, 4])
@pytest.mark.parametrize("name", COPIED)
@pytest.mark.parametrize("settings", [{}, {"l2": 0.3, "l1": 0.01}, {"weighted": True, "drops": 0.3}])
def test_a_step_cut_by_examples_is_the_references(name, settings, parts, monkeypatch):
    """Of mini-batches of which the last is so small that some parts have none."""
    cut_into(parts, 2, monkeypatch)
    assert_cut_as_the_reference(NETWORKS[name], (parts, BY_COPIES), **settings)


@pytest.mark.parametrize("name", ["relu binary, gd", "tanh regression"])
def test_all_examples_as_they_stand_are_fetched_once(name, monkeypatch):
    cut_into(2, 2, monkeypatch)
    network = NETWORKS[name]
    program, examples = network.program(), examples_for(network, 90)
    runs = both(program, examples, size=90, epochs=8, rate=network.rate / 4, shuffle=False)
    assert_same_trajectory(*runs, tolerance=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("settings", [{}, {"drops": 0.3}, {"l2": 0.3}, {"weight_decay": 0.1}])
def test_no_bit_depends_on_the_threads_at_hand_or_on_which_of_them_is_first(dtype, settings, monkeypatch):
    """Many times over, for a thread may be a step ahead of another."""
    network, settings = NETWORKS["tanh regression"]._replace(sizes=(4, 30, 9, 1)), dict(settings)
    settings |= dropping(network, settings.pop("drops", 0.0)) | {"dtype": dtype}
    program, examples = network.program(**settings), examples_for(network, 207)
    found = set()
    for threads in [1, 3] + [2, 4] * 4:
        cut_into(4, threads, monkeypatch)
        run = follow(build_engine(program, "compiled"), examples, size=90, epochs=8, rate=0.02)
        costs = np.array([total[:3] for total in run.totals])
        found.add((run.state.parameters.tobytes(), run.state.slots.tobytes(), costs.tobytes()))
    assert len(found) == 1


def test_a_thread_that_is_a_step_ahead_changes_nothing_that_another_reads(monkeypatch):
    """Thousands of steps in one call: threads that share what they write meet seldom at the wrong moment."""
    network = NETWORKS["tanh regression"]._replace(sizes=(4, 32, 16, 4))
    program, examples = network.program(dtype="float32", **dropping(network, 0.3)), examples_for(network, 200)
    found = set()
    for threads in (1, 2, 2, 2):
        cut_into(2, threads, monkeypatch)
        found.add(bits_of_one_call(program, examples, size=100, epochs=6000, rate=0.001))
    assert len(found) == 1


def test_a_cost_that_is_not_finite_leaves_what_the_step_before_made(monkeypatch):
    """Also where it is the other thread's examples that are to blame."""
    cut_into(2, 2, monkeypatch)
    network = NETWORKS["tanh regression"]
    program = network.program()
    for wrong in (60, 89):
        examples = examples_for(network, 90)
        examples.X[wrong] = np.nan
        reference, compiled = both(program, examples, size=30, epochs=1, rate=0.02, shuffle=False)
        ends = [(run.totals[0].steps, run.totals[0].finite) for run in (reference, compiled)]
        assert ends == [(2, False)] * 2
        np.testing.assert_allclose(compiled.state.parameters, reference.state.parameters, rtol=0, atol=1e-12)


def test_a_batch_without_weight_between_two_epochs_is_passed_over(monkeypatch):
    """Of examples as they stand, several epochs in one call: the other batch's weights are gathered again."""
    cut_into(2, 2, monkeypatch)
    network = NETWORKS["tanh regression"]
    program, examples = network.program(), examples_for(network, 80, weighted=True)
    examples.weights[:40] = 1.0 + np.arange(40) % 3
    examples.weights[40:] = 0.0
    found = []
    for name in ("numpy", "compiled"):
        engine = build_engine(program, name)
        state = follow(engine, examples, size=40, epochs=0, rate=0.02).state
        totals = engine.run_epochs(state, examples.batches(program, None, 40), 0, np.full((4, 2), 0.02))
        found.append((state.parameters, [total.weight for total in totals]))
    np.testing.assert_allclose(found[1][0], found[0][0], rtol=0, atol=1e-12)
    assert found[1][1] == found[0][1] == [examples.weights.sum()] * 4


def test_which_steps_are_cut_so(monkeypatch):
    """Small networks with many examples, by as many threads as there are, if these are few."""
    small = NETWORKS["tanh regression"]._replace(sizes=(4, 32, 16, 4))
    for threads, expected in (
        (1, [(1, BY_UNITS), (1, BY_UNITS)]),
        (2, [(2, BY_COPIES), (2, BY_COPIES)]),
        (4, [(2, BY_COPIES), (4, BY_COPIES)]),
        (8, [(2, BY_COPIES), (8, BY_EXAMPLES)]),
    ):
        monkeypatch.setattr(cutting, "allowed_threads", lambda threads=threads: threads)
        assert [cut(small.program(), rows)[:2] for rows in (200, 4000)] == expected
    monkeypatch.setattr(cutting, "allowed_threads", lambda: 2)
    assert cut(small.program(), 50).way != BY_COPIES
    for settings in ({"clip_norm": 1.0}, {"max_norm": 1.0}, {"reproducible": True}):
        assert cut(small.program(**settings), 200).way != BY_COPIES
    wide = NETWORKS["relu binary, momentum"]._replace(sizes=(30, 100, 1))
    assert cut(wide.program(), 200).way == BY_HIDDEN_UNITS
    large = NETWORKS["tanh regression"]._replace(sizes=(784, 256, 128, 10))
    assert cut(large.program(), 128).way == BY_HIDDEN_UNITS
    assert cut(large.program(), 2048).way == BY_COPIES


def test_masks_that_are_given_are_not_cut_so(monkeypatch):
    """They lie for all examples together."""
    monkeypatch.setattr(cutting, "allowed_threads", lambda: 2)
    network = NETWORKS["tanh regression"]._replace(sizes=(4, 32, 16, 4))
    program, examples = network.program(**dropping(network, 0.5)), examples_for(network, 200)
    masks = tuple(np.ones((200, units), dtype=bool) for units in (32, 16))
    batches = examples.batches(program, None, 200)._replace(masks=masks)
    assert cutting.cut_of(program, batches, 200, with_blas=False).way == BY_UNITS

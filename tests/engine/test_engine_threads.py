"""The threads of a step: how many there are, that BLAS has one meanwhile, and that they change no bit."""

from __future__ import annotations

import threading
from importlib import import_module

import numba
import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits
from trajectories import NETWORKS, assert_same_trajectory, both, examples_for, give_threads

from layerwise.engine import Batches, TrainingState, build_engine
from layerwise.engine.compiled import cutting
from layerwise.engine.compiled.cutting import FEW_PARTS, MANY_INPUTS
from layerwise.engine.compiled.pool import Team
from layerwise.engine.compiled.processor import MANY_REGISTERS
from layerwise.engine.threads import allowed_threads, at_most, shared_processors
from layerwise.network.parameters import initial_parameters


def blas_threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


@pytest.fixture
def two_threads(monkeypatch):
    """BLAS with two threads, whatever the machine and the test run give it."""
    monkeypatch.setattr("layerwise.engine.threads._processors", lambda: 2)
    # SciPy may have a BLAS of its own: loaded later, it would not be among those that are limited here.
    import_module("scipy.linalg")
    with threadpool_limits(limits=2, user_api="blas"):
        if 2 not in blas_threads():
            pytest.skip("no BLAS here that can be given two threads")
        yield


def test_the_limits_of_others_are_heeded(two_threads):
    assert allowed_threads() == 2
    with threadpool_limits(limits=1, user_api="blas"):
        assert allowed_threads() == 1


def test_a_limit_of_ones_own_holds_where_threadpoolctls_is_ignored(two_threads):
    """Another thread set BLAS's first: from then on threadpoolctl 3.8 ignores this one."""
    seen = []

    def ask():
        with threadpool_limits(limits=1, user_api="blas"), at_most(1):
            seen.append(allowed_threads())
            with at_most(4):
                seen.append(allowed_threads())
        seen.append(allowed_threads())

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert seen == [1, 1, 2]
    assert allowed_threads() == 2


def test_blas_has_one_thread_meanwhile_and_then_as_many_as_before(two_threads):
    with shared_processors(2, with_blas=True) as free:
        assert free == 2
        assert set(blas_threads()) == {1}
        assert allowed_threads() == 2
    assert set(blas_threads()) == {2}


def test_calls_side_by_side_share_the_processors(two_threads):
    with shared_processors(2, with_blas=True) as first:
        with shared_processors(2, with_blas=True) as second:
            assert (first, second) == (2, 1)
        assert set(blas_threads()) == {1}
    assert set(blas_threads()) == {2}


def test_blas_has_one_thread_whichever_thread_asks(two_threads):
    """threadpoolctl 3.8 lets only the thread that came first change it, and ignores the others."""
    with shared_processors(2, with_blas=True):
        pass
    seen = []

    def work():
        with shared_processors(2, with_blas=True):
            seen.append(set(blas_threads()))

    for _ in range(2):
        worker = threading.Thread(target=work)
        worker.start()
        worker.join()
    assert seen == [{1}, {1}]
    assert set(blas_threads()) == {2}
    with threadpool_limits(limits=1, user_api="blas"):
        assert set(blas_threads()) == {1}
    assert set(blas_threads()) == {2}


def test_the_last_to_leave_gives_blas_its_threads_back(two_threads):
    """Not the one that came first."""
    entered, leave = threading.Event(), threading.Event()

    def work():
        with shared_processors(2, with_blas=True):
            entered.set()
            leave.wait(30)

    with shared_processors(2, with_blas=True):
        worker = threading.Thread(target=work)
        worker.start()
        assert entered.wait(30)
    assert set(blas_threads()) == {1}
    leave.set()
    worker.join()
    assert set(blas_threads()) == {2}


def test_work_that_fails_gives_them_back(two_threads):
    with pytest.raises(ZeroDivisionError), shared_processors(2, with_blas=True):
        _ = 1 / 0
    assert set(blas_threads()) == {2}


def test_a_team_grows_where_a_later_call_has_more_threads():
    """Otherwise a thread that waits for the others would keep one of them from its start."""
    team = Team()
    for threads in (2, 4, 3, 8):
        together = threading.Barrier(threads, timeout=20)
        assert team.run(threads, lambda thread, counters, all_here=together: all_here.wait() >= 0)


@pytest.mark.parametrize("raising", [0, 1])
def test_where_one_of_a_team_raises_the_others_do_not_wait_for_it(raising):
    from layerwise.engine.compiled.team import meet as compiled_meet

    @numba.njit(nogil=True)
    def meet(counters, threads):
        compiled_meet(counters, threads)

    def work(thread, counters):
        if thread == raising:
            raise KeyboardInterrupt
        meet(counters, 2)
        return thread

    meet(np.zeros(2, dtype=np.int64), 1)
    team = Team()
    with pytest.raises(KeyboardInterrupt):
        team.run(2, work)
    ended = threading.Event()
    team._pool.submit(ended.set)
    assert ended.wait(20)


def trained(parts, free, monkeypatch, **settings):
    """The parameters after some steps cut into `parts`, done by `free` threads."""
    network = NETWORKS["every activation"]._replace(sizes=(50, 40, 30, 50, 40, 30, 40, 50, 40, 60, 40, 30))
    program = network.program(dropout=(0.2,) * 10, l2=0.1, **settings)
    monkeypatch.setattr(cutting, "step_parts", lambda program, rows: parts)
    give_threads(monkeypatch, free)
    draw = np.random.default_rng(0)
    state = TrainingState.start(0.2 * draw.normal(size=program.architecture.parameter_count), program)
    X = draw.normal(size=(90, 50)).astype(program.dtype)
    Y = np.eye(30)[draw.integers(0, 30, 90)].astype(program.dtype)
    order = np.stack([draw.permutation(90) for _ in range(3)])
    totals = build_engine(program, "compiled").run_epochs(
        state, Batches(X, Y, None, order, 40), 0, np.full((3, 3), 0.01)
    )
    return state.parameters, [total.mean_cost for total in totals]


@pytest.mark.parametrize("sliced_up_to", [cutting.SLICED_UP_TO, 0])
@pytest.mark.parametrize("parts", [FEW_PARTS, FEW_PARTS + 1])
@pytest.mark.parametrize("settings", [{}, {"clip_norm": 0.1, "max_norm": 0.9}, {"dtype": "float32"}])
def test_the_number_of_threads_changes_no_bit(settings, parts, sliced_up_to, monkeypatch):
    """By examples or by units; each thread with a mini-batch of its own, or all with one."""
    monkeypatch.setattr(cutting, "SLICED_UP_TO", sliced_up_to)
    one, costs = trained(parts, 1, monkeypatch, **settings)
    for free in (2, 3, 4):
        again, costs_again = trained(parts, free, monkeypatch, **settings)
        assert again.tobytes() == one.tobytes()
        assert costs_again == costs


@pytest.mark.skipif(not MANY_REGISTERS, reason="BLAS has the large products of this processor")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_where_parts_are_units_the_number_of_parts_changes_no_bit(dtype, monkeypatch):
    monkeypatch.setattr(cutting, "SLICED_UP_TO", 0)
    one, costs = trained(1, 1, monkeypatch, dtype=dtype)
    for parts in (2, 3, 4):
        again, costs_again = trained(parts, 1, monkeypatch, dtype=dtype)
        assert again.tobytes() == one.tobytes()
        np.testing.assert_allclose(costs_again, costs, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sliced_steps_are_the_same_steps(dtype, monkeypatch):
    one, costs = trained(1, 1, monkeypatch, dtype=dtype)
    tolerance = 2e-3 if dtype == "float32" else 1e-9
    for parts in (2, 3):
        again, costs_again = trained(parts, parts, monkeypatch, dtype=dtype)
        assert again.tobytes() != one.tobytes()
        np.testing.assert_allclose(again, one, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(costs_again, costs, rtol=tolerance)


def test_a_reproducible_program_gives_the_same_bits_for_any_number_of_threads(two_threads, monkeypatch):
    monkeypatch.setattr(cutting, "SMALL_STEP", 0)
    program = NETWORKS["every activation"].program(reproducible=True, dtype="float32")
    found = set()
    for limit in (1, 2):
        draw = np.random.default_rng(0)
        state = TrainingState.start(0.2 * draw.normal(size=program.architecture.parameter_count), program)
        X = draw.normal(size=(90, program.architecture.sizes[0])).astype(program.dtype)
        Y = np.eye(program.architecture.sizes[-1])[:1].repeat(90, axis=0).astype(program.dtype)
        with threadpool_limits(limits=limit, user_api="blas"):
            engine = build_engine(program, "compiled")
            engine.run_epochs(state, Batches(X, Y, None, None, 40), 0, np.full((3, 3), 0.01))
            outputs = engine.pre_activations(state.parameters, X)
        found.add((state.parameters.tobytes(), outputs.tobytes()))
    assert len(found) == 1


WIDE = NETWORKS["relu binary, adam"]._replace(
    sizes=(MANY_INPUTS + 100, 20, 1), activations=("relu", "sigmoid")
)


@pytest.mark.skipif(not MANY_REGISTERS, reason="BLAS has the large products of this processor")
@pytest.mark.parametrize(
    "settings", [{}, {"l2": 0.3}, {"dropout": (0.2,), "weighted": True}, {"clip_norm": 0.1}, {"rows": 3}]
)
def test_products_made_ahead_are_those_of_the_reference(settings):
    """Of a first layer with many inputs, and the same batch in every step."""
    rows, weighted = settings.pop("rows", 40), settings.pop("weighted", False)
    examples = examples_for(WIDE, rows, weighted=weighted)
    how = {"size": rows, "epochs": 4, "rate": 0.001, "shuffle": False}
    runs = both(WIDE.program(**settings), examples, **how)
    assert_same_trajectory(*runs, tolerance=1e-9)


@pytest.mark.skipif(not MANY_REGISTERS, reason="BLAS has the large products of this processor")
def test_products_made_ahead_have_the_same_bits_for_any_parts_and_calls(monkeypatch):
    program, examples = WIDE.program(dtype="float32"), examples_for(WIDE, 40)
    start = initial_parameters(program.architecture, "he", seed=1)
    found = set()
    for parts in (1, 2, 3, 4, 9):
        monkeypatch.setattr(cutting, "step_parts", lambda program, rows, parts=parts: parts)
        for calls in ([6], [1, 3, 2]):
            engine, state = build_engine(program, "compiled"), TrainingState.start(start, program)
            batches, done = examples.batches(program, None, 40), 0
            for epochs in calls:
                engine.run_epochs(state, batches, done, np.full((epochs, 1), 0.001))
                done += epochs
            found.add(state.parameters.tobytes())
    assert len(found) == 1


def test_cutting_a_step_changes_it_by_rounding_only(monkeypatch):
    whole, costs = trained(1, 1, monkeypatch)
    for parts in (2, 3, 8):
        cut, costs_cut = trained(parts, min(parts, 2), monkeypatch)
        np.testing.assert_allclose(cut, whole, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(costs_cut, costs, rtol=1e-11)

"""What every engine promises: the same bits again, any split of the work, and no answer to a wrong call."""

from __future__ import annotations

import itertools
import platform
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trajectories import ENGINES, NETWORKS, examples_for, follow

from layerwise.engine import (
    Batches,
    Program,
    StepTotals,
    TrainingState,
    build_engine,
    cost_of,
    output_activation,
)
from layerwise.engine.compiled.predicting import PREDICTION_ROWS
from layerwise.errors import InputError
from layerwise.formulas.randomness import shuffled
from layerwise.network.architecture import Architecture
from layerwise.network.objective import Objective
from layerwise.network.parameters import initial_parameters

NETWORK = NETWORKS["relu binary, adam"]
ALL_AT_ONCE = {
    "l2": 0.1,
    "l1": 0.05,
    "weight_decay": 0.1,
    "dropout": (0.3, 0.2),
    "max_norm": 1.5,
    "clip_norm": 0.5,
}


def bits(run):
    return run.state.parameters.tobytes(), run.state.slots.tobytes(), run.totals


@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_seed_gives_the_same_bits(engine):
    examples = examples_for(NETWORK, 23, weighted=True)
    how = {"size": 5, "epochs": 4, "rate": 0.01}
    first, second, other = (
        bits(follow(build_engine(NETWORK.program(**ALL_AT_ONCE, seed=seed), engine), examples, **how))
        for seed in (1, 1, 2)
    )
    assert first == second
    assert first != other


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=15)
@given(steps_per_call=st.integers(1, 8), size=st.integers(1, 9), seed=st.integers(0, 9))
def test_the_steps_of_an_epoch_may_be_split_anywhere(engine, steps_per_call, size, seed):
    """Not a bit of the parameters, the memory of the optimizer, the cost or the norm changes."""
    built = build_engine(NETWORK.program(**ALL_AT_ONCE, seed=seed), engine)
    examples = examples_for(NETWORK, 23, seed=seed, weighted=seed % 2 == 0)
    how = {"size": size, "epochs": 2, "rate": 0.01}
    whole = follow(built, examples, **how)
    assert bits(follow(built, examples, steps_per_call=steps_per_call, **how)) == bits(whole)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_may_be_used_for_many_sizes(engine):
    """Its buffers grow with what comes, and what an earlier call left in them does not matter."""
    program = NETWORK.program(**ALL_AT_ONCE)
    used = build_engine(program, engine)
    for rows, size in [(40, 3), (10, 10), (300, 300), (7, 2), (64, 64)]:
        examples = examples_for(NETWORK, rows)
        how = {"size": size, "epochs": 2, "rate": 0.01, "shuffle": rows % 2 == 0}
        fresh = build_engine(program, engine)
        assert bits(follow(used, examples, **how)) == bits(follow(fresh, examples, **how))
        one, other = (e.pre_activations(used_start(program), examples.X) for e in (used, fresh))
        assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=20)
@given(rows=st.integers(1, 700), seed=st.integers(0, 2**64 - 1), first=st.integers(0, 2**40))
def test_orders_are_those_of_the_formula(engine, rows, seed, first):
    orders = build_engine(NETWORK.program(seed=seed), engine).orders(rows, first, 3)
    assert orders.dtype == np.int64
    expected = [shuffled(rows, seed, epoch) for epoch in range(first, first + 3)]
    np.testing.assert_array_equal(orders, expected)


def test_an_order_that_no_cache_holds_is_the_formulas_too():
    rows = 2**18 + 37
    order = build_engine(NETWORK.program(seed=3), "compiled").orders(rows, 5, 1)[0]
    np.testing.assert_array_equal(order, shuffled(rows, 3, 5))


def used_start(program):
    return initial_parameters(program.architecture, "he", seed=1, dtype=program.dtype)


@pytest.mark.parametrize("engine", ENGINES)
def test_two_threads_with_an_engine_each_do_not_meet(engine):
    program = NETWORK.program(**ALL_AT_ONCE)
    examples = [examples_for(NETWORK, 200, seed=seed) for seed in range(4)]
    how = {"size": 7, "epochs": 5, "rate": 0.01}
    alone = [bits(follow(build_engine(program, engine), example, **how)) for example in examples]
    together = [None] * len(examples)

    def work(i):
        together[i] = bits(follow(build_engine(program, engine), examples[i], **how))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(examples))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=15)
@given(cuts=st.lists(st.integers(0, 50), max_size=4))
def test_rows_may_be_predicted_in_any_chunks(engine, cuts):
    """To rounding, not to the bit: BLAS picks its kernel, and with it the order in which it adds, by the
    number of rows."""
    built = build_engine(NETWORK.program(), engine)
    X = examples_for(NETWORK, 50).X
    parameters = used_start(built.program)
    whole = built.pre_activations(parameters, X)
    edges = [0, *sorted(cuts), 50]
    parts = [
        built.pre_activations(parameters, np.ascontiguousarray(X[a:b])) for a, b in itertools.pairwise(edges)
    ]
    assert [len(part) for part in parts] == [b - a for a, b in itertools.pairwise(edges)]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-12, atol=1e-14)


def test_predictions_cross_the_edge_of_a_chunk():
    program = NETWORK.program()
    X = examples_for(NETWORK, 2 * PREDICTION_ROWS + 3).X
    parameters = used_start(program)
    reference, compiled = (build_engine(program, name).pre_activations(parameters, X) for name in ENGINES)
    np.testing.assert_allclose(compiled, reference, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("engine", ENGINES)
def test_no_rows_have_no_predictions(engine):
    built = build_engine(NETWORK.program(), engine)
    parameters = used_start(built.program)
    assert built.pre_activations(parameters, np.empty((0, 2))).shape == (0, 1)
    assert built.pre_activations(parameters, np.ones((3, 2))).shape == (3, 1)


@pytest.mark.parametrize("engine", ENGINES)
def test_batches_of_no_weight_are_passed_over(engine):
    """They count as steps of the epoch, and change nothing; the norm stays that of the last real step."""
    program = NETWORK.program()
    X, Y, _ = examples_for(NETWORK, 12)
    weights = np.ones(12)
    weights[4:8] = 0
    built = build_engine(program, engine)
    rates = np.full(3, 0.01)
    with_gap = TrainingState.start(used_start(program), program)
    totals = built.run_steps(with_gap, Batches(X, Y, weights, None, 4), 0, StepTotals(), rates)
    without = TrainingState.start(used_start(program), program)
    kept = np.r_[0:4, 8:12]
    shorter = Batches(X[kept], Y[kept], weights[kept], None, 4)
    expected = built.run_steps(without, shorter, 0, StepTotals(), rates[:2])
    assert with_gap.parameters.tobytes() == without.parameters.tobytes()
    assert with_gap.t == without.t == 2
    assert totals == expected._replace(steps=3)
    nothing = built.run_steps(with_gap, Batches(X, Y, np.zeros(12), None, 4), 0, StepTotals(), rates)
    assert nothing == StepTotals(steps=3)
    assert with_gap.t == 2
    last_is_empty = Batches(X[:8], Y[:8], weights[:8], None, 4)
    assert built.run_steps(with_gap, last_is_empty, 0, StepTotals(), rates[:2]).gradient_norm > 0


@pytest.mark.parametrize("engine", ENGINES)
def test_weights_count_as_so_many_copies_of_a_row(engine):
    program = NETWORK.program(l2=0.2)
    X, Y, _ = examples_for(NETWORK, 12)
    copies = np.arange(12) % 3
    built = build_engine(program, engine)
    weighted, repeated = (TrainingState.start(used_start(program), program) for _ in range(2))
    for epoch in range(5):
        one = Batches(X, Y, copies.astype(float), None, 12)
        a = built.run_steps(weighted, one, epoch, StepTotals(), np.array([0.01]))
        rows = np.repeat(np.arange(12), copies)
        other = Batches(X[rows], Y[rows], None, None, len(rows))
        b = built.run_steps(repeated, other, epoch, StepTotals(), np.array([0.01]))
        np.testing.assert_allclose(a, b, rtol=1e-12)
    np.testing.assert_allclose(weighted.parameters, repeated.parameters, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_cost_that_is_not_finite_stops_before_its_step(engine):
    program = NETWORK.program()
    X, Y, _ = examples_for(NETWORK, 12)
    X[6, 0] = np.inf
    built = build_engine(program, engine)
    state, shorter = (TrainingState.start(used_start(program), program) for _ in range(2))
    totals = built.run_steps(state, Batches(X, Y, None, None, 4), 0, StepTotals(), np.full(3, 0.01))
    expected = built.run_steps(
        shorter, Batches(X[:4], Y[:4], None, None, 4), 0, StepTotals(), np.array([0.01])
    )
    assert not totals.finite
    assert np.isnan(totals.gradient_norm)
    assert totals[:2] == expected[:2]
    assert totals.steps == expected.steps == state.t == 1
    assert state.parameters.tobytes() == shorter.parameters.tobytes()
    assert state.slots.tobytes() == shorter.slots.tobytes()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_division_by_zero_is_no_exception(engine):
    """Adam with epsilon 0 divides 0 by 0 for a unit that never fires; the next cost says so."""
    program = NETWORK.program(epsilon=0.0)
    X, Y, _ = examples_for(NETWORK, 12)
    built = build_engine(program, engine)
    state = TrainingState.start(np.zeros(program.architecture.parameter_count), program)
    totals = built.run_steps(state, Batches(X, Y, None, None, 6), 0, StepTotals(), np.full(2, 0.01))
    assert not totals.finite
    assert totals.steps == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_read_only_examples_are_taken_and_left_as_they_are(engine):
    program = NETWORK.program(**ALL_AT_ONCE)
    built = build_engine(program, engine)
    arrays = [*examples_for(NETWORK, 12, weighted=True), np.arange(12)[::-1].copy()]
    before = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    state = TrainingState.start(used_start(program), program)
    assert built.run_steps(state, Batches(*arrays, 5), 0, StepTotals(), np.full(3, 0.01)).finite
    parameters = state.parameters.copy()
    parameters.flags.writeable = False
    built.pre_activations(parameters, arrays[0])
    for array, was in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, was)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_learning_rates_may_be_any_kind_of_slice(engine):
    built = build_engine(NETWORK.program(), engine)
    X, Y, _ = examples_for(NETWORK, 12)
    states = []
    for rates in (np.array([0.01, 0.02, 0.03]), np.array([0.01, 9, 0.02, 9, 0.03, 9])[::2]):
        state = TrainingState.start(used_start(built.program), built.program)
        built.run_steps(state, Batches(X, Y, None, None, 4), 0, StepTotals(), rates)
        states.append(state.parameters.tobytes())
    assert states[0] == states[1]


def good():
    program = NETWORK.program()
    X, Y, weights = examples_for(NETWORK, 12, weighted=True)
    state = TrainingState.start(used_start(program), program)
    return program, state, Batches(X, Y, weights, np.arange(12), 4)


def with_batches(**changes):
    def spoil(state, batches):
        return state, batches._replace(**{name: change(batches) for name, change in changes.items()})

    return spoil


def with_state(name, change):
    def spoil(state, batches):
        setattr(state, name, change(getattr(state, name)))
        return state, batches

    return spoil


def read_only(array):
    array.flags.writeable = False
    return array


WRONG = {
    "X of another precision": (with_batches(X=lambda b: b.X.astype("f4")), "X is float32"),
    "X by columns": (with_batches(X=lambda b: np.asfortranarray(b.X)), "X is not contiguous"),
    "X too wide": (with_batches(X=lambda b: np.ones((12, 3))), r"X has shape \(12, 3\).*\(12, 2\)"),
    "Y as a vector": (with_batches(Y=lambda b: b.Y[:, 0].copy()), r"Y has shape \(12,\).*\(12, 1\)"),
    "Y too short": (with_batches(Y=lambda b: b.Y[:5].copy()), "Y has shape"),
    "Y of integers": (with_batches(Y=lambda b: b.Y.astype(int)), "Y is int64"),
    "weights too few": (with_batches(weights=lambda b: b.weights[:3].copy()), "weights has shape"),
    "an order of int32": (with_batches(order=lambda b: b.order.astype("i4")), "order is int32"),
    "an order too short": (with_batches(order=lambda b: b.order[:3].copy()), "order has shape"),
    "an order beyond the end": (with_batches(order=lambda b: b.order + 1), "order holds 12; .* 0 to 11"),
    "an order before the start": (with_batches(order=lambda b: b.order - 1), "order holds -1"),
    "mini-batches of nothing": (with_batches(size=lambda b: 0), "mini-batch is 0"),
    "more steps than there are": (with_batches(size=lambda b: 5), "asked for 3 steps after step 1 .* has 3"),
    "no examples": (
        with_batches(X=lambda b: b.X[:0], Y=lambda b: b.Y[:0], weights=lambda b: None, order=lambda b: None),
        "no examples",
    ),
    "parameters of another network": (with_state("parameters", lambda p: p[:-1].copy()), "parameters has"),
    "parameters of another precision": (
        with_state("parameters", lambda p: p.astype("f4")),
        "parameters is float32; the engine expects float64",
    ),
    "the memory of another optimizer": (with_state("slots", lambda s: s[:1].copy()), "slots has shape"),
    "parameters that cannot change": (with_state("parameters", read_only), "read-only"),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_call_is_refused_before_anything_changes(engine, wrong):
    program, state, batches = good()
    spoil, message = WRONG[wrong]
    before = state.parameters.copy()
    state, batches = spoil(state, batches)
    first = StepTotals(steps=1) if "more steps" in wrong else StepTotals()
    with pytest.raises(InputError, match=message):
        build_engine(program, engine).run_steps(state, batches, 0, first, np.full(3, 0.01))
    np.testing.assert_array_equal(state.parameters[:10], before[:10].astype(state.parameters.dtype))
    assert state.t == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_predictions_and_gradients_refuse_wrong_arrays_too(engine):
    program, state, batches = good()
    built = build_engine(program, engine)
    with pytest.raises(InputError, match="X is float32"):
        built.pre_activations(state.parameters, batches.X.astype("f4"))
    with pytest.raises(InputError, match="parameters has shape"):
        built.pre_activations(state.parameters[:3], batches.X)
    with pytest.raises(InputError, match="X is not contiguous"):
        built.pre_activations(state.parameters, batches.X[::2])
    with pytest.raises(InputError, match="Y has shape"):
        built.cost_and_gradient(state.parameters, batches.X, batches.Y[:3])
    with pytest.raises(InputError, match="no examples"):
        built.cost_and_gradient(state.parameters, batches.X[:0], batches.Y[:0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer": "adan"}, "unknown optimizer 'adan'; did you mean 'adam'"),
        ({"momentum": 1.0}, "momentum is 1.0; expected at least 0 and below 1"),
        ({"beta2": -0.1}, "beta2 is -0.1"),
        ({"epsilon": float("nan")}, "epsilon is nan"),
        ({"clip_norm": float("inf")}, "clip_norm is inf"),
        ({"max_norm": -1}, "max_norm is -1"),
        ({"weight_decay": "much"}, "weight_decay is 'much'"),
        ({"dropout": (0.1,)}, "dropout has 1 values for 2 hidden layers"),
        ({"dropout": (0.1, 1.0)}, "dropout is 1.0"),
        ({"dtype": "float16"}, "unknown dtype 'float16'"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 1.5}, "seed is 1.5; expected an integer"),
        ({"seed": 2**64}, "seed is"),
    ],
)
def test_a_program_out_of_range_is_refused(settings, message):
    architecture = Architecture((2, 3, 3, 1), ("relu", "relu", "sigmoid"))
    with pytest.raises(InputError, match=message):
        Program(architecture, Objective("binary_cross_entropy"), **settings)


def test_an_engine_is_found_by_name(monkeypatch):
    program = NETWORK.program()
    assert build_engine(program).name == "compiled"
    assert build_engine(program, "numpy").name == "numpy"
    with pytest.raises(InputError, match="unknown engine 'compield'; did you mean 'compiled'"):
        build_engine(program, "compield")
    monkeypatch.setattr("numba.config.DISABLE_JIT", 1)
    assert build_engine(program).name == "numpy"
    with pytest.raises(InputError, match="NUMBA_DISABLE_JIT"):
        build_engine(program, "compiled")


def test_single_and_double_precision_start_alike():
    architecture = NETWORK.program().architecture
    single, double = (initial_parameters(architecture, "he", seed=3, dtype=d) for d in ("float32", "float64"))
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, double.astype(np.float32))
    assert (single != double).any()


def test_a_state_starts_with_a_copy():
    program = NETWORK.program()
    start = used_start(program)
    state = TrainingState.start(start, program)
    state.parameters[:] = 0
    assert start.any()
    assert state.slots.shape == (2, start.size)
    assert state.t == 0


def test_the_cost_of_predictions_is_the_cost_of_training():
    network = NETWORKS["every activation"]
    program = network.program()
    engine = build_engine(program, "numpy")
    batches = examples_for(network, 9, weighted=True).batches(program, None, 9)
    parameters = used_start(program)
    Z = engine.pre_activations(parameters, batches.X)
    cost, _ = engine.cost_and_gradient(parameters, batches.X, batches.Y, batches.weights)
    assert cost_of(program, Z, batches.Y, batches.weights) == pytest.approx(cost, rel=1e-13)
    A = output_activation(program, Z)
    np.testing.assert_allclose(A.sum(axis=1), 1, rtol=1e-13)
    assert A.flags.c_contiguous


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_steps_take_numbers_below_full_precision_as_zero_and_leave_the_process_as_it_was(dtype):
    """An x86 processor is a hundred times slower with them; NumPy in the same thread still knows them."""
    denormal = np.finfo(dtype).smallest_subnormal * 1000
    program = Program(Architecture((1, 1), ("identity",)), Objective("squared_error"), "gd", dtype=dtype)
    state = TrainingState.start(np.array([denormal, denormal], dtype=dtype), program)
    zero = np.zeros((2, 1), dtype=dtype)
    build_engine(program, "compiled").run_steps(
        state, Batches(zero, zero, None, None, 2), 0, StepTotals(), np.array([0.1])
    )
    still = np.array([denormal], dtype=dtype) * np.ones(1, dtype=dtype)
    assert still[0] == denormal != 0
    if platform.machine().lower() in ("x86_64", "amd64"):
        np.testing.assert_array_equal(state.parameters, 0)
    else:
        assert np.abs(state.parameters).max() <= denormal

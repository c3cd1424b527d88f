"""The loop: what it trains, what it keeps, when it stops."""

from __future__ import annotations

import itertools
import math
import time

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression, LogisticRegression
from training_runs import Scripted, regression_data, regression_program, run

from layerwise.engine import Program, StepTotals, TrainingState, build_engine
from layerwise.engine.reference import ReferenceEngine
from layerwise.errors import InputError
from layerwise.formulas.randomness import shuffled
from layerwise.network.architecture import Architecture
from layerwise.network.objective import Objective
from layerwise.network.parameters import initial_parameters, named_views
from layerwise.training import Data, Recipe
from layerwise.training import loop as loop_module

ENGINES = ("numpy", "compiled")
TIMES = ("seconds", "rows_per_second")


def without_times(history):
    return [{name: value for name, value in row.items() if name not in TIMES} for row in history]


def test_a_linear_network_finds_the_least_squares():
    data = regression_data()
    program = Program(Architecture((3, 1), ("identity",)), Objective("squared_error"), "gd", dtype="float64")
    result = run(Recipe(epochs=400, batch_size=0, learning_rate=0.5), program, data, statistics=False)
    expected = LinearRegression().fit(data.X, data.Y[:, 0])
    found = named_views(result.parameters, program.architecture)
    np.testing.assert_allclose(found["W1"][0], expected.coef_, atol=1e-8)
    np.testing.assert_allclose(found["b1"][0], expected.intercept_, atol=1e-8)


def test_a_penalised_logistic_network_finds_scikit_learns_logistic_regression():
    X, score, _ = regression_data(rows=80)
    y = (score[:, 0] > 0).astype(float)
    weights = np.random.default_rng(1).exponential(size=80)
    program = Program(
        Architecture((3, 1), ("sigmoid",)), Objective("binary_cross_entropy", l2=2.0), "gd", dtype="float64"
    )
    recipe = Recipe(epochs=1500, batch_size=0, learning_rate=2.0)
    result = run(recipe, program, Data(X, y[:, None], weights), statistics=False)
    expected = LogisticRegression(C=1 / 2.0, tol=1e-12, max_iter=10_000).fit(X, y, sample_weight=weights)
    found = named_views(result.parameters, program.architecture)
    np.testing.assert_allclose(found["W1"], expected.coef_, atol=1e-5)
    np.testing.assert_allclose(found["b1"][0], expected.intercept_, atol=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_loop_is_the_engine_over_shuffled_epochs(engine):
    """Nothing beside the engine's own steps, in the order of the addressed generator, changes a parameter."""
    program, data = regression_program(), regression_data(rows=23)
    result = run(Recipe(epochs=3, batch_size=5, learning_rate=0.05), program, data, engine=engine)
    built = build_engine(program, engine)
    state = TrainingState.start(
        initial_parameters(program.architecture, "xavier", seed=program.seed), program
    )
    for epoch in range(3):
        batches = loop_module.Batches(*data, shuffled(23, program.seed, epoch), 5)
        totals = built.run_steps(state, batches, epoch, StepTotals(), np.full(5, 0.05))
        assert result.history.rows[epoch]["cost"] == totals.mean_cost
        assert result.history.rows[epoch]["gradient_norm"] == totals.gradient_norm
    assert result.parameters.tobytes() == state.parameters.tobytes()
    assert result.state.t == state.t == 15
    assert (result.stopped, result.best_epoch) == ("epochs", 3)
    assert result.reason == "all 3 epochs were done"


def test_the_same_seed_gives_the_same_run_and_another_seed_another():
    recipe = Recipe(epochs=4, batch_size=7)
    same, again, other = (run(recipe, regression_program(dropout=(0.3,), seed=seed)) for seed in (1, 1, 2))
    assert same.parameters.tobytes() == again.parameters.tobytes()
    assert without_times(same.history) == without_times(again.history)
    assert same.parameters.tobytes() != other.parameters.tobytes()


def test_a_batch_of_all_rows_may_be_asked_for_in_three_ways():
    results = [run(Recipe(epochs=3, batch_size=size)) for size in (0, 40, 10**6)]
    assert len({result.parameters.tobytes() for result in results}) == 1
    assert results[0].history.column("step") == [1, 2, 3]


def test_without_shuffling_the_rows_come_as_they_stand():
    data = regression_data(rows=20)
    swapped = Data(data.X[::-1].copy(), data.Y[::-1].copy())
    in_order, again, reversed_, mixed = (
        run(Recipe(epochs=2, batch_size=6, shuffle=shuffle), data=rows).parameters.tobytes()
        for rows, shuffle in [(data, False), (data, False), (swapped, False), (data, True)]
    )
    assert in_order == again
    assert in_order != reversed_
    assert in_order != mixed


@pytest.mark.parametrize("engine", ENGINES)
def test_how_an_epoch_is_cut_into_calls_changes_nothing(engine, monkeypatch):
    recipe = Recipe(epochs=4, batch_size=1, learning_rate=0.01, schedule="cosine", warm_up=1.5)
    whole = run(recipe, engine=engine)
    monkeypatch.setattr("layerwise.training.pace.SECONDS_PER_CALL", 0.0)
    seen = []

    class Progress:
        def on_steps_end(self, epoch, steps):
            seen.append((epoch, steps))

    cut = run(recipe, engine=engine, callbacks=[Progress()])
    assert cut.parameters.tobytes() == whole.parameters.tobytes()
    assert without_times(cut.history) == without_times(whole.history)
    # Single steps, but for the first call of the run.
    assert seen == [(1, step) for step in range(16, 41)] + [
        (e, step) for e in (2, 3, 4) for step in range(1, 41)
    ]


class Onlooker:
    """Is told of every epoch, so that each is a call of its own."""

    def on_epoch_end(self, row):
        return None


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("schedule", ["constant", "step", "exponential", "cosine", "cyclic", "one_cycle"])
def test_epochs_that_nobody_looks_at_are_the_same_in_one_call(engine, schedule):
    program, data = regression_program(), regression_data(rows=23)
    recipe = Recipe(epochs=9, batch_size=5, learning_rate=0.05, schedule=schedule, warm_up=2)
    unseen = run(recipe, program, data, engine=engine, statistics=False)
    seen = run(recipe, program, data, engine=engine, statistics=False, callbacks=[Onlooker()])
    assert unseen.parameters.tobytes() == seen.parameters.tobytes()
    assert without_times(unseen.history) == without_times(seen.history)
    assert unseen.state.t == seen.state.t


def test_epochs_that_nobody_looks_at_are_done_many_at_a_time(monkeypatch):
    program, data = regression_program(), regression_data(rows=23)
    built = build_engine(program)
    calls = []
    several = built.run_epochs
    monkeypatch.setattr(
        built, "run_epochs", lambda *given: calls.append(len(given[-1])) or several(*given), raising=False
    )
    state = TrainingState.start(
        initial_parameters(program.architecture, "xavier", seed=program.seed), program
    )
    result = loop_module.train(built, state, data, Recipe(epochs=2000, batch_size=5), statistics=False)
    assert len(result.history) == 2000
    assert max(calls) > 50
    seconds = result.history.column("seconds")
    assert all(before < after for before, after in itertools.pairwise(seconds))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_divergence_among_epochs_in_one_call_ends_where_it_would_alone(engine):
    program, data = regression_program(), regression_data(rows=23)
    recipe = Recipe(epochs=400, batch_size=5, learning_rate=3.0)
    unseen = run(recipe, program, data, engine=engine, statistics=False)
    seen = run(recipe, program, data, engine=engine, statistics=False, callbacks=[Onlooker()])
    assert unseen.stopped == seen.stopped == "diverged"
    assert len(unseen.history) == len(seen.history)
    assert unseen.parameters.tobytes() == seen.parameters.tobytes()


def test_the_best_epoch_is_kept_with_validation_and_the_last_without():
    scores = [5.0, 3.0, 4.0, 2.0, 6.0]
    validation = Scripted(scores)
    kept = run(Recipe(epochs=5), validate=validation)
    best = int(np.argmin(scores))
    assert kept.best_epoch == best + 1
    assert kept.parameters.tobytes() == validation.shown[best].tobytes()
    assert kept.state.parameters.tobytes() == validation.shown[-1].tobytes()
    assert kept.history.column("validation_cost") == scores
    last = run(Recipe(epochs=5))
    assert last.best_epoch == 5
    assert last.parameters.tobytes() == validation.shown[-1].tobytes()


def test_what_is_kept_of_an_earlier_epoch_is_a_copy_and_the_last_is_the_states_own():
    best = run(Recipe(epochs=3), validate=Scripted([2.0, 1.0, 3.0]))
    best.state.parameters[:] = 0
    assert best.parameters.any()
    last = run(Recipe(epochs=2))
    assert last.parameters is last.state.parameters


@pytest.mark.parametrize("metric", loop_module.HIGHER_IS_BETTER)
def test_of_some_metrics_more_is_better(metric):
    name = f"validation_{metric}"
    validation = Scripted([0.5, 0.9, 0.7], name)
    result = run(Recipe(epochs=3, monitor=name), validate=validation)
    assert result.best_epoch == 2
    assert result.parameters.tobytes() == validation.shown[1].tobytes()


@pytest.mark.parametrize(
    ("scores", "patience", "min_delta", "epochs", "best"),
    [
        ([5, 4, 3, 3, 3, 3, 0], 3, 0.0, 6, 3),
        ([5, 4, 3, 3, 3, 2, 2, 2, 2, 0], 3, 0.0, 9, 6),
        ([5, 6, 0], 1, 0.0, 2, 1),
        ([5, 4.6, 4.4, 4.2, 0], 2, 0.5, 5, 5),
        ([5, 4.9, 4.8, 4.7, 0], 2, 0.5, 3, 1),
        ([math.nan, math.nan, 0], 2, 0.0, 2, 2),
        ([math.nan, 3, math.nan, math.nan, 0], 2, 0.0, 4, 2),
        ([math.inf, 3, 2, 4, 4, 0], 2, 0.0, 5, 3),
        ([5, 4, 3, 2], 1, 0.0, 4, 4),
    ],
)
def test_patience_counts_epochs_without_an_improvement(scores, patience, min_delta, epochs, best):
    validation = Scripted(scores)
    result = run(Recipe(epochs=len(scores), patience=patience, min_delta=min_delta), validate=validation)
    assert len(result.history) == epochs
    assert result.best_epoch == best
    assert result.parameters.tobytes() == validation.shown[best - 1].tobytes()
    if epochs < len(scores):
        assert result.stopped == "patience"
        assert result.reason == f"validation_cost had not improved for {patience} epochs"


@settings(max_examples=50)
@given(scores=st.lists(st.integers(0, 5), min_size=1, max_size=12), patience=st.integers(1, 4))
def test_a_run_stops_patience_epochs_after_its_best_and_not_before(scores, patience):
    result = run(Recipe(epochs=len(scores), patience=patience, batch_size=0), validate=Scripted(scores))
    done = scores[: len(result.history)]
    assert result.best_epoch == done.index(min(done)) + 1
    waited = len(done) - result.best_epoch
    assert waited == patience if result.stopped == "patience" else waited < patience
    assert len(done) == len(scores) or result.stopped == "patience"


def test_without_validation_patience_watches_the_cost():
    # A rate too small to change the cost by the asked amount: the first epoch stays the best.
    result = run(Recipe(epochs=50, learning_rate=1e-9, patience=4, min_delta=0.1, batch_size=0))
    assert (result.stopped, len(result.history)) == ("patience", 5)
    # Kept are the last parameters all the same, as without any validation.
    assert result.best_epoch == 5
    assert result.parameters.tobytes() == result.state.parameters.tobytes()


def test_a_column_that_does_not_exist_cannot_be_monitored():
    with pytest.raises(InputError, match=r"cannot monitor 'validation_accurcy'.*'validation_accuracy'"):
        run(
            Recipe(epochs=2, monitor="validation_accurcy"),
            validate=Scripted([0.5, 0.5], "validation_accuracy"),
        )


def test_no_examples_cannot_be_trained_on():
    with pytest.raises(InputError, match="no examples"):
        run(Recipe(), data=Data(np.empty((0, 3)), np.empty((0, 1))))


def test_a_plateau_lowers_the_rate_until_there_is_progress():
    """The scores never improve after the first: with a patience of 2 the third in vain lowers the rate, as
    PyTorch's ReduceLROnPlateau counts."""
    recipe = Recipe(
        epochs=10, learning_rate=0.01, schedule="plateau", schedule_factor=0.5, schedule_every=2, batch_size=0
    )
    flat = run(recipe, validate=Scripted([1.0] * 10))
    expected = [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]
    np.testing.assert_allclose(np.array(flat.history.column("learning_rate")) / 0.01, expected)
    improving = run(recipe, validate=Scripted(range(10, 0, -1)))
    assert set(improving.history.column("learning_rate")) == {0.01}


def test_the_learning_rate_of_an_epochs_last_step_is_in_the_history():
    recipe = Recipe(epochs=3, batch_size=10, learning_rate=0.1, schedule="exponential", schedule_factor=0.5)
    result = run(recipe)
    expected = [recipe.rates(epoch, 4)[-1] for epoch in range(3)]
    np.testing.assert_array_equal(result.history.column("learning_rate"), expected)


@pytest.mark.parametrize(
    ("engine", "dtype"), [("numpy", "float32"), ("numpy", "float64"), ("compiled", "float64")]
)
def test_a_run_that_diverges_says_so_and_keeps_finite_parameters(engine, dtype):
    data = regression_data(dtype=dtype)
    program = regression_program(dtype=dtype)
    result = run(Recipe(epochs=2000, learning_rate=30.0, batch_size=0), program, data, engine=engine)
    assert result.stopped == "diverged"
    assert result.reason.endswith(f"no longer finite in epoch {len(result.history) + 1}")
    assert np.isfinite(result.parameters).all()
    assert np.isfinite(result.history.column("cost")).all()
    assert result.best_epoch == len(result.history) > 0
    steps_to_there = run(
        Recipe(epochs=result.best_epoch, learning_rate=30.0, batch_size=0), program, data, engine=engine
    )
    assert result.parameters.tobytes() == steps_to_there.parameters.tobytes()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_last_step_that_leaps_to_infinity_counts_as_diverged(engine):
    """Its cost is finite: no later step would tell."""
    start = initial_parameters(regression_program().architecture, "xavier", seed=3)
    recipe = Recipe(epochs=1, learning_rate=1e308, batch_size=0)
    data = regression_data()
    result = run(recipe, data=Data(data.X, 1e4 * data.Y), engine=engine, start=start)
    assert result.stopped == "diverged"
    assert len(result.history) == result.best_epoch == 0
    np.testing.assert_array_equal(result.parameters, start)


def test_a_run_that_diverges_keeps_its_best_epoch():
    validation = Scripted([3.0, 2.0] + [4.0] * 2000)
    result = run(Recipe(epochs=2000, learning_rate=30.0, batch_size=0), validate=validation)
    assert (result.stopped, result.best_epoch) == ("diverged", 2)
    assert result.parameters.tobytes() == validation.shown[1].tobytes()


def test_infinite_examples_diverge_at_once():
    data = regression_data()
    data.X[5, 1] = np.inf
    result = run(Recipe(epochs=3, batch_size=8, shuffle=False), data=data)
    assert (result.stopped, len(result.history), result.best_epoch) == ("diverged", 0, 0)
    assert np.isfinite(result.parameters).all()
    assert result.history.frame().is_empty()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_history_is_a_table(dtype):
    result = run(
        Recipe(epochs=3, batch_size=16),
        regression_program(dtype=dtype),
        validate=lambda parameters: {"validation_cost": np.float32(1), "validation_r2": 0},
    )
    frame = result.history.frame()
    statistics = ["weight_norm", "update_ratio", "gradient_norm", "gradient_mean_abs", "activation_mean"]
    statistics += ["activation_std", "zero_fraction", "dead_fraction", "saturated_fraction"]
    floats = ["cost", "learning_rate", "gradient_norm", *TIMES, "validation_cost", "validation_r2"]
    floats += [f"layer{layer}_{name}" for layer in (1, 2) for name in statistics] + ["layer1_unit_spread"]
    assert dict(frame.schema) == {"epoch": pl.Int64, "step": pl.Int64} | dict.fromkeys(floats, pl.Float64)
    assert frame["epoch"].to_list() == [1, 2, 3]
    assert frame["step"].to_list() == [3, 6, 9]
    assert frame["seconds"].is_sorted()
    assert (frame["rows_per_second"] > 0).all()
    assert frame.null_count().sum_horizontal().item() == 0


def test_statistics_are_taken_in_about_a_hundred_epochs_of_a_long_run():
    result = run(Recipe(epochs=250, batch_size=0))
    taken = [row["epoch"] for row in result.history if "layer1_weight_norm" in row]
    assert taken == list(range(1, 251, 2))
    assert result.history.frame()["layer1_weight_norm"].null_count() == 125
    assert "layer1_weight_norm" not in run(Recipe(epochs=2), statistics=False).history.rows[0]


def test_taking_statistics_does_not_change_the_run():
    one, other = (run(Recipe(epochs=3, batch_size=8), statistics=statistics) for statistics in (True, False))
    assert one.parameters.tobytes() == other.parameters.tobytes()


def test_compiling_is_off_the_clock(monkeypatch):
    """Seconds before the first epoch, once on a machine: no part of what a history tells of training."""
    waited = []

    def compiling(engine, rows):
        waited.append(time.perf_counter())
        time.sleep(0.5)

    monkeypatch.setattr(ReferenceEngine, "compile", compiling)
    result = run(Recipe(epochs=3))
    assert len(waited) == 1
    assert result.seconds < 0.5
    assert result.history.rows[-1]["seconds"] < 0.5

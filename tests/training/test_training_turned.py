"""More inputs than examples: the run turns to as many coordinates as there are, and stays the same."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits
from training_runs import regression_program, run

from layerwise.engine import TrainingState, at_most, build_engine, cost_of
from layerwise.formulas.optimizers import OPTIMIZERS
from layerwise.network.architecture import Architecture
from layerwise.network.parameters import initial_parameters
from layerwise.training import Data, Recipe, train, turned_run
from layerwise.training.turned_run import TurnedRun, epochs_before_turning

WIDE = Architecture((120, 4, 1), ("tanh", "identity"))
ROWS, TURNS_AT = 24, 8
EPOCHS = Recipe(epochs=40, batch_size=0, learning_rate=0.05)
LINEAR = sorted(name for name, optimizer in OPTIMIZERS.items() if optimizer.linear)


@pytest.fixture(autouse=True)
def small_ones_turn_too(monkeypatch):
    monkeypatch.setattr(turned_run, "LEAST_WORK", 0)
    monkeypatch.setattr(turned_run, "OVERHEAD", 0)


def program(**settings):
    return replace(regression_program(**{"dtype": "float32"} | settings), architecture=WIDE)


def data(dtype="float32", rows=ROWS, weighted=False, seed=0):
    """Two rows are equal, one is 0; the columns had mean 0, so that another is made up of the rest."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(rows, 120)) / np.sqrt(120) * random.exponential(size=120)
    X[3] = X[4]
    X -= X.mean(axis=0)
    X[5] = 0
    Y = np.tanh(3 * X[:, :1]) + 0.1 * random.normal(size=(rows, 1))
    weights = random.exponential(size=rows).astype(dtype) if weighted else None
    return Data(X.astype(dtype), Y.astype(dtype), weights)


def turned(monkeypatch):
    """How often a run turned since."""
    seen = []
    made = TurnedRun.__init__

    def counted(self, engine, state, data):
        made(self, engine, state, data)
        seen.append(state.t)

    monkeypatch.setattr(TurnedRun, "__init__", counted)
    return seen


def compiled(recipe=EPOCHS, its_program=None, its_data=None, **how):
    return run(recipe, its_program or program(), its_data or data(), engine="compiled", **how)


def assert_same_run(one, reference, tolerance=2e-5):
    """To the rounding of single precision."""
    assert one.state.t == reference.state.t
    for here, there in ((one.parameters, reference.parameters), (one.state.slots, reference.state.slots)):
        scale = np.abs(there).max(initial=1e-3)
        np.testing.assert_allclose(here, there, rtol=0, atol=tolerance * scale)
    for row, other in zip(one.history, reference.history, strict=True):
        assert row.keys() == other.keys()
        assert row["cost"] == pytest.approx(other["cost"], rel=1e-4)
        assert row["gradient_norm"] == pytest.approx(other["gradient_norm"], rel=2e-3)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"l2": 2.0},
        {"max_norm": 0.3},
        {"clip_norm": 0.02},
        {"weight_decay": 0.5},
        {"dropout": (0.3,)},
        {"l2": 2.0, "max_norm": 0.5, "weight_decay": 0.1, "dropout": (0.3,)},
    ],
    ids=lambda settings: "+".join(settings) or "plain",
)
@pytest.mark.parametrize("optimizer", LINEAR)
@pytest.mark.parametrize("batch_size", [0, 7])
def test_a_turned_run_is_the_run_of_the_reference(settings, optimizer, batch_size, monkeypatch):
    turns = turned(monkeypatch)
    recipe = replace(EPOCHS, batch_size=batch_size)
    settings = settings | {"optimizer": optimizer}
    single = compiled(recipe, program(**settings), statistics=True)
    assert turns == [TURNS_AT * math.ceil(ROWS / (batch_size or ROWS))]
    double = run(recipe, program(dtype="float64", **settings), data("float64"), statistics=True)
    assert_same_run(single, double)
    assert len(turns) == 1
    for row, other in zip(single.history, double.history, strict=True):
        for name in ("layer1_weight_norm", "layer1_gradient_norm", "layer1_unit_spread"):
            assert row[name] == pytest.approx(other[name], rel=1e-3)


def test_weights_of_the_examples_count_as_ever():
    single = compiled(its_data=data(weighted=True))
    double = run(EPOCHS, program(dtype="float64"), data("float64", weighted=True))
    assert_same_run(single, double)


@pytest.mark.parametrize(
    "change",
    [
        {"optimizer": "adam"},
        {"optimizer": "rmsprop"},
        {"dtype": "float64"},
        {"l1": 0.1},
        {"engine": "numpy"},
        {"rows": 61},
        {"rows": turned_run.MOST_EXAMPLES + 1},
    ],
    ids=lambda change: str(*change.values()),
)
def test_a_run_that_would_be_another_or_no_shorter_does_not_turn(change):
    change = dict(change)
    engine, rows, l1 = change.pop("engine", "compiled"), change.pop("rows", 60), change.pop("l1", 0.0)
    wide = program(**change)
    wide = replace(wide, objective=replace(wide.objective, l1=l1))
    X = np.zeros((rows, 120), wide.dtype)
    assert (epochs_before_turning(build_engine(wide, engine), Data(X, X[:, :1])) is None) is bool(
        change or engine == "numpy" or rows > 60 or l1
    )


def test_a_small_network_is_not_worth_it(monkeypatch):
    monkeypatch.undo()
    assert epochs_before_turning(build_engine(program(), "compiled"), data()) is None


class HeldOut:
    """The cost of rows that are not trained on, and how often they were looked at."""

    def __init__(self, its_program, X, Y, engine=None):
        self.engine, self.X, self.Y = engine or build_engine(its_program, "compiled"), X, Y
        self.seen = []

    def __call__(self, parameters):
        Z = self.engine.pre_activations(parameters, self.X)
        self.seen.append(parameters.size)
        return {"validation_cost": cost_of(self.engine.program, Z, self.Y)}


class Turning(HeldOut):
    def on(self, engine, X):
        other = Turning(None, X, self.Y, engine)
        other.seen = self.seen
        return other


def held_out(kind, settings):
    """Of other rows than those trained on; some are of training, one is 0."""
    rows = data(seed=1)
    X = np.concatenate([rows.X[:9], data().X[:3], np.zeros((1, 120), "f4")])
    return kind(program(**settings), X, np.concatenate([rows.Y[:9], data().Y[:4]]))


@pytest.mark.parametrize("settings", [{}, {"l2": 2.0}, {"optimizer": "nesterov", "max_norm": 0.3}])
def test_validation_sees_the_same_network(settings, monkeypatch):
    turns = turned(monkeypatch)
    recipe = replace(EPOCHS, epochs=60)
    validation = held_out(Turning, settings)
    single = compiled(recipe, program(**settings), validate=validation)
    assert turns == [TURNS_AT]
    plain = held_out(HeldOut, settings)
    double = compiled(recipe, program(**settings), validate=plain)
    assert turns == [TURNS_AT]
    assert_same_run(single, double)
    assert len(validation.seen) == len(plain.seen) == 60
    assert max(validation.seen[TURNS_AT:]) < WIDE.parameter_count == min(plain.seen)
    costs = [[row["validation_cost"] for row in result.history] for result in (single, double)]
    np.testing.assert_allclose(*costs, rtol=1e-4)
    assert np.ptp(costs[0]) > 1e-3


class Scored:
    """A validation that finds one epoch the best, whatever it sees."""

    X = np.zeros((1, 120), "f4")

    def __init__(self, best):
        self.best, self.epoch = best, 0

    def __call__(self, parameters):
        self.epoch += 1
        return {"validation_cost": abs(self.epoch - self.best)}

    def on(self, engine, X):
        return self


@pytest.mark.parametrize("best", [3, 20, 40])
def test_the_best_epoch_is_of_all_inputs(best):
    scored = Scored(best)
    result = compiled(validate=scored)
    assert result.best_epoch == best
    assert result.parameters.shape == (WIDE.parameter_count,)
    whole = compiled(replace(EPOCHS, epochs=best))
    assert result.parameters.tobytes() == whole.parameters.tobytes()


def test_the_start_of_a_network_of_zeros():
    single = compiled(start=np.zeros(WIDE.parameter_count))
    double = run(EPOCHS, program(dtype="float64"), data("float64"), start=np.zeros(WIDE.parameter_count))
    assert_same_run(single, double)


# -- the same bits ----------------------------------------------------------------------------------------


class Keeper:
    """Holds the snapshot of every epoch, and hands back the one it was given."""

    def __init__(self, snapshot=None):
        self.given, self.taken = snapshot, []

    def restore(self, identity):
        return self.given

    def on_snapshot(self, take):
        self.taken.append(take())


def assert_same_bits(one, other):
    assert one.parameters.tobytes() == other.parameters.tobytes()
    assert one.state.parameters.tobytes() == other.state.parameters.tobytes()
    assert one.state.slots.tobytes() == other.state.slots.tobytes()
    assert [row["cost"] for row in one.history] == [row["cost"] for row in other.history]


@pytest.mark.parametrize("stop", [1, TURNS_AT - 1, TURNS_AT, TURNS_AT + 1, 25, 40])
@pytest.mark.parametrize("settings", [{}, {"l2": 2.0}], ids=["plain", "l2"])
def test_a_run_that_stopped_goes_on_to_the_same_bits(stop, settings):
    keeper = Keeper()
    whole = compiled(its_program=program(**settings), callbacks=[keeper])
    # More epochs than were meant at first are the same run too.
    keeper = keeper if stop % 2 else Keeper()
    if not keeper.taken:
        compiled(replace(EPOCHS, epochs=stop), program(**settings), callbacks=[keeper])
    snapshot = keeper.taken[stop - 1]
    assert ("turned_at" in snapshot.arrays) is (stop > TURNS_AT)
    assert_same_bits(compiled(its_program=program(**settings), callbacks=[Keeper(snapshot)]), whole)


@pytest.mark.parametrize("stop", [TURNS_AT - 2, TURNS_AT, 25])
def test_a_run_with_a_best_epoch_goes_on_to_the_same_bits(stop):
    keeper = Keeper()
    whole = compiled(callbacks=[keeper], validate=held_out(Turning, {}))
    snapshot = keeper.taken[stop - 1]
    resumed = compiled(callbacks=[Keeper(snapshot)], validate=held_out(Turning, {}))
    assert_same_bits(resumed, whole)
    assert resumed.best_epoch == whole.best_epoch


def test_how_a_run_is_cut_into_calls_makes_no_difference(monkeypatch):
    alone = compiled(statistics=False)
    assert_same_bits(compiled(callbacks=[Keeper()]), alone)
    monkeypatch.setattr("layerwise.training.pace.SECONDS_PER_CALL", 0.0)
    assert_same_bits(compiled(statistics=False), alone)


def test_threads_make_no_difference():
    wide = replace(program(), architecture=replace(WIDE, sizes=(1200, 64, 1)))
    random = np.random.default_rng(0)
    examples = Data(random.normal(size=(300, 1200)).astype("f4"), random.normal(size=(300, 1)).astype("f4"))
    recipe = Recipe(epochs=30, batch_size=0, learning_rate=0.001)
    assert epochs_before_turning(build_engine(wide, "compiled"), examples) < 10
    both = compiled(recipe, wide, examples)
    with at_most(1):
        assert_same_bits(compiled(recipe, wide, examples), both)
    with threadpool_limits(1, user_api="blas"):
        assert_same_bits(compiled(recipe, wide, examples), both)


# -- where a run does not go to its end -------------------------------------------------------------------


@pytest.mark.parametrize("statistics", [True, False])
def test_a_run_that_diverges_ends_with_the_last_finite_epoch(statistics, monkeypatch):
    rates = Recipe.rates

    def rising(self, epoch, *others):
        return 1e4 ** (np.asarray(epoch)[..., None] > 20) * rates(self, epoch, *others)

    monkeypatch.setattr(Recipe, "rates", rising)
    recipe = replace(EPOCHS, epochs=200)
    single = compiled(recipe, statistics=statistics)
    double = run(recipe, program(dtype="float64"), data("float64"), statistics=statistics)
    assert single.stopped == double.stopped == "diverged"
    assert len(single.history) > 20
    assert single.parameters.shape == (WIDE.parameter_count,)
    assert np.isfinite(single.parameters).all()
    again = compiled(recipe, statistics=statistics)
    assert again.parameters.tobytes() == single.parameters.tobytes()


def test_the_state_is_where_the_run_stands_when_a_callback_fails():
    class Failing:
        def on_epoch_end(self, row):
            if row["epoch"] == 30:
                raise ValueError("no more")

    its_program = program()
    start = initial_parameters(WIDE, "xavier", seed=its_program.seed)
    state = TrainingState.start(start, its_program)
    with pytest.raises(ValueError, match="no more"):
        train(build_engine(its_program, "compiled"), state, data(), EPOCHS, callbacks=[Failing()])
    whole = compiled(replace(EPOCHS, epochs=30), its_program)
    assert state.t == 30
    assert state.parameters.tobytes() == whole.parameters.tobytes()


def test_what_other_examples_left_in_the_optimizer_is_not_lost(monkeypatch):
    """A run that begins with a velocity of other examples stays as it is."""
    turns = turned(monkeypatch)
    ends = []
    for dtype, engine in (("float32", "compiled"), ("float64", "numpy")):
        its_program = program(dtype=dtype, optimizer="classical_momentum")
        state = TrainingState.start(initial_parameters(WIDE, "xavier", seed=3), its_program)
        for seed in (0, 1):
            train(build_engine(its_program, engine), state, data(dtype, seed=seed), EPOCHS)
        ends.append(state)
    np.testing.assert_allclose(ends[0].parameters, ends[1].parameters, rtol=0, atol=2e-5)
    # It looked after so many epochs, and went on without.
    assert turns == [TURNS_AT, EPOCHS.epochs + TURNS_AT]
    assert ends[0].t == 80


def test_it_goes_on_from_a_state_that_it_left():
    its_program = program(optimizer="classical_momentum")
    state = TrainingState.start(initial_parameters(WIDE, "xavier", seed=3), its_program)
    for _ in range(2):
        train(build_engine(its_program, "compiled"), state, data(), EPOCHS)
    whole = run(
        replace(EPOCHS, epochs=80), program(dtype="float64", optimizer="classical_momentum"), data("float64"),
        start=initial_parameters(WIDE, "xavier", seed=3),
    )  # fmt: skip
    np.testing.assert_allclose(state.parameters, whole.parameters, rtol=0, atol=5e-5)

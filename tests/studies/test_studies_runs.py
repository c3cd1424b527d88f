"""How an arm is trained: the shortcuts give what the plain loop gives."""

from __future__ import annotations

import numpy as np
import pytest

from layerwise.engine import Batches, StepTotals, TrainingState, build_engine
from layerwise.network.objective import cost_and_gradient
from layerwise.network.parameters import named_views
from layerwise.studies import arm_run
from layerwise.studies.arm import Arm, Examples
from layerwise.studies.arm_run import run_arm
from layerwise.studies.note_random import NoteOrder, Seeds, note_masks, note_start
from layerwise.studies.plane_studies import OPTIMIZATION, circles, moons
from layerwise.studies.steps import OwnOrder, stepper
from layerwise.studies.turned_training import turned_training

SMALL = Arm("he", "a network", (2, 10, 5, 1), "he", 0.05, 500)


@pytest.fixture(scope="module")
def points() -> Examples:
    return circles(None, None)


def test_the_start_is_that_of_the_courses_code():
    np.random.seed(3)
    W1 = np.random.randn(10, 2) * np.sqrt(2 / 2)
    W2 = np.random.randn(5, 10) * np.sqrt(2 / 10)
    views = named_views(note_start(SMALL.architecture, "he", 3), SMALL.architecture)
    np.testing.assert_array_equal(views["W1"], W1)
    np.testing.assert_array_equal(views["W2"], W2)
    assert not views["b1"].any()


def test_the_order_is_that_of_the_courses_code():
    order = NoteOrder(10, 300)
    for epoch in (0, 7):
        np.random.seed(11 + epoch)
        np.testing.assert_array_equal(order.of(epoch), np.random.permutation(300))


def test_the_masks_are_those_of_the_courses_code():
    np.random.seed(1)
    first, second = np.random.rand(10, 4) < 0.86, np.random.rand(5, 4) < 0.86
    masks = note_masks(SMALL.architecture, 0.86, 4, 1)
    np.testing.assert_array_equal(masks[0].kept, first)
    np.testing.assert_array_equal(masks[1].kept, second)
    assert masks[2] is None


@pytest.mark.parametrize("lambd", [0.0, 0.7])
def test_many_steps_in_one_call_are_the_same_steps(points, lambd):
    arm = SMALL.but(lambd=lambd)
    engine = build_engine(arm.program())
    many, single = (
        TrainingState.start(note_start(arm.architecture, "he", 3), arm.program()) for _ in range(2)
    )
    stepper(arm, engine, points, Seeds()).advance(many, 0, 250)
    steps = stepper(arm, engine, points, Seeds())
    for epoch in range(250):
        steps.advance(single, epoch, 1)
    np.testing.assert_allclose(many.parameters, single.parameters, rtol=0, atol=1e-13)
    assert many.t == single.t == 250


@pytest.mark.parametrize("optimizer", ["gd", "adam"])
def test_many_epochs_in_one_call_are_the_same_epochs(optimizer):
    """300 examples in mini-batches of 64 leave a last one of 44."""
    examples = moons(None, None)
    arm = OPTIMIZATION.arms[0].but(optimizer=optimizer, own_order=True, rate=0.01)
    engine = build_engine(arm.program())
    many, single = (
        TrainingState.start(note_start(arm.architecture, "he", 3), arm.program()) for _ in range(2)
    )
    cost = stepper(arm, engine, examples, Seeds()).advance(many, 0, 30)
    own = OwnOrder(Seeds().order, 300)
    orders = np.vstack([own.several(0, 1), own.several(1, 29)])
    assert len(np.unique(orders, axis=0)) == 30
    for epoch, order in enumerate(orders):
        assert sorted(order) == list(range(300))
        batches = Batches(examples.X, examples.Y, None, np.ascontiguousarray(order), 64)
        engine.run_steps(single, batches, epoch, StepTotals(), np.full(5, 0.01))
    np.testing.assert_allclose(many.parameters, single.parameters, rtol=0, atol=1e-11)
    assert many.t == single.t == 150
    assert cost.weight == 44


def test_masks_that_keep_all_units_change_nothing(points):
    fixed = SMALL.but(keep_prob=1 - 1e-12, fixed_masks=True)
    states = [TrainingState.start(note_start(SMALL.architecture, "he", 3), SMALL.program()) for _ in range(2)]
    for arm, state in zip((fixed, SMALL), states, strict=True):
        stepper(arm, build_engine(arm.program()), points, Seeds()).advance(state, 0, 50)
    np.testing.assert_allclose(states[0].parameters, states[1].parameters, rtol=0, atol=1e-9)


def test_fixed_masks_are_the_same_in_every_step_and_those_of_the_course(points):
    """Against the reference network, step by step."""
    arm = SMALL.but(keep_prob=0.7, fixed_masks=True)
    program = arm.program()
    state = TrainingState.start(note_start(arm.architecture, "he", 3), program)
    expected = state.parameters.copy()
    stepper(arm, build_engine(program), points, Seeds()).advance(state, 0, 20)
    masks = note_masks(arm.architecture, 0.7, len(points.X), Seeds().mask)
    views = named_views(expected, arm.architecture)
    for _ in range(20):
        _, grads = cost_and_gradient(
            program.objective, views, arm.architecture, points.X.T, points.Y.T, dropouts=masks
        )
        for name, array in views.items():
            array -= arm.rate * grads[f"d{name}"]
    np.testing.assert_allclose(state.parameters, expected, rtol=1e-10, atol=1e-12)


def test_the_recorded_cost_is_that_of_the_last_mini_batch():
    examples = moons(None, None)
    arm = OPTIMIZATION.arms[0]
    engine = build_engine(arm.program())
    state = TrainingState.start(note_start(arm.architecture, "he", 3), arm.program())
    totals = stepper(arm, engine, examples, Seeds()).advance(state, 0, 1)
    assert totals.weight == 300 % 64
    last = NoteOrder(10, 300).of(0)[-44:]
    after, _ = engine.cost_and_gradient(state.parameters, examples.X[last], examples.Y[last])
    assert after == pytest.approx(totals.mean_cost, abs=1e-3)


def test_a_run_that_diverges_says_in_which_epoch_and_keeps_what_it_has(points):
    run = run_arm(SMALL.but(rate=1e200, epochs=50), points, Seeds(), record_every=10)
    assert run.diverged == 1
    assert run.costs[0][1] == pytest.approx(0.883, abs=1e-3)


def test_the_history_holds_what_the_rules_read(points):
    run = run_arm(SMALL, points, Seeds(), record_every=100)
    assert [row["epoch"] for row in run.history] == [1, 101, 201, 301, 401, 500]
    assert [step for step, _ in run.costs] == [0, 100, 200, 300, 400]
    names = {"train_cost", "validation_cost", "train_accuracy", "validation_accuracy", "layer1_unit_spread"}
    assert names <= set(run.history.rows[-1])
    assert run.history.rows[-1]["train_accuracy"] == run.train_accuracy


@pytest.mark.parametrize("optimizer", ["gd", "momentum"])
@pytest.mark.parametrize("batch_size", [None, 8])
def test_pictures_are_trained_on_in_fewer_coordinates_and_nothing_else_changes(
    optimizer, batch_size, monkeypatch
):
    """The costs, the history, the weights and the accuracies are those of training on the pixels."""
    draw = np.random.default_rng(5)
    X, y = draw.random((20, 300)), draw.random(20) < 0.5
    examples = Examples.of(X, y, draw.random((30, 300)), draw.random(30) < 0.5, "noise")
    arm = Arm("two", "a network", (300, 5, 3, 1), "lecun", 0.05, 200, optimizer, batch_size)
    assert turned_training(arm, examples).arm.sizes == (20, 5, 3, 1)
    turned = run_arm(arm, examples, Seeds(), record_every=50)
    monkeypatch.setattr(arm_run, "turned_training", lambda arm, examples: None)
    plain = run_arm(arm, examples, Seeds(), record_every=50)
    assert [cost for _, cost in turned.costs] == pytest.approx([cost for _, cost in plain.costs], abs=1e-9)
    assert turned.parameters.shape == plain.parameters.shape == (arm.architecture.parameter_count,)
    np.testing.assert_allclose(turned.parameters, plain.parameters, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(turned.start, plain.start)
    for there, here in zip(plain.history, turned.history, strict=True):
        assert here.keys() == there.keys()
        for name in there.keys() - {"seconds"}:
            assert here[name] == pytest.approx(there[name], abs=1e-9, rel=1e-7), name
    assert (turned.train_accuracy, turned.test_accuracy) == (plain.train_accuracy, plain.test_accuracy)


def test_pictures_are_trained_on_in_single_precision_too():
    draw = np.random.default_rng(5)
    X, y = draw.random((20, 300)), draw.random(20) < 0.5
    examples = Examples.of(X, y, draw.random((30, 300)), draw.random(30) < 0.5, "noise")
    double = Arm("two", "a network", (300, 5, 3, 1), "lecun", 0.05, 200)
    runs = [run_arm(arm, examples, Seeds(), record_every=50) for arm in (double, double.on_other_seeds)]
    assert [run.parameters.dtype for run in runs] == [np.float64, np.float32]
    double_costs, single_costs = ([cost for _, cost in run.costs] for run in runs)
    assert single_costs == pytest.approx(double_costs, rel=1e-4)
    assert single_costs != double_costs


@pytest.mark.parametrize("changes", [{"optimizer": "adam"}, {"lambd": 0.7}, {"sizes": (2, 10, 5, 1)}])
def test_what_turning_would_change_is_trained_as_it_is(changes, points):
    pictures = Examples.of(np.eye(5, 40), [0, 1, 0, 1, 1], np.eye(5, 40), [0, 1, 0, 1, 1], "five")
    arm = SMALL.but(sizes=(40, 10, 5, 1))
    assert turned_training(arm, pictures) is not None
    assert turned_training(arm.but(**changes), points if "sizes" in changes else pictures) is None

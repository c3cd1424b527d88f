"""When EarlyStopping stops a run, and what it says of it."""

from __future__ import annotations

import numpy as np
import pytest

from layerwise import MLPClassifier, TabularClassifier
from layerwise.callbacks import EarlyStopping
from layerwise.errors import InputError


def told(stopping, values, column="cost", plan=None):
    """The epoch after which it stops when the column takes these values, or None."""
    stopping.on_train_begin(plan or {"monitor": column})
    for epoch, value in enumerate(values, start=1):
        if stopping.on_epoch_end({"epoch": epoch, column: value}):
            return epoch
    return None


def test_it_stops_after_so_many_epochs_without_improvement():
    stopping = EarlyStopping(patience=2)
    assert told(stopping, [3.0, 2.0, 2.0, 2.5, 1.0]) == 4
    assert (stopping.best_, stopping.best_epoch_) == (2.0, 2)
    assert stopping.reason_ == "cost had not improved for 2 epochs"


def test_an_improvement_smaller_than_min_delta_is_none():
    assert told(EarlyStopping(patience=2, min_delta=0.5), [3.0, 2.7, 2.6, 0.0]) == 3
    assert told(EarlyStopping(patience=2), [3.0, 2.7, 2.6, 0.0]) is None


@pytest.mark.parametrize("column", ["validation_accuracy", "validation_r2", "train_roc_auc", "accuracy"])
def test_what_is_better_higher_may_rise(column):
    assert told(EarlyStopping(patience=2), [0.1, 0.2, 0.3, 0.4], column) is None
    assert told(EarlyStopping(patience=2), [0.4, 0.3, 0.2, 0.1], column) == 3


def test_the_direction_can_be_given():
    assert told(EarlyStopping(patience=2, higher_is_better=True), [1.0, 2.0, 3.0, 4.0]) is None


def test_it_stops_at_the_goal():
    stopping = EarlyStopping("validation_accuracy", patience=None, goal=0.9)
    assert told(stopping, [0.5, 0.89, 0.95], "validation_accuracy") == 3
    assert stopping.reason_ == "validation_accuracy reached 0.95 in epoch 3"
    assert told(EarlyStopping(patience=None, goal=1.0), [3.0, 2.0, 1.0, 0.5]) == 3


def test_a_value_that_is_no_number_is_no_improvement():
    assert told(EarlyStopping(patience=2), [float("nan"), float("nan"), 1.0]) == 2


def test_epochs_without_the_statistic_do_not_count():
    stopping = EarlyStopping("layer1_update_ratio", patience=2)
    stopping.on_train_begin({})
    rows = [{"epoch": 1, "layer1_update_ratio": 1.0}, {"epoch": 2}, {"epoch": 3}, {"epoch": 4}]
    assert not any(stopping.on_epoch_end(row) for row in rows)


def test_epochs_that_were_done_before_count():
    stopping = EarlyStopping(patience=3)
    plan = {"monitor": "cost", "history": [{"epoch": 1, "cost": 1.0}, {"epoch": 2, "cost": 2.0}]}
    stopping.on_train_begin(plan)
    assert [stopping.on_epoch_end({"epoch": epoch, "cost": 2.0}) for epoch in (3, 4)] == [False, True]


def test_it_forgets_the_run_before():
    stopping = EarlyStopping(patience=2)
    assert told(stopping, [1.0, 2.0, 2.0]) == 3
    assert told(stopping, [9.0, 8.0, 7.0]) is None
    assert stopping.reason_ is None


def test_a_column_that_is_not_there_is_named_with_the_nearest():
    with pytest.raises(InputError, match="did you mean 'validation_cost'"):
        told(EarlyStopping("validation_cosst"), [1.0], "validation_cost")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"patience": 0}, "patience"),
        ({"patience": 2.5}, "patience"),
        ({"min_delta": -1}, "min_delta"),
        ({"goal": float("inf")}, "goal"),
        ({"patience": None}, "neither patience nor goal"),
    ],
    ids=["zero", "half", "delta", "goal", "never"],
)
def test_a_parameter_out_of_range_is_named(wrong, message):
    with pytest.raises(InputError, match=message):
        EarlyStopping(**wrong)


@pytest.fixture(scope="module")
def lines():
    X = np.random.default_rng(0).normal(size=(200, 3))
    return X, (X[:, 0] > 0).astype(int)


@pytest.mark.parametrize("kind", ["table", "adam", "lbfgs"])
def test_every_estimator_stops_for_it(lines, kind):
    X, y = lines
    stopping = EarlyStopping("cost", patience=None, goal=0.2)
    if kind == "table":
        settings = {"hidden": (8,), "learning_rate": 0.02, "label_smoothing": 0.0, "engine": "numpy"}
        model = TabularClassifier(**settings, patience=None)
    else:
        model = MLPClassifier((8,), solver=kind, learning_rate_init=0.02, random_state=0, engine="numpy")
    model.fit(X, y, callbacks=[stopping])
    costs = model.history_["cost"].to_list()
    assert min(costs[:-1]) > 0.2 >= costs[-1]
    assert stopping.best_epoch_ == len(costs)


@pytest.mark.parametrize("kind", [MLPClassifier, TabularClassifier])
def test_a_callback_that_is_not_in_a_list_is_named(kind):
    with pytest.raises(InputError, match=r"expected a list of objects: callbacks=\[EarlyStopping"):
        kind().fit(np.eye(6), [0, 1] * 3, callbacks=EarlyStopping())

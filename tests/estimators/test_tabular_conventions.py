"""The estimators for tables as scikit-learn's: its checks, its tools, tables and weights of any make."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import StackingClassifier
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression, PoissonRegressor
from sklearn.utils.estimator_checks import check_estimator

import layerwise
from layerwise import TabularClassifier, TabularRegressor
from layerwise.engine import allowed_threads
from layerwise.errors import InputError

QUICK = {"hidden": (8,), "epochs": 10, "learning_rate": 0.02, "engine": "numpy"}
# scikit-learn's checks that do not apply to networks trained so, and why.
DO_NOT_APPLY = {
    "check_sample_weight_equivalence_on_dense_data": (
        "a row of weight 2 is in one mini-batch, two equal rows may be in two, and validation rows are drawn "
        "from other rows; rows of weight 0 are left out for good"
    ),
}


@pytest.mark.parametrize("kind", [TabularClassifier, TabularRegressor])
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_checks_pass(kind):
    # Double precision: one check compares predictions of a row alone and in a table to 1e-7.
    estimator = kind(hidden=(16,), epochs=20, learning_rate=0.04, engine="numpy", dtype="float64")
    results = check_estimator(estimator, expected_failed_checks=DO_NOT_APPLY, on_fail=None, on_skip=None)
    failed = {result["check_name"]: result["exception"] for result in results if result["status"] == "failed"}
    assert failed == {}
    assert {result["check_name"] for result in results if result["status"] == "xfail"} == set(DO_NOT_APPLY)
    assert len(results) > 55


@pytest.fixture(scope="module")
def table():
    random = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "amount": random.normal(size=200),
            "kind": random.choice(["x", "y", "z"], 200),
            "old": random.random(200) < 0.5,
        }
    )
    y = np.where(frame["amount"].to_numpy() + (frame["kind"] == "x").to_numpy() > 0, "yes", "no")
    return frame, y


@pytest.mark.parametrize(
    "make",
    [
        lambda frame, y: (frame, pl.Series("answer", y)),
        lambda frame, y: (frame.to_pandas(), pd.Series(y).astype("category")),
        lambda frame, y: (frame.to_arrow(), pa.chunked_array([y[:50], y[50:]])),
        lambda frame, y: (frame.to_arrow().to_batches()[0], pa.array(y)),
        lambda frame, y: (frame.to_dict(as_series=False), y.tolist()),
        lambda frame, y: (frame.rows(named=True), y.astype(object)),
        lambda frame, y: (frame.lazy(), y),
    ],
    ids=["polars", "pandas", "arrow table", "arrow batch", "columns", "records", "lazy"],
)
def test_tables_of_any_make_train_the_same_network(table, make):
    frame, y = table
    X, labels = make(frame, y)
    expected = TabularClassifier(**QUICK).fit(frame, y).predict_proba(frame)
    model = TabularClassifier(**QUICK).fit(X, labels)
    np.testing.assert_array_equal(model.predict_proba(X), expected)


@pytest.mark.parametrize("make", [list, pd.Series, pl.Series, lambda values: np.asarray(values)[:, None]])
def test_weights_of_any_make_count_the_same(table, make):
    frame, y = table
    weight = np.linspace(0.1, 2, 200)
    expected = TabularClassifier(**QUICK).fit(frame, y, sample_weight=weight).predict_proba(frame)
    model = TabularClassifier(**QUICK).fit(frame, y, sample_weight=make(weight))
    np.testing.assert_array_equal(model.predict_proba(frame), expected)


def test_rows_of_weight_zero_are_as_if_they_were_not_there(table):
    frame, y = table
    weight = np.where(np.arange(200) % 3 == 0, 0.0, 1.0)
    lies = np.where(weight > 0, y, "nonsense")
    absurd = frame.with_columns(
        amount=pl.when(pl.Series(weight) > 0).then(pl.col("amount")).otherwise(pl.lit(1e9))
    )
    model = TabularClassifier(**QUICK).fit(absurd, lies, sample_weight=weight)
    there = weight > 0
    alone = TabularClassifier(**QUICK).fit(frame.filter(there), y[there], sample_weight=np.ones(there.sum()))
    assert model.classes_.tolist() == ["no", "yes"]
    np.testing.assert_array_equal(model.predict_proba(frame), alone.predict_proba(frame))


def test_class_weights_count_in_the_validation_that_chooses_the_epoch(table):
    frame, y = table
    plain, heavy = (
        TabularClassifier(**QUICK | {"epochs": 1}, class_weight=weight).fit(frame, y)
        for weight in (None, {"yes": 5.0})
    )
    held = frame[:50], y[:50]
    for model in (plain, heavy):
        model.fit(frame, y, X_val=held[0], y_val=held[1])
        truth = model.predict_proba(held[0])[np.arange(50), (held[1] == "yes").astype(int)]
        weights = None if model is plain else np.where(held[1] == "yes", 5.0, 1.0)
        expected = np.average(-np.log(truth), weights=weights)
        assert model.history_["validation_cost"][0] == pytest.approx(expected, rel=1e-5)


def test_balanced_weights_are_those_of_the_training_rows(table):
    frame, _ = table
    y = np.where(np.arange(200) < 40, "rare", "usual")
    settings = QUICK | {"validation_fraction": 0.0, "patience": None, "epochs": 3}
    balanced = TabularClassifier(**settings, class_weight="balanced").fit(frame, y)
    given = TabularClassifier(**settings, class_weight={"rare": 2.5, "usual": 0.625}).fit(frame, y)
    np.testing.assert_array_equal(balanced.predict_proba(frame), given.predict_proba(frame))


def test_scikit_learns_tools_take_a_mixed_table(table):
    frame, y = table
    X = frame.to_pandas()
    model = TabularClassifier(**QUICK)
    calibrated = CalibratedClassifierCV(model, cv=2).fit(X, y)
    assert calibrated.predict_proba(X).shape == (200, 2)
    stacked = StackingClassifier([("network", model)], LogisticRegression(), cv=2).fit(X, y)
    assert stacked.score(X, y) > 0.7
    importance = permutation_importance(model.fit(X, y), X, y, n_repeats=3, random_state=0).importances_mean
    assert importance.argmax() == 0
    assert abs(importance[2]) < 0.05


def test_an_array_of_other_width_is_refused_and_a_table_with_more_columns_is_not(table):
    X = np.random.default_rng(0).normal(size=(60, 3))
    model = TabularRegressor(**QUICK).fit(X, X[:, 0] + X[:, 1] * X[:, 2])
    with pytest.raises(InputError, match="X has 2 features, but TabularRegressor is expecting 3"):
        model.predict(X[:, :2])
    with pytest.raises(InputError, match="X has 4 features"):
        model.predict(np.hstack([X, X[:, :1]]).tolist())
    named = {f"x{j}": X[:, j] for j in (2, 0, 1)} | {"more": X[:, 0]}
    np.testing.assert_array_equal(model.predict(named), model.predict(X))


def test_a_y_of_one_column_is_taken_with_a_warning(table):
    frame, y = table
    expected = TabularClassifier(**QUICK).fit(frame, y).predict_proba(frame)
    for column in (y[:, None], pd.DataFrame({"answer": y})):
        with pytest.warns(DataConversionWarning, match="column-vector y"):
            model = TabularClassifier(**QUICK).fit(frame, column)
        np.testing.assert_array_equal(model.predict_proba(frame), expected)
    with pytest.raises(InputError, match="2 columns"):
        TabularClassifier(**QUICK).fit(frame, pd.DataFrame({"a": y, "b": y}))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y"),
        (np.linspace(0, 1, 200), "Unknown label type: continuous"),
        (np.full(200, "yes"), "one class, 'yes'"),
    ],
    ids=["none", "continuous", "one class"],
)
def test_a_y_that_is_no_classes_is_refused(table, y, message):
    with pytest.raises(InputError, match=message):
        TabularClassifier(**QUICK).fit(table[0], y)


def test_whole_numbers_as_floats_are_classes(table):
    frame, _ = table
    model = TabularClassifier(**QUICK).fit(frame, np.arange(200) % 3.0)
    assert model.classes_.tolist() == [0.0, 1.0, 2.0]


def test_validation_rows_need_both_their_parts(table):
    frame, y = table
    for half in ({"X_val": frame}, {"y_val": y}):
        with pytest.raises(InputError, match="belong together"):
            TabularClassifier(**QUICK).fit(frame, y, **half)
    with pytest.raises(InputError, match="sample_weight_val has 3 values for 200 rows"):
        TabularClassifier(**QUICK).fit(frame, y, X_val=frame, y_val=y, sample_weight_val=[1, 1, 1])


def test_before_fit_there_is_nothing_to_predict_with(table):
    for method in ("predict", "predict_proba"):
        with pytest.raises(NotFittedError):
            getattr(TabularClassifier(), method)(table[0])


def test_counts_are_learned_by_poissons_loss(tmp_path):
    random = np.random.default_rng(0)
    X = random.normal(size=(1500, 2))
    y = random.poisson(np.exp(1 + X[:, 0] - 0.5 * X[:, 1])).astype(float)
    settings = QUICK | {"epochs": 30, "loss": "poisson"}
    model = TabularRegressor(**settings).fit(X[:1000], y[:1000])
    linear = PoissonRegressor(alpha=0).fit(X[:1000], y[:1000])
    assert model.score(X[1000:], y[1000:]) > linear.score(X[1000:], y[1000:]) - 0.1
    assert model.predict(X).min() >= 0
    model.save(tmp_path)
    np.testing.assert_array_equal(layerwise.load(tmp_path).predict(X), model.predict(X))
    with pytest.raises(InputError, match="at least 0"):
        TabularRegressor(**settings).fit(X, y - 1)
    with pytest.raises(InputError, match="unknown loss 'poisson'"):
        TabularClassifier(**settings).fit(X, y > 1)


def test_the_unit_of_counts_does_not_matter():
    random = np.random.default_rng(0)
    X = random.normal(size=(200, 2))
    y = random.poisson(np.exp(X[:, 0])).astype(float)
    settings = QUICK | {"loss": "poisson", "dtype": "float64"}
    one, other = (TabularRegressor(**settings).fit(X, y * unit).predict(X) for unit in (1.0, 1024.0))
    np.testing.assert_allclose(other, 1024 * one, rtol=1e-9)


def test_threads_are_a_limit_for_the_time_of_the_work(table):
    frame, y = table
    before, seen = allowed_threads(), []

    class Watch:
        def on_epoch_end(self, row):
            seen.append(allowed_threads())

    model = TabularClassifier(**QUICK, threads=1).fit(frame, y, callbacks=[Watch()])
    model.predict(frame)
    assert set(seen) == {1}
    assert allowed_threads() == before
    for wrong in (0, 1.5, "2"):
        with pytest.raises(InputError, match="threads"):
            TabularClassifier(threads=wrong).fit(frame, y)


def test_callbacks_hear_of_the_fit_around_the_run(table):
    heard = []

    class Watch:
        def on_fit_begin(self, estimator):
            heard.append(("begin", hasattr(estimator, "network_")))

        def on_train_begin(self, plan):
            heard.append(("train", None))

        def on_fit_end(self, estimator):
            heard.append(("end", estimator.predict(table[0]).shape))

    TabularClassifier(**QUICK).fit(*table, callbacks=[Watch()])
    assert heard == [("begin", False), ("train", None), ("end", (200,))]

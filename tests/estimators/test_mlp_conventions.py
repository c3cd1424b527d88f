"""The drop-ins keep scikit-learn's contract, and work wherever its own networks do."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import threading
import warnings

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import BaggingClassifier, StackingClassifier
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, scale
from sklearn.utils.estimator_checks import check_estimator

from layerwise import MLPClassifier, MLPRegressor
from layerwise.errors import InputError
from layerwise.estimators import mlp_fitted

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
X_VALUES, Y_VALUES = load_diabetes(return_X_y=True)
Y_VALUES = scale(Y_VALUES)
FRAME = load_iris(as_frame=True).data
QUICK = {"hidden_layer_sizes": (8,), "max_iter": 60, "learning_rate_init": 0.02, "random_state": 0}


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_check_estimator_passes_with_no_expected_failures(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(kind(max_iter=100), on_fail=None, on_skip=None)
    failed = [
        (one["check_name"], one["exception"]) for one in results if one["status"] not in ("passed", "skipped")
    ]
    assert failed == []
    skipped = {one["check_name"] for one in results if one["status"] == "skipped"}
    assert skipped <= {
        "check_array_api_input",  # array-API dispatch is off
        "check_classifiers_multilabel_output_format_decision_function",  # there is no decision_function
    }
    assert len(results) > 50


def test_a_pipeline_searched_over_with_several_processes():
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**QUICK))
    grid = {"mlpclassifier__alpha": [1e-4, 1.0], "mlpclassifier__hidden_layer_sizes": [(8,), (4, 4)]}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).fit(X, Y)
    assert search.best_score_ > 0.9
    scores = cross_val_score(clone(search.best_estimator_), X, Y, cv=3, n_jobs=2)
    assert scores.mean() > 0.9


def test_a_clone_has_the_parameters_and_nothing_learnt():
    model = MLPClassifier(**QUICK, dropout=(0.1,), activation=("tanh",)).fit(X, Y)
    twin = clone(model)
    assert twin.get_params() == model.get_params()
    assert not hasattr(twin, "coefs_")
    np.testing.assert_array_equal(twin.fit(X, Y).predict_proba(X), model.predict_proba(X))


def test_calibration_importance_stacking_bagging_and_wrappers():
    model = MLPClassifier(**QUICK)
    assert CalibratedClassifierCV(model, cv=2).fit(X, Y).predict_proba(X).shape == (150, 3)
    importance = permutation_importance(model.fit(X, Y), X, Y, n_repeats=2, random_state=0)
    assert importance.importances_mean.argmax() in (2, 3)
    stack = StackingClassifier([("network", clone(model))], LogisticRegression(), cv=2).fit(X, Y)
    assert stack.score(X, Y) > 0.9
    assert BaggingClassifier(clone(model), n_estimators=2, n_jobs=2).fit(X, Y).score(X, Y) > 0.8
    assert MultiOutputClassifier(clone(model)).fit(X, np.c_[Y, Y]).predict(X).shape == (150, 2)
    scaled = TransformedTargetRegressor(MLPRegressor(**QUICK), func=np.arcsinh, inverse_func=np.sinh)
    assert scaled.fit(X_VALUES, Y_VALUES).score(X_VALUES, Y_VALUES) > 0.4


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_data_frames_go_in_and_their_columns_are_remembered(make):
    frame = make({name: FRAME[name].to_numpy() for name in FRAME.columns})
    model = MLPClassifier(**QUICK).fit(frame, Y)
    assert model.feature_names_in_.tolist() == list(FRAME.columns)
    np.testing.assert_array_equal(model.predict(frame), model.predict(frame))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[[*reversed(FRAME.columns)]])
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        from_array = model.predict(X)
    np.testing.assert_array_equal(from_array, model.predict(frame))
    assert not hasattr(model.fit(X, Y), "feature_names_in_")


def test_a_pipeline_with_set_output_hands_frames_through():
    frame = pd.DataFrame(X, columns=list("abcd")).assign(e=np.where(Y > 1, "x", "y"))
    columns = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["e"]),
        remainder=StandardScaler(),
        verbose_feature_names_out=False,
    )
    pipeline = make_pipeline(columns, MLPClassifier(**QUICK)).set_output(transform="pandas").fit(frame, Y)
    assert pipeline[-1].feature_names_in_.tolist() == ["e_x", "e_y", "a", "b", "c", "d"]
    assert pipeline.score(frame, Y) > 0.9


def test_metadata_routing_carries_weights_and_validation_rows():
    seen = []

    class Watch:
        def on_epoch_end(self, row):
            seen.append(row["validation_accuracy"])

    with sklearn.config_context(enable_metadata_routing=True):
        model = MLPClassifier(**QUICK).set_fit_request(
            sample_weight=True, X_val=True, y_val=True, callbacks=True
        )
        pipeline = make_pipeline(model)
        pipeline.fit(X, Y, sample_weight=np.ones(150), X_val=X[::2], y_val=Y[::2], callbacks=[Watch()])
        search = GridSearchCV(
            MLPClassifier(**QUICK).set_fit_request(sample_weight=True), {"alpha": [0.1, 1]}, cv=2
        )
        search.set_params(estimator=search.estimator.set_score_request(sample_weight=True))
        search.fit(X, Y, sample_weight=np.where(Y > 0, 1.0, 0.5))
    assert len(seen) == pipeline[-1].n_iter_


@pytest.mark.parametrize("through", ["pickle", "joblib", "deepcopy", "memory map"])
def test_a_copy_predicts_and_goes_on_as_the_original(through, tmp_path):
    model = MLPClassifier(**QUICK).partial_fit(X, Y, classes=[0, 1, 2])
    if through == "pickle":
        twin = pickle.loads(pickle.dumps(model))
    elif through == "deepcopy":
        twin = copy.deepcopy(model)
    else:
        joblib.dump(model, tmp_path / "model")
        twin = joblib.load(tmp_path / "model", mmap_mode="r" if through == "memory map" else None)
    np.testing.assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
    assert twin.history_.equals(model.history_)
    for each in (model, twin):
        each.partial_fit(X, Y)
    np.testing.assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
    for mine, theirs in zip(model.coefs_, twin.coefs_, strict=True):
        assert not np.shares_memory(mine, theirs)


def test_what_is_written_into_the_coefficients_is_what_predicts():
    model = MLPRegressor(**QUICK).fit(X_VALUES, Y_VALUES)
    before = model.predict(X_VALUES)
    model.intercepts_[-1] += 1.0
    np.testing.assert_allclose(model.predict(X_VALUES), before + 1)
    model.intercepts_[-1] = model.intercepts_[-1] - 1.0
    np.testing.assert_allclose(model.predict(X_VALUES), before)
    model.coefs_ = [2 * coef for coef in model.coefs_]
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(twin.predict(X_VALUES), model.predict(X_VALUES))
    assert not np.allclose(model.predict(X_VALUES), before)
    model.coefs_[0] = model.coefs_[0][:, :3]
    with pytest.raises(InputError, match="begin where the one before ends"):
        model.predict(X_VALUES)


def test_threads_may_predict_with_one_model_together():
    model = MLPClassifier(**QUICK, engine="compiled").fit(X, Y)
    rows = np.repeat(X, 40, axis=0)
    expected, found = model.predict_proba(rows), []

    def predict(shift):
        for _ in range(20):
            found.append((shift, model.predict_proba(np.roll(rows, shift, axis=0))))

    threads = [threading.Thread(target=predict, args=(shift,)) for shift in (0, 1000, 2000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 60
    for shift, probabilities in found:
        np.testing.assert_array_equal(probabilities, np.roll(expected, shift, axis=0))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_predicts_with_a_model_that_has_predicted_before():
    """Threads do not survive a fork: an engine that waits for its own would wait for ever."""
    model = MLPClassifier(**QUICK | {"hidden_layer_sizes": (64,)}, engine="compiled").fit(X, Y)
    rows = np.repeat(X, 200, axis=0)
    expected = model.predict_proba(rows)

    def predict(results):
        results.put(np.array_equal(model.predict_proba(rows), expected))

    context = multiprocessing.get_context("fork")
    results = context.Queue()
    child = context.Process(target=predict, args=(results,))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child.start()
    try:
        assert results.get(timeout=60)
    finally:
        child.kill()


def test_a_fit_inside_a_callback_disturbs_nothing():
    alone = MLPClassifier(**QUICK).fit(X, Y)

    class FitsToo:
        def on_epoch_end(self, row):
            MLPClassifier(**QUICK | {"max_iter": 2}).fit(X, Y)

    together = MLPClassifier(**QUICK).fit(X, Y, callbacks=[FitsToo()])
    np.testing.assert_array_equal(together.predict_proba(X), alone.predict_proba(X))


def test_predictions_of_the_network_in_training_disturb_nothing():
    settings = QUICK | {"batch_size": 8, "dropout": 0.2, "max_iter": 8, "engine": "compiled"}
    alone = MLPClassifier(**settings).fit(X, Y)
    watched = MLPClassifier(**settings)

    class Predicts:
        def on_steps_end(self, epoch, steps):
            watched.predict(X)

    watched.fit(X, Y, callbacks=[Predicts()])
    np.testing.assert_array_equal(watched.predict_proba(X), alone.predict_proba(X))


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_before_fit_there_is_nothing_to_predict_with(kind):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        kind().predict(X)
    with pytest.raises(AttributeError, match="history_"):
        kind().history_  # noqa: B018


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_refused_by_fit_and_predict(dtype, bad):
    wrong = X.astype(dtype)
    wrong[3, 1] = bad
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        MLPClassifier(**QUICK).fit(wrong, Y)
    model = MLPClassifier(**QUICK | {"max_iter": 2}).fit(X, Y)
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        model.predict(wrong[3:4])
    with pytest.raises(ValueError, match="features"):
        model.predict(X[:, :3])


@pytest.mark.parametrize("threads", [None, 1])
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_a_large_table_is_looked_through_where_it_is_worked_on(kind, threads, monkeypatch):
    monkeypatch.setattr(mlp_fitted, "LARGE", 2000)
    model = kind(**QUICK | {"max_iter": 2}, threads=threads).fit(X.astype(np.float32), Y)
    large = np.tile(X, (60, 1)).astype(np.float32)
    expected = np.tile(model.predict(X.astype(np.float32)), 60)
    np.testing.assert_allclose(model.predict(large), expected, rtol=1e-5)
    for place in (0, 4711, len(large) - 1):
        for bad in (np.nan, np.inf):
            wrong = large.copy()
            wrong[place, 2] = bad
            with pytest.raises(ValueError, match=r"NaN|infinity"):
                model.predict(wrong)
    # The sum of squares overflows, though every number is finite.
    large[:, 0] = 1e30
    assert np.isfinite(model.predict(large)).all()
    with pytest.raises(ValueError, match="features"):
        model.predict(large[:, :3].copy())
    np.testing.assert_array_equal(model.predict(large), model.predict(large.astype(np.float64)))


def test_huge_numbers_whose_sum_overflows_are_still_numbers():
    model = MLPClassifier(**QUICK | {"max_iter": 2}).fit(X, Y)
    assert model.predict(np.full((4, 4), 1e308)).shape == (4,)


def test_arrays_of_any_layout_and_kind_give_one_answer():
    model = MLPClassifier(**QUICK).fit(X, Y)
    expected = model.predict_proba(X)
    for same in (np.asfortranarray(X), X.tolist(), np.repeat(X, 2, axis=0)[::2], X[:, ::-1].copy()[:, ::-1]):
        np.testing.assert_array_equal(model.predict_proba(same), expected)
        np.testing.assert_array_equal(clone(model).fit(same, Y).predict_proba(X), expected)
    whole = np.arange(12).reshape(4, 3)
    np.testing.assert_array_equal(
        MLPClassifier(**QUICK).fit(whole, [0, 1, 0, 1]).coefs_[0],
        MLPClassifier(**QUICK).fit(whole.astype(float), [0, 1, 0, 1]).coefs_[0],
    )


def test_a_column_of_labels_is_taken_with_a_warning():
    with pytest.warns(DataConversionWarning, match="column-vector"):
        model = MLPClassifier(**QUICK | {"max_iter": 2}).fit(X, Y[:, None])
    assert model.predict(X).shape == (150,)


def test_labels_that_predict_gives_are_those_most_probable():
    model = MLPClassifier(**QUICK).fit(X[:100], Y[:100])
    rows = np.random.default_rng(0).normal(size=(500, 4)) * 5
    for name in ("coefs_", "intercepts_"):
        for array in getattr(model, name):
            array *= 1e-9
    probabilities = model.predict_proba(rows)
    np.testing.assert_array_equal(model.predict(rows), probabilities.argmax(axis=1))


def test_too_few_epochs_warn_once():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        MLPClassifier(max_iter=2).fit(X, Y)
    assert [one.category for one in caught] == [ConvergenceWarning]

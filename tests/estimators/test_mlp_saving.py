"""The drop-ins in model files: what comes back is the fitted estimator, and no pickle is needed."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import scale

from layerwise import MLPClassifier, MLPRegressor, load
from layerwise.errors import InputError
from layerwise.estimators import load_tabular

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
X_VALUES, Y_VALUES = load_diabetes(return_X_y=True)
Y_VALUES = scale(Y_VALUES)
X_LABELS, Y_LABELS = make_multilabel_classification(60, random_state=0)
QUICK = {"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0, "engine": "numpy"}
OTHER_LISTS = ("coefs_", "intercepts_")

CASES = {
    "classes": (MLPClassifier, X, Y, {}),
    "two classes, sgd": (MLPClassifier, X[:100], Y[:100], {"solver": "sgd", "n_iter_no_change": np.inf}),
    "one class": (MLPClassifier, X[:50], Y[:50], {}),
    "lbfgs": (MLPClassifier, X, Y, {"solver": "lbfgs"}),
    "several labels": (MLPClassifier, X_LABELS, Y_LABELS, {"activation": ("gelu",)}),
    "single precision": (MLPClassifier, X.astype(np.float32), Y, {"dropout": (0.2,)}),
    "early stopping": (MLPRegressor, X_VALUES, Y_VALUES, {"early_stopping": True}),
    "several values": (MLPRegressor, X_VALUES, np.c_[Y_VALUES, -Y_VALUES], {"schedule": "plateau"}),
    "counts": (MLPRegressor, X_VALUES, np.arange(len(X_VALUES)) % 5, {"loss": "poisson"}),
    "class weights": (MLPClassifier, X, Y, {"class_weight": {0: 1.0, 1: 2.0, 2: 0.5}, "statistics": True}),
}


def back(model, folder):
    model.save(folder)
    return load(folder)


@pytest.mark.parametrize("case", CASES)
def test_what_comes_back_is_the_fitted_estimator(case, tmp_path):
    kind, X, y, settings = CASES[case]
    model = kind(**QUICK | settings).fit(X, y)
    twin = back(model, tmp_path / "model")
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    assert type(twin) is kind
    assert twin.get_params() == model.get_params()
    assert vars(twin).keys() == vars(model).keys()
    for name, value in vars(model).items():
        if name.endswith("_") and name not in OTHER_LISTS:
            np.testing.assert_array_equal(vars(twin)[name], value, err_msg=name)
            assert type(vars(twin)[name]) is type(value), name
    for name in OTHER_LISTS:
        for mine, theirs in zip(getattr(model, name), getattr(twin, name), strict=True):
            np.testing.assert_array_equal(mine, theirs)
            assert mine.dtype == theirs.dtype
    assert twin.history_.equals(model.history_)
    np.testing.assert_array_equal(clone(twin).fit(X, y).predict(X), model.predict(X))


@pytest.mark.parametrize("settings", [{}, {"solver": "sgd"}, {"dropout": 0.3, "statistics": True}])
def test_training_goes_on_as_it_would_have(settings, tmp_path):
    model = MLPClassifier(**QUICK | settings).fit(X, Y)
    twin = back(model, tmp_path)
    for each in (model, twin):
        each.partial_fit(X[30:120], Y[30:120])
        each.set_params(warm_start=True).fit(X, Y)
    np.testing.assert_array_equal(twin.predict_proba(X), model.predict_proba(X))
    assert twin.loss_curve_ == model.loss_curve_
    assert twin.t_ == model.t_


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["rose", "tulip", "Ärger"]),
        np.array(["rose", "tulip", "daisy"], dtype=object),
        np.array([7, -1, 12], dtype=np.int8),
        np.array([0.5, 1.5, 2.5]).astype(str).astype(object),
        np.array([False, True, True]),
    ],
    ids=["text", "objects", "small integers", "numbers as text", "truth values"],
)
def test_labels_come_back_as_they_were(labels, tmp_path):
    y = labels[Y]
    model = MLPClassifier(**QUICK).fit(X, y)
    twin = back(model, tmp_path)
    assert twin.classes_.dtype == model.classes_.dtype
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))


def test_labels_that_were_sparse_come_back_sparse(tmp_path):
    model = MLPClassifier(**QUICK).fit(X_LABELS, sparse.csr_matrix(Y_LABELS))
    found, expected = back(model, tmp_path).predict(X_LABELS), model.predict(X_LABELS)
    assert sparse.issparse(found)
    np.testing.assert_array_equal(found.toarray(), expected.toarray())


def test_columns_are_remembered_and_a_generator_is_not(tmp_path):
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = MLPClassifier(**QUICK | {"random_state": np.random.RandomState(1), "dtype": np.float32})
    twin = back(model.fit(frame, Y), tmp_path)
    np.testing.assert_array_equal(twin.predict(frame), model.predict(frame))
    assert twin.feature_names_in_.tolist() == list("abcd")
    with pytest.raises(ValueError, match="feature names"):
        twin.predict(frame[["b", "a", "c", "d"]])
    assert twin.random_state is None
    assert twin.dtype == "float32"


def test_coefficients_that_somebody_put_there_are_saved(tmp_path):
    model = MLPRegressor(**QUICK).fit(X_VALUES, Y_VALUES)
    model.coefs_ = [2 * coef for coef in model.coefs_]
    np.testing.assert_array_equal(back(model, tmp_path).predict(X_VALUES), model.predict(X_VALUES))


def test_what_cannot_be_kept_is_named(tmp_path):
    with pytest.raises(NotFittedError):
        MLPClassifier().save(tmp_path)
    days = np.array(["2020-01-01", "2020-01-02", "2020-01-03"], dtype="datetime64[D]").astype(object)
    model = MLPClassifier(**QUICK).fit(X, Y)
    model.classes_ = days
    with pytest.raises(InputError, match=r"classes_ holds datetime\.date"):
        model.save(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("architecture", "sizes"), [4, 9, 3], "W1 has shape"),
        (("architecture", "activations"), ["relu", "softmaxx"], "unknown activation"),
        (("n_features",), 5, "4 inputs"),
        (("columns",), ["a"], "4 inputs"),
        (("classes", "labels"), [0, 1], "3 outputs for 2 classes"),
        (("parameters", "alpha"), -1, "alpha is -1"),
        (("parameters", "alfa"), 1, "alfa"),
        (("program", "dtype"), "float16", "unknown dtype"),
        (("estimator",), "MLPTransformer", "unknown estimator"),
    ],
)
def test_damaged_files_are_refused(path, value, message, tmp_path):
    MLPClassifier(**QUICK).fit(X, Y).save(tmp_path)
    file = tmp_path / "model.json"
    document = place = json.loads(file.read_text())
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    file.write_text(json.dumps(document))
    with pytest.raises(InputError, match=f"is damaged: .*{message}"):
        load(tmp_path)


def test_a_missing_part_is_named(tmp_path):
    MLPClassifier(**QUICK).fit(X, Y).save(tmp_path)
    file = tmp_path / "model.json"
    document = json.loads(file.read_text())
    del document["out_activation"]
    file.write_text(json.dumps(document))
    with pytest.raises(InputError, match="'out_activation' is missing"):
        load(tmp_path)


def test_who_goes_on_with_a_table_is_told_that_there_are_no_columns(tmp_path):
    MLPClassifier(**QUICK).fit(X, Y).save(tmp_path)
    with pytest.raises(InputError, match="an MLPClassifier, fitted to arrays"):
        load_tabular(tmp_path)

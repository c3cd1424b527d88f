"""The drop-ins are scikit-learn's networks to rounding: the same start, mini-batches, losses and weights."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn import neural_network
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

import layerwise

# Rounding is 1e-16 a step, and a few hundred steps of these small networks leave it far below this.
CLOSE = {"rtol": 1e-7, "atol": 1e-9}
SINGLE = {"rtol": 1e-3, "atol": 1e-4}

X_BINARY, Y_BINARY = load_breast_cancer(return_X_y=True)
X_BINARY = scale(X_BINARY)[::3]
Y_BINARY = Y_BINARY[::3]
X_IRIS, Y_IRIS = load_iris(return_X_y=True)
X_VALUES, Y_VALUES = load_diabetes(return_X_y=True)
X_VALUES, Y_VALUES = X_VALUES[:200], scale(Y_VALUES[:200])
X_LABELS, Y_LABELS = make_multilabel_classification(80, random_state=0)
COUNTS = np.random.RandomState(1).poisson(2, len(Y_VALUES))
WEIGHTS = np.random.RandomState(2).exponential(size=300)

BINARY = ("MLPClassifier", X_BINARY, Y_BINARY)
IRIS = ("MLPClassifier", X_IRIS, Y_IRIS)
VALUES = ("MLPRegressor", X_VALUES, Y_VALUES)

CASES = {
    "two classes": (BINARY, {}),
    "three classes": (IRIS, {}),
    "text labels": (("MLPClassifier", X_BINARY, np.array(["no", "yes"])[Y_BINARY]), {}),
    "several labels": (("MLPClassifier", X_LABELS, Y_LABELS), {}),
    "two layers": (BINARY, {"hidden_layer_sizes": (20, 10)}),
    "small batches": (BINARY, {"batch_size": 7, "max_iter": 5}),
    "not shuffled": (BINARY, {"batch_size": 32, "shuffle": False}),
    "until it converges": (
        IRIS,
        {"max_iter": 300, "tol": 1e-3, "n_iter_no_change": 3, "learning_rate_init": 0.02},
    ),
    "large epsilon": (BINARY, {"epsilon": 0.1, "beta_1": 0.5, "beta_2": 0.9}),
    "strong penalty": (BINARY, {"alpha": 3.0}),
    "early stopping": (BINARY, {"early_stopping": True, "max_iter": 60}),
    "early stopping, three classes": (IRIS, {"early_stopping": True, "n_iter_no_change": 3}),
    "sgd": (BINARY, {"solver": "sgd", "learning_rate_init": 0.1}),
    "sgd, invscaling": (
        BINARY,
        {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.5, "power_t": 0.3},
    ),
    "sgd, adaptive": (
        IRIS,
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.01, "n_iter_no_change": 2, "max_iter": 100},
    ),
    "lbfgs": (BINARY, {"solver": "lbfgs", "max_iter": 12}),
    "lbfgs, three classes": (IRIS, {"solver": "lbfgs", "max_iter": 8}),
    "values": (VALUES, {}),
    "values, early stopping": (VALUES, {"early_stopping": True}),
    "several values": (("MLPRegressor", X_VALUES, np.c_[Y_VALUES, X_VALUES[:, 2] * 9]), {}),
    "counts": (("MLPRegressor", X_VALUES, COUNTS), {"loss": "poisson"}),
    "counts, lbfgs": (
        ("MLPRegressor", X_VALUES, COUNTS),
        {"loss": "poisson", "solver": "lbfgs", "max_iter": 8},
    ),
    "sparse rows": (("MLPClassifier", sparse.csr_matrix(X_BINARY), Y_BINARY), {"batch_size": 50}),
    "sparse columns, lbfgs": (
        ("MLPClassifier", sparse.csc_matrix(X_BINARY), Y_BINARY),
        {"solver": "lbfgs", "max_iter": 8},
    ),
}
SGD_OF_ONE_KIND = {
    "logistic": {"activation": "logistic"},
    "tanh": {"activation": "tanh"},
    "identity": {"activation": "identity"},
    "no momentum": {"momentum": 0.0},
    "plain momentum": {"nesterovs_momentum": False},
}


# Compiling takes seconds for each activation, loss, optimizer and precision: most kinds run on the reference.
COMPILED = {
    "two classes",
    "text labels",
    "small batches",
    "early stopping",
    "three classes",
    "lbfgs",
    "sparse rows",
}


def both(kind, X, y, settings, engine="numpy", **fit):
    """(ours, theirs) fitted alike, without warnings."""
    pair = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for module, own in ((layerwise, {"engine": engine}), (neural_network, {})):
            model = getattr(module, kind)(**{"max_iter": 15, "random_state": 3} | settings | own)
            pair.append(model.fit(X, y, **fit))
    return pair


def assert_the_same(ours, theirs, X, tolerance=CLOSE):
    for name in ("coefs_", "intercepts_"):
        for mine, expected in zip(getattr(ours, name), getattr(theirs, name), strict=True):
            assert mine.shape == expected.shape
            np.testing.assert_allclose(mine, expected, **tolerance)
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(ours, name) == getattr(theirs, name), name
    for name in ("loss_", "loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_"):
        assert hasattr(ours, name) == hasattr(theirs, name), name
        expected = getattr(theirs, name, None)
        if expected is None:
            assert getattr(ours, name, None) is None
        else:
            np.testing.assert_allclose(getattr(ours, name), expected, **tolerance)
    found, expected = ours.predict(X), theirs.predict(X)
    assert found.dtype == expected.dtype
    if hasattr(theirs, "classes_"):
        np.testing.assert_array_equal(ours.classes_, theirs.classes_)
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), **tolerance)
    else:
        np.testing.assert_allclose(found, expected, **tolerance)


@pytest.mark.parametrize("case", CASES)
def test_the_fit_is_scikit_learns(case):
    (kind, X, y), settings = CASES[case]
    assert_the_same(*both(kind, X, y, settings, "compiled" if case in COMPILED else "numpy"), X)


@pytest.mark.parametrize("case", SGD_OF_ONE_KIND)
def test_each_activation_and_momentum_is_scikit_learns(case):
    settings = {"solver": "sgd", "learning_rate_init": 0.1} | SGD_OF_ONE_KIND[case]
    assert_the_same(*both(*BINARY, settings), X_BINARY)


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"solver": "lbfgs", "max_iter": 8}])
def test_sample_weights_count_as_in_scikit_learn(settings):
    weights = WEIGHTS[: len(Y_BINARY)]
    assert_the_same(*both(*BINARY, {"batch_size": 40} | settings, sample_weight=weights), X_BINARY)


@pytest.mark.parametrize("settings", [{}, {"solver": "lbfgs", "max_iter": 8}])
def test_single_precision_goes_where_scikit_learn_takes_it(settings):
    kind, X, y = BINARY
    ours, theirs = both(kind, X.astype(np.float32), y, settings)
    assert ours.coefs_[0].dtype == theirs.coefs_[0].dtype
    assert_the_same(ours, theirs, X.astype(np.float32), SINGLE)


@pytest.mark.parametrize("state", [np.random.RandomState(5), None], ids=["a generator", "the global one"])
def test_any_random_state_gives_scikit_learns_numbers_and_moves_on_alike(state):
    found = []
    for module in (layerwise, neural_network):
        np.random.seed(8)
        random = np.random.RandomState(5) if state is not None else None
        model = module.MLPRegressor(5, random_state=random, max_iter=3, early_stopping=True, tol=0)
        model = model.set_params(loss="squared_error", hidden_layer_sizes=5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X_VALUES, Y_VALUES)
        after = (random or np.random.mtrand._rand).random_sample()
        found.append((model.predict(X_VALUES), after))
    np.testing.assert_allclose(found[0][0], found[1][0], **CLOSE)
    assert found[0][1] == found[1][1]


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_partial_fits_are_scikit_learns(solver):
    pair = []
    for module in (layerwise, neural_network):
        model = module.MLPClassifier((6,), solver=solver, random_state=1, batch_size=20)
        for part in (slice(0, 60), slice(60, 110), slice(110, 150)):
            model.partial_fit(X_IRIS[part], Y_IRIS[part], classes=[0, 1, 2])
        pair.append(model)
    assert_the_same(*pair, X_IRIS)


def test_partial_fit_of_a_regressor_with_lbfgs_is_scikit_learns():
    """It has one, which does all iterations; the classifiers have none."""
    pair = []
    for module in (layerwise, neural_network):
        model = module.MLPRegressor(hidden_layer_sizes=(6,), solver="lbfgs", random_state=1, max_iter=3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            for part in (slice(0, 60), slice(60, 120)):
                model.partial_fit(X_VALUES[part], Y_VALUES[part])
        pair.append(model)
        assert not hasattr(module.MLPClassifier(solver="lbfgs"), "partial_fit")
    assert_the_same(*pair, X_VALUES)


@pytest.mark.parametrize("settings", [{}, {"solver": "lbfgs", "max_iter": 4}])
def test_warm_starts_are_scikit_learns(settings):
    pair = []
    for module in (layerwise, neural_network):
        model = module.MLPClassifier(**{"warm_start": True, "random_state": 0, "max_iter": 6} | settings)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            pair.append(model.fit(X_IRIS, Y_IRIS).set_params(alpha=0.1).fit(X_IRIS, Y_IRIS))
    assert_the_same(*pair, X_IRIS)


def test_a_fit_and_then_partial_fits_are_scikit_learns():
    pair = []
    for module in (layerwise, neural_network):
        model = module.MLPClassifier((6,), random_state=1, max_iter=3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X_IRIS, Y_IRIS)
        pair.append(model.partial_fit(X_IRIS[40:70], Y_IRIS[40:70]))
    assert_the_same(*pair, X_IRIS)


@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_the_parameters_their_defaults_and_their_order_are_scikit_learns(kind):
    ours, theirs = getattr(layerwise, kind), getattr(neural_network, kind)
    mine = ours().get_params()
    assert {name: mine[name] for name in theirs().get_params()} == theirs().get_params()
    found, expected = (inspect.signature(one.__init__).parameters for one in (ours, theirs))
    assert {name: found[name].kind for name in expected} == {name: one.kind for name, one in expected.items()}
    positional = [name for name, one in expected.items() if one.kind is one.POSITIONAL_OR_KEYWORD]
    assert list(found)[: len(positional)] == positional


@pytest.mark.parametrize("kind", ["MLPClassifier", "MLPRegressor"])
def test_the_methods_and_their_arguments_are_scikit_learns(kind):
    ours, theirs = getattr(layerwise, kind), getattr(neural_network, kind)
    public = [name for name in dir(theirs) if not name.startswith("_")]
    assert [name for name in public if not hasattr(ours, name)] == []
    for name in public:
        if not inspect.isfunction(getattr(theirs, name)) or name.startswith("set_"):
            continue
        found, expected = (inspect.signature(getattr(one, name)).parameters for one in (ours, theirs))
        assert list(found)[: len(expected)] == list(expected), name
        assert all(found[one].default == expected[one].default for one in expected), name
        assert all(one.kind is one.KEYWORD_ONLY for one in list(found.values())[len(expected) :]), name
    assert ours().__sklearn_tags__() == theirs().__sklearn_tags__()
    for method, requests in theirs().get_metadata_routing().__dict__.items():
        if hasattr(requests, "requests"):
            assert set(requests.requests) <= set(getattr(ours().get_metadata_routing(), method).requests)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [False, True], ids=["", "early stopping"])
@pytest.mark.parametrize("data", [IRIS, VALUES], ids=["classes", "values"])
def test_what_fitting_leaves_is_what_scikit_learns_leaves(data, solver, early_stopping):
    ours, theirs = both(*data, {"solver": solver, "early_stopping": early_stopping, "max_iter": 2})
    public = [{name for name in vars(one) if name.endswith("_")} for one in (ours, theirs)]
    assert public[0] == public[1]
    for name in public[1] - {"coefs_", "intercepts_"}:
        mine, expected = getattr(ours, name), getattr(theirs, name)
        assert np.shape(mine) == np.shape(expected), name
        assert isinstance(mine, list) == isinstance(expected, list), name


ODD = {
    "one class": ("MLPClassifier", X_IRIS[:50], Y_IRIS[:50]),
    "text as objects": ("MLPClassifier", X_IRIS, np.array(["a", "b", "c"], dtype=object)[Y_IRIS]),
    "categories": (
        "MLPClassifier",
        pd.DataFrame(X_IRIS, columns=list("abcd")),
        pd.Series(pd.Categorical(np.array(["a", "b", "c"])[Y_IRIS])),
    ),
    "Polars": ("MLPClassifier", pl.DataFrame(X_IRIS, schema=list("abcd")), pl.Series(Y_IRIS)),
    "truth values": ("MLPClassifier", X_IRIS > 2, Y_IRIS),
    "half precision": ("MLPClassifier", X_IRIS.astype(np.float16), Y_IRIS),
    "lists": ("MLPClassifier", X_IRIS.tolist(), Y_IRIS.tolist()),
    "objects": ("MLPClassifier", X_IRIS.astype(object), Y_IRIS),
    "sparse labels": ("MLPClassifier", X_LABELS, sparse.csr_matrix(Y_LABELS)),
    "integers to predict": ("MLPRegressor", X_VALUES, np.arange(len(X_VALUES))),
    "truth values to predict": ("MLPRegressor", X_VALUES, Y_VALUES > 0),
    "a list to predict": ("MLPRegressor", X_VALUES.tolist(), Y_VALUES.tolist()),
}


@pytest.mark.parametrize("case", ODD)
def test_data_of_every_kind_is_taken_as_there(case):
    kind, X, y = ODD[case]
    ours, theirs = both(kind, X, y, {"hidden_layer_sizes": (6,), "max_iter": 4})
    found, expected = ours.predict(X), theirs.predict(X)
    assert type(found) is type(expected)
    assert found.dtype == expected.dtype
    if sparse.issparse(expected):
        found, expected = found.toarray(), expected.toarray()
    if kind == "MLPClassifier":
        np.testing.assert_array_equal(found, expected)
        assert ours.classes_.dtype == theirs.classes_.dtype
    else:
        np.testing.assert_allclose(found, expected, **CLOSE)


WRONG = {
    "one axis": ("MLPClassifier", X_IRIS[:, 0], Y_IRIS),
    "no rows": ("MLPClassifier", X_IRIS[:0], Y_IRIS[:0]),
    "other lengths": ("MLPClassifier", X_IRIS, Y_IRIS[:10]),
    "no labels": ("MLPClassifier", X_IRIS, None),
    "fractions as labels": ("MLPClassifier", X_IRIS, Y_IRIS + 0.5),
    "two labels a row": ("MLPClassifier", X_IRIS, np.c_[Y_IRIS, Y_IRIS]),
    "words": ("MLPClassifier", np.array([["a", "b"]] * 4), [0, 1, 0, 1]),
    "a missing value to predict": ("MLPRegressor", X_VALUES, np.where(Y_VALUES > 1, np.nan, Y_VALUES)),
    "text to predict": ("MLPRegressor", X_VALUES, Y_VALUES.astype(str)),
}


@pytest.mark.parametrize("case", WRONG)
def test_data_that_scikit_learn_refuses_is_refused(case):
    kind, X, y = WRONG[case]
    for module in (neural_network, layerwise):
        with pytest.raises((ValueError, TypeError)):
            getattr(module, kind)(max_iter=2).fit(X, y)


def test_positional_arguments_mean_what_they_mean_there():
    assert layerwise.MLPClassifier((3, 2), "tanh").get_params()["activation"] == "tanh"
    assert layerwise.MLPRegressor("poisson", (3, 2), "tanh").get_params()["hidden_layer_sizes"] == (3, 2)
    with pytest.raises(TypeError):
        layerwise.MLPClassifier((3,), "tanh", "sgd")


def test_what_verbose_prints_is_scikit_learns(capsys):
    printed = []
    for module in (layerwise, neural_network):
        model = module.MLPClassifier(
            solver="sgd", learning_rate="adaptive", tol=0.1, n_iter_no_change=1, max_iter=30, verbose=True,
            early_stopping=True, random_state=0,
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X_IRIS, Y_IRIS)
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    assert "Setting learning rate to" in printed[0]


def test_too_few_epochs_bring_scikit_learns_warning():
    for module in (layerwise, neural_network):
        with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(2\) reached"):
            module.MLPClassifier(max_iter=2, random_state=0).fit(X_IRIS, Y_IRIS)
    for module in (layerwise, neural_network):
        with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge after 2 iteration"):
            module.MLPClassifier(max_iter=2, solver="lbfgs", random_state=0).fit(X_IRIS, Y_IRIS)


def test_a_warm_start_that_finds_nothing_better_keeps_the_best():
    """scikit-learn's best weights are the very arrays that a warm start trains on, and are lost by it."""
    model = layerwise.MLPClassifier(
        early_stopping=True, warm_start=True, max_iter=60, random_state=0, validation_fraction=0.3
    ).fit(X_IRIS, Y_IRIS)
    best = [coef.copy() for coef in model.coefs_]
    model.set_params(learning_rate_init=10.0, n_iter_no_change=2).fit(X_IRIS, Y_IRIS)
    if max(model.validation_scores_[-model.n_iter_ :]) <= model.validation_scores_[-model.n_iter_ - 1]:
        for kept, before in zip(model.coefs_, best, strict=True):
            np.testing.assert_array_equal(kept, before)

"""The engines' own gradients are right, for every kind of network that the estimators train."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import layerwise
from layerwise.errors import InputError
from layerwise.formulas.activations import ACTIVATIONS

LARGEST_DIFFERENCE = {"float64": 1e-9, "float32": 1e-4}
ELEMENTWISE = [name for name, one in ACTIVATIONS.items() if one.elementwise]
ROWS = 12
CLASSIFIED = {
    "binary log-loss": (2, {}),
    "softmax log-loss": (3, {}),
    "label smoothing": (3, {"label_smoothing": 0.1}),
    "class weights": (3, {"class_weight": "balanced"}),
    "squared error of a class": (2, {"loss": "squared_error"}),
    "L2 and L1": (2, {"alpha": 0.3, "l1": 0.05}),
    "dropout": (3, {"dropout": 0.4}),
    "dropout, L2": (2, {"dropout": 0.25, "alpha": 1.0}),
}
REGRESSED = {
    "squared error": {},
    "Huber": {"loss": "huber", "delta": 0.5},
    "Poisson": {"loss": "poisson"},
    "dropout, L2, weights": {"dropout": 0.3, "alpha": 0.5},
}


def rows(outputs: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X (rows, 4), labels 0 to outputs - 1 or counts, and weights of rows."""
    random = np.random.default_rng(5)
    X = random.normal(size=(ROWS, 4))
    return X, (np.arange(ROWS) % outputs if outputs > 1 else random.poisson(2.0, ROWS)), random.random(ROWS)


def assert_right(check: layerwise.GradientCheck, dtype: str) -> None:
    check.raise_if_wrong()
    assert check.difference < LARGEST_DIFFERENCE[dtype]
    assert check.tolerance == {"float64": 1e-7, "float32": 1e-4}[dtype]


def network(kind: type, engine: str, dtype: str, **settings: object) -> object:
    return kind(**({"hidden_layer_sizes": (4, 3), "random_state": 1} | settings), engine=engine, dtype=dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize("activation", ELEMENTWISE)
def test_every_activation(activation, engine, dtype):
    X, y, _ = rows(3)
    model = network(layerwise.MLPClassifier, engine, dtype, activation=activation)
    assert_right(layerwise.check_gradients(model, X, y), dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize("kind", CLASSIFIED)
def test_every_way_to_classify(kind, engine, dtype):
    outputs, settings = CLASSIFIED[kind]
    X, y, weights = rows(outputs)
    model = network(layerwise.MLPClassifier, engine, dtype, activation="tanh", **settings)
    assert_right(layerwise.check_gradients(model, X, y), dtype)
    assert_right(layerwise.check_gradients(model, X, y, sample_weight=weights), dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize("kind", REGRESSED)
def test_every_way_to_regress(kind, engine, dtype):
    X, y, weights = rows()
    model = network(layerwise.MLPRegressor, engine, dtype, activation="tanh", **REGRESSED[kind])
    assert_right(layerwise.check_gradients(model, X, y.astype(float), sample_weight=weights), dtype)


def test_several_labels_and_several_targets():
    X, _, _ = rows()
    labels = (X[:, :3] > 0).astype(int)
    settings = {"hidden_layer_sizes": (5,), "random_state": 0, "dtype": "float64", "engine": "numpy"}
    assert layerwise.check_gradients(layerwise.MLPClassifier(**settings), X, labels).passed
    assert layerwise.check_gradients(layerwise.MLPRegressor(**settings), X, X[:, :2] ** 2).passed


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", [layerwise.TabularClassifier, layerwise.TabularRegressor])
def test_tables_of_all_kinds_before_and_after_training(kind, dtype):
    X, y, weights = rows(3)
    table = pl.DataFrame(X, schema=list("abcd")).with_columns(
        pl.when(pl.col("a") > 1).then(None).otherwise(pl.col("a")).alias("a"),
        pl.Series("city", ["Rome", "Oslo", None] * (ROWS // 3)),
    )
    target = [f"class {k}" for k in y] if kind is layerwise.TabularClassifier else X[:, 1] + y
    model = kind(hidden=(6, 4), dropout=0.2, l2=0.1, epochs=3, engine="numpy", dtype=dtype)
    assert_right(layerwise.check_gradients(model, table, target, sample_weight=weights), dtype)
    model.fit(table, target)
    trained = model.network_.parameters.copy()
    assert_right(layerwise.check_gradients(model, table, target), dtype)
    np.testing.assert_array_equal(model.network_.parameters, trained)


def test_a_fitted_network_is_checked_where_it_is_and_left_as_it_is():
    X, y, _ = rows(3)
    model = network(layerwise.MLPClassifier, "numpy", "float64", max_iter=5, tol=0.0)
    with pytest.warns(match="(?i)converge"):
        model.fit(X, y)
    before = [W.copy() for W in model.coefs_]
    check = layerwise.check_gradients(model, X, y)
    assert check.passed
    assert check.parameters["W1"].shape == (4, 4)
    for W, left in zip(before, model.coefs_, strict=True):
        np.testing.assert_array_equal(W, left)
    np.testing.assert_array_equal(check.evidence["W1"].value, before[0].T)


def test_many_rows_are_thinned_and_that_is_said():
    random = np.random.default_rng(0)
    X, y = random.normal(size=(1000, 4)), np.arange(1000) % 2
    check = layerwise.check_gradients(network(layerwise.MLPClassifier, "numpy", "float64"), X, y)
    assert check.passed
    assert "Checked on 128 of 1,000 rows" in check.text


def test_a_fault_in_an_engine_would_be_seen(monkeypatch):
    from layerwise.checking import network_check

    right = network_check.followed_gradient
    monkeypatch.setattr(network_check, "followed_gradient", lambda batch: 2 * right(batch))
    X, y, _ = rows(3)
    check = layerwise.check_gradients(network(layerwise.MLPClassifier, "numpy", "float64"), X, y)
    assert check.culprit == "W3"
    assert check.parameters["W3"].factor == pytest.approx(2)


def test_constants_are_for_functions():
    X, y, _ = rows(3)
    with pytest.raises(InputError, match="an estimator knows its own"):
        layerwise.check_gradients(layerwise.MLPClassifier(), X, y, constants={"m": 12})

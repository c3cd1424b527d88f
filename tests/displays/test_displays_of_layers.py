"""Histograms of weights and activations, and decision boundaries by scikit-learn's own display."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from fitted_estimators import KINDS, fitted, frame, labels
from sklearn.inspection import DecisionBoundaryDisplay

from layerwise import LayerHistogramDisplay, MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor
from layerwise.errors import InputError


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_a_column_for_each_layer(kind):
    display = LayerHistogramDisplay.from_estimator(fitted(kind), frame())
    assert display.ax_.shape == (2, 3)
    assert [(h.kind, h.layer) for h in display.histograms] == [
        (which, layer) for which in ("weights", "activations") for layer in (1, 2, 3)
    ]
    assert display.ax_[0, 0].get_title() == "layer 1: relu"
    assert [axes.get_ylabel() for axes in display.ax_[:, 0]] == ["weights", "activations"]


def test_weights_are_those_of_the_network():
    model = fitted("regressor")
    display = LayerHistogramDisplay.from_estimator(model, frame(), kinds=["weights"], bins=7)
    for histogram, coef in zip(display.histograms, model.coefs_, strict=True):
        density, edges = np.histogram(coef, bins=7, density=True)
        np.testing.assert_allclose(histogram.density, density)
        np.testing.assert_allclose(histogram.edges, edges)


def test_activations_are_those_of_the_rows():
    model = fitted("regressor")
    X = frame()
    hidden = np.maximum(X.to_numpy() @ model.coefs_[0] + model.intercepts_[0], 0)
    outputs = model.predict(X)
    first, _, last = LayerHistogramDisplay.from_estimator(model, X, kinds=["activations"]).histograms
    assert first.zeros == pytest.approx(np.mean(hidden == 0))
    assert first.dead == np.sum((hidden == 0).all(axis=0))
    np.testing.assert_allclose([last.edges[0], last.edges[-1]], [outputs.min(), outputs.max()])
    # Densities and the share of zeros account for every value.
    assert np.sum(first.density * np.diff(first.edges)) + first.zeros == pytest.approx(1)


def test_classes_probabilities_are_the_last_layers_activations():
    model = fitted("classifier")
    (last,) = LayerHistogramDisplay.from_estimator(
        model, frame(), kinds=["activations"], layers=[3], bins=4
    ).histograms
    density, _ = np.histogram(model.predict_proba(frame())[:, 1], bins=4, density=True)
    np.testing.assert_allclose(last.density, density)


def test_a_dead_layer_is_drawn_as_all_zero():
    model = MLPRegressor(hidden_layer_sizes=(6,), max_iter=1, random_state=0, engine="numpy")
    with pytest.warns(UserWarning, match="Maximum iterations"):
        model.fit(frame(), labels() == "yes")
    model.coefs_[0][:] = 0
    model.intercepts_[0][:] = -1
    display = LayerHistogramDisplay.from_estimator(model, frame(), kinds=["activations"], layers=[1])
    assert (display.histograms[0].zeros, display.histograms[0].dead) == (1, 6)
    assert display.ax_[0, 0].texts[0].get_text() == "100% zero\n6 dead units"


def test_of_many_rows_some_are_drawn_and_always_the_same():
    one, two = (
        LayerHistogramDisplay.from_estimator(fitted("regressor"), frame(), max_rows=20) for _ in range(2)
    )
    np.testing.assert_array_equal(one.histograms[3].density, two.histograms[3].density)
    assert (one.histograms[3].zeros * 20 * 8) % 1 == pytest.approx(0, abs=1e-9)


def test_it_draws_where_it_is_told():
    model = fitted("table regressor")
    figure, axes = plt.subplots(2, 2)
    inside = LayerHistogramDisplay.from_estimator(model, frame(), ax=axes[0, 0], color="red")
    assert inside.figure_ is figure
    assert inside.ax_.shape == (2, 3)
    assert inside.ax_[0, 0].patches[0].get_facecolor() == (1, 0, 0, 1)
    given = LayerHistogramDisplay.from_estimator(model, frame(), layers=[1, 3], ax=axes)
    assert given.ax_[1, 1] is axes[1, 1]
    assert given.plot() is given
    assert given.figure_ is not figure


def test_what_cannot_be_drawn_is_said():
    model, X = fitted("table classifier"), frame()
    with pytest.raises(InputError, match="layers is \\[4\\]; expected some of 1 to 3"):
        LayerHistogramDisplay.from_estimator(model, X, layers=[4])
    with pytest.raises(InputError, match="kinds"):
        LayerHistogramDisplay.from_estimator(model, X, kinds=["biases"])
    with pytest.raises(InputError, match="no rows"):
        LayerHistogramDisplay.from_estimator(model, X.head(0))
    with pytest.raises(InputError, match="4 axes; the histograms need 2 x 3"):
        LayerHistogramDisplay.from_estimator(model, X, ax=plt.subplots(2, 2)[1])
    with pytest.raises(ValueError, match="not fitted"):
        LayerHistogramDisplay.from_estimator(TabularClassifier(), X)


# -- decision boundaries ---------------------------------------------------------------------------------


@pytest.mark.parametrize("container", ["numpy", "pandas", "polars"])
@pytest.mark.parametrize("make", [TabularClassifier, TabularRegressor, MLPClassifier, MLPRegressor])
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_scikit_learn_draws_the_boundary_from_any_table(make, container):
    X = frame()
    table = {"numpy": X.to_numpy, "pandas": X.to_pandas, "polars": lambda: X}[container]()
    y = labels() if make in (TabularClassifier, MLPClassifier) else X.to_numpy().prod(axis=1)
    settings = {"hidden": (4,), "epochs": 2} if make.__name__.startswith("T") else {"max_iter": 2}
    model = make(**settings, engine="numpy").fit(table, y)
    display = DecisionBoundaryDisplay.from_estimator(model, table, grid_resolution=5)
    assert display.response.shape == (5, 5)
    grid = np.column_stack([display.xx0.ravel(), display.xx1.ravel()])
    grid = grid if container == "numpy" else X.head(25).with_columns(a=grid[:, 0], b=grid[:, 1])
    expected = model.predict_proba(grid)[:, 1] if hasattr(model, "classes_") else model.predict(grid)
    np.testing.assert_allclose(display.response.ravel(), expected, rtol=1e-6)


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_the_boundaries_of_three_classes_are_drawn(method):
    X = frame().to_numpy()
    y = np.array(["low", "mid", "top"])[np.digitize(X[:, 0], [-0.5, 0.5])]
    model = TabularClassifier(hidden=(4,), epochs=2, engine="numpy").fit(X, y)
    display = DecisionBoundaryDisplay.from_estimator(model, X, response_method=method, grid_resolution=4)
    assert display.response.shape == ((4, 4, 3) if method == "predict_proba" else (4, 4))

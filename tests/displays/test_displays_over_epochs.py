"""Cost curves and gradient flow: the lines are the history's columns."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import polars as pl
import pytest
from fitted_estimators import KINDS, fitted, frame, labels
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier as TheirClassifier

import layerwise
from layerwise import CostCurveDisplay, GradientFlowDisplay, MLPClassifier
from layerwise.displays.unwrapping import innermost
from layerwise.errors import InputError


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize("kind", KINDS)
def test_the_cost_curve_is_the_history(kind):
    model = fitted(kind)
    history = innermost(model).history_
    display = CostCurveDisplay.from_estimator(model)
    assert display.figure_ is display.ax_.figure
    for line, name in zip(display.lines_, ("cost", "validation_cost"), strict=False):
        np.testing.assert_array_equal(line.get_xdata(), history["epoch"])
        np.testing.assert_array_equal(line.get_ydata(), history[name])
    assert len(display.lines_) == (2 if "validation_cost" in history.columns else 1)
    assert display.ax_.get_xlabel() == "epoch"
    assert display.ax_.get_ylabel() == "cost"


def test_the_epoch_that_was_kept_is_marked():
    for kind in ("table classifier", "classifier"):
        model = fitted(kind)
        display = CostCurveDisplay.from_estimator(model)
        texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
        scores = getattr(model, "validation_scores_", None)
        best = model.best_epoch_ if scores is None else 1 + int(np.argmax(scores))
        assert texts == ["training", "validation", f"kept: epoch {best}"]
    assert CostCurveDisplay.from_estimator(fitted("regressor")).best_epoch is None


def test_another_metric_is_drawn_by_its_name():
    display = CostCurveDisplay.from_estimator(fitted("table classifier"), metric="accuracy")
    (line,) = display.lines_
    np.testing.assert_array_equal(
        line.get_ydata(), fitted("table classifier").history_["validation_accuracy"]
    )
    with pytest.raises(InputError, match="no metric 'acuracy'; did you mean 'accuracy'"):
        CostCurveDisplay.from_estimator(fitted("table classifier"), metric="acuracy")


def test_it_draws_on_the_axes_it_is_given_again_and_again_with_the_users_style():
    figure, (left, right) = plt.subplots(1, 2)
    display = CostCurveDisplay.from_estimator(fitted("regressor"), ax=left, linewidth=7, color="red")
    assert (display.ax_, display.figure_) == (left, figure)
    assert (display.lines_[0].get_linewidth(), display.lines_[0].get_color()) == (7, "red")
    assert display.plot(ax=right) is display
    assert display.ax_ is right
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize("make", [list, pl.DataFrame, lambda rows: pl.DataFrame(rows).to_pandas()])
def test_a_history_of_any_make_is_drawn(make):
    rows = [{"epoch": 5, "cost": 4.0}, {"epoch": 6, "cost": 2.0, "validation_cost": 3.0}]
    train, validation = CostCurveDisplay.from_history(make(rows)).lines_
    np.testing.assert_array_equal(train.get_xydata(), [[5, 4], [6, 2]])
    np.testing.assert_array_equal(validation.get_xydata(), [[6, 3]])


def test_the_scale_is_logarithmic_where_the_values_need_it():
    wide = [{"epoch": 1, "cost": 100.0}, {"epoch": 2, "cost": 0.1}]
    narrow = [{"epoch": 1, "cost": 1.0}, {"epoch": 2, "cost": 0.5}]
    assert CostCurveDisplay.from_history(wide).ax_.get_yscale() == "log"
    assert CostCurveDisplay.from_history(narrow).ax_.get_yscale() == "linear"
    assert CostCurveDisplay.from_history(wide, log_scale=False).ax_.get_yscale() == "linear"
    assert CostCurveDisplay.from_history([*wide[:1], {"epoch": 2, "cost": 0.0}]).ax_.get_yscale() == "linear"


def test_scikit_learns_own_network_has_a_cost_curve_too():
    model = TheirClassifier((4,), max_iter=5, early_stopping=True, random_state=0)
    with pytest.warns(UserWarning, match="Maximum iterations"):
        model.fit(frame().to_numpy(), labels())
    display = CostCurveDisplay.from_estimator(model)
    np.testing.assert_array_equal(display.lines_[0].get_ydata(), model.loss_curve_)
    accuracy = CostCurveDisplay.from_estimator(model, metric="accuracy")
    np.testing.assert_array_equal(accuracy.lines_[0].get_ydata(), model.validation_scores_)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_a_search_shows_its_best_estimator():
    network = MLPClassifier((4,), max_iter=4, random_state=0, engine="numpy", statistics=True)
    search = GridSearchCV(network, {"alpha": [0.1, 1.0]}, cv=2).fit(frame(), labels())
    display = CostCurveDisplay.from_estimator(search)
    np.testing.assert_array_equal(display.train, search.best_estimator_.loss_curve_)
    assert len(GradientFlowDisplay.from_estimator(search).lines_) == 2


@pytest.mark.parametrize("statistic", ["gradient_norm", "gradient_mean_abs", "update_ratio"])
@pytest.mark.parametrize("kind", KINDS)
def test_gradient_flow_has_a_line_for_each_layer(kind, statistic):
    model = fitted(kind)
    display = GradientFlowDisplay.from_estimator(model, statistic=statistic)
    history = innermost(model).history_
    assert list(display.layers) == [1, 2, 3]
    for layer, line in enumerate(display.lines_, start=1):
        assert line.get_label() == f"layer {layer}"
        np.testing.assert_array_equal(line.get_ydata(), history[f"layer{layer}_{statistic}"])


def test_layers_come_in_the_order_of_the_network_and_gaps_are_left_out():
    row = {f"layer{layer}_gradient_norm": float(layer) for layer in (10, 2, 1)}
    display = GradientFlowDisplay.from_history([{"epoch": 1} | row, {"epoch": 2}, {"epoch": 3} | row])
    assert list(display.layers) == [1, 2, 10]
    np.testing.assert_array_equal(display.lines_[2].get_xydata(), [[1, 10], [3, 10]])


def test_infinite_values_are_not_drawn():
    rows = [{"epoch": e, "layer1_update_ratio": v} for e, v in enumerate([np.inf, 0.5, 0.25], start=1)]
    display = GradientFlowDisplay.from_history(rows, statistic="update_ratio")
    np.testing.assert_array_equal(display.lines_[0].get_xydata(), [[2, 0.5], [3, 0.25]])


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_what_cannot_be_drawn_is_said(tmp_path):
    without = MLPClassifier((4,), max_iter=2, engine="numpy").fit(frame(), labels())
    with pytest.raises(InputError, match="statistics=True"):
        GradientFlowDisplay.from_estimator(without)
    with pytest.raises(InputError, match="did you mean 'gradient_norm'"):
        GradientFlowDisplay.from_estimator(fitted("table classifier"), statistic="gradient_norms")
    with pytest.raises(InputError, match="no gradient_norm of the layers"):
        GradientFlowDisplay.from_history([{"epoch": 1, "cost": 1.0}])
    with pytest.raises(InputError, match="is a list; expected an estimator"):
        CostCurveDisplay.from_estimator([1])
    with pytest.raises(InputError, match="history is a str"):
        CostCurveDisplay.from_history("history.parquet")
    for display in (CostCurveDisplay, GradientFlowDisplay):
        with pytest.raises(ValueError, match="not fitted"):
            display.from_estimator(MLPClassifier())
        with pytest.raises(ValueError, match="not fitted"):
            display.from_estimator(layerwise.TabularClassifier())
    fitted("table classifier").save(tmp_path)
    with pytest.raises(InputError, match="its history stayed with its run"):
        CostCurveDisplay.from_estimator(layerwise.load(tmp_path))

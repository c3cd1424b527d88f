"""The statistics of the layers, on networks made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from layerwise.network.architecture import Architecture
from layerwise.network.objective import Objective, cost
from layerwise.network.parameters import flat_vector, named_views
from layerwise.training.statistics import layer_statistics

NAMES = (
    *("weight_norm", "update_ratio", "gradient_norm", "gradient_mean_abs", "activation_mean"),
    *("activation_std", "zero_fraction", "dead_fraction", "saturated_fraction"),
)


def statistics(architecture, arrays, X, Y, before=None, loss="squared_error"):
    parameters = flat_vector(arrays, architecture)
    before = parameters if before is None else flat_vector(before, architecture)
    return layer_statistics(parameters, before, architecture, Objective(loss), X, Y)


def test_a_network_of_one_unit_by_hand():
    """a = 2 x + 1 on x = 1, 3 gives 3, 7; targets 3, 5 leave the errors 0, 2; dW = mean(error x) = 3."""
    row = statistics(
        Architecture((1, 1), ("identity",)),
        {"W1": np.array([[2.0]]), "b1": np.array([[1.0]])},
        np.array([[1.0], [3.0]]),
        np.array([[3.0], [5.0]]),
        before={"W1": np.array([[1.5]]), "b1": np.array([[9.0]])},
    )
    assert row == {
        "layer1_weight_norm": 2.0,
        "layer1_update_ratio": 0.25,
        "layer1_gradient_norm": 3.0,
        "layer1_gradient_mean_abs": 3.0,
        "layer1_activation_mean": 5.0,
        "layer1_activation_std": 2.0,
        "layer1_zero_fraction": 0.0,
        "layer1_dead_fraction": 0.0,
        "layer1_saturated_fraction": 0.5,
    }


TWO_LAYERS = Architecture((2, 4, 1), ("relu", "identity"))


def two_layers(**changes):
    random = np.random.default_rng(0)
    arrays = {
        "W1": random.normal(size=(4, 2)),
        "b1": np.zeros((4, 1)),
        "W2": random.normal(size=(1, 4)),
        "b2": np.zeros((1, 1)),
    }
    return arrays | changes


X = np.random.default_rng(1).normal(size=(30, 2))
Y = X[:, :1]


def test_a_layer_below_zero_everywhere_is_dead():
    row = statistics(TWO_LAYERS, two_layers(b1=np.full((4, 1), -100.0)), X, Y)
    assert row["layer1_dead_fraction"] == row["layer1_zero_fraction"] == 1
    assert row["layer1_gradient_norm"] == row["layer1_gradient_mean_abs"] == 0
    assert row["layer1_activation_mean"] == row["layer1_activation_std"] == 0
    assert row["layer1_saturated_fraction"] == 1


def test_one_dead_unit_of_four_is_a_quarter():
    b1 = np.array([[-100.0], [100.0], [100.0], [100.0]])
    row = statistics(TWO_LAYERS, two_layers(b1=b1), X, Y)
    assert row["layer1_dead_fraction"] == row["layer1_zero_fraction"] == 0.25


def test_a_unit_that_fires_now_and_then_is_not_dead():
    row = statistics(TWO_LAYERS, two_layers(), X, Y)
    assert row["layer1_dead_fraction"] == 0
    assert 0.2 < row["layer1_zero_fraction"] < 0.8


def test_weights_that_are_zero_have_no_ratio_but_a_value():
    zeros = {name: np.zeros_like(array) for name, array in two_layers().items()}
    still = statistics(TWO_LAYERS, zeros, X, Y)
    assert still["layer1_weight_norm"] == still["layer1_update_ratio"] == 0
    assert still["layer1_gradient_norm"] == still["layer2_gradient_norm"] == 0
    fallen = statistics(TWO_LAYERS, zeros, X, Y, before=two_layers())
    assert fallen["layer1_update_ratio"] == math.inf


def test_units_far_out_on_tanh_are_saturated():
    architecture = Architecture((2, 4, 1), ("tanh", "identity"))
    b1 = np.array([[6.0], [-6.0], [0.0], [0.0]])
    row = statistics(architecture, two_layers(W1=np.zeros((4, 2)), b1=b1), X, Y)
    assert row["layer1_saturated_fraction"] == 0.5


def test_gradients_are_those_of_the_cost_by_differences():
    arrays = two_layers(b1=np.full((4, 1), 0.1))
    row = statistics(TWO_LAYERS, arrays, X, Y)
    theta, h = flat_vector(arrays, TWO_LAYERS), 1e-6
    gradient = np.empty_like(theta)
    for i in range(theta.size):
        up, down = theta.copy(), theta.copy()
        up[i] += h
        down[i] -= h
        high, low = (
            cost(Objective("squared_error"), named_views(v, TWO_LAYERS), TWO_LAYERS, X.T, Y.T)
            for v in (up, down)
        )
        gradient[i] = (high - low) / (2 * h)
    grads = named_views(gradient, TWO_LAYERS)
    for layer in (1, 2):
        dW = grads[f"W{layer}"]
        assert row[f"layer{layer}_gradient_norm"] == pytest.approx(np.linalg.norm(dW), rel=1e-6)
        assert row[f"layer{layer}_gradient_mean_abs"] == pytest.approx(np.abs(dW).mean(), rel=1e-6)


def test_units_that_are_copies_of_one_have_no_spread():
    same = two_layers(W1=np.tile([[0.3, -2.0]], (4, 1)), b1=np.full((4, 1), 0.7))
    assert statistics(TWO_LAYERS, same, X, Y)["layer1_unit_spread"] == pytest.approx(0, abs=1e-15)
    zeros = {name: np.zeros_like(array) for name, array in two_layers().items()}
    assert statistics(TWO_LAYERS, zeros, X, Y)["layer1_unit_spread"] == 0


def test_units_that_differ_only_in_their_bias_have_a_spread():
    """Units (3, 4), (3, -4) about their average (3, 0): sqrt(32) / sqrt(50) = 0.8."""
    architecture = Architecture((1, 2, 1), ("relu", "identity"))
    arrays = {
        "W1": np.array([[3.0], [3.0]]),
        "b1": np.array([[4.0], [-4.0]]),
        "W2": np.ones((1, 2)),
        "b2": np.zeros((1, 1)),
    }
    row = statistics(architecture, arrays, X[:, :1], Y)
    assert row["layer1_unit_spread"] == pytest.approx(0.8)
    assert "layer2_unit_spread" not in row


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_units_drawn_at_random_have_a_spread_near_one_at_any_scale(scale):
    W1 = scale * np.random.default_rng(2).normal(size=(4, 2))
    assert 0.7 < statistics(TWO_LAYERS, two_layers(W1=W1), X, Y)["layer1_unit_spread"] <= 1


def test_there_are_nine_for_each_layer_and_all_are_floats():
    """And the spread of the units, where there are several."""
    row = statistics(TWO_LAYERS, two_layers(), X, Y)
    expected = [f"layer{layer}_{name}" for layer in (1, 2) for name in NAMES]
    expected.insert(len(NAMES), "layer1_unit_spread")
    assert list(row) == expected
    assert {type(value) for value in row.values()} == {float}


@pytest.mark.filterwarnings("error")
def test_numbers_that_overflow_do_so_in_silence():
    row = statistics(TWO_LAYERS, two_layers(W1=np.full((4, 2), 1e200), W2=np.full((1, 4), 1e200)), X, Y)
    assert row["layer1_dead_fraction"] == 0
    assert not math.isfinite(row["layer2_gradient_norm"])

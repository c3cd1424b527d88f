"""Corners of the cost: recognised, counted, left out of the verdict, and no place to hide a fault."""

from __future__ import annotations

import numpy as np
import pytest

import layerwise


@pytest.mark.parametrize("convention", [0.0, 0.5, 1.0])
def test_any_slope_of_relu_at_exactly_0_is_a_convention(convention):
    def gradient(t):
        return np.where(t > 0, 1.0, np.where(t < 0, 0.0, convention))

    theta = np.array([0.0, 1.0, -1.0])
    check = layerwise.check_gradients(lambda t: np.maximum(t, 0).sum(), gradient, theta)
    assert check.passed
    assert [(kink.name, kink.index) for kink in check.kinks] == [("theta", (0,))]
    assert (check.kinks[0].left, check.kinks[0].right) == pytest.approx((0, 1))
    assert "corner" in check.text


def test_corners_that_cancel_are_a_convention_too():
    """relu(t) - relu(-t) is t, and back-propagation gives 0 for its slope at 0."""

    def gradient(t):
        return np.where(t == 0, 0.0, 1.0)

    theta = np.array([0.0, 2.0])
    check = layerwise.check_gradients(lambda t: (np.maximum(t, 0) - np.maximum(-t, 0)).sum(), gradient, theta)
    assert check.passed
    assert [kink.index for kink in check.kinks] == [(0,)]


def test_a_fault_beside_a_kink_is_found():
    def gradient(t):
        return np.where(t > 0, 1.0, 0.0) * np.array([1, 1, 3])

    theta = np.array([0.0, 1.0, 2.0])
    check = layerwise.check_gradients(lambda t: np.maximum(t, 0).sum(), gradient, theta)
    assert not check.passed
    assert check.parameters["theta"].worst[0].index == (2,)


def test_a_cost_with_corners_everywhere_is_said_to_be_beyond_judgement():
    check = layerwise.check_gradients(lambda t: np.abs(t).sum(), np.zeros(2), np.zeros(2))
    assert check.passed
    assert "could not be judged" in check.text


@pytest.mark.parametrize("seed", range(4))
def test_a_relu_network_with_dead_units_and_zero_pre_activations_raises_no_alarm(seed):
    random = np.random.default_rng(seed)
    X, Y = random.normal(size=(3, 8)), random.normal(size=(1, 8))
    X[:, 0] = 0
    theta = {
        "W1": random.normal(size=(5, 3)), "b1": np.zeros((5, 1)),
        "W2": random.normal(size=(1, 5)), "b2": np.zeros((1, 1)),
    }  # fmt: skip
    theta["W1"][1] = 0
    theta["b1"][2] = -100

    def forward(theta):
        Z = theta["W1"] @ X + theta["b1"]
        return Z, np.maximum(Z, 0), theta["W2"] @ np.maximum(Z, 0) + theta["b2"]

    def gradient(theta):
        Z, A, out = forward(theta)
        dZ2 = (out - Y) / X.shape[1]
        dZ1 = theta["W2"].T @ dZ2 * (Z > 0)
        return {
            "dW1": dZ1 @ X.T, "db1": dZ1.sum(axis=1, keepdims=True),
            "dW2": dZ2 @ A.T, "db2": dZ2.sum(axis=1, keepdims=True),
        }  # fmt: skip

    check = layerwise.check_gradients(lambda t: ((forward(t)[2] - Y) ** 2).mean() / 2, gradient, theta)
    assert check.passed, check.text
    assert {kink.name for kink in check.kinks} >= {"b1"}

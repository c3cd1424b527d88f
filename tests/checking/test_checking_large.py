"""Large networks: right ones are verified along a few directions, and a single wrong entry is located."""

from __future__ import annotations

import numpy as np
import pytest

import layerwise
from layerwise.checking import network_check

SIZES = (60, 80, 40, 5)
FEW_EVALUATIONS = 400
# The entries of a vector of parameters: W1, b1, W2, b2, W3, b3, one after the other.
PLACES = {"W1": (12, 34), "W2": (39, 7), "W3": (4, 11)}


@pytest.fixture(scope="module")
def examples():
    random = np.random.default_rng(0)
    return random.normal(size=(32, SIZES[0])), random.integers(0, SIZES[-1], 32)


def network(dtype="float64"):
    return layerwise.MLPClassifier(SIZES[1:-1], random_state=0, dtype=dtype, engine="numpy", alpha=0.1)


def backward(theta, X, Y):
    """The cost and the gradient of a network of relu and softmax, in plain NumPy; X (n, m), Y (k, m)."""
    Z1 = theta["W1"] @ X + theta["b1"]
    A1 = np.maximum(Z1, 0)
    Z2 = theta["W2"] @ A1 + theta["b2"]
    Z2 = Z2 - Z2.max(axis=0)
    cost = (np.log(np.exp(Z2).sum(axis=0)) - (Y * Z2).sum(axis=0)).mean()
    dZ2 = (np.exp(Z2) / np.exp(Z2).sum(axis=0) - Y) / X.shape[1]
    dZ1 = theta["W2"].T @ dZ2 * (Z1 > 0)
    gradient = {"W1": dZ1 @ X.T, "b1": dZ1.sum(axis=1, keepdims=True)}
    return cost, gradient | {"W2": dZ2 @ A1.T, "b2": dZ2.sum(axis=1, keepdims=True)}


def own_code():
    random = np.random.default_rng(1)
    X, Y = random.normal(size=(60, 16)), np.eye(5)[random.integers(0, 5, 16)].T
    theta = {
        "W1": random.normal(size=(80, 60)) / 8,
        "b1": random.normal(size=(80, 1)),
        "W2": random.normal(size=(5, 80)) / 9,
        "b2": np.zeros((5, 1)),
    }
    return lambda t: backward(t, X, Y)[0], lambda t: backward(t, X, Y)[1], theta


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_right_one_is_verified_in_a_few_evaluations(examples, dtype):
    check = layerwise.check_gradients(network(dtype), *examples)
    assert sum(np.prod(part.shape) for part in check.parameters.values()) > 8_000
    assert check.passed
    assert check.evaluations < FEW_EVALUATIONS


@pytest.mark.parametrize("name", PLACES)
def test_one_wrong_entry_is_located(examples, name, monkeypatch):
    right, starts, start = network_check.followed_gradient, {}, 0
    for layer in (1, 2, 3):
        starts[f"W{layer}"] = start
        start += SIZES[layer] * (SIZES[layer - 1] + 1)
    row, column = PLACES[name]
    entry = starts[name] + row * SIZES[int(name[1]) - 1] + column

    def wrong(batch):
        gradient = right(batch)
        gradient[entry] += 0.01
        return gradient

    monkeypatch.setattr(network_check, "followed_gradient", wrong)
    check = layerwise.check_gradients(network(), *examples)
    assert check.culprit == name
    part = check.parameters[name]
    assert part.worst[0].index == (row, column)
    assert f"in row {row}" in part.explanation
    assert f"d{name}[{row}, {column}]" in check.text


def test_own_code_is_verified_and_a_wrong_entry_located():
    cost, gradient, theta = own_code()
    check = layerwise.check_gradients(cost, gradient, theta)
    assert check.passed
    assert check.evaluations < FEW_EVALUATIONS

    def wrong(theta):
        found = gradient(theta)
        found["W1"][17, 30] *= 1.5
        return found

    check = layerwise.check_gradients(cost, wrong, theta)
    assert check.culprit == "W1"
    assert check.parameters["W1"].worst[0].index == (17, 30)
    assert "row 17" in check.parameters["W1"].explanation


def test_a_scaled_matrix_is_named_from_a_sample_of_it():
    cost, gradient, theta = own_code()
    check = layerwise.check_gradients(
        cost, lambda t: gradient(t) | {"dW1": 0, "W1": 2 * gradient(t)["W1"]}, theta
    )
    assert check.culprit == "W1"
    assert check.parameters["W1"].explanation == "dW1 is 2.000 times too large."
    assert "entries</small>" in check.html


def test_every_entry_is_measured_on_request():
    _, _, theta = own_code()
    small = {name: array[:, :6] if name == "W1" else array for name, array in theta.items()}
    X, Y = np.random.default_rng(2).normal(size=(6, 4)), np.eye(5)[:, :4]
    check = layerwise.check_gradients(
        lambda t: backward(t, X, Y)[0], lambda t: backward(t, X, Y)[1], small, exhaustive=True
    )
    assert check.passed
    assert all(evidence.is_whole for evidence in check.evidence.values())
    assert check.evaluations > sum(array.size for array in small.values())

"""What `layerwise.check_gradients` promises: right ones pass at any scale, wrong ones are named."""

from __future__ import annotations

import numpy as np
import pytest

import layerwise
from layerwise.course.gradient_checking import backward_propagation_n, forward_propagation_n
from layerwise.errors import InputError

SIZES = (4, 5, 3, 1)


@pytest.fixture
def network():
    """(theta, cost, gradient) of the note's three-layer network."""
    random = np.random.default_rng(0)
    X, Y = random.normal(size=(4, 30)), (random.random((1, 30)) > 0.5).astype(float)
    theta = {}
    for layer in range(1, 4):
        theta[f"W{layer}"] = random.normal(size=(SIZES[layer], SIZES[layer - 1]))
        theta[f"b{layer}"] = 0.1 * random.normal(size=(SIZES[layer], 1))

    def cost(theta):
        return forward_propagation_n(X, Y, theta)[0]

    def gradient(theta):
        _, cache = forward_propagation_n(X, Y, theta)
        grads = backward_propagation_n(X, Y, cache)
        return {name: grads[f"d{name}"] for name in theta}

    return theta, cost, gradient


def test_a_right_gradient_passes(network):
    theta, cost, gradient = network
    check = layerwise.check_gradients(cost, gradient, theta)
    assert check.passed
    assert check.culprit is None
    assert check.difference < 1e-9
    check.raise_if_wrong()


def test_the_notes_two_planted_bugs_are_named(network):
    theta, cost, gradient = network

    def wrong(theta):
        grads = gradient(theta)
        return grads | {"W2": 2 * grads["W2"], "b1": 4 * grads["b1"]}

    check = layerwise.check_gradients(cost, wrong, theta)
    assert not check.passed
    assert check.culprit == "W2"
    assert "dW2 is 2.000 times too large" in check.text
    assert "db1 is 4.000 times too large" in check.text
    causes = {name: found.cause for name, found in check.parameters.items() if not found.passed}
    assert causes == {"W2": "scaled", "b1": "scaled"}
    with pytest.raises(AssertionError, match=r"dW2 is 2\.000 times too large"):
        check.raise_if_wrong()
    assert "<table" in check.html


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        (lambda G: -G, "sign-flipped"),
        (lambda G: np.zeros_like(G), "zero"),
        (lambda G: G * np.nan, "non-finite"),
        (lambda G: G[::-1].copy(), "permuted"),
    ],
)
def test_a_spoiled_matrix_is_told_by_its_kind(network, spoil, cause):
    theta, cost, gradient = network
    check = layerwise.check_gradients(cost, lambda t: gradient(t) | {"W1": spoil(gradient(t)["W1"])}, theta)
    assert check.culprit == "W1"
    assert check.parameters["W1"].cause == cause


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1.0, 1e3, 1e6])
def test_right_gradients_pass_at_any_scale(scale):
    random = np.random.default_rng(1)
    A, theta = random.normal(size=(6, 4)), scale * random.normal(size=4)

    def cost(theta):
        return float(np.logaddexp(0, A @ theta / scale).sum())

    def gradient(theta):
        return A.T @ (1 / (1 + np.exp(-A @ theta / scale))) / scale

    check = layerwise.check_gradients(cost, gradient, theta)
    assert check.passed
    assert check.difference < 1e-9


def test_a_kink_is_counted_and_is_no_fault():
    def cost(theta):
        return float(np.abs(theta).sum())

    theta = np.array([0.0, 1.0, -2.0])
    check = layerwise.check_gradients(cost, np.sign, theta)
    assert check.passed
    assert check.kinks


def test_what_cannot_be_checked_is_said():
    random = np.random.default_rng(2)
    with pytest.raises(InputError, match=r"(?i)shape"):
        layerwise.check_gradients(lambda t: float((t**2).sum()), np.ones(2), np.ones(3))
    noisy = lambda t: float((t**2).sum() + random.random())  # noqa: E731
    with pytest.raises(InputError, match=r"(?i)same"):
        layerwise.check_gradients(noisy, 2 * np.ones(3), np.ones(3))


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_engines_own_gradients_are_right(engine, dtype):
    random = np.random.default_rng(3)
    X = random.normal(size=(40, 5)).astype(dtype)
    y = X[:, 0] * X[:, 1] > 0
    network = layerwise.MLPClassifier(
        (6, 4), activation="tanh", alpha=0.1, random_state=0, engine=engine, dtype=dtype
    )
    assert layerwise.check_gradients(network, X, y).passed

"""Gradient descent and momentum take the same steps on turned inputs; Adam does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import InputError
from layerwise.formulas.optimizers import OPTIMIZERS
from layerwise.network.architecture import plain_architecture
from layerwise.network.objective import Objective, cost_and_gradient
from layerwise.network.parameters import initial_parameters, named_views
from layerwise.network.turned_inputs import turned_by_products, turned_inputs

SETTINGS = {
    "gd": (),
    "momentum": (0.9,),
    "classical_momentum": (0.8,),
    "nesterov": (0.8,),
    "rmsprop": (0.9, 1e-8),
    "adam": (0.9, 0.999, 1e-8),
    "adam_epsilon_hat": (0.9, 0.999, 1e-8),
    "adamw": (0.9, 0.999, 1e-8),
}
LINEAR = {name for name, optimizer in OPTIMIZERS.items() if optimizer.linear}


def trained(X, Y, start, optimizer, steps=40, l2=0.0):
    """(costs, parameters) of so many steps at 0.5 from the named start."""
    architecture = plain_architecture(len(X), [len(start["W1"])], 1, "relu", "sigmoid")
    rule, objective = OPTIMIZERS[optimizer], Objective("binary_cross_entropy", l2=l2)
    parameters = dict(start)
    slots = {name: [np.zeros_like(array) for _ in rule.slots] for name, array in start.items()}
    costs = []
    for step in range(1, steps + 1):
        cost, grads = cost_and_gradient(objective, parameters, architecture, X, Y)
        costs.append(cost)
        for name, array in parameters.items():
            parameters[name], *slots[name] = rule.rule(
                array, *slots[name], grads[f"d{name}"], 0.5, *rule.constants(step, *SETTINGS[optimizer])
            )
    return costs, parameters


def case(inputs, examples, seed):
    """X (inputs, examples), Y, and a start of a network with three hidden units."""
    draw = np.random.default_rng(seed)
    X, Y = draw.normal(size=(inputs, examples)) / np.sqrt(inputs), (draw.random((1, examples)) < 0.5) * 1.0
    architecture = plain_architecture(inputs, [3], 1, "relu", "sigmoid")
    return X, Y, named_views(initial_parameters(architecture, "he", seed=seed), architecture)


@given(st.integers(1, 9), st.integers(0, 40), st.sampled_from(sorted(LINEAR)), st.integers(0, 99))
def test_the_run_on_turned_inputs_is_the_run(examples, more, optimizer, seed):
    X, Y, start = case(examples + more, examples, seed)
    turned = turned_inputs(X)
    assert turned.X.shape == (examples, examples)
    costs, there = trained(X, Y, start, optimizer)
    on_turned, here = trained(turned.X, Y, start | {"W1": turned.weights(start["W1"])}, optimizer)
    assert on_turned == pytest.approx(costs, abs=1e-9)
    here["W1"] = turned.weights_back(start["W1"], here["W1"])
    for name, array in there.items():
        np.testing.assert_allclose(here[name], array, rtol=0, atol=1e-9)


@given(st.integers(1, 12), st.integers(0, 40), st.integers(1, 12), st.floats(-6, 6), st.integers(0, 99))
def test_products_alone_give_coordinates_too(examples, more, rank, spread, seed):
    draw = np.random.default_rng(seed)
    rank = min(rank, examples)
    # Made up of so many, of lengths that differ by powers of ten.
    X = draw.normal(size=(examples + more, rank)) @ draw.normal(size=(rank, examples))
    X *= 10 ** (spread * draw.random(examples))
    R, B = turned_by_products(X.T @ X)
    Q = X @ B
    assert R.shape[0] == B.shape[1] <= rank
    lengths = np.linalg.norm(X, axis=0)
    np.testing.assert_allclose((Q @ R - X) / lengths, 0, atol=2e-6)
    np.testing.assert_allclose((R.T @ R - X.T @ X) / np.outer(lengths, lengths), 0, atol=1e-12)


def test_coordinates_from_products_are_at_right_angles():
    X = np.random.default_rng(0).normal(size=(300, 20))
    R, B = turned_by_products(X.T @ X)
    np.testing.assert_allclose((X @ B).T @ (X @ B), np.eye(20), atol=1e-12)
    np.testing.assert_allclose(X @ B @ R, X, atol=1e-12)


def test_equal_and_empty_pictures_have_no_coordinates_of_their_own():
    X = np.random.default_rng(0).normal(size=(300, 20))
    X[:, 4], X[:, 7], X[:, 9] = X[:, 2], 0.0, X[:, 0] - X[:, 1]
    R, B = turned_by_products(X.T @ X)
    assert R.shape == (17, 20)
    np.testing.assert_allclose(X @ B @ R, X, atol=1e-9)


def test_equal_and_empty_pictures_do_no_harm():
    X, Y, start = case(20, 6, 1)
    X[:, 1], X[:, 2] = X[:, 0], 0.0
    turned = turned_inputs(X)
    costs, there = trained(X, Y, start, "gd")
    on_turned, here = trained(turned.X, Y, start | {"W1": turned.weights(start["W1"])}, "gd")
    assert on_turned == pytest.approx(costs, abs=1e-12)
    np.testing.assert_allclose(turned.weights_back(start["W1"], here["W1"]), there["W1"], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("optimizer", "l2"), [*((name, 0.0) for name in sorted(SETTINGS.keys() - LINEAR)), ("gd", 3.0)]
)
def test_it_is_another_run_for_the_others_and_with_a_penalty(optimizer, l2):
    X, Y, start = case(40, 6, 2)
    turned = turned_inputs(X)
    costs, _ = trained(X, Y, start, optimizer, l2=l2)
    other, _ = trained(turned.X, Y, start | {"W1": turned.weights(start["W1"])}, optimizer, l2=l2)
    assert np.abs(np.subtract(costs, other)).max() > 1e-3


def test_fewer_inputs_than_examples_are_refused():
    with pytest.raises(InputError, match=r"shape \(3, 5\)"):
        turned_inputs(np.zeros((3, 5)))

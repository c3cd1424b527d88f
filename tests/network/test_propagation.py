"""The forward and the backward pass, layer by layer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from network_cases import cases, random_case
from scipy import special

from layerwise.network.objective import Objective
from layerwise.network.parameters import named_views
from layerwise.network.propagation import Dropout, backward, forward, linear_backward, linear_forward

widths = st.integers(1, 6)


@given(n_prev=widths, n=widths, m=widths, seed=st.integers(0, 1000))
def test_linear_forward_is_the_sum_that_it_stands_for(n_prev, n, m, seed):
    generator = np.random.default_rng(seed)
    A_prev, W, b = (generator.standard_normal(shape) for shape in ((n_prev, m), (n, n_prev), (n, 1)))
    Z = linear_forward(A_prev, W, b)
    assert Z.shape == (n, m)
    for i in range(n):
        for j in range(m):
            assert Z[i, j] == pytest.approx(sum(W[i] * A_prev[:, j]) + b[i, 0], rel=1e-12, abs=1e-12)


@given(n_prev=widths, n=widths, m=widths, seed=st.integers(0, 1000))
def test_linear_backward_is_the_transpose_of_linear_forward(n_prev, n, m, seed):
    """<dZ, Z> changes with W, b and A_prev as m dW, m db and dA_prev say, in any direction."""
    generator = np.random.default_rng(seed)
    shapes = ((n_prev, m), (n, n_prev), (n, 1))
    A_prev, W, b = (generator.standard_normal(shape) for shape in shapes)
    to_A, to_W, to_b = (generator.standard_normal(shape) for shape in shapes)
    dZ = generator.standard_normal((n, m))
    dA_prev, dW, db = linear_backward(dZ, A_prev, W)
    assert (dA_prev.shape, dW.shape, db.shape) == shapes

    def change(function):
        return (dZ * (function - linear_forward(A_prev, W, b))).sum()

    tight = {"rel": 1e-9, "abs": 1e-11}
    assert (dW * to_W).sum() * m == pytest.approx(change(linear_forward(A_prev, W + to_W, b)), **tight)
    assert (db * to_b).sum() * m == pytest.approx(change(linear_forward(A_prev, W, b + to_b)), **tight)
    assert (dA_prev * to_A).sum() == pytest.approx(change(linear_forward(A_prev + to_A, W, b)), **tight)


def test_linear_backward_is_the_notes_three_lines():
    """The note, figure 9."""
    generator = np.random.default_rng(3)
    dZ, A_prev, W = (generator.standard_normal(shape) for shape in ((1, 2), (3, 2), (1, 3)))
    dA_prev, dW, db = linear_backward(dZ, A_prev, W)
    np.testing.assert_allclose(dW, (1 / 2) * np.dot(dZ, A_prev.T), rtol=1e-14)
    np.testing.assert_allclose(db, (1 / 2) * np.sum(dZ, axis=1, keepdims=True), rtol=1e-14)
    np.testing.assert_allclose(dA_prev, np.dot(W.T, dZ), rtol=1e-14)


def test_forward_is_the_composition_of_its_layers():
    case = random_case(0, (3, 4, 5, 2), ("relu", "sigmoid", "softmax"), Objective("softmax_cross_entropy"))
    p = named_views(case.theta, case.architecture)
    A1 = np.maximum(p["W1"] @ case.X + p["b1"], 0)
    A2 = special.expit(p["W2"] @ A1 + p["b2"])
    expected = special.softmax(p["W3"] @ A2 + p["b3"], axis=0)
    caches = forward(case.X, p, case.architecture.activations)
    assert [cache.activation for cache in caches] == ["relu", "sigmoid", "softmax"]
    np.testing.assert_allclose(caches[0].A, A1, rtol=1e-14)
    np.testing.assert_allclose(caches[2].A_prev, A2, rtol=1e-14)
    np.testing.assert_allclose(caches[-1].A, expected, rtol=1e-13)


def test_a_network_of_identities_is_one_matrix():
    case = random_case(1, (3, 4, 5, 2), ("identity",) * 3, Objective("squared_error"))
    p = named_views(case.theta, case.architecture)
    W = p["W3"] @ p["W2"] @ p["W1"]
    b = p["W3"] @ (p["W2"] @ p["b1"] + p["b2"]) + p["b3"]
    outputs = forward(case.X, p, case.architecture.activations)[-1].A
    np.testing.assert_allclose(outputs, W @ case.X + b, rtol=1e-12, atol=1e-12)


@given(case=cases())
def test_each_example_is_passed_on_by_itself(case):
    parameters, names = named_views(case.theta, case.architecture), case.architecture.activations
    together = forward(case.X, parameters, names, case.dropouts)[-1].A
    for j in range(case.X.shape[1]):
        alone = case.of_examples([j])
        output = forward(alone.X, parameters, names, alone.dropouts)[-1].A
        np.testing.assert_allclose(output[:, 0], together[:, j], rtol=1e-11, atol=1e-13)


def test_a_mask_that_keeps_all_changes_nothing():
    case = random_case(2, (3, 4, 2), ("tanh", "identity"), Objective("squared_error"))
    plain_cost, plain_gradient = case.cost_and_gradient()
    case.dropouts = [Dropout(np.ones((4, 5), bool), 1.0), None]
    kept_cost, kept_gradient = case.cost_and_gradient()
    assert kept_cost == plain_cost
    np.testing.assert_array_equal(kept_gradient, plain_gradient)


def test_a_dropped_unit_neither_speaks_nor_learns():
    """The note, figures 22 and 23: the mask of the forward pass is the mask of the backward pass."""
    case = random_case(3, (3, 4, 2), ("tanh", "identity"), Objective("squared_error"))
    kept = np.ones((4, 5), dtype=bool)
    kept[2] = False
    case.dropouts = [Dropout(kept, 0.5), None]
    grads = named_views(case.gradient(), case.architecture)
    assert not grads["W1"][2].any()
    assert not grads["b1"][2].any()
    assert not grads["W2"][:, 2].any()
    assert grads["W1"][[0, 1, 3]].all()
    before = case.cost()
    named_views(case.theta, case.architecture)["W1"][2] += 10
    assert case.cost() == before


def test_the_gradient_flows_to_the_first_layer_as_the_note_writes_it_out():
    """The note, figure 21 without its penalty: every line of the three-layer backward pass."""
    case = random_case(4, (2, 5, 3, 1), ("relu", "relu", "sigmoid"), Objective("binary_cross_entropy"))
    m = case.X.shape[1]
    p = named_views(case.theta, case.architecture)
    A1 = np.maximum(0, np.dot(p["W1"], case.X) + p["b1"])
    A2 = np.maximum(0, np.dot(p["W2"], A1) + p["b2"])
    A3 = special.expit(np.dot(p["W3"], A2) + p["b3"])
    dZ3 = A3 - case.Y
    dZ2 = np.multiply(np.dot(p["W3"].T, dZ3), np.int64(A2 > 0))
    dZ1 = np.multiply(np.dot(p["W2"].T, dZ2), np.int64(A1 > 0))
    expected = {}
    for layer, dZ, A_prev in ((1, dZ1, case.X), (2, dZ2, A1), (3, dZ3, A2)):
        expected[f"dW{layer}"] = 1.0 / m * np.dot(dZ, A_prev.T)
        expected[f"db{layer}"] = 1.0 / m * np.sum(dZ, axis=1, keepdims=True)
    grads = backward(dZ3, forward(case.X, p, case.architecture.activations))
    assert set(grads) == set(expected)
    for name, gradient in expected.items():
        np.testing.assert_allclose(grads[name], gradient, rtol=1e-12, atol=1e-15)

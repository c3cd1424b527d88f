"""L2 and dropout at any depth: published small cases, central differences, expectations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from layerwise.course import building, initialization, regularization
from layerwise.errors import InputError


def near(found, published):
    assert_allclose(found, published, rtol=0, atol=1e-8)


@pytest.fixture(autouse=True)
def _global_generator():
    """NumPy's global generator, put back as it was."""
    state = np.random.get_state()
    yield
    np.random.set_state(state)


def small_case():
    """The course's: np.random.seed(1), X (3, 5), then the three layers of a [3, 2, 3, 1]."""
    legacy = np.random.RandomState(1)
    X = legacy.randn(3, 5)
    shapes = {"W1": (2, 3), "b1": (2, 1), "W2": (3, 2), "b2": (3, 1), "W3": (1, 3), "b3": (1, 1)}
    return X, {name: legacy.randn(*shape) for name, shape in shapes.items()}


def random_network(generator, sizes):
    parameters = {}
    for layer in range(1, len(sizes)):
        parameters[f"W{layer}"] = generator.normal(size=(sizes[layer], sizes[layer - 1]))
        parameters[f"b{layer}"] = generator.normal(size=(sizes[layer], 1))
    return parameters


def test_the_cost_with_l2_is_the_published_case():
    legacy = np.random.RandomState(1)
    shapes = {"W1": (2, 3), "b1": (2, 1), "W2": (3, 2), "b2": (3, 1), "W3": (1, 3), "b3": (1, 1)}
    parameters = {name: legacy.randn(*shape) for name, shape in shapes.items()}
    A3 = np.array([[0.40682402, 0.01629284, 0.16722898, 0.10118111, 0.40682402]])
    cost = regularization.compute_cost_with_regularization(A3, [[1, 1, 0, 1, 0]], parameters, lambd=0.1)
    assert cost == pytest.approx(1.78648594516, abs=1e-10)


def test_the_forward_pass_with_dropout_is_the_published_case():
    X, parameters = small_case()
    np.random.seed(1)
    A3, cache = regularization.forward_propagation_with_dropout(X, parameters, keep_prob=0.7)
    near(A3, [[0.36974721, 0.00305176, 0.04565099, 0.49683389, 0.36974721]])
    Z1, D1, A1, W1, b1, _, D2, A2, W2, b2, Z3, A3_again, W3, b3 = cache
    assert D1.dtype == bool
    assert (D1.shape, D2.shape) == ((2, 5), (3, 5))
    assert_allclose(A1, np.maximum(0, Z1) * D1 / 0.7)
    assert_allclose(Z3, W3 @ A2 + b3)
    assert A3_again is A3
    assert [W1 is parameters["W1"], b1 is parameters["b1"]] == [True, True]
    assert [W2 is parameters["W2"], b2 is parameters["b2"]] == [True, True]


def test_each_call_draws_new_masks_unless_the_seed_is_set():
    X, parameters = small_case()
    np.random.seed(7)
    first, second = (regularization.forward_propagation_with_dropout(X, parameters)[1][1] for _ in range(2))
    np.random.seed(7)
    again = regularization.forward_propagation_with_dropout(X, parameters)[1][1]
    assert (first == again).all()
    assert (first != second).any()


def test_dropping_and_rescaling_keeps_the_expected_activation():
    generator = np.random.default_rng(0)
    X, parameters = generator.normal(size=(3, 2)), random_network(generator, [3, 4, 1])
    kept_as_is = regularization.forward_propagation(X, parameters)[1][1]
    np.random.seed(0)
    masked = [regularization.forward_propagation_with_dropout(X, parameters, 0.8)[1][2] for _ in range(4000)]
    spread = np.std(masked, axis=0) / np.sqrt(4000)
    assert (np.abs(np.mean(masked, axis=0) - kept_as_is) <= 5 * spread).all()
    assert spread.max() > 0


def test_keeping_every_unit_is_no_dropout():
    X, parameters = small_case()
    plain, _ = regularization.forward_propagation(X, parameters)
    kept, cache = regularization.forward_propagation_with_dropout(X, parameters, keep_prob=1)
    assert (plain == kept).all()
    grads = regularization.backward_propagation_with_dropout(X, [[1, 1, 0, 1, 0]], cache, 1)
    _, plain_cache = regularization.forward_propagation(X, parameters)
    for name, value in regularization.backward_propagation(X, [[1, 1, 0, 1, 0]], plain_cache).items():
        assert_allclose(grads[name], value)


def test_the_three_layer_backward_pass_is_the_notes_code_line_by_line():
    """Figures 21 and 23, written out as they stand there."""
    X, parameters = small_case()
    Y, m, lambd, keep_prob = np.array([[1, 1, 0, 1, 0]]), 5, 0.7, 0.8
    _, cache = regularization.forward_propagation(X, parameters)
    (_, A1, W1, _, _, A2, W2, _, _, A3, W3, _) = cache
    dZ3 = A3 - Y
    dA2 = np.dot(W3.T, dZ3)
    dZ2 = np.multiply(dA2, np.int64(A2 > 0))
    dA1 = np.dot(W2.T, dZ2)
    dZ1 = np.multiply(dA1, np.int64(A1 > 0))
    expected = {"dZ3": dZ3, "dA2": dA2, "dZ2": dZ2, "dA1": dA1, "dZ1": dZ1}
    expected["dW3"] = 1.0 / m * np.dot(dZ3, A2.T) + lambd / m * W3
    expected["dW2"] = 1.0 / m * np.dot(dZ2, A1.T) + lambd / m * W2
    expected["dW1"] = 1.0 / m * np.dot(dZ1, X.T) + lambd / m * W1
    for layer, dZ in ((1, dZ1), (2, dZ2), (3, dZ3)):
        expected[f"db{layer}"] = 1.0 / m * np.sum(dZ, axis=1, keepdims=True)
    found = regularization.backward_propagation_with_regularization(X, Y, cache, lambd)
    assert set(found) == set(expected)
    for name, value in expected.items():
        assert_allclose(found[name], value, rtol=1e-13, atol=1e-15, err_msg=name)

    np.random.seed(2)
    _, cache = regularization.forward_propagation_with_dropout(X, parameters, keep_prob)
    (_, D1, A1, W1, _, _, D2, A2, W2, _, _, A3, W3, _) = cache
    dZ3 = A3 - Y
    dA2 = np.dot(W3.T, dZ3) * D2 / keep_prob
    dZ2 = np.multiply(dA2, np.int64(A2 > 0))
    dA1 = np.dot(W2.T, dZ2) * D1 / keep_prob
    dZ1 = np.multiply(dA1, np.int64(A1 > 0))
    expected = {"dZ3": dZ3, "dA2": dA2, "dZ2": dZ2, "dA1": dA1, "dZ1": dZ1}
    expected["dW3"] = 1.0 / m * np.dot(dZ3, A2.T)
    expected["dW2"] = 1.0 / m * np.dot(dZ2, A1.T)
    expected["dW1"] = 1.0 / m * np.dot(dZ1, X.T)
    for layer, dZ in ((1, dZ1), (2, dZ2), (3, dZ3)):
        expected[f"db{layer}"] = 1.0 / m * np.sum(dZ, axis=1, keepdims=True)
    found = regularization.backward_propagation_with_dropout(X, Y, cache, keep_prob)
    assert set(found) == set(expected)
    for name, value in expected.items():
        assert_allclose(found[name], value, rtol=1e-13, atol=1e-15, err_msg=name)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.sampled_from([0.0, 0.7]), st.sampled_from([1, 0.7]))
def test_the_gradient_at_any_depth_with_l2_and_dropout_is_the_central_difference(
    seed, depth, lambd, keep_prob
):
    generator = np.random.default_rng(seed)
    sizes = [*generator.integers(1, 5, depth).tolist(), 1]
    X, Y = generator.normal(size=(sizes[0], 4)), generator.integers(0, 2, (1, 4))
    parameters = random_network(generator, sizes)

    def forward(changed):
        np.random.seed(11)
        if keep_prob == 1:
            return regularization.forward_propagation(X, changed)
        return regularization.forward_propagation_with_dropout(X, changed, keep_prob)

    def cost(changed):
        return regularization.compute_cost_with_regularization(forward(changed)[0], Y, changed, lambd)

    AL, cache = forward(parameters)
    hidden = [value for i, value in enumerate(cache) if i % (4 if keep_prob == 1 else 5) == 0][:-1]
    if any(np.abs(Z).min() < 1e-3 for Z in hidden) or np.abs(AL - 0.5).max() > 0.4999:
        return  # beside a kink, or where rounding of 1 - AL drowns the difference
    grads = regularization.backward_propagation_with_regularization(X, Y, cache, lambd, keep_prob=keep_prob)
    if keep_prob < 1:
        same = regularization.backward_propagation_with_dropout(X, Y, cache, keep_prob, lambd=lambd)
        assert all((same[name] == value).all() for name, value in grads.items())
    for name, value in parameters.items():
        for index in np.ndindex(value.shape):
            step = np.zeros_like(value)
            step[index] = 1e-5
            difference = cost(parameters | {name: value + step}) - cost(parameters | {name: value - step})
            assert grads[f"d{name}"][index] == pytest.approx(difference / 2e-5, abs=1e-6)


def test_the_model_with_l2_and_dropout_is_its_own_steps_one_after_the_other():
    X = np.random.default_rng(3).normal(size=(2, 30))
    Y = (X[:1] * X[1:] > 0).astype(int)
    parameters = initialization.initialize_parameters_xavier([2, 20, 3, 1])
    for _ in range(20):
        np.random.seed(1)
        _, cache = regularization.forward_propagation_with_dropout(X, parameters, 0.8)
        grads = regularization.backward_propagation_with_dropout(X, Y, cache, 0.8, lambd=0.5)
        parameters = building.update_parameters(parameters, grads, 0.3)
    found = regularization.model(X, Y, num_iterations=20, print_cost=False, lambd=0.5, keep_prob=0.8)
    for name, value in parameters.items():
        assert_allclose(found[name], value, rtol=1e-11, atol=1e-14)


def test_the_model_leaves_the_global_generator_alone():
    before = np.random.get_state()[1].tolist()
    X = np.random.default_rng(3).normal(size=(2, 9))
    regularization.model(X, [[0, 1] * 4 + [0]], num_iterations=2, print_cost=False, keep_prob=0.5)
    assert np.random.get_state()[1].tolist() == before


def test_much_l2_takes_the_weights_to_nothing():
    X = np.random.default_rng(4).normal(size=(2, 40))
    Y = (X[:1] > 0).astype(int)
    parameters = regularization.model(X, Y, 0.01, 2000, print_cost=False, lambd=400)
    assert max(np.abs(parameters[f"W{layer}"]).max() for layer in (1, 2, 3)) < 1e-6


X5, PARAMETERS = small_case()
Y5 = [[1, 1, 0, 1, 0]]
PLAIN = regularization.forward_propagation(X5, PARAMETERS)[1]
BAD_CALLS = {
    "keep_prob is 0;": lambda: regularization.forward_propagation_with_dropout(X5, PARAMETERS, 0),
    "keep_prob is 1.2": lambda: regularization.model(X5, Y5, keep_prob=1.2),
    "keep_prob is nan": lambda: regularization.backward_propagation_with_dropout(X5, Y5, PLAIN, float("nan")),
    "lambd is -0.1": lambda: regularization.compute_cost_with_regularization(
        np.full((1, 5), 0.5), Y5, PARAMETERS, -0.1
    ),
    "expected 5 arrays a layer (Z, D, A, W, b), and no D for the last layer": lambda: (
        regularization.backward_propagation_with_dropout(X5, Y5, PLAIN, 0.5)
    ),
    "a tuple of 11; expected 4 arrays a layer": lambda: regularization.backward_propagation(
        X5, Y5, PLAIN[:-1]
    ),
    "cache is a dict": lambda: regularization.backward_propagation(X5, Y5, {}),
    "W1 of the cache has shape (2, 3); expected (2, 2), as X has shape (2, 5)": lambda: (
        regularization.backward_propagation(X5[:2], Y5, PLAIN)
    ),
    "Y has shape (1, 4); expected (1, 5)": lambda: regularization.backward_propagation(
        X5, [Y5[0][:4]], PLAIN
    ),
    "Y holds -1 at example 2": lambda: regularization.backward_propagation(X5, [[1, 1, -1, 1, 0]], PLAIN),
}


@pytest.mark.parametrize("sentence", BAD_CALLS)
def test_a_call_that_does_not_fit_is_told_what_does_not(sentence):
    with pytest.raises(InputError) as raised:
        BAD_CALLS[sentence]()
    assert sentence in str(raised.value)

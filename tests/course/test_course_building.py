"""The steps of a deep network: the course's published small cases, central differences, SciPy."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.special import expit
from scipy.stats import bernoulli
from sklearn.metrics import log_loss

from layerwise.course import building, initialization
from layerwise.errors import InputError


def legacy(seed, *shapes):
    """Arrays as np.random.seed(seed) and one np.random.randn(*shape) after the other give them."""
    generator = np.random.RandomState(seed)
    return [generator.randn(*shape) for shape in shapes]


def near(found, published):
    """Equal to the eight digits that the course prints."""
    assert_allclose(found, published, rtol=0, atol=1e-8)


def test_the_start_of_a_two_layer_network_is_the_published_one():
    parameters = building.initialize_parameters(3, 2, 1)
    near(parameters["W1"], [[0.01624345, -0.00611756, -0.00528172], [-0.01072969, 0.00865408, -0.02301539]])
    near(parameters["W2"], [[0.01744812, -0.00761207]])
    assert parameters["b1"].tolist() == [[0.0], [0.0]]
    assert parameters["b2"].tolist() == [[0.0]]


def test_the_start_of_a_deep_network_is_the_published_one():
    parameters = building.initialize_parameters_deep([5, 4, 3])
    near(parameters["W1"][0], [0.01788628, 0.0043651, 0.00096497, -0.01863493, -0.00277388])
    near(parameters["W2"][0], [-0.01185047, -0.0020565, 0.01486148, 0.00236716])
    assert [value.shape for value in parameters.values()] == [(4, 5), (4, 1), (3, 4), (3, 1)]


def test_a_start_leaves_the_global_generator_alone():
    before = np.random.get_state()[1].tolist()
    building.initialize_parameters(3, 2, 1)
    building.initialize_parameters_deep([5, 4, 3])
    assert np.random.get_state()[1].tolist() == before


def test_linear_forward_is_the_published_case():
    A, W, b = legacy(1, (3, 2), (1, 3), (1, 1))
    Z, cache = building.linear_forward(A, W, b)
    near(Z, [[3.26295337, -1.23429987]])
    assert [a is b for a, b in zip(cache, (A, W, b), strict=True)] == [True] * 3


@pytest.mark.parametrize(
    ("activation", "published"), [("sigmoid", [[0.96890023, 0.11013289]]), ("relu", [[3.43896131, 0.0]])]
)
def test_linear_activation_forward_is_the_published_case(activation, published):
    A, (linear_cache, Z) = building.linear_activation_forward(*legacy(2, (3, 2), (1, 3), (1, 1)), activation)
    near(A, published)
    near(Z, building.linear_forward(*linear_cache)[0])


def test_the_forward_pass_of_three_layers_is_the_published_case():
    X, *arrays = legacy(6, (5, 4), (4, 5), (4, 1), (3, 4), (3, 1), (1, 3), (1, 1))
    parameters = dict(zip(("W1", "b1", "W2", "b2", "W3", "b3"), arrays, strict=True))
    AL, caches = building.L_model_forward(X, parameters)
    near(AL, [[0.03921668, 0.70498921, 0.19734387, 0.04728177]])
    assert len(caches) == 3
    (A_prev, W, b), Z = caches[1]
    near(Z, W @ A_prev + b)


def test_the_cost_is_the_published_case():
    assert building.compute_cost([[0.8, 0.9, 0.4]], [[1, 1, 1]]) == pytest.approx(
        0.41493159961539694, abs=1e-15
    )
    assert building.compute_cost([[0.8, 0.9, 0.4]], [[1, 1, 0]]) == pytest.approx(
        0.2797765635793422, abs=1e-15
    )


def test_the_cost_is_the_log_loss_of_scikit_learn_and_the_log_likelihood_of_scipy():
    generator = np.random.default_rng(0)
    AL, Y = generator.random((1, 50)), generator.integers(0, 2, (1, 50))
    assert building.compute_cost(AL, Y) == pytest.approx(log_loss(Y[0], AL[0]))
    assert building.compute_cost(AL, Y) == pytest.approx(-bernoulli.logpmf(Y, AL).mean())


def test_the_cost_of_a_certain_and_right_output_is_0_and_of_a_certain_and_wrong_one_infinite():
    assert building.compute_cost([[1.0, 0.0]], [[1, 0]]) == 0
    assert building.compute_cost([[1.0, 0.5]], [[0, 1]]) == np.inf


def test_linear_backward_is_the_published_case():
    dZ, A, W, b = legacy(1, (1, 2), (3, 2), (1, 3), (1, 1))
    dA_prev, dW, db = building.linear_backward(dZ, (A, W, b))
    near(dA_prev, [[0.51822968, -0.19517421], [-0.40506361, 0.15255393], [2.37496825, -0.89445391]])
    near(dW, [[-0.10076895, 1.40685096, 1.64992505]])
    near(db, [[0.50629448]])


@pytest.mark.parametrize(
    ("activation", "published"),
    [
        (
            "sigmoid",
            (
                [[0.11017994, 0.01105339], [0.09466817, 0.00949723], [-0.05743092, -0.00576154]],
                [[0.10266786, 0.09778551, -0.01968084]],
                [[-0.05729622]],
            ),
        ),
        (
            "relu",
            (
                [[0.44090989, 0.0], [0.37883606, 0.0], [-0.2298228, 0.0]],
                [[0.44513824, 0.37371418, -0.10478989]],
                [[-0.20837892]],
            ),
        ),
    ],
)
def test_linear_activation_backward_is_the_published_case(activation, published):
    dA, A, W, b, Z = legacy(2, (1, 2), (3, 2), (1, 3), (1, 1), (1, 2))
    for found, expected in zip(
        building.linear_activation_backward(dA, ((A, W, b), Z), activation), published, strict=True
    ):
        near(found, expected)


def test_the_backward_pass_of_two_layers_is_the_published_case():
    AL, A1, W1, b1, Z1, A2, W2, b2, Z2 = legacy(
        3, (1, 2), (4, 2), (3, 4), (3, 1), (3, 2), (3, 2), (1, 3), (1, 1), (1, 2)
    )
    grads = building.L_model_backward(AL, [[1, 0]], [((A1, W1, b1), Z1), ((A2, W2, b2), Z2)])
    near(
        grads["dW1"],
        [
            [0.41010002, 0.07807203, 0.13798444, 0.10502167],
            [0.0, 0.0, 0.0, 0.0],
            [0.05283652, 0.01005865, 0.01777766, 0.0135308],
        ],
    )
    near(grads["db1"], [[-0.22007063], [0.0], [-0.02835349]])
    near(grads["dA1"], [[0.12913162, -0.44014127], [-0.14175655, 0.48317296], [0.01663708, -0.05670698]])


def test_the_update_is_the_published_case():
    W1, b1, W2, b2 = legacy(2, (3, 4), (3, 1), (1, 3), (1, 1))
    dW1, db1, dW2, db2 = legacy(3, (3, 4), (3, 1), (1, 3), (1, 1))
    given_parameters = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}
    before = {name: value.copy() for name, value in given_parameters.items()}
    updated = building.update_parameters(
        given_parameters, {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}, 0.1
    )
    near(
        updated["W1"],
        [
            [-0.59562069, -0.09991781, -2.14584584, 1.82662008],
            [-1.76569676, -0.80627147, 0.51115557, -1.18258802],
            [-1.0535704, -0.86128581, 0.68284052, 2.20374577],
        ],
    )
    near(updated["b1"], [[-0.04659241], [-1.28888275], [0.53405496]])
    near(updated["W2"], [[-0.55569196, 0.0354055, 1.32964895]])
    near(updated["b2"], [[-0.84610769]])
    for name, value in before.items():
        assert (given_parameters[name] == value).all()


def test_the_activations_are_scipys_and_their_caches_hold_z():
    Z = np.array([[-800.0, -1.5, 0.0], [0.3, 2.0, 800.0]])
    A, cache = building.sigmoid(Z)
    assert_allclose(A, expit(Z), rtol=1e-15)
    assert cache is Z
    A, cache = building.relu(Z)
    assert A.tolist() == [[0, 0, 0], [0.3, 2, 800]]
    assert cache is Z


@pytest.mark.parametrize("name", ["sigmoid", "relu"])
def test_the_derivatives_of_the_activations_are_central_differences(name):
    forward, backward = getattr(building, name), getattr(building, f"{name}_backward")
    Z, dA = legacy(4, (3, 5), (3, 5))
    slopes = (forward(Z + 1e-6)[0] - forward(Z - 1e-6)[0]) / 2e-6
    assert_allclose(backward(dA, Z), dA * slopes, atol=1e-9)


def test_relu_passes_nothing_back_at_its_kink():
    assert building.relu_backward([[5.0, 5.0]], [[0.0, 1e-300]]).tolist() == [[0.0, 5.0]]


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 6))
def test_the_gradient_of_any_network_is_the_central_difference_of_its_cost(seed, depth, m):
    generator = np.random.default_rng(seed)
    sizes = [*generator.integers(1, 5, depth).tolist(), 1]
    parameters = {}
    for layer, (n_prev, n) in enumerate(pairwise(sizes), start=1):
        parameters[f"W{layer}"] = generator.normal(size=(n, n_prev))
        parameters[f"b{layer}"] = generator.normal(size=(n, 1))
    X, Y = generator.normal(size=(sizes[0], m)), generator.integers(0, 2, (1, m))

    def cost(changed, inputs=X):
        return building.compute_cost(building.L_model_forward(inputs, changed)[0], Y)

    AL, caches = building.L_model_forward(X, parameters)
    if min(np.abs(Z).min() for _, Z in caches) < 1e-3 or np.abs(caches[-1][1]).max() > 8:
        return  # beside a kink, or where rounding of 1 - AL drowns the difference
    grads = building.L_model_backward(AL, Y, caches)
    for name, value in parameters.items():
        for index in np.ndindex(value.shape):
            step = np.zeros_like(value)
            step[index] = 1e-5
            difference = cost(parameters | {name: value + step}) - cost(parameters | {name: value - step})
            assert grads[f"d{name}"][index] == pytest.approx(difference / 2e-5, abs=1e-6)
    step = np.zeros_like(X)
    step[0, 0] = 1e-5
    difference = cost(parameters, X + step) - cost(parameters, X - step)
    assert grads["dA0"][0, 0] / m == pytest.approx(difference / 2e-5, abs=1e-6)


def test_the_gradient_is_finite_where_the_output_rounds_to_0_or_1():
    X, Y = np.array([[1.0, -1.0]]), np.array([[0, 1]])
    parameters = {"W1": np.array([[800.0]]), "b1": np.zeros((1, 1))}
    AL, caches = building.L_model_forward(X, parameters)
    assert AL.tolist() == [[1.0, 0.0]]
    grads = building.L_model_backward(AL, Y, caches)
    assert grads["dW1"].tolist() == [[1.0]]
    assert grads["db1"].tolist() == [[0.0]]


def test_the_models_are_their_own_steps_one_after_the_other(capsys):
    generator = np.random.default_rng(5)
    X = generator.normal(size=(4, 20))
    Y = (X[:1] > 0).astype(int)
    parameters = building.initialize_parameters(4, 3, 1)
    for _ in range(10):
        AL, caches = building.L_model_forward(X, parameters)
        parameters = building.update_parameters(parameters, building.L_model_backward(AL, Y, caches), 0.1)
    found = building.two_layer_model(X, Y, (4, 3, 1), learning_rate=0.1, num_iterations=10)
    assert capsys.readouterr().out == ""
    for name, value in parameters.items():
        assert_allclose(found[name], value, rtol=1e-12)


def test_a_model_learns_a_line_and_predict_says_how_well(capsys):
    X = np.random.default_rng(6).normal(size=(2, 100))
    Y = (X[:1] + X[1:] > 0).astype(int)
    parameters = building.L_layer_model(X, Y, [2, 4, 1], learning_rate=0.5, num_iterations=500)
    p = building.predict(X, Y, parameters)
    assert p.shape == (1, 100)
    assert set(np.unique(p)) == {0.0, 1.0}
    assert capsys.readouterr().out == f"Accuracy: {(p == Y).mean()}\n"
    assert (p == Y).mean() > 0.95


def test_an_output_of_one_half_is_predicted_as_0():
    parameters = initialization.initialize_parameters_zeros([2, 3, 1])
    assert building.predict([[1.0, 2.0], [3.0, 4.0]], [[0, 1]], parameters).tolist() == [[0.0, 0.0]]


ONE = np.ones((1, 1))
BAD_CALLS = {
    "W has shape (2, 4)": lambda: building.linear_forward(np.ones((3, 5)), np.ones((2, 4)), np.ones((2, 1))),
    "b has shape (2,)": lambda: building.linear_forward(np.ones((3, 5)), np.ones((2, 3)), np.ones(2)),
    "A has shape (3,)": lambda: building.linear_forward(np.ones(3), np.ones((2, 3)), np.ones((2, 1))),
    "unknown activation 'rellu'; did you mean 'relu'": lambda: building.linear_activation_forward(
        ONE, ONE, ONE, "rellu"
    ),
    "Y holds 2 at example 1": lambda: building.compute_cost([[0.5, 0.5]], [[0, 2]]),
    "Y has shape (3, 1); expected (1, 3)": lambda: building.compute_cost([[0.5, 0.5, 0.5]], [[0], [1], [1]]),
    "expected [0, 1]": lambda: building.compute_cost([[0.5, 1.5]], [[0, 1]]),
    "dZ has shape (2, 4); expected (2, 5)": lambda: building.linear_backward(
        np.ones((2, 4)), (np.ones((3, 5)), np.ones((2, 3)), np.ones((2, 1)))
    ),
    "cache is a tuple of 2": lambda: building.linear_backward(ONE, (ONE, ONE)),
    "expected the pair": lambda: building.linear_activation_backward(ONE, (ONE, ONE, ONE), "relu"),
    "dA has shape (2, 1); expected (1, 1)": lambda: building.relu_backward(np.ones((2, 1)), ONE),
    "X has shape (3, 2); expected 4 rows": lambda: building.L_model_forward(
        np.ones((3, 2)), building.initialize_parameters_deep([4, 2, 1])
    ),
    "no 'b1'": lambda: building.L_model_forward(ONE, {"W1": ONE}),
    '["W2"] has shape (1, 3); expected 2 columns': lambda: building.L_model_forward(
        np.ones((4, 1)), building.initialize_parameters_deep([4, 2, 1]) | {"W2": np.ones((1, 3))}
    ),
    '["dW1"] has shape (2, 2); expected (1, 1)': lambda: building.update_parameters(
        {"W1": ONE, "b1": ONE}, {"dW1": np.ones((2, 2)), "db1": ONE}, 0.1
    ),
    "grads has no 'db1'": lambda: building.update_parameters({"W1": ONE, "b1": ONE}, {"dW1": ONE}, 0.1),
    "learning_rate is -1": lambda: building.update_parameters(
        {"W1": ONE, "b1": ONE}, {"dW1": ONE, "db1": ONE}, -1
    ),
    "layer_dims is [3]": lambda: building.initialize_parameters_deep([3]),
    "n_h is 0": lambda: building.initialize_parameters(2, 0, 1),
    "layers_dims[0] = 2": lambda: building.L_layer_model(np.ones((2, 3)), [[0, 1, 0]], [4, 1]),
    "three sizes": lambda: building.two_layer_model(np.ones((2, 3)), [[0, 1, 0]], [2, 3, 3, 1]),
    "X holds nan at feature 1, example 2": lambda: building.L_layer_model(
        [[1, 2, 3], [4, 5, np.nan]], [[0, 1, 0]], [2, 1]
    ),
    "num_iterations is 2.5": lambda: building.L_layer_model(
        np.ones((2, 3)), [[0, 1, 0]], [2, 1], num_iterations=2.5
    ),
    "Z is a str that is not an array of real numbers": lambda: building.sigmoid("three"),
}


@pytest.mark.parametrize("sentence", BAD_CALLS)
def test_a_call_that_does_not_fit_is_told_what_does_not(sentence):
    with pytest.raises(InputError) as raised:
        BAD_CALLS[sentence]()
    assert sentence in str(raised.value)


def test_a_flat_bias_is_told_to_become_a_column():
    with pytest.raises(InputError, match=r"b has shape \(3,\); .* b\.reshape\(-1, 1\)"):
        building.linear_forward(np.ones((2, 5)), np.ones((3, 2)), np.ones(3))
    with pytest.raises(InputError, match=r"Y has shape \(5,\); .* Y\.reshape\(1, -1\)"):
        building.compute_cost(np.full((1, 5), 0.5), np.ones(5))

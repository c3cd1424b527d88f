"""The four starts: the course's published small cases, and what the note says of them."""

from __future__ import annotations

import numpy as np
import pytest
from course_lines import circles
from numpy.testing import assert_allclose

from layerwise.course import building, initialization
from layerwise.errors import InputError, TrainingError
from layerwise.formulas.losses import binary_cross_entropy


def near(found, published):
    assert_allclose(found, published, rtol=0, atol=1e-8)


def test_zeros_are_zeros():
    parameters = initialization.initialize_parameters_zeros([3, 2, 1])
    assert [value.shape for value in parameters.values()] == [(2, 3), (2, 1), (1, 2), (1, 1)]
    assert not any(value.any() for value in parameters.values())


def test_the_large_random_start_is_the_published_one():
    parameters = initialization.initialize_parameters_random([3, 2, 1])
    near(parameters["W1"], [[17.88628473, 4.36509851, 0.96497468], [-18.63492703, -2.77388203, -3.54758979]])
    near(parameters["W2"], [[-0.82741481, -6.27000677]])
    assert not parameters["b1"].any()


def test_the_he_start_is_the_published_one():
    parameters = initialization.initialize_parameters_he([2, 4, 1])
    near(
        parameters["W1"],
        [
            [1.78862847, 0.43650985],
            [0.09649747, -1.8634927],
            [-0.2773882, -0.35475898],
            [-0.08274148, -0.62700068],
        ],
    )
    near(parameters["W2"], [[-0.03098412, -0.33744411, -0.92904268, 0.62552248]])


def test_the_starts_are_what_the_notes_code_draws():
    state = np.random.get_state()
    np.random.seed(3)
    drawn = [np.random.randn(4, 2), np.random.randn(1, 4)]
    np.random.set_state(state)
    scales = {"random": (10, 10), "he": (1, np.sqrt(1 / 2)), "xavier": (np.sqrt(1 / 2), 1 / 2)}
    for name, factors in scales.items():
        parameters = getattr(initialization, f"initialize_parameters_{name}")([2, 4, 1])
        for W, draw, factor in zip((parameters["W1"], parameters["W2"]), drawn, factors, strict=True):
            assert_allclose(W, draw * factor, rtol=1e-15)


def test_he_keeps_the_size_of_the_signal_through_many_relu_layers():
    parameters = initialization.initialize_parameters_he([400] * 12)
    X = np.random.default_rng(0).normal(size=(400, 200))
    A = X
    for layer in range(1, 12):
        A, _ = building.linear_activation_forward(A, parameters[f"W{layer}"], parameters[f"b{layer}"], "relu")
    assert 0.5 < (A**2).mean() / (X**2).mean() < 2


@pytest.mark.usefixtures("capsys")
def test_the_large_start_costs_a_finite_amount_where_the_loss_is_taken_from_z():
    X, Y = circles(300, seed=1)
    AL, caches = building.L_model_forward(X, initialization.initialize_parameters_random([2, 10, 5, 1]))
    assert building.compute_cost(AL, Y) == np.inf
    assert 10 < binary_cross_entropy(caches[-1][1], Y).mean() < 1e5
    grads = building.L_model_backward(AL, Y, caches)
    assert all(np.isfinite(gradient).all() for gradient in grads.values())
    assert np.abs(grads["dW1"]).max() > 1


def test_the_model_prints_nothing_when_told_so_and_returns_all_parameters(capsys):
    X, Y = circles(30, seed=1)
    parameters = initialization.model(X, Y, num_iterations=3, print_cost=False, initialization="xavier")
    assert capsys.readouterr().out == ""
    assert {name: value.shape for name, value in parameters.items()} == {
        "W1": (10, 2),
        "b1": (10, 1),
        "W2": (5, 10),
        "b2": (5, 1),
        "W3": (1, 5),
        "b3": (1, 1),
    }


def test_no_iteration_at_all_returns_the_start():
    X, Y = circles(30, seed=1)
    parameters = initialization.model(X, Y, num_iterations=0)
    for name, value in initialization.initialize_parameters_he([2, 10, 5, 1]).items():
        assert (parameters[name] == value).all()


def test_a_rate_at_which_training_diverges_is_named():
    X, Y = circles(30, seed=1)
    with pytest.raises(
        TrainingError, match=r"the cost is (nan|inf) at iteration \d+: .* learning_rate below 1e\+150"
    ):
        initialization.model(1e150 * X, Y, 1e150, 9, print_cost=False)


@pytest.mark.parametrize(
    ("sentence", "settings"),
    [
        ("unknown initialization 'hee'; did you mean 'he'", {"initialization": "hee"}),
        ("learning_rate is nan", {"learning_rate": float("nan")}),
        ("num_iterations is -1", {"num_iterations": -1}),
    ],
)
def test_a_setting_that_does_not_exist_is_named(sentence, settings):
    X, Y = circles(30, seed=1)
    with pytest.raises(InputError, match=sentence):
        initialization.model(X, Y, **settings)


def test_labels_in_a_column_are_refused_with_both_shapes():
    X, Y = circles(30, seed=1)
    with pytest.raises(InputError, match=r"Y has shape \(30, 1\); expected \(1, 30\)"):
        initialization.model(X, Y.T)


@pytest.mark.parametrize("sizes", [[3], [], [2, 0, 1], [2, 2.5, 1], "2,4,1", 3])
def test_sizes_that_make_no_network_are_refused(sizes):
    with pytest.raises(InputError, match="two or more positive integers"):
        initialization.initialize_parameters_he(sizes)

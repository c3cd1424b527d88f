"""The gradient check finds planted faults, and says 1.2e-7 and 0.285 where the course does."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import check_grad

from layerwise.course import gradient_checking as checking
from layerwise.errors import InputError


def the_courses_case():
    """4 features, 3 examples, [4, 5, 3, 1], after np.random.seed(1)."""
    legacy = np.random.RandomState(1)
    X, Y = legacy.randn(4, 3), np.array([1, 1, 0])
    shapes = {"W1": (5, 4), "b1": (5, 1), "W2": (3, 5), "b2": (3, 1), "W3": (1, 3), "b3": (1, 1)}
    return X, Y, {name: legacy.randn(*shape) for name, shape in shapes.items()}


def gradients_of(X, Y, parameters):
    return checking.backward_propagation_n(X, Y, checking.forward_propagation_n(X, Y, parameters)[1])


def with_the_planted_faults(gradients):
    """The course's backward pass multiplies dW2 by 2 and takes 4 / m for db1 in place of 1 / m."""
    return gradients | {"dW2": gradients["dW2"] * 2, "db1": gradients["db1"] * 4}


def test_in_one_dimension_the_difference_is_the_published_one(capsys):
    assert checking.forward_propagation(2, 4) == 8
    assert checking.backward_propagation(2, 4) == 2
    assert checking.gradient_check(2, 4) == pytest.approx(2.919335883291695e-10, rel=1e-9)
    assert capsys.readouterr().out == "The gradient is correct!\n"


def test_a_wrong_derivative_is_found_in_one_dimension(monkeypatch, capsys):
    monkeypatch.setattr(checking, "backward_propagation", lambda x, theta: 1.1 * x)
    assert checking.gradient_check(2, 4) == pytest.approx(0.1 / 2.1, rel=1e-6)
    assert capsys.readouterr().out == "The gradient is wrong!\n"


def test_the_right_gradient_differs_as_published(capsys):
    X, Y, parameters = the_courses_case()
    difference = checking.gradient_check_n(parameters, gradients_of(X, Y, parameters), X, Y)
    assert difference == pytest.approx(1.18909e-7, rel=2e-2)
    assert (
        capsys.readouterr().out
        == f"Your backward propagation works perfectly fine! difference = {difference}\n"
    )


def test_the_planted_faults_differ_as_published(capsys):
    X, Y, parameters = the_courses_case()
    wrong = with_the_planted_faults(gradients_of(X, Y, parameters))
    difference = checking.gradient_check_n(parameters, wrong, X, Y)
    assert difference == pytest.approx(0.285093156, abs=1e-8)
    assert (
        "There is a mistake in the backward propagation! difference = 0.28509315" in capsys.readouterr().out
    )


def test_the_smallest_differences_come_from_a_larger_epsilon(capsys):
    """Rounding, not a spike of the cost: the error falls as 1 / epsilon until truncation takes over."""
    X, Y, parameters = the_courses_case()
    gradients = gradients_of(X, Y, parameters)
    found = [checking.gradient_check_n(parameters, gradients, X, Y, 10.0**-k) for k in (9, 8, 7, 6, 5)]
    assert found == sorted(found, reverse=True)
    assert found[-1] < 1e-8
    assert checking.gradient_check_n(parameters, gradients, X, Y, 1e-2) > 1e-6
    assert len(capsys.readouterr().out.splitlines()) == 6


def test_the_gradient_of_the_courses_case_is_scipys():
    X, Y, parameters = the_courses_case()
    theta, _ = checking.dictionary_to_vector(parameters)

    def cost(vector):
        return checking.forward_propagation_n(X, Y, checking.vector_to_dictionary(vector))[0]

    def gradient(vector):
        return checking.gradients_to_vector(gradients_of(X, Y, checking.vector_to_dictionary(vector))).ravel()

    assert check_grad(cost, gradient, theta.ravel()) < 1e-5


@pytest.mark.parametrize("fault", ["dW1", "db2", "dW3"])
@pytest.mark.parametrize("factor", [-1, 0.99, 3])
def test_a_fault_in_any_parameter_is_found(fault, factor, capsys):
    X, Y, parameters = the_courses_case()
    gradients = gradients_of(X, Y, parameters)
    wrong = gradients | {fault: factor * gradients[fault]}
    assert checking.gradient_check_n(parameters, wrong, X, Y) > 1e-4
    assert "There is a mistake" in capsys.readouterr().out


def test_a_gradient_or_a_cost_that_is_not_finite_is_no_success(capsys):
    X, Y, parameters = the_courses_case()
    spoiled = gradients_of(X, Y, parameters) | {"dW2": np.full((3, 5), np.nan)}
    assert np.isnan(checking.gradient_check_n(parameters, spoiled, X, Y))
    certain = parameters | {"b3": parameters["b3"] + 60}  # every output rounds to 1, and one label is 0
    assert np.isnan(checking.gradient_check_n(certain, gradients_of(X, Y, certain), X, Y))
    lines = capsys.readouterr().out.splitlines()
    assert [line.startswith("Nothing can be told") for line in lines] == [True, True]


def test_any_depth_can_be_checked(capsys):
    generator = np.random.default_rng(8)
    sizes = [3, 4, 3, 2, 2, 1]
    parameters = {}
    for layer in range(1, 6):
        parameters[f"W{layer}"] = generator.normal(size=(sizes[layer], sizes[layer - 1]))
        parameters[f"b{layer}"] = np.abs(generator.normal(size=(sizes[layer], 1)))
    X, Y = generator.normal(size=(3, 6)), generator.integers(0, 2, (1, 6))
    assert checking.gradient_check_n(parameters, gradients_of(X, Y, parameters), X, Y, 1e-6) < 1e-6
    capsys.readouterr()


def test_the_check_leaves_what_it_is_given_as_it_is(capsys):
    X, Y, parameters = the_courses_case()
    gradients = gradients_of(X, Y, parameters)
    before = [value.copy() for value in (*parameters.values(), *gradients.values())]
    checking.gradient_check_n(parameters, gradients, X, Y)
    for value, copy in zip((*parameters.values(), *gradients.values()), before, strict=True):
        assert (value == copy).all()
    capsys.readouterr()


def test_a_dictionary_goes_to_a_vector_and_back():
    _, _, parameters = the_courses_case()
    theta, keys = checking.dictionary_to_vector(parameters)
    assert theta.shape == (47, 1)
    assert (keys[0], keys[19], keys[20], keys[46]) == ("W1", "W1", "b1", "b3")
    back = checking.vector_to_dictionary(theta)
    assert list(back) == list(parameters)
    for name, value in parameters.items():
        assert (back[name] == value).all()
    theta[0] = 99
    assert back["W1"][0, 0] != 99


def test_gradients_go_to_a_vector_in_the_order_of_the_parameters_whatever_their_own():
    X, Y, parameters = the_courses_case()
    gradients = gradients_of(X, Y, parameters)
    assert next(iter(gradients)) == "dZ3"
    ordered = [gradients[f"d{name}"].reshape(-1, 1) for name in parameters]
    assert_allclose(checking.gradients_to_vector(gradients), np.concatenate(ordered))


def test_the_verdict_is_coloured_on_a_terminal_that_wants_it_and_the_colour_ends(monkeypatch, capsys):
    X, Y, parameters = the_courses_case()
    gradients = gradients_of(X, Y, parameters)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    checking.gradient_check_n(parameters, gradients, X, Y)
    checking.gradient_check_n(parameters, with_the_planted_faults(gradients), X, Y)
    monkeypatch.setenv("NO_COLOR", "1")
    checking.gradient_check_n(parameters, gradients, X, Y)
    good, bad, plain = capsys.readouterr().out.splitlines()
    assert (good[:5], good[-4:]) == ("\033[92m", "\033[0m")
    assert (bad[:5], bad[-4:]) == ("\033[93m", "\033[0m")
    assert plain.startswith("Your")


CASE = the_courses_case()
BAD_CALLS = {
    "epsilon is 0": lambda: checking.gradient_check(2, 4, 0),
    "theta has shape (2,); expected one number": lambda: checking.gradient_check(2, [4, 5]),
    "theta has shape (5, 1); expected (47, 1) for the network [4, 5, 3, 1]": lambda: (
        checking.vector_to_dictionary(np.ones((5, 1)))
    ),
    '["dW1"] has shape (2, 2); expected (5, 4)': lambda: checking.gradient_check_n(
        CASE[2], gradients_of(*CASE) | {"dW1": np.ones((2, 2))}, *CASE[:2]
    ),
    "gradients has no 'dW1'": lambda: checking.gradients_to_vector({"db1": np.ones((1, 1))}),
    "Y has shape (1, 2); expected (1, 3)": lambda: checking.forward_propagation_n(CASE[0], [1, 0], CASE[2]),
    "X has shape (3, 3); expected 4 rows": lambda: checking.forward_propagation_n(np.ones((3, 3)), *CASE[1:]),
}


@pytest.mark.parametrize("sentence", BAD_CALLS)
def test_a_call_that_does_not_fit_is_told_what_does_not(sentence):
    with pytest.raises(InputError) as raised:
        BAD_CALLS[sentence]()
    assert sentence in str(raised.value)

"""What rounding hides at theta is looked for at weights of the usual size; and no false alarm comes of it."""

from __future__ import annotations

import numpy as np
import pytest
from planted_cases import planted_case

import layerwise
from planted_bugs.network import Spec
from planted_bugs.other_cases import right_models

TINY = Spec((5, 6, 6, 3), "relu", "softmax", m=14, seed=3, weight_scale=1e-6)


def test_a_fault_hidden_by_tiny_weights_is_found_where_it_shows():
    case = planted_case("db with the wrong sign", TINY, layer=1)
    check = layerwise.check_gradients(case.cost, case.gradient, case.theta)
    assert not check.passed
    assert (check.culprit, check.parameters["b1"].cause) == ("b1", "sign-flipped")
    assert "parameters of the usual size" in check.text


def test_arrays_alone_say_what_could_not_be_seen():
    case = planted_case("db with the wrong sign", TINY, layer=1)
    check = layerwise.check_gradients(case.cost, case.gradient(case.theta), case.theta)
    assert "not seen" in check.text or "could not be judged" in check.text


def test_a_function_that_gives_the_arrays_of_one_place_is_asked_nowhere_else():
    case = planted_case("db with the wrong sign", TINY, layer=1)
    right = dict(case.gradient(case.theta))
    right["b1"] = -right["b1"]
    assert layerwise.check_gradients(case.cost, lambda theta: right, case.theta).passed


def test_the_cause_of_a_visible_fault_is_told_where_rounding_does_not_blur_it():
    case = planted_case("dW twice too large", TINY, layer=1)
    check = layerwise.check_gradients(case.cost, case.gradient, case.theta)
    assert check.parameters[check.culprit].cause == "scaled"
    assert check.parameters[check.culprit].factor == pytest.approx(2, rel=1e-4)


def test_a_derivative_that_rounds_to_0_far_out_is_no_fault():
    # 1 - tanh(40)^2 is 0 in float64, and 7e-35 by complex steps.
    theta, x = np.array([40.0, 0.3]), np.array([1.0, 2.0])
    check = layerwise.check_gradients(
        lambda t: (x * np.tanh(t)).sum(), lambda t: x * (1 - np.tanh(t) ** 2), theta
    )
    assert check.passed


@pytest.mark.parametrize("case", right_models(11), ids=lambda case: case.name)
def test_a_right_gradient_of_any_model_and_scale_passes(case):
    check = layerwise.check_gradients(case.cost, case.gradient, case.theta)
    assert check.passed, check.text


def test_a_gradient_drawn_anew_at_each_call_is_no_convention():
    random, theta = np.random.default_rng(0), np.linspace(0.5, 2, 8)

    def gradient(t):
        return 2 * t * (random.random(t.shape) < 0.5)

    check = layerwise.check_gradients(lambda t: (t**2).sum(), gradient, theta)
    assert not check.passed
    assert not check.kinks
    assert "another answer each time" in check.text


def test_a_cost_that_ignores_its_argument_is_said():
    kept = {"W": np.array([1.0, 2.0])}
    check = layerwise.check_gradients(lambda t: (kept["W"] ** 2).sum(), lambda t: {"W": 2 * t["W"]}, kept)
    assert not check.passed
    assert "same wherever it was asked" in check.text


def test_a_cost_of_0_is_not_called_coarse():
    assert layerwise.check_gradients(np.sin, np.cos, 0.0).notes == ()

"""Mistakes in models that are no chain of layers, and beside a penalty that is right."""

from __future__ import annotations

import numpy as np
import pytest
from planted_cases import CLASSES, planted_case

import layerwise
from layerwise.checking.causes.layers import backward_groups
from layerwise.errors import InputError
from planted_bugs.network import Spec
from planted_bugs.other_cases import other_models

SQUARE_PENALIZED = Spec((4, 5, 5, 3), "leaky_relu", "softmax", m=17, penalty=0.9, seed=8)


@pytest.mark.parametrize("case", other_models(11), ids=lambda case: case.name)
@pytest.mark.parametrize("given", ["function", "arrays"])
def test_a_mistake_in_another_model_is_found_and_named(case, given):
    gradient = case.gradient if given == "function" else case.gradient(case.theta)
    check = layerwise.check_gradients(case.cost, gradient, case.theta)
    assert not check.passed
    assert check.culprit in case.culprits
    assert check.parameters[check.culprit].cause in case.causes, check.text


def with_data_part(case, change):
    """The gradient whose data part of W2 is changed, its penalty right."""
    strength = 0.9 / 17

    def gradient(theta):
        grads = case.gradient(theta)
        data = grads["W2"] - strength * theta["W2"]
        return grads | {"W2": change(data) + strength * theta["W2"]}

    return gradient


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda data: data.T, "transposed"),
        (lambda data: data[::-1], "permuted"),
        (lambda data: -data, "sign-flipped"),
        (lambda data: 3 * data, "scaled"),
        (lambda data: 17 * data, "not-averaged"),
        (lambda data: 0 * data, "zero"),
    ],
)
def test_a_right_penalty_does_not_hide_what_is_wrong_beside_it(change, cause):
    case = planted_case("dW twice too large", SQUARE_PENALIZED, layer=1)
    right = planted_case("L2 forgotten in one layer", SQUARE_PENALIZED, layer=3)
    net_gradient = with_data_part(right, change)

    def gradient(theta):
        grads = net_gradient(theta)
        return grads | {"W3": grads["W3"] + 0.9 / 17 * theta["W3"]}

    check = layerwise.check_gradients(case.cost, gradient, case.theta)
    assert (check.culprit, check.parameters["W2"].cause) == ("W2", cause)


def test_labels_in_another_order_are_stale():
    random = np.random.default_rng(0)
    X, y = random.normal(size=(30, 4)), random.normal(size=30)
    theta = {
        "W1": random.normal(size=(4, 5)),
        "b1": np.zeros(5),
        "W2": random.normal(size=(5, 1)),
        "b2": np.zeros(1),
    }

    def gradient(p, labels):
        A = np.tanh(X @ p["W1"] + p["b1"])
        d = 2 * (A @ p["W2"] + p["b2"] - labels[:, None]) / 30
        dZ = d @ p["W2"].T * (1 - A**2)
        return {"W1": X.T @ dZ, "b1": dZ.sum(0), "W2": A.T @ d, "b2": d.sum(0)}

    def cost(p):
        return np.mean((np.tanh(X @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"] - y[:, None]) ** 2)

    assert layerwise.check_gradients(cost, lambda p: gradient(p, y), theta).passed
    check = layerwise.check_gradients(cost, lambda p: gradient(p, y[::-1]), theta)
    assert (check.culprit, check.parameters["W2"].cause) == ("W2", "stale")
    assert "labels" in check.parameters["W2"].explanation


def test_causes_do_not_depend_on_the_scale_of_the_cost():
    case = planted_case("activation derivative missing", CLASSES, layer=1)
    for factor in (1e-9, 1e9):
        check = layerwise.check_gradients(
            lambda theta, f=factor: f * case.cost(theta),
            lambda theta, f=factor: {name: f * g for name, g in case.gradient(theta).items()},
            case.theta,
        )
        assert check.parameters[check.culprit].cause == "activation-derivative", factor


@pytest.mark.parametrize(
    ("shapes", "groups"),
    [
        ({"W": (7, 4), "c": (4,)}, [("W", "c")]),
        ({"Wout": (1, 5), "bout": (1,), "W1": (5, 3), "b1": (5,)}, [("Wout", "bout"), ("W1", "b1")]),
        ({"b1": (5,), "W2": (2, 5), "W1": (5, 3), "b2": (2,)}, [("W2", "b2"), ("W1", "b1")]),
        ({"Wx": (5, 3), "Wh": (5, 5), "c": (5,)}, [("c",), ("Wh",), ("Wx",)]),
    ],
)
def test_layers_are_found_from_names_and_shapes(shapes, groups):
    assert backward_groups({name: np.ones(shape) for name, shape in shapes.items()}) == groups


def test_a_constant_that_is_no_number_is_refused():
    with pytest.raises(InputError, match=r"constants\['m'\] is 'many'"):
        layerwise.check_gradients(np.sin, np.cos, 0.3, constants={"m": "many"})


def test_a_list_of_arrays_is_told_to_be_a_dictionary():
    with pytest.raises(InputError, match="into a dictionary"):
        layerwise.check_gradients(np.sum, np.ones(3), [np.ones((2, 2)), np.ones(3)])

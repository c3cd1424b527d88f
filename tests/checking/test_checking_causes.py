"""Every kind of bug has its name: one planted bug or more for each cause."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_cases import CLASSES, DROPPED, PENALIZED, SMALL, SQUARE, planted_case

from layerwise import check_gradients
from layerwise.checking import CAUSES
from layerwise.course import gradient_checking

# The fault, its network and layer, the cause, and words that its explanation must have.
PLANTED = [
    ("dW twice too large", SMALL, 2, "scaled", "dW2 is 2.000 times too large."),
    ("db four times too large", SMALL, 1, "scaled", "db1 is 4.000 times too large."),
    ("dW divided by m twice", SMALL, 1, "scaled", "8.000 is the number of examples: it is averaged twice"),
    ("dZ times the number of classes", CLASSES, 2, "scaled", "4.000 is the number of classes"),
    ("a hidden dZ 3 times too large", SMALL, 2, "scaled", "dW2 is 3.000 times too large"),
    ("dW with the wrong sign", SMALL, 1, "sign-flipped", "the right size and the wrong sign"),
    (
        "dZ = Y - A",
        PENALIZED,
        2,
        "sign-flipped",
        "the data part of dW2 has the right size and the wrong sign",
    ),
    ("dW transposed", SQUARE, 2, "transposed", "dW2 is transposed"),
    ("dW flattened column by column", CLASSES, 1, "transposed", "column by column"),
    ("dA = W dZ", SQUARE, 1, "transposed", "dA1 is W dZ with the weights of layer 2; it should be W' dZ"),
    ("rows of dW reversed", SMALL, 1, "permuted", "the right rows in the wrong order"),
    ("columns of dW rolled", CLASSES, 1, "permuted", "the right columns in the wrong order"),
    ("db rolled", SMALL, 1, "permuted", "the right entries in the wrong order"),
    ("dW of the layer above", SQUARE, 1, "other-parameter", "dW1 is the gradient of W2"),
    ("dA by the weights of the layer itself", SQUARE, 1, "other-parameter", "those of layer 2 belong there"),
    ("L2 forgotten in one layer", PENALIZED, 2, "missing-penalty", "dW2 lacks 0.083 times W2"),
    ("L2 half as strong", PENALIZED, 1, "missing-penalty", "its penalty is 0.500 times the 0.083"),
    ("L2 twice as strong", PENALIZED, 1, "extra-penalty", "its penalty is 2.000 times the 0.083"),
    ("L2 not divided by m", PENALIZED, 1, "extra-penalty", "6.000 times (the number of examples)"),
    ("L2 on the bias", PENALIZED, 1, "extra-penalty", "added to a bias"),
    ("L2 where the cost has none", SMALL, 1, "extra-penalty", "a penalty that the cost does not have"),
    ("dW not divided by m", SMALL, 2, "not-averaged", "8.000 is the number of examples"),
    ("nothing divided by m", SMALL, 3, "not-averaged", "a sum where the cost is an average"),
    (
        "dW not divided by m, its penalty is",
        PENALIZED,
        1,
        "not-averaged",
        "the data part of dW1 is 6.000 times too large",
    ),
    ("db one sum for all units", SMALL, 1, "wrong-axis", "the sum of all entries of the right gradient"),
    ("dW averaged over its columns", SMALL, 1, "wrong-axis", "the mean of each row"),
    ("activation derivative missing", SMALL, 1, "activation-derivative", "the derivative is missing"),
    ("1 - z^2 for 1 - a^2", SMALL, 2, "activation-derivative", "tanh's derivative with Z in the place of A"),
    ("tanh' at A", SMALL, 1, "activation-derivative", "tanh's derivative at A instead of Z"),
    ("relu's derivative", PENALIZED, 1, "activation-derivative", "the derivative of relu"),
    ("sigmoid' once too often at the output", SMALL, 3, "activation-derivative", "once too often"),
    ("mask missing", DROPPED, 1, "dropout-mask", "the mask is missing"),
    ("mask not rescaled", DROPPED, 2, "dropout-mask", "0.700 times what it should be"),
    ("mask of another pass", DROPPED, 1, "dropout-mask", "the mask is another one"),
    ("dW from the units before dropout", DROPPED, 2, "dropout-mask", "A1 is taken before dropout"),
    ("db zero", SMALL, 2, "zero", "db2 is 0"),
    ("nothing goes back", SMALL, 2, "zero", "dW2 is 0"),
    ("a NaN in dW", SMALL, 1, "non-finite", "dW1 is nan in row 0"),
    ("another batch", SMALL, 3, "stale", "other examples than the cost's"),
    ("taken after the update", SMALL, 3, "stale", "theta - 0.500 times the gradient"),
    ("a cache never renewed", SMALL, 3, "stale", "a cache that is not renewed"),
    ("the inputs of another batch", SMALL, 1, "stale", "the gradient of b1 is right, so dZ1 is"),
    ("dA by the weights after their update", SMALL, 1, "stale", "a step of 0.100 times their gradient"),
    ("stored in single precision", SMALL, 3, "low-precision", "kept in single"),
    ("dZ in half precision", SMALL, 2, "low-precision", "kept in half"),
    ("one entry wrong", SMALL, 1, "unknown", "it fits no known mistake"),
]
# Without a gradient function these are guessed at, or not told.
NEEDS_A_FUNCTION = {
    "dA = W dZ",
    "dA by the weights of the layer itself",
    "another batch",
    "a cache never renewed",
    "the inputs of another batch",
    "dA by the weights after their update",
    "mask missing",
    "mask of another pass",
    "activation derivative missing",
    "1 - z^2 for 1 - a^2",
    "tanh' at A",
    "relu's derivative",
    "sigmoid' once too often at the output",
    "dZ in half precision",
}


def test_each_cause_has_a_planted_bug():
    assert {row[3] for row in PLANTED} == set(CAUSES)


@pytest.mark.parametrize(
    ("fault", "spec", "layer", "cause", "words"), PLANTED, ids=[row[0] for row in PLANTED]
)
def test_a_planted_bug_is_found_named_and_explained(fault, spec, layer, cause, words):
    case = planted_case(fault, spec, layer)
    result = check_gradients(case.cost, case.gradient, case.theta, tolerance=case.tolerance)
    assert not result.passed
    assert result.culprit in case.culprits
    found = result.parameters[result.culprit]
    assert found.cause == cause
    assert words.lower() in found.explanation.lower()


@pytest.mark.parametrize(
    ("fault", "spec", "layer", "cause", "words"),
    [row for row in PLANTED if row[0] not in NEEDS_A_FUNCTION],
    ids=[row[0] for row in PLANTED if row[0] not in NEEDS_A_FUNCTION],
)
def test_arrays_alone_tell_as_much_where_one_parameter_tells_all(fault, spec, layer, cause, words):
    case = planted_case(fault, spec, layer)
    result = check_gradients(case.cost, case.gradient(case.theta), case.theta, tolerance=case.tolerance)
    assert result.culprit in case.culprits
    assert result.parameters[result.culprit].cause == cause


@pytest.mark.parametrize("style", ["rows", "columns_named", "torch", "theta"])
@pytest.mark.parametrize(
    ("fault", "spec", "layer"),
    [
        ("dW transposed", SQUARE, 1),
        ("activation derivative missing", SQUARE, 2),
        ("L2 forgotten in one layer", PENALIZED, 1),
        ("mask missing", DROPPED, 1),
    ],
)
def test_other_layouts_and_names_are_understood(fault, spec, layer, style):
    case = planted_case(fault, spec, layer, style)
    result = check_gradients(case.cost, case.gradient, case.theta)
    assert result.culprit in case.culprits
    assert result.parameters[result.culprit].cause in case.causes


def _the_notes_case():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(4, 3)), np.array([[1, 1, 0]])
    sizes = [(5, 4), (3, 5), (1, 3)]
    theta = {}
    for layer, (n, n_prev) in enumerate(sizes, start=1):
        theta[f"W{layer}"], theta[f"b{layer}"] = rng.normal(size=(n, n_prev)), rng.normal(size=(n, 1))

    def cost(parameters):
        return gradient_checking.forward_propagation_n(x, y, parameters)[0]

    def gradient(parameters):
        _, cache = gradient_checking.forward_propagation_n(x, y, parameters)
        gradients = gradient_checking.backward_propagation_n(x, y, cache)
        return gradients | {"dW2": 2 * gradients["dW2"], "db1": 4 * gradients["db1"]}

    return cost, gradient, theta


@pytest.mark.parametrize("as_function", [True, False])
def test_the_notes_two_planted_bugs(as_function):
    cost, gradient, theta = _the_notes_case()
    result = check_gradients(cost, gradient if as_function else gradient(theta), theta)
    wrong = {name: check for name, check in result.parameters.items() if not check.passed}
    assert set(wrong) == {"W2", "b1"}
    assert wrong["W2"].explanation == "dW2 is 2.000 times too large."
    assert wrong["b1"].explanation == "db1 is 4.000 times too large."
    assert (wrong["W2"].factor, wrong["b1"].factor) == (pytest.approx(2), pytest.approx(4))


def test_what_follows_from_a_fault_above_says_so():
    case = planted_case("activation derivative missing", SMALL, 2)
    result = check_gradients(case.cost, case.gradient, case.theta)
    assert result.culprit == "W2"
    assert "follows from dW2" in result.parameters["W1"].explanation


def test_the_places_of_an_unknown_error_are_shown():
    case = planted_case("one entry wrong", SMALL, 1)
    explanation = check_gradients(case.cost, case.gradient, case.theta).parameters["W1"].explanation
    assert "row 2 (1 of 12 entries)" in explanation
    assert "dW1[2, 0]" in explanation


@settings(max_examples=12, deadline=None)
@given(
    factor=st.sampled_from([0.1, 0.5, 1 / 3, 2.0, 3.0, 4.0, 0.7, -2.0, 17.3]),
    layer=st.integers(1, 3),
    style=st.sampled_from(["course", "rows", "torch"]),
)
def test_any_factor_of_any_weights_is_measured(factor, layer, style):
    case = planted_case("dW twice too large", SMALL, layer, style)
    (name,) = case.culprits
    right = case.gradient(case.theta)
    wrong = right | {name: right[name] * factor / 2}
    result = check_gradients(case.cost, wrong, case.theta)
    assert result.culprit == name
    assert result.parameters[name].cause == "scaled"
    assert result.parameters[name].factor == pytest.approx(factor, rel=1e-6)


def test_a_number_has_a_factor_only_where_it_means_something():
    def cause_of(gradient):
        return check_gradients(lambda t: 3 * t**2, gradient, 1.7).parameters["theta"].cause

    assert cause_of(lambda t: 12 * t) == "scaled"
    assert cause_of(lambda t: -6 * t) == "sign-flipped"
    assert cause_of(lambda t: 0.0) == "zero"
    assert cause_of(lambda t: 6 * t + 0.123) == "unknown"


def test_a_gradient_that_fails_elsewhere_is_judged_by_its_arrays():
    case = planted_case("activation derivative missing", SMALL, 2)

    def gradient(theta):
        if not np.array_equal(theta["W1"], case.theta["W1"]) or not np.array_equal(
            theta["W2"], case.theta["W2"]
        ):
            raise RuntimeError("only here")
        return case.gradient(theta)

    result = check_gradients(case.cost, gradient, case.theta)
    assert result.culprit == "W2"
    assert not result.passed


def test_a_gradient_drawn_anew_at_each_call_is_stale():
    case = planted_case("dW twice too large", SMALL, 1)
    rng = np.random.default_rng(0)

    def gradient(theta):
        return {name: array + rng.normal(size=array.shape) for name, array in case.gradient(theta).items()}

    result = check_gradients(case.cost, gradient, case.theta)
    assert result.parameters[result.culprit].cause == "stale"
    assert "at each call" in result.parameters[result.culprit].explanation

"""What makes a check meaningless is recognised and said before it is done."""

from __future__ import annotations

import numpy as np
import pytest

import layerwise
from layerwise.errors import InputError

ONES = np.ones(3)


def square(t):
    return (t**2).sum() / 2


def changing(t):
    t += 1
    return t.sum()


@pytest.mark.parametrize(
    ("cost", "gradient", "theta", "said"),
    [
        (lambda t: np.nan, ONES, ONES, "is nan"),
        (lambda t: np.inf, ONES, ONES, "is inf"),
        (lambda t: t, ONES, ONES, r"array of shape \(3,\)"),
        (lambda t: "much", ONES, ONES, "expected one real number"),
        (changing, ONES, ONES, "changes theta in place"),
        (square, np.ones((3, 1)), ONES, r"shape \(3, 1\); expected \(3,\)"),
        (lambda t: t.sum(), np.ones((2, 3)), np.ones((3, 2)), "it is transposed"),
        (lambda t: t.sum(), np.ones(3), np.ones((3, 1)), "keepdims"),
        (lambda t: t.sum(), np.ones((3, 8)), np.ones((3, 1)), "a column for each example"),
        (square, ONES, np.arange(3), r"theta is int64.*astype\(float\)"),
        (square, ONES, np.array([1, np.nan, 2]), "holds nan"),
        (square, ONES, np.ones(3, dtype=complex), "complex128"),
        (square, ONES.astype(complex), ONES, "complex128"),
        (square, lambda t: None, ONES, "gave None"),
        (square, lambda t: (1.0, t), ONES, "without the cost"),
        (square, ONES, {}, "empty dictionary"),
        (lambda t: square(t["a"]), {"b": ONES}, {"a": ONES}, "has no 'a'"),
        (lambda t: square(t["a"]), np.ones(4), {"a": ONES}, "4 entries"),
        (3.0, ONES, ONES, "cost is float"),
    ],
)
def test_it_is_said_in_a_sentence(cost, gradient, theta, said):
    with pytest.raises(InputError, match=said):
        layerwise.check_gradients(cost, gradient, theta)


def test_a_cost_that_is_drawn_anew_each_time_is_refused():
    random = np.random.default_rng(0)
    with pytest.raises(InputError, match="at random fixed"):
        layerwise.check_gradients(lambda t: square(t * (random.random(3) < 0.5)), ONES, ONES)


def test_a_gradient_that_is_drawn_anew_each_time_is_wrong_and_said_why():
    random = np.random.default_rng(0)
    check = layerwise.check_gradients(square, lambda t: t * (random.random(3) < 0.5) * 2, ONES)
    assert not check.passed
    assert "drawn anew" in check.text


@pytest.mark.parametrize(
    "wrong", [{"tolerance": 0}, {"tolerance": "small"}, {"step": -1e-7}, {"sample_weight": ONES}]
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        layerwise.check_gradients(square, lambda t: t, ONES, **wrong)


def test_an_estimator_of_others_is_refused():
    from sklearn.neural_network import MLPClassifier

    with pytest.raises(InputError, match="not an estimator of layerwise's own"):
        layerwise.check_gradients(MLPClassifier(), np.ones((4, 2)), [0, 1, 0, 1])


def test_single_precision_is_noted_and_checked_in_double():
    seen = set()

    def cost(t):
        seen.add(t.dtype)
        return square(t)

    check = layerwise.check_gradients(cost, lambda t: t, ONES.astype(np.float32))
    assert check.passed
    assert seen == {np.dtype(np.float64)}
    assert "float32" in check.text


def test_a_cost_in_single_precision_passes_as_far_as_its_rounding_lets_one_see():
    def cost(t):
        return np.float32(np.square(t.astype(np.float32)).sum() / 2)

    check = layerwise.check_gradients(cost, lambda t: t, np.array([0.3, 1.7, -2.0]))
    assert check.passed
    assert "single precision" in check.text
    assert not layerwise.check_gradients(cost, lambda t: 1.01 * t, np.array([0.3, 1.7, -2.0])).passed


@pytest.mark.parametrize("name", ["a", "da", "grad_a"])
def test_gradients_go_by_the_names_that_people_give_them(name):
    theta = {"a": np.array([1.0, 2.0])}
    check = layerwise.check_gradients(lambda t: square(t["a"]), lambda t: {name: t["a"], "dA": 1}, theta)
    assert check.passed


def test_a_number_an_array_and_a_flat_gradient_are_taken_as_they_are():
    assert layerwise.check_gradients(lambda t: t**3, lambda t: 3 * t**2, 2.0).passed
    assert layerwise.check_gradients(lambda t: t**3, 12, 2).passed
    assert layerwise.check_gradients(square, [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]).passed
    theta = {"a": np.ones((2, 2)), "b": 3.0}
    cost = lambda t: square(t["a"]) + t["b"] ** 2  # noqa: E731
    assert layerwise.check_gradients(cost, np.array([1, 1, 1, 1, 6.0]), theta).passed


def test_the_callers_arrays_are_left_as_they_were():
    theta = {"a": np.array([1.0, 2.0])}
    before = theta["a"].copy()
    layerwise.check_gradients(lambda t: square(t["a"]), lambda t: t, theta)
    np.testing.assert_array_equal(theta["a"], before)

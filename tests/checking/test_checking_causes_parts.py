"""What the rules stand on: layers from names and shapes, numbers from closures, and words for factors."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from planted_cases import DROPPED, PENALIZED, SMALL, planted_case

from layerwise.checking.causes.comparison import Comparison
from layerwise.checking.causes.cost_penalty import penalty_of
from layerwise.checking.causes.derivatives import derivative_named, mistake_named
from layerwise.checking.causes.hidden_layer import has_dropout
from layerwise.checking.causes.layers import layers_of
from layerwise.checking.causes.naming import gradient_name, listed, times
from layerwise.checking.causes.numbers import EXAMPLES, KnownNumbers, known_numbers
from layerwise.checking.evidence import ParameterEvidence, Probes


def _arrays(**shapes):
    return {name: np.arange(1.0, 1 + np.prod(shape)).reshape(shape) for name, shape in shapes.items()}


@pytest.mark.parametrize(
    ("arrays", "expected"),
    [
        (_arrays(W1=(5, 4), b1=(5, 1), W2=(1, 5), b2=(1, 1)), [("W1", "b1", False), ("W2", "b2", False)]),
        (_arrays(W1=(4, 5), b1=(5,), W2=(5, 1), b2=(1,)), [("W1", "b1", True), ("W2", "b2", True)]),
        (_arrays(W2=(4, 4), b2=(4, 1), W1=(4, 4), b1=(4, 1)), [("W1", "b1", False), ("W2", "b2", False)]),
        (_arrays(W1=(4, 4), b1=(1, 4), W2=(4, 4), b2=(1, 4)), [("W1", "b1", True), ("W2", "b2", True)]),
        (_arrays(w_a=(3, 6), b_a=(6,), w_b=(6, 2), b_b=(2,)), [("w_a", "b_a", True), ("w_b", "b_b", True)]),
        (_arrays(w=(4,), b=()), [("w", "b", True)]),
        (_arrays(W1=(6, 4), W2=(1, 6)), [("W1", None, False), ("W2", None, False)]),
        (_arrays(T1=(25, 5), T2=(10, 26)), [("T1", "T1", False), ("T2", "T2", False)]),
        (_arrays(theta=(30,)), []),
        (_arrays(W1=(5, 4), b1=(5, 1), W2=(1, 3), b2=(1, 1)), []),
        (_arrays(W1=(5, 4), gamma1=(5, 1), beta1=(5, 1)), []),
    ],
)  # fmt: skip
def test_layers_are_read_from_names_and_shapes(arrays, expected):
    assert [(layer.weight, layer.bias, layer.is_turned) for layer in layers_of(arrays)] == expected


@pytest.mark.parametrize(
    "arrays",
    [
        _arrays(W1=(4, 3), b1=(3,), W2=(3, 2), b2=(2,)),
        _arrays(Theta1=(3, 5), Theta2=(2, 4)),
        _arrays(w=(4,), b=()),
    ],
)
def test_what_is_placed_in_a_layer_is_what_it_shows(arrays):
    for layer in layers_of(arrays):
        W, b = layer.W(arrays) + 1, layer.b(arrays) * 2
        placed = layer.placed(arrays, W=W, b=b)
        np.testing.assert_array_equal(layer.W(placed), W)
        np.testing.assert_array_equal(layer.b(placed), b)
        assert {name: array.shape for name, array in placed.items()} == {
            name: array.shape for name, array in arrays.items()
        }


def test_the_number_of_examples_is_read_from_the_data_that_a_cost_refers_to():
    X, Y, m = np.zeros((4, 209)), np.zeros((1, 209)), 209

    def cost(theta):
        return X.sum() + Y.sum()

    def other(theta, x=X, y=Y):
        raise AssertionError("nothing is called")

    class Model:
        def __init__(self):
            self.X, self.y, self.keep_prob = X, Y, 0.8

        def cost(self, theta):
            raise AssertionError("nothing is called")

    def partial(m, theta):
        raise AssertionError("nothing is called")

    assert known_numbers({}, cost).examples == 209
    assert known_numbers({}, other).examples == 209
    assert known_numbers({}, Model().cost).values == {EXAMPLES: 209, "keep_prob": 0.8}
    assert known_numbers({}, functools.partial(partial, m=m)).examples == 209
    assert known_numbers({"m": 32}, cost).examples == 32
    assert known_numbers({}, lambda theta: 0.0).examples is None


@pytest.mark.parametrize(
    ("factor", "meaning", "is_examples"),
    [
        (209, "the number of examples", True),
        (-209, "the number of examples", True),
        (1 / 209, "1 / the number of examples", False),
        (0.8, "keep_prob", False),
        (1.25, "1 / keep_prob", False),
        (209 / 5, "the number of examples / the number of classes", False),
        (5, "the number of classes", False),
        (2, "2", False),
        (2 / 3, "2 / 3", False),
    ],
)
def test_factors_have_a_meaning(factor, meaning, is_examples):
    known = KnownNumbers({EXAMPLES: 209.0, "keep_prob": 0.8})
    reading = known.reading(factor, {"the number of classes": 5.0})
    assert (reading.meaning, reading.is_examples) == (meaning, is_examples)


def test_a_factor_without_meaning_has_none():
    assert KnownNumbers({}).reading(1.2345678) is None
    assert KnownNumbers({}).reading(0.0) is None
    assert "if there are 64" in KnownNumbers({}).reading(64).meaning


@pytest.mark.parametrize(("spec", "expected"), [(PENALIZED, 0.5 / 6), (SMALL, 0.0)])
def test_the_penalty_of_a_cost_is_measured(spec, expected):
    case = planted_case("dW twice too large", spec, 1)
    probes = Probes(case.theta, tuple(case.theta), case.cost)
    assert penalty_of(layers_of(case.theta), probes) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("spec", "expected"), [(DROPPED, True), (SMALL, False)])
def test_dropout_is_seen_in_the_cost(spec, expected):
    case = planted_case("dW twice too large", spec, 1)
    probes = Probes(case.theta, tuple(case.theta), case.cost)
    layers = layers_of(case.theta)
    assert has_dropout(layers[0], layers[1], probes) is expected


def test_derivatives_are_recognised():
    z = np.array([-2.0, -0.5, 0.4, 1.5])
    assert derivative_named(z, 1 - np.tanh(z) ** 2) == "tanh"
    assert derivative_named(z, (z > 0).astype(float)) == "relu"
    assert derivative_named(z, z**3) is None
    assert mistake_named(z, np.tanh(z), "tanh") == "tanh itself"
    assert mistake_named(z, (1 - np.tanh(z) ** 2) ** 2, "tanh") == "tanh's derivative twice"
    assert "other values" in mistake_named(z, z**3, "tanh")


def test_words():
    assert [gradient_name(name) for name in ("W2", "fc.weight")] == ["dW2", "the gradient of fc.weight"]
    assert [times(f) for f in (2, 0.25, -3)] == [
        "2.000 times too large",
        "4.000 times too small",
        "3.000 times too large and has the wrong sign",
    ]
    assert listed("row", np.array([4])) == "row 4"
    assert listed("entry", np.array([[0, 1], [2, 3]])) == "entries (0, 1) and (2, 3)"


def test_places_are_those_in_the_whole_parameter():
    def compared(shape, wrong, places=None):
        analytic = np.ones(shape)
        whole = shape if places is None else (100, 200)
        analytic[wrong] = 2.0
        ones = np.ones(shape)
        return Comparison.of(
            ParameterEvidence(
                "W1", ones, analytic, ones, 1e-12 * ones, ones > 0, 1e-7, ones.dtype, whole, places
            )
        )

    row = compared((4, 5), 2)
    assert row.place(row.wrong, row.valid) == " in row 2 (5 of 20 entries)"
    assert row.index(11) == (2, 1)
    assert row.place(row.valid, row.valid) == ""
    sampled = compared((4, 5), 2, (np.array([0, 30, 77, 99]), np.array([0, 50, 100, 150, 199])))
    assert sampled.place(sampled.wrong, sampled.valid) == " in row 77 (5 of 20 entries measured)"
    assert sampled.index(11) == (77, 50)

"""Activations against scipy and PyTorch, their derivatives against central differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special

from layerwise.formulas.activations import ACTIVATIONS, activation_backward, softmax, softmax_backward

ELEMENTWISE = sorted(name for name, activation in ACTIVATIONS.items() if activation.elementwise)
KINKED = {"relu", "leaky_relu", "selu"}
# exp overflows from z = 709 on, or 88 in single precision: it is for outputs, and its tests stay below.
OVERFLOWS = {"exp": 80.0}
EXTREMES = np.array([-1e4, -700.0, -40.0, -5e-324, -1e-310, -0.0, 0.0, 1e-310, 5e-324, 40.0, 700.0, 1e4])

ORACLES = {
    "relu": lambda z: (z + np.abs(z)) / 2,
    "leaky_relu": lambda z: np.piecewise(z, [z > 0], [lambda x: x, lambda x: x / 100]),
    "elu": lambda z: np.piecewise(z, [z > 0], [lambda x: x, special.expm1]),
    "selu": lambda z: np.piecewise(
        z,
        [z > 0],
        [lambda x: 1.05070098735548 * x, lambda x: 1.05070098735548 * 1.67326324235438 * special.expm1(x)],
    ),
    "gelu": lambda z: z * special.ndtr(z),
    "silu": lambda z: z * special.expit(z),
    "tanh": lambda z: 2 * special.expit(2 * z) - 1,
    "sigmoid": special.expit,
    "identity": lambda z: z,
    "exp": lambda z: np.power(np.e, z),
}


def held(name, z):
    """z, below where the activation overflows."""
    return np.minimum(z, OVERFLOWS.get(name, np.inf))


def derivative_at(name, z):
    activation = ACTIVATIONS[name]
    return activation.derivative(z, activation.function(z))


def test_every_activation_that_users_choose_from_is_there():
    assert set(ACTIVATIONS) == {*ORACLES, "softmax"}
    assert all(name == activation.name for name, activation in ACTIVATIONS.items())


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_values_are_those_of_scipy(name):
    z = held(name, np.concatenate([np.linspace(-30, 30, 2001), EXTREMES]))
    np.testing.assert_allclose(ACTIVATIONS[name].function(z), ORACLES[name](z), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_values_and_derivatives_are_those_of_torch(name):
    torch = pytest.importorskip("torch")
    theirs = {
        "identity": torch.nn.Identity(),
        "elu": torch.nn.ELU(),
        "leaky_relu": torch.nn.LeakyReLU(),
        "selu": torch.nn.SELU(),
        "gelu": torch.nn.GELU(),
        "silu": torch.nn.SiLU(),
    }
    z = held(name, np.concatenate([np.linspace(-30, 30, 2001), EXTREMES]))
    leaf = torch.tensor(z, requires_grad=True)
    value = theirs.get(name, getattr(torch, name, None))(leaf)
    value.sum().backward()
    away = (
        z != 0 if name in {"elu", "leaky_relu", "selu"} else slice(None)
    )  # a kink's derivative is a convention
    np.testing.assert_allclose(ACTIVATIONS[name].function(z), value.detach().numpy(), rtol=1e-13, atol=1e-14)
    slope = derivative_at(name, z)
    np.testing.assert_allclose(slope[away], leaf.grad.numpy()[away], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", ELEMENTWISE)
@given(z=st.floats(-30, 30))
def test_derivatives_match_central_differences(name, z):
    step = 1e-5
    if name in KINKED and abs(z) < 2 * step:
        z += 4 * step
    g = ACTIVATIONS[name].function
    slope = (g(np.float64(z + step)) - g(np.float64(z - step))) / (2 * step)
    # An elu bends but does not break at 0: its second derivative jumps by 1, which costs step / 4.
    allowed = step if name == "elu" and abs(z) < step else 1e-8
    assert derivative_at(name, np.float64(z)) == pytest.approx(slope, rel=1e-7, abs=allowed)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "selu"])
def test_the_derivative_at_a_kink_is_one_of_its_sides(name):
    sides = derivative_at(name, np.array([-1e-9, 1e-9]))
    at_kink = derivative_at(name, np.array([0.0]))
    assert sides.min() - 1e-8 <= at_kink[0] <= sides.max() + 1e-8


def test_the_derivative_of_relu_is_the_notes():
    z = np.array([[-2.0, -0.0, 0.0, 1e-300, 3.0]])
    a = ACTIVATIONS["relu"].function(z)
    np.testing.assert_array_equal(derivative_at("relu", z), np.int64(a > 0))


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_extreme_inputs_give_finite_values_and_derivatives(name):
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        for dtype in (np.float64, np.float32):
            z = held(name, EXTREMES).astype(dtype)
            assert np.isfinite(ACTIVATIONS[name].function(z)).all()
            assert np.isfinite(derivative_at(name, z)).all()


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_tiny_inputs_follow_the_tangent_at_zero(name):
    activation = ACTIVATIONS[name]
    for z in (1e-310, -1e-310, 1e-200, -1e-200):
        tangent = activation.function(np.float64(0)) + derivative_at(name, np.float64(z)) * z
        assert activation.function(np.float64(z)) == pytest.approx(tangent, rel=1e-12, abs=1e-320)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_nan_passes_through(name):
    z = np.array([np.nan, 1.0])
    assert np.isnan(ACTIVATIONS[name].function(z)).tolist() == [True, False]
    assert np.isnan(derivative_at(name, z)).tolist() == [True, False]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_precision_of_the_input_is_kept(name, dtype):
    for z in (np.linspace(-3, 3, 7, dtype=dtype), np.ones((2, 3), dtype), dtype(0.5)):
        assert ACTIVATIONS[name].function(z).dtype == dtype
        assert derivative_at(name, z).dtype == dtype
        assert derivative_at(name, z).shape == np.shape(z)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_single_precision_agrees_with_double(name):
    z = np.linspace(-12, 12, 401, dtype=np.float32)
    exact = ORACLES[name](z.astype(np.float64))
    np.testing.assert_allclose(ACTIVATIONS[name].function(z), exact, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_scalar_gives_what_an_array_gives(name):
    z = np.array([[-2.5, -0.1, 0.0], [0.1, 1.0, 7.0]])
    values, slopes = ACTIVATIONS[name].function(z), derivative_at(name, z)
    for index, scalar in np.ndenumerate(z):
        assert float(ACTIVATIONS[name].function(float(scalar))) == pytest.approx(values[index], rel=1e-15)
        assert float(derivative_at(name, float(scalar))) == pytest.approx(slopes[index], rel=1e-15)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_derivative_reads_only_what_it_says_it_needs(name):
    activation = ACTIVATIONS[name]
    z = np.linspace(-4, 4, 33)
    a = activation.function(z)
    absent = np.full_like(z, np.nan)
    given_one = (
        activation.derivative(absent, a) if activation.needs == "output" else activation.derivative(z, absent)
    )
    np.testing.assert_array_equal(given_one, activation.derivative(z, a))


def test_selu_keeps_mean_zero_and_variance_one():
    """The property from which Klambauer et al. find the two constants."""

    def expected(power):
        def integrand(z):
            density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
            return float(ACTIVATIONS["selu"].function(np.float64(z)) ** power * density)

        return integrate.quad(integrand, -12, 0)[0] + integrate.quad(integrand, 0, 12)[0]

    assert expected(1) == pytest.approx(0, abs=1e-10)
    assert expected(2) == pytest.approx(1, abs=1e-10)


@given(
    seed=st.integers(0, 2**32 - 1),
    classes=st.integers(1, 6),
    examples=st.integers(1, 5),
    size=st.floats(0, 1e4),
)
def test_softmax_is_scipys_and_sums_to_one(seed, classes, examples, size):
    Z = size * np.random.default_rng(seed).standard_normal((classes, examples))
    A = softmax(Z)
    np.testing.assert_allclose(A, special.softmax(Z, axis=0), rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(A.sum(axis=0), 1, rtol=1e-14)


def test_softmax_holds_at_extremes_and_keeps_the_precision():
    for dtype in (np.float32, np.float64):
        A = softmax(np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, 0.0]], dtype=dtype))
        assert A.dtype == dtype
        np.testing.assert_array_equal(A, np.array([[1, 0.5, 0.5], [0, 0.5, 0.5]], dtype=dtype))
    assert np.isnan(softmax(np.array([[np.nan, 0.0], [1.0, 1.0]]))).tolist() == [[True, False], [True, False]]


def test_softmax_of_two_is_the_sigmoid_of_their_difference():
    Z = np.random.default_rng(0).normal(0, 10, (2, 50))
    np.testing.assert_allclose(softmax(Z)[0], special.expit(Z[0] - Z[1]), rtol=1e-12)


@given(seed=st.integers(0, 2**32 - 1), classes=st.integers(1, 5))
def test_softmax_backward_is_the_product_with_the_jacobian(seed, classes):
    generator = np.random.default_rng(seed)
    Z, dA, step = generator.normal(0, 2, (classes, 1)), generator.normal(0, 1, (classes, 1)), 1e-5
    shifts = step * np.eye(classes)
    jacobian = (special.softmax(Z + shifts, axis=0) - special.softmax(Z - shifts, axis=0)) / (2 * step)
    backward = softmax_backward(dA, softmax(Z))
    np.testing.assert_allclose(backward, jacobian.T @ dA, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(activation_backward("softmax", dA, Z, softmax(Z)), backward)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_activation_backward_multiplies_by_the_derivative(name):
    generator = np.random.default_rng(5)
    Z, dA = generator.normal(0, 2, (3, 4)), generator.normal(0, 1, (3, 4))
    dZ = activation_backward(name, dA, Z, ACTIVATIONS[name].function(Z))
    np.testing.assert_array_equal(dZ, dA * derivative_at(name, Z))

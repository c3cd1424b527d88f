"""Numeric slopes: right to within the error they claim, at any scale, and honest at corners."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import layerwise
from layerwise.checking.ladder import Lines
from layerwise.checking.rounding import noise_of
from layerwise.checking.slopes import central_differences, slopes_of

# phi and its slope at 0, each a closed form. The cost's own scale comes beside it.
CURVES = {
    "exp": (lambda t: np.exp(t), 1.0),
    "sine beside a large constant": (lambda t: 1e3 + np.sin(3 * t), 3.0),
    "softplus": (lambda t: np.logaddexp(0, t - 1), 1 / (1 + np.e)),
    "inflection": (lambda t: 2.0 + t**3, 0.0),
    "tanh far out": (lambda t: np.tanh(4 + t), 1 / np.cosh(4.0) ** 2),
    "straight": (lambda t: 5 - 7 * t, -7.0),
}


def lines_of(phi, scale=1.0, count=1):
    values = lambda which, steps: np.asarray(phi(steps / scale), dtype=float) + 0 * steps  # noqa: E731
    noise = noise_of(lambda steps: np.asarray(phi(steps / scale), dtype=float) + 0 * steps, scale)
    return Lines(values, count, float(phi(0.0)), noise, np.zeros(count))


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("guess", [1e-3, 1.0, 1e3])
def test_a_smooth_slope_is_right_to_within_the_error_it_claims(name, scale, guess):
    phi, slope = CURVES[name]
    found = slopes_of(lines_of(phi, scale), guess * scale)
    off = abs(found.slope[0] * scale - slope)
    assert off <= found.error[0] * scale
    assert found.error[0] * scale < 1e-9 * max(abs(slope), abs(float(phi(0.0))))
    assert not found.corner[0]


@given(
    frequency=st.floats(0.1, 10),
    phase=st.floats(0, 6),
    height=st.floats(1e-3, 1e3),
    base=st.floats(-1e3, 1e3),
)
def test_a_claimed_error_holds_for_any_sine(frequency, phase, height, base):
    phi = lambda t: base + height * np.sin(frequency * t + phase)  # noqa: E731
    found = slopes_of(lines_of(phi), 1.0)
    assert abs(found.slope[0] - height * frequency * np.cos(phase)) <= found.error[0]


@pytest.mark.parametrize("distance", [0.0, 1e-12])
def test_a_corner_is_seen_with_the_slopes_on_its_two_sides(distance):
    phi = lambda t: np.where(t > distance, 3 * (t - distance), -0.5 * (t - distance)) + 1  # noqa: E731
    found = slopes_of(lines_of(phi), 1.0)
    assert found.corner[0]
    assert found.left[0] == pytest.approx(-0.5, abs=1e-6)
    assert found.right[0] == pytest.approx(3, abs=1e-6)


@pytest.mark.parametrize("distance", [-0.3, -1e-3, 1e-5, 0.02])
def test_a_corner_farther_off_is_stepped_short_of(distance):
    phi = lambda t: np.maximum(t - distance, 0) + np.exp(t)  # noqa: E731
    found = slopes_of(lines_of(phi), 1.0)
    assert not found.corner[0]
    assert found.slope[0] == pytest.approx(1 + (distance < 0), rel=1e-8)


def test_the_noise_of_a_cost_is_measured_and_not_assumed():
    random = np.random.default_rng(0)
    for size in (1e-13, 1e-10, 1e-7):
        rough = lambda steps, size=size: 1 + steps + size * random.standard_normal(len(steps))  # noqa: E731
        assert size / 2 < noise_of(rough, 1.0) < 20 * size
    single = lambda steps: np.sin(1 + steps).astype(np.float32)  # noqa: E731
    assert 1e-8 < noise_of(single, 1.0) < 1e-6


def test_a_fixed_step_gives_the_plain_central_difference():
    found = central_differences(lines_of(np.exp), 1e-3)
    assert found.slope[0] == pytest.approx(np.sinh(1e-3) / 1e-3, abs=1e-12)
    assert abs(found.slope[0] - 1) <= found.error[0]


def test_complex_steps_show_what_differences_cannot():
    """A layer behind tiny weights: its gradient is below the rounding of the cost's differences."""
    random = np.random.default_rng(3)
    X, Y = random.normal(size=(3, 12)), random.normal(size=(1, 12))
    theta = {"W1": 1e-6 * random.normal(size=(4, 3)), "W2": 1e-7 * random.normal(size=(1, 4))}

    def cost(theta):
        return ((theta["W2"] @ np.tanh(theta["W1"] @ X) - Y) ** 2).mean() / 2

    def gradient(theta):
        A = np.tanh(theta["W1"] @ X)
        dZ = (theta["W2"] @ A - Y) / X.shape[1]
        return {"W2": dZ @ A.T, "W1": (theta["W2"].T @ dZ * (1 - A**2)) @ X.T}

    right = layerwise.check_gradients(cost, gradient, theta)
    assert right.passed
    assert max(part.difference for part in right.parameters.values()) < 1e-9
    wrong = layerwise.check_gradients(cost, gradient(theta) | {"W1": 1.01 * gradient(theta)["W1"]}, theta)
    assert wrong.culprit == "W1"

"""The measure of how a cost curve swings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.diagnosis import roughness

CURVES = st.lists(st.floats(0.01, 100), min_size=2, max_size=60)


def test_a_curve_by_hand():
    """4 down 2, up 1, down 2: a way of 5 for a fall of 3."""
    assert roughness([4, 2, 3, 1]) == pytest.approx(5 / 3)


@given(CURVES)
def test_a_curve_that_only_falls_has_no_more_way_than_fall(values):
    """Up to the mean that is taken at its end: sorted values of fewer than forty have an end of one value."""
    curve = sorted(values[:39], reverse=True)
    assert roughness(curve) == pytest.approx(1)


@given(CURVES, st.floats(0.001, 1000))
def test_the_unit_of_the_cost_does_not_matter(values, unit):
    assert roughness(np.array(values) * unit) == pytest.approx(roughness(values), rel=1e-6)


@given(CURVES)
def test_no_curve_is_smoother_than_one_that_falls(values):
    assert roughness(values[:39]) >= 1 - 1e-9


def test_a_curve_that_ends_no_lower_is_infinitely_rough():
    assert roughness([1, 2, 1]) == float("inf")


def test_a_curve_that_stays_is_smooth():
    assert roughness([0.693] * 50) == 1
    assert roughness([]) == 1

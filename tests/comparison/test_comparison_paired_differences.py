"""The test on paired runs, against SciPy, identities, and how often it raises a false alarm."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from layerwise.comparison import holm, paired_difference
from layerwise.comparison.paired_differences import smallest_tellable
from layerwise.errors import InputError

SCORES = st.lists(
    st.tuples(st.floats(-100, 100), st.floats(-100, 100)).map(
        lambda pair: (round(pair[0], 3), round(pair[1], 3))
    ),
    min_size=3,
    max_size=12,
)


@given(SCORES)
def test_without_overlap_it_is_scipys_paired_t_test(pairs):
    first, second = np.array(pairs).T
    if np.ptp(first - second) < 1e-6:
        return
    found = paired_difference(first, second)
    expected = scipy.stats.ttest_rel(first, second)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9, abs=1e-300)
    interval = expected.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-9, abs=1e-9)


@given(SCORES, st.floats(0, 2))
def test_overlap_shrinks_t_by_the_factor_of_nadeau_and_bengio(pairs, overlap):
    first, second = np.array(pairs).T
    if np.ptp(first - second) < 1e-6:
        return
    n = len(first)
    t = scipy.stats.ttest_rel(first, second).statistic * np.sqrt((1 / n) / (1 / n + overlap))
    found = paired_difference(first, second, overlap=overlap)
    assert found.p == pytest.approx(2 * scipy.stats.t.sf(abs(t), n - 1), rel=1e-9, abs=1e-300)


@given(SCORES, st.floats(0, 1))
def test_the_other_way_round_is_the_same_with_the_sign_turned(pairs, overlap):
    first, second = np.array(pairs).T
    there = paired_difference(first, second, overlap=overlap)
    back = paired_difference(second, first, overlap=overlap)
    assert (there.p, there.mean) == (back.p, -back.mean)


def test_the_interval_excludes_zero_exactly_where_p_is_below_five_percent():
    draw = np.random.default_rng(0)
    told = []
    for _ in range(300):
        found = paired_difference(draw.normal(0.7, 1, 6), draw.normal(0, 1, 6), overlap=0.25)
        told.append(found.p < 0.05)
        assert told[-1] == (found.low > 0 or found.high < 0)
    assert 0 < sum(told) < 300


def shared_draws(draw, shape, overlap):
    """Differences between equals as runs on overlapping splits give them: correlation o / (1 + o)."""
    runs, n = shape
    correlation = overlap / (1 + overlap)
    common = draw.normal(size=(runs, 1))
    return np.sqrt(correlation) * common + np.sqrt(1 - correlation) * draw.normal(size=(runs, n))


@pytest.mark.parametrize("n", [3, 5, 10])
def test_equals_are_told_apart_one_time_in_twenty(n):
    draw = np.random.default_rng(n)
    differences = shared_draws(draw, (4000, n), 0.3125)
    zeros = np.zeros(n)
    alarms = np.mean([paired_difference(d, zeros, overlap=0.3125).p < 0.05 for d in differences])
    # Three standard errors of a share of 0.05 in 4,000 are 0.0104.
    assert abs(alarms - 0.05) < 0.0104


def test_the_plain_test_would_raise_false_alarms_on_overlapping_splits():
    differences = shared_draws(np.random.default_rng(1), (1000, 10), 0.3125)
    zeros = np.zeros(10)
    assert np.mean([paired_difference(d, zeros).p < 0.05 for d in differences]) > 0.25


def test_a_family_of_equals_raises_an_alarm_one_time_in_twenty_at_most():
    draw = np.random.default_rng(2)
    families = 600
    alarms = 0
    for _ in range(families):
        scores = [shared_draws(draw, (1, 6), 0.3125)[0] for _ in range(4)]
        ps = [paired_difference(a, b, overlap=0.3125).p for a, b in itertools.combinations(scores, 2)]
        alarms += min(holm(ps)) < 0.05
    assert 0 < alarms / families < 0.05 + 3 * np.sqrt(0.05 * 0.95 / families)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7))
def test_holm_is_the_closed_test_of_bonferroni(ps):
    m = len(ps)
    adjusted = holm(ps)
    for i in range(m):
        families = (c for size in range(1, m + 1) for c in itertools.combinations(range(m), size) if i in c)
        largest = max(min(1.0, len(c) * min(ps[k] for k in c)) for c in families)
        assert adjusted[i] == pytest.approx(largest)


def test_holm_gives_what_r_gives():
    """p.adjust(c(0.01, 0.04, 0.03, 0.005), method = "holm") in R."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_a_pair_without_p_is_not_counted():
    assert holm([None, 0.02, None, 0.5]) == [None, 0.04, None, 0.5]


def test_fewer_than_three_runs_tell_nothing():
    one, two = paired_difference([0.9], [0.1]), paired_difference([0.9, 0.91], [0.1, 0.1])
    assert (one.runs, one.p, one.low) == (1, None, None)
    assert (two.runs, two.p, two.low) == (2, None, None)
    assert two.mean == pytest.approx(0.805)


def test_equal_scores_are_no_difference():
    assert paired_difference([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]).p == 1.0


@pytest.mark.parametrize("n", [3, 6, 10])
def test_differences_without_spread_are_judged_by_the_sign_test(n):
    found = paired_difference(np.linspace(0.5, 0.6, n) + 0.1, np.linspace(0.5, 0.6, n))
    assert found.p == pytest.approx(scipy.stats.binomtest(n, n, 0.5).pvalue)


def test_a_difference_of_the_smallest_tellable_size_has_p_at_the_edge():
    d = np.array([0.1, -0.2, 0.05, 0.3, -0.1])
    found = paired_difference(d, np.zeros(5), overlap=0.3)
    shifted = d - d.mean() + smallest_tellable(found.margin, 5, pairs=6)
    assert paired_difference(shifted, np.zeros(5), overlap=0.3).p * 6 == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("first", "second", "word"),
    [([1.0, 2.0], [1.0], "equal length"), ([], [], "equal length"), ([1.0, np.nan], [1.0, 1.0], "finite")],
)
def test_what_is_no_pair_is_refused(first, second, word):
    with pytest.raises(InputError, match=word):
        paired_difference(first, second)

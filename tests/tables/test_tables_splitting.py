import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from layerwise.errors import InputError
from layerwise.tables import split_rows


def assert_partition(split, n):
    together = np.concatenate(split)
    assert len(together) == n
    assert np.array_equal(np.sort(together), np.arange(n))
    for side in split:
        assert side.dtype == np.int64
        assert np.array_equal(side, np.sort(side))


shares = st.floats(0.05, 0.4)


@given(st.integers(20, 300), shares, shares, st.integers(0, 5))
def test_every_row_is_on_exactly_one_side_and_the_shares_hold(n, test, validation, seed):
    split = split_rows(n, task="regression", test=test, validation=validation, seed=seed)
    assert_partition(split, n)
    assert abs(len(split.test) - n * test) <= 1
    assert abs(len(split.validation) - n * validation) <= 1


@given(st.lists(st.integers(0, 4), min_size=30, max_size=200), st.integers(0, 5))
def test_classes_are_in_proportion_and_training_has_them_all(y, seed):
    y = np.array(y)
    split = split_rows(len(y), y=y, task="multiclass", seed=seed)
    assert_partition(split, len(y))
    assert set(y[split.train]) == set(y)
    for label, count in zip(*np.unique(y, return_counts=True), strict=True):
        assert abs((y[split.test] == label).sum() - 0.2 * count) <= 1
        assert abs((y[split.validation] == label).sum() - 0.15 * count) <= 1


def test_the_class_counts_are_those_of_scikit_learn_where_shares_come_out_even():
    y = np.repeat([0, 1, 2], [100, 60, 40])
    ours = split_rows(200, y=y, task="multiclass", test=0.2, validation=0)
    _, theirs = train_test_split(np.arange(200), test_size=0.2, stratify=y, random_state=0)
    assert np.array_equal(np.bincount(y[ours.test]), np.bincount(y[theirs]))


def test_the_seed_decides_the_split():
    y = np.arange(100) % 2
    first, again, other = (split_rows(100, y=y, task="binary", seed=seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first.test, other.test)


def test_the_drawn_rows_do_not_depend_on_their_place():
    counts = np.zeros(60)
    for seed in range(400):
        counts[split_rows(60, task="regression", seed=seed).test] += 1
    # Each row is drawn 80 times of 400 on average, standard deviation 8.
    assert np.abs(counts - 80).max() < 5 * 8


def test_a_side_can_be_left_to_a_file_of_its_own():
    split = split_rows(50, task="regression", test=0)
    assert len(split.test) == 0
    assert len(split.validation) == 8
    split = split_rows(50, task="regression", test=0, validation=0)
    assert len(split.train) == 50


@pytest.mark.parametrize("task", ["regression", "binary"])
@settings(max_examples=40)
@given(st.lists(st.integers(0, 25), min_size=40, max_size=150), st.integers(0, 4))
def test_no_group_is_on_two_sides(task, group, seed):
    group = np.array([*group, *range(26, 34)])
    y = np.arange(len(group)) % 2
    split = split_rows(len(group), y=y, task=task, group=group, seed=seed)
    assert_partition(split, len(group))
    sides = [set(group[side]) for side in split]
    assert not sides[0] & sides[1]
    assert not sides[0] & sides[2]
    assert not sides[1] & sides[2]
    assert all(sides)


def test_shares_nearly_hold_by_group():
    group = np.random.default_rng(0).integers(0, 60, 1000)
    y = np.random.default_rng(1).integers(0, 2, 1000)
    split = split_rows(1000, y=y, task="binary", group=group)
    assert abs(len(split.test) - 200) < 60
    assert abs(len(split.validation) - 150) < 60


def test_groups_may_be_names_in_a_polars_column_and_the_seed_counts():
    group = pl.Series([f"house {k % 30}" for k in range(300)])
    first = split_rows(300, task="regression", group=group, seed=0)
    second = split_rows(300, task="regression", group=group, seed=1)
    assert_partition(first, 300)
    assert not np.array_equal(first.test, second.test)


@given(st.lists(st.integers(0, 60), min_size=40, max_size=120, unique=False))
def test_by_time_the_past_trains_and_the_future_tests(moments):
    moments = np.array([*moments, *range(70, 90)])
    split = split_rows(len(moments), task="regression", time=moments)
    assert_partition(split, len(moments))
    assert moments[split.train].max() < moments[split.validation].min()
    assert moments[split.validation].max() < moments[split.test].min()


def test_time_may_be_dates():
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(days=k) for k in range(100)][::-1]
    split = split_rows(100, task="regression", time=pl.Series(days))
    assert split.test.tolist() == list(range(20))
    assert split.validation.tolist() == list(range(20, 35))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"test": 1.0}, "test share must be from 0 to less than 1"),
        ({"validation": -0.1}, "validation share"),
        ({"test": 0.6, "validation": 0.4}, "leave no row to train on"),
        ({"group": np.zeros(40), "time": np.arange(40)}, "not by both"),
        ({"group": np.zeros(40)}, "1 group cannot be shared out over 3 sides"),
        ({"group": np.arange(39)}, "one value for each of the 40 rows"),
        (
            {"time": np.array([np.nan] * 2 + [1.0] * 38)},
            r"time column is missing in 2 rows \(first in row 1\)",
        ),
        ({"group": pl.Series(["a", None] * 20)}, r"group column is missing in 20 rows \(first in row 2\)"),
        ({"time": np.ones(40)}, "too few for this split"),
    ],
)
def test_an_impossible_split_is_refused_with_the_reason(options, said):
    with pytest.raises(InputError, match=said):
        split_rows(40, task="regression", **options)


def test_too_few_rows_are_refused():
    with pytest.raises(InputError, match="2 rows cannot be split"):
        split_rows(2, task="regression")


def test_groups_of_one_class_each_are_refused_when_training_would_see_one():
    with pytest.raises(InputError, match="one class"):
        split_rows(
            40, y=np.arange(40) // 20, task="binary", group=np.arange(40) // 20, test=0.5, validation=0
        )

import numpy as np
import polars as pl
import pytest

from layerwise import datasets
from layerwise.tables import profile_table

DRAW = np.random.default_rng(1)
N = 600
NOISE = DRAW.normal(size=N)
LABELS = np.where(NOISE + DRAW.normal(size=N) > 0, "yes", "no")
VALUES = np.exp(NOISE + DRAW.normal(size=N))


def leaks(**columns):
    target = columns.pop("target")
    frame = pl.DataFrame({"honest": NOISE, **columns, "y": target})
    profile = profile_table(frame, "y")
    return profile, {notice.column: notice for notice in profile.notices if notice.code == "leak"}


@pytest.mark.parametrize(
    "copy",
    [
        LABELS,
        LABELS == "yes",
        np.where(LABELS == "yes", 1, 2),
        np.where(LABELS == "yes", "left", "stayed"),
        np.where(LABELS == "yes", 3.5, np.nan),
    ],
)
def test_a_recoding_of_the_classes_is_left_out_with_a_warning(copy):
    profile, told = leaks(copy=copy, target=LABELS)
    assert set(told) == {"copy"}
    assert told["copy"].severity == "warning"
    assert not profile["copy"].used
    assert "coding" in profile["copy"].reason


@pytest.mark.parametrize("copy", [VALUES, VALUES * 100, 32 + 1.8 * VALUES])
def test_a_value_in_another_unit_is_left_out_with_a_warning(copy):
    profile, told = leaks(copy=copy, target=VALUES)
    assert set(told) == {"copy"}
    assert not profile["copy"].used


def test_a_column_that_nearly_gives_the_answer_is_kept_with_its_figure():
    refund = np.where(LABELS == "yes", DRAW.uniform(10, 20, N), DRAW.uniform(0, 9, N))
    profile, told = leaks(refund=refund, target=LABELS)
    assert profile["refund"].used
    assert "1.0000 on rows it had not seen" in told["refund"].message
    profile, told = leaks(rank=VALUES**3, target=VALUES)
    assert profile["rank"].used
    assert "rank correlation 1.0000" in told["rank"].message


def test_a_column_filled_in_only_after_the_outcome_is_noticed():
    left = np.where(LABELS == "yes", DRAW.normal(size=N), np.nan)
    _, told = leaks(left=left, target=LABELS)
    assert set(told) == {"left"}
    days = ["2024-01-05" if label == "yes" else None for label in LABELS]
    days[int(np.argmax(LABELS == "yes"))] = "2024-02-05"
    _, told = leaks(days=days, target=LABELS)
    assert set(told) == {"days"}


def test_a_category_whose_every_level_has_one_answer_is_noticed():
    codes = [f"{label}{k % 15}" for k, label in enumerate(LABELS)]
    _, told = leaks(code=codes, target=LABELS)
    assert set(told) == {"code"}


def test_the_only_column_is_kept_even_if_it_copies_the_target():
    frame = pl.DataFrame({"x": NOISE, "y": 2 * NOISE + 1})
    profile = profile_table(frame, "y")
    assert profile["x"].used
    assert [notice.code for notice in profile.notices] == ["leak"]


def test_a_copy_that_the_person_asks_for_is_used():
    frame = pl.DataFrame({"honest": NOISE, "copy": VALUES, "y": VALUES})
    assert profile_table(frame, "y", only=["honest", "copy"])["copy"].used


@pytest.mark.parametrize("name", datasets.names())
def test_clean_data_raises_no_false_alarm(name):
    data = datasets.load(name)
    profile = profile_table(data.frame, data.target)
    assert [notice for notice in profile.notices if notice.code == "leak"] == []


@pytest.mark.parametrize("seed", range(10))
def test_a_strong_but_honest_column_raises_no_alarm(seed):
    draw = np.random.default_rng(seed)
    x = draw.normal(size=1000)
    y = x + draw.normal(scale=0.2, size=1000)
    codes = draw.integers(0, 40, 1000).astype(str)
    for target in (y, np.where(y > 0, "a", "b")):
        profile = profile_table(pl.DataFrame({"x": x, "code": codes, "y": target}), "y")
        assert [notice for notice in profile.notices if notice.code == "leak"] == []


def test_tables_too_small_to_tell_name_no_leak():
    frame = pl.DataFrame({"a": [0, 1] * 10, "b": range(20), "y": ["no", "yes"] * 10})
    assert [notice for notice in profile_table(frame, "y").notices if notice.code == "leak"] == []

import uuid

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import InputError
from layerwise.tables import Kind, profile_table
from layerwise.tables.kinds import recognise_kind

DRAW = np.random.default_rng(0)
N = 200
NORMAL = DRAW.normal(size=N)


def kind_of(values, **options):
    return recognise_kind(pl.Series("x", values, **options)).kind


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Kind.NUMBER, NORMAL),
        (Kind.NUMBER, [1, 2, 3, 2, 1]),
        (Kind.NUMBER, ["1.5", " 2", "-", "NA", "1e3"]),
        (Kind.NUMBER, [float("nan"), 1.0, 2.0]),
        (Kind.NUMBER, [1.0, None, 1.0]),
        (Kind.NUMBER, list(range(1990, 2020))),
        (Kind.BOOLEAN, [True, None, False]),
        (Kind.BOOLEAN, [0, 1, 1, None]),
        (Kind.BOOLEAN, ["yes", "No", None]),
        (Kind.BOOLEAN, ["TRUE", "false"]),
        (Kind.CATEGORY, ["a", "b", "a", None]),
        (Kind.CATEGORY, ["00123", "04510", "00123"]),
        (Kind.CATEGORY, [f"name {k % 150}" for k in range(N)]),
        (Kind.CATEGORY, ["$1,200", "$15", "$1,200"]),
        (Kind.DATE, ["2024-01-05", "2024-02-29", None]),
        (Kind.DATE, ["5.1.2024", "29.2.2024"]),
        (Kind.DATE, ["2024-01-05T10:11:12Z", "2024-01-06T10:11:12.5Z"]),
        (Kind.CONSTANT, [7] * 5),
        (Kind.CONSTANT, ["x", " x "]),
        (Kind.EMPTY, [None, None]),
        (Kind.EMPTY, ["NA", "", "?"]),
        (Kind.EMPTY, [float("nan")] * 3),
        (Kind.IDENTIFIER, list(range(1000, 1000 + N))),
        (Kind.IDENTIFIER, [float(k) for k in DRAW.permutation(N)]),
        (Kind.IDENTIFIER, [10 * k for k in range(N)]),
        (Kind.IDENTIFIER, [f"C-{k:05d}" for k in range(N)]),
        (Kind.IDENTIFIER, [str(uuid.UUID(int=k * 7919)) for k in range(N)]),
        (Kind.TEXT, [f"the {k}th customer wrote a long and winding letter" for k in range(N)]),
        (Kind.TEXT, [[1, 2], [3], [4]]),
    ],
)
def test_the_kind_of_a_column_is_told_from_its_values(kind, values):
    assert kind_of(values) == kind


@given(st.integers(15, 400), st.integers(-(10**9), 10**9), st.integers(1, 1000), st.randoms())
def test_row_numbers_are_identifiers_from_wherever_they_count_and_in_any_order(n, start, step, random):
    values = [start + step * k for k in range(n)]
    random.shuffle(values)
    years = values and min(values) >= 1800 and max(values) <= 2100
    assert kind_of(values) == (Kind.NUMBER if years else Kind.IDENTIFIER)


@pytest.mark.parametrize("seed", range(20))
def test_measurements_in_whole_numbers_are_not_taken_for_identifiers(seed):
    draw = np.random.default_rng(seed)
    assert kind_of(draw.integers(0, 10**9, 1000)) == Kind.NUMBER  # distinct, but by chance alone
    assert kind_of(np.rint(draw.lognormal(10, 1, 300)).astype(int)) == Kind.NUMBER
    assert kind_of(draw.integers(0, 500, 300)) == Kind.NUMBER


def test_a_profile_counts_and_summarises():
    frame = pl.DataFrame({"n": [1.0, None, 5.0, 3.0], "c": ["b", "a", "b", "?"], "keep": [1, 0, 1, 1]})
    profile = profile_table(frame)
    number = profile["n"]
    assert (number.rows, number.missing, number.distinct) == (4, 1, 3)
    assert (number.minimum, number.maximum, number.mean) == (1.0, 5.0, 3.0)
    assert profile["c"].examples == ("b", "a")
    assert profile["c"].missing == 1
    assert [column.name for column in profile.used] == ["n", "c", "keep"]


def test_useless_columns_are_left_out_with_a_word():
    frame = pl.DataFrame(
        {
            "row": range(N),
            "same": ["x"] * N,
            "none": [None] * N,
            "note": [f"{k} words that nobody has ever counted before" for k in range(N)],
            "real": NORMAL,
        }
    )
    profile = profile_table(frame)
    assert [column.name for column in profile.used] == ["real"]
    told = {notice.column: notice for notice in profile.notices}
    assert set(told) == {"row", "same", "none", "note"}
    for name, notice in told.items():
        assert repr(name) in notice.message
        assert "left out" in notice.message
        assert profile[name].reason
    assert "'x' in every row" in told["same"].message


def test_many_columns_with_one_fault_share_a_notice():
    frame = pl.DataFrame({f"c{k}": [1] * N for k in range(30)} | {"real": NORMAL})
    (notice,) = profile_table(frame).notices
    assert "30 columns" in notice.message
    assert "24 more" in notice.message


def test_many_levels_are_noticed_and_still_used():
    frame = pl.DataFrame({"city": [f"city {k % 100}" for k in range(N)], "real": NORMAL})
    profile = profile_table(frame)
    assert profile["city"].used
    (notice,) = profile.notices
    assert notice.code == "high_cardinality"
    assert "100 different values" in notice.message


def test_numbers_dressed_as_text_are_noticed():
    prices = [f"${1000 + 37 * (k % 20):,}" for k in range(N)]
    (notice,) = profile_table(pl.DataFrame({"price": prices, "real": NORMAL})).notices
    assert notice.code == "number_as_text"
    assert "'price'" in notice.message


def test_exclude_and_only_choose_columns():
    frame = pl.DataFrame({"a": NORMAL, "b": NORMAL**2, "id": range(N)})
    assert [c.name for c in profile_table(frame, exclude=["a"]).used] == ["b"]
    assert [c.name for c in profile_table(frame, only=["a"]).used] == ["a"]
    assert [c.name for c in profile_table(frame, only=["a", "id"]).used] == ["a", "id"]
    assert profile_table(frame, exclude=["a"])["a"].reason == "left out by --exclude"


def test_a_column_that_serves_another_end_is_no_feature_and_no_news():
    frame = pl.DataFrame({"a": NORMAL, "weight": range(N)})
    profile = profile_table(frame, reserved={"weight": "it holds the weights of the rows"})
    assert [c.name for c in profile.used] == ["a"]
    assert profile["weight"].reason == "it holds the weights of the rows"
    assert profile.notices == ()


@pytest.mark.parametrize("option", ["exclude", "only"])
def test_a_mistyped_column_gets_the_nearest_one(option):
    frame = pl.DataFrame({"height": NORMAL, "b": NORMAL})
    with pytest.raises(InputError, match=rf"--{option} names 'heigth'.*did you mean 'height'"):
        profile_table(frame, **{option: ["heigth"]})


def test_a_column_cannot_be_both_wanted_and_excluded():
    with pytest.raises(InputError, match="both"):
        profile_table(pl.DataFrame({"a": NORMAL, "b": NORMAL}), exclude=["a"], only=["a"])


def test_infinite_values_are_counted_and_placed():
    values = NORMAL.copy()
    values[[4, 9]] = np.inf, -np.inf
    frame = pl.DataFrame({"flow": values, "b": NORMAL})
    with pytest.raises(
        InputError, match=r"'flow' holds 2 infinite values \(first in row 5\).*--exclude 'flow'"
    ):
        profile_table(frame)
    assert [c.name for c in profile_table(frame, exclude=["flow"]).used] == ["b"]


def test_without_any_usable_feature_the_reasons_are_named():
    frame = pl.DataFrame({"same": ["x"] * N, "name": [f"C-{k}" for k in range(N)], "y": NORMAL})
    with pytest.raises(InputError, match=r"no usable feature.*'same'.*'name'"):
        profile_table(frame, "y")
    with pytest.raises(InputError, match="no column besides the target"):
        profile_table(frame.select("y"), "y")


def test_a_lone_running_number_is_used_after_all_with_a_warning():
    profile = profile_table(pl.DataFrame({"x": range(N), "y": NORMAL}), "y")
    assert profile["x"].used
    assert profile["x"].kind == Kind.NUMBER
    assert [notice.code for notice in profile.notices] == ["last_resort"]


def test_repeated_rows_are_counted():
    frame = pl.DataFrame({"a": [1.5, 1.5, 2.5, 1.5], "b": ["x", "x", "y", "x"]})
    (notice,) = profile_table(frame).notices
    assert "2 rows of 4" in notice.message


def test_an_absent_target_gets_the_nearest_column():
    with pytest.raises(InputError, match="did you mean 'churned'"):
        profile_table(pl.DataFrame({"churned": [0, 1], "a": [1.0, 2.0]}), "churnd")

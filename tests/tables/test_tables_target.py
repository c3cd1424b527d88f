import datetime
import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import LabelEncoder

from layerwise import datasets
from layerwise.errors import InputError
from layerwise.tables import Target, decide_task, prepare_target

DRAW = np.random.default_rng(0)
N = 300


@pytest.mark.parametrize(
    ("task", "values"),
    [
        ("binary", ["a", "b"] * 20),
        ("binary", [True, False] * 20),
        ("binary", [0, 1] * 20),
        ("binary", [1.0, 2.0, None] * 20),
        ("binary", ["0", "1"] * 20),
        ("multiclass", ["a", "b", "c"] * 20),
        ("multiclass", [0, 1, 2] * 20),
        ("multiclass", DRAW.integers(0, 10, N)),  # ten digits, all about as common
        ("multiclass", [1] * 70 + [2] * 76 + [3] * 17 + [5] * 13 + [6] * 9 + [7] * 29),  # glass, with a gap
        ("multiclass", [1] * 59 + [2] * 71 + [3] * 48),  # three classes say little about their order
        ("regression", DRAW.normal(size=N)),
        ("regression", ["1.5", "2.5", "3.5"] * 20),
        ("regression", DRAW.integers(0, 1000, N)),
        ("regression", DRAW.integers(0, 10, 50)),  # ten values in fifty rows: too few each
        (
            "regression",
            [3] * 20 + [4] * 163 + [5] * 1457 + [6] * 2198 + [7] * 880 + [8] * 175 + [9] * 5,
        ),  # wine
        ("regression", DRAW.binomial(12, 0.5, 3000)),
    ],
)
def test_the_task_follows_from_the_values_by_the_documented_rules(task, values):
    assert decide_task(pl.Series("y", values, strict=False)) == task


@pytest.mark.parametrize("name", datasets.names())
def test_the_task_of_every_built_in_set_is_found(name):
    data = datasets.load(name)
    assert decide_task(data.frame[data.target]) == data.task


def test_a_task_that_is_asked_for_wins_if_the_values_allow_it():
    digits = pl.Series("y", [0, 1, 2] * 20)
    assert decide_task(digits, "regression") == "regression"
    assert decide_task(pl.Series("y", [0.5, 1.5] * 20), "binary") == "binary"
    with pytest.raises(InputError, match=r"--task binary needs two labels.*holds 3.*--task multiclass"):
        decide_task(digits, "binary")
    with pytest.raises(InputError, match=r"a regression needs numbers.*'x' in row 2"):
        decide_task(pl.Series("y", ["1", "x"]), "regression")
    with pytest.raises(InputError, match="did you mean 'regression'"):
        decide_task(digits, "regresion")


def test_the_notice_says_which_rule_decided_and_how_to_overrule_it():
    frame = pl.DataFrame({"digit": [0, 1, 2] * 20})
    _, _, (notice,) = prepare_target(frame, "digit")
    assert "multiclass" in notice.message
    assert "3 different whole numbers" in notice.message
    assert "--task regression" in notice.message


labels = st.one_of(
    st.lists(st.text("abcé ", min_size=1, max_size=3).map(str.strip).filter(bool), min_size=2, unique=True),
    st.lists(st.integers(-50, 50), min_size=2, max_size=5, unique=True),
    st.just([False, True]),
)


@given(labels, st.integers(2, 5), st.randoms())
def test_classes_are_numbered_as_scikit_learn_does_and_come_back(values, copies, random):
    values = values[:8] * copies
    random.shuffle(values)
    series = pl.Series("y", values)
    target, keep, _ = prepare_target(series.to_frame(), "y", task="multiclass")
    codes = target.encode(series)
    assert codes.dtype == np.int64
    np.testing.assert_array_equal(codes, LabelEncoder().fit_transform(np.array(values)))
    assert keep.all()
    back = target.decode(codes)
    assert back.to_list() == values
    assert back.dtype == series.dtype
    assert Target.from_dict(json.loads(json.dumps(target.to_dict()))) == target


def test_the_positive_class_is_the_second_label_in_order():
    target, _, _ = prepare_target(pl.DataFrame({"y": ["malignant", "benign"] * 10}), "y")
    assert target.labels == ("benign", "malignant")
    assert target.task == "binary"


def test_a_label_is_known_by_its_text_in_another_file():
    target, _, _ = prepare_target(pl.DataFrame({"y": [1, 2, 1, 2]}), "y")
    for same in ([1, 2], [1.0, 2.0], ["1", " 2"]):
        assert target.encode(pl.Series("y", same)).tolist() == [0, 1]


def test_values_of_a_regression_pass_through():
    values = DRAW.normal(size=N)
    target, _, _ = prepare_target(pl.DataFrame({"y": values}), "y")
    np.testing.assert_array_equal(target.encode(pl.Series(values)), values)
    np.testing.assert_array_equal(target.decode(values).to_numpy(), values)
    assert target.labels is None


def test_rows_without_a_target_are_left_out_with_their_number():
    frame = pl.DataFrame({"y": ["a", None, "b", "NA", "a", "b", ""]})
    target, keep, notices = prepare_target(frame, "y")
    assert keep.tolist() == [True, False, True, False, True, True, False]
    assert target.labels == ("a", "b")
    assert any("missing in 3 rows of 7" in notice.message for notice in notices)
    assert target.encode(frame["y"].filter(pl.Series(keep))).tolist() == [0, 1, 0, 1]


def test_rare_classes_are_noticed():
    frame = pl.DataFrame({"y": ["a"] * 50 + ["b"] * 4})
    _, _, notices = prepare_target(frame, "y")
    assert any("fewer than 10 examples of 'b'" in notice.message for notice in notices)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1, 1, 1, 1], "is 1 in every row"),
        (["x", "x"], "is 'x' in every row"),
        ([2.5, 2.5, None], "is 2.5 in every row"),
        ([None, None], "holds no value in any of its 2 rows"),
        (["NA", "?"], "holds no value"),
        ([], "has no rows"),
        (["a", "b", "a", "c", "b"], "one example of the class 'c', in row 4"),
        ([f"name {k}" for k in range(40)], "40 different labels in 40 rows"),
        ([1.5, float("inf"), 2.5, float("-inf")], r"2 infinite values \(first in row 2\)"),
        ([datetime.date(2024, 1, 5), datetime.date(2024, 1, 6)], "neither labels nor numbers"),
    ],
)
def test_a_target_that_cannot_be_learnt_is_refused_with_the_reason(values, said):
    with pytest.raises(InputError, match=said):
        prepare_target(pl.DataFrame({"y": values}), "y")


def test_too_many_number_classes_point_to_regression():
    with pytest.raises(InputError, match="use --task regression"):
        prepare_target(pl.DataFrame({"y": range(100)}), "y", task="multiclass")


def test_an_absent_target_gets_the_nearest_column():
    with pytest.raises(InputError, match=r"no column 'Churned'.*did you mean 'churned'"):
        prepare_target(pl.DataFrame({"churned": [0, 1], "age": [1, 2]}), "Churned")


def test_an_unknown_label_a_missing_one_and_text_for_a_number_are_refused():
    target, _, _ = prepare_target(pl.DataFrame({"y": ["a", "b"] * 5}), "y")
    with pytest.raises(InputError, match=r"'c' in row 2.*known are 'a' and 'b'"):
        target.encode(pl.Series("y", ["a", "c"]))
    with pytest.raises(InputError, match="missing in 1 row"):
        target.encode(pl.Series("y", ["a", None]))
    number = Target("y", "regression", None, "Float64")
    with pytest.raises(InputError, match="row 2 holds 'x'"):
        number.encode(pl.Series("y", ["1", "x"]))


@pytest.mark.parametrize(
    "change",
    [
        {"task": "ranking"},
        {"labels": None},
        {"labels": ["a"]},
        {"labels": ["a", "a"]},
        {"labels": ["a", 1]},
        {"labels": ["a", "b", "c"]},
        {"dtype": "Object"},
        {"column": 5},
        {"extra": 1},
    ],
)
def test_a_damaged_stored_target_is_refused(change):
    sound = {"column": "y", "task": "binary", "labels": ["a", "b"], "dtype": "String"}
    assert Target.from_dict(sound).labels == ("a", "b")
    with pytest.raises(InputError, match="damaged"):
        Target.from_dict(sound | change)


def test_categories_come_back_as_text():
    series = pl.Series("y", ["a", "b"] * 5, dtype=pl.Categorical)
    target, _, _ = prepare_target(series.to_frame(), "y")
    assert target.decode(target.encode(series)).to_list() == ["a", "b"] * 5

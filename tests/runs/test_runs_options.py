"""Options told from signatures and docstrings, and what people type for them."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise import TabularClassifier
from layerwise.errors import InputError
from layerwise.runs import OPTIONS, TrainConfig
from layerwise.runs.config import GROUPS
from layerwise.runs.options import Option, as_typed, options_of, parameter_helps


def described(
    *,
    sizes: Sequence[int] = (3, 2),
    rate: float = 0.5,
    name: str | Sequence[str] = "a",
    limit: int | None = 4,
    weights: str | dict | None = None,
    flag: bool = True,
):
    """Do something.

    Parameters
    ----------
    sizes : sequence of int
        How large, in
        two lines.
    rate : float
        How fast.

    Attributes
    ----------
    name_ : str
        Nothing of this.
    """


FOUND = {option.name: option for option in options_of(described, lambda name: "network")}


def test_kinds_and_defaults_come_from_the_signature():
    kinds = {name: (o.scalar, o.one, o.many, o.optional, o.mapping) for name, o in FOUND.items()}
    assert kinds == {
        "sizes": (int, False, True, False, False),
        "rate": (float, True, False, False, False),
        "name": (str, True, True, False, False),
        "limit": (int, True, False, True, False),
        "weights": (str, True, False, True, True),
        "flag": (bool, True, False, False, False),
    }
    assert FOUND["sizes"].default == (3, 2)


def test_help_comes_from_the_docstring():
    assert FOUND["sizes"].help == "How large, in two lines."
    assert FOUND["rate"].help == "How fast."
    assert "name_" not in parameter_helps(inspect.getdoc(described) or "")


def test_every_parameter_of_the_estimator_is_an_option_with_help_and_a_group():
    names = set(inspect.signature(TabularClassifier).parameters)
    assert names < set(OPTIONS)
    assert [name for name, option in OPTIONS.items() if len(option.help) < 10] == []
    assert {option.group for option in OPTIONS.values()} == set(GROUPS)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("sizes", "64,32", (64, 32)),
        ("sizes", "64", (64,)),
        ("sizes", "none", ()),
        ("sizes", " 8, 4 ", (8, 4)),
        ("rate", "1e-3", 0.001),
        ("name", "relu", "relu"),
        ("name", "relu,tanh", ("relu", "tanh")),
        ("limit", "none", None),
        ("limit", "7", 7),
        ("weights", "balanced", "balanced"),
        ("weights", "yes=3,no=0.5", {"yes": 3.0, "no": 0.5}),
        ("weights", "a=b=2", {"a=b": 2.0}),
    ],
)
def test_what_people_type_becomes_a_value(name, text, value):
    assert FOUND[name].from_text(text) == value


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("sizes", "64,x", "whole numbers"),
        ("rate", "fast", "a number"),
        ("limit", "1.5", "a whole number or none"),
        ("weights", "yes=lots", "label=number pairs"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_was_expected(name, text, expected):
    with pytest.raises(InputError, match=name) as refused:
        FOUND[name].from_text(text)
    assert expected in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sizes", [1, "x"]),
        ("sizes", [True]),
        ("rate", True),
        ("rate", [0.1]),
        ("flag", "yes"),
        ("flag", 1),
        ("limit", 1.0),
        ("name", 3),
        ("weights", {"a": "x"}),
    ],
)
def test_values_of_a_wrong_type_are_refused(name, value):
    with pytest.raises(InputError, match=name):
        FOUND[name].from_value(value)


numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(
    st.one_of(
        st.tuples(st.just("sizes"), st.lists(st.integers(1, 10**6)).map(tuple)),
        st.tuples(st.just("rate"), numbers),
        st.tuples(st.just("limit"), st.none() | st.integers()),
        st.tuples(
            st.just("weights"),
            st.dictionaries(st.text("abcxyz =", min_size=1).map(str.strip).filter(bool), numbers, min_size=1),
        ),
    )
)
def test_a_value_written_as_it_is_typed_is_read_back_to_the_last_bit(case):
    name, value = case
    assert FOUND[name].from_text(as_typed(value)) == value
    assert FOUND[name].from_value(value) == value


def test_an_option_knows_its_name_at_the_shell():
    assert Option("learning_rate", "optimizer", float, 0.1).flag == "--learning-rate"


def test_a_configuration_has_every_default_of_the_estimator():
    assert TrainConfig.of({"data": "x.csv"}).network == TabularClassifier().get_params()

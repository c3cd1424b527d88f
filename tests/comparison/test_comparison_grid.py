"""What may be varied, and what is refused before any run."""

from __future__ import annotations

import itertools

import pytest
from small_tables import two_classes

from layerwise.comparison import compare
from layerwise.comparison.grid import combinations, values_from_text
from layerwise.errors import InputError
from layerwise.estimators import TabularClassifier


def test_the_grid_is_the_product_of_the_values():
    found = combinations({"optimizer": ["gd", "adam"], "l2": [0, 0.1, 1]}, {"epochs": 7})
    assert [tuple(c.varied.values()) for c in found] == list(
        itertools.product(["gd", "adam"], [0.0, 0.1, 1.0])
    )
    assert found[0].label == "optimizer=gd, l2=0"


def test_a_combination_has_every_setting_of_the_estimator_but_the_seed():
    found = combinations({"optimizer": ["gd", "adam"]}, {"epochs": 7})[1]
    expected = TabularClassifier(optimizer="adam", epochs=7).get_params()
    del expected["seed"]
    assert found.settings == expected


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("optimizer=gd,adam", "optimizer", ("gd", "adam")),
        ("--learning-rate=0.1, 1e-3", "learning_rate", (0.1, 0.001)),
        ("hidden=64,32;128", "hidden", ((64, 32), (128,))),
        ("hidden=64;none", "hidden", ((64,), ())),
        ("dropout=0,0.5", "dropout", (0.0, 0.5)),
        ("dropout=0,0.5;0.1", "dropout", ((0.0, 0.5), 0.1)),
        ("patience=none,5", "patience", (None, 5)),
        ("shuffle=true,false", "shuffle", (True, False)),
        ("class_weight=none,balanced", "class_weight", (None, "balanced")),
        ("class_weight=yes=2,no=1;balanced", "class_weight", ({"yes": 2.0, "no": 1.0}, "balanced")),
    ],
)
def test_what_is_typed_is_read_as_meant(text, name, values):
    assert values_from_text(text) == (name, values)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("optimiser=gd,adam", "did you mean 'optimizer'"),
        ("optimizer", "NAME=VALUE"),
        ("optimizer=", "NAME=VALUE"),
        ("hidden=64,32", "hidden=64;32"),
        ("epochs=ten,20", "a whole number"),
        ("shuffle=perhaps,no", "true or false"),
        ("seed=1,2", "seeds"),
        ("target=a,b", "which rows are used"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_way_out(text, words):
    with pytest.raises(InputError, match=words):
        values_from_text(text)


@pytest.mark.parametrize(
    ("vary", "fixed", "words"),
    [
        ({"optimizer": ["gd", "adma"]}, {}, "adam"),
        ({"learning_rate": [0.1, -1.0]}, {}, r"learning_rate=-1\)"),
        ({"optimizer": ["gd", "gd"]}, {}, "twice"),
        ({"optimizer": ["gd"]}, {}, "nothing to compare"),
        ({}, {}, "nothing to compare"),
        ({"optimizer": "gd"}, {}, "expected a list"),
        ({"optimizer": []}, {}, "no values"),
        ({"optimizer": ["gd", "adam"]}, {"optimizer": "gd"}, "both varied and fixed"),
        ({"optimizer": ["gd", "adam"]}, {"epoch": 3}, "did you mean 'epochs'"),
        ({"hidden": [(4, 4), (4,)], "dropout": [(0.1, 0.1), 0.2]}, {}, r"hidden=4, dropout=0.1,0.1"),
    ],
)
def test_a_grid_that_cannot_run_is_refused_whole(vary, fixed, words):
    with pytest.raises(InputError, match=words):
        combinations(vary, fixed)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"seeds": 0}, "seeds"),
        ({"seeds": [1, 1]}, "seeds"),
        ({"seeds": "5"}, "seeds"),
        ({"jobs": 0}, "jobs"),
        ({"metric": "r2"}, "no metric 'r2'"),
        ({"test_fraction": 0}, "test_fraction"),
        ({"test_fraction": 0.9}, "leave no row"),
        ({"estimator": object()}, "TabularClassifier"),
        ({"task": "multi"}, "multiclass"),
        ({"settings": {"label_smoothing": 2.0}}, "label_smoothing"),
    ],
)
def test_compare_refuses_before_any_run(more, words):
    X, y = two_classes()
    ran = []
    with pytest.raises(InputError, match=words):
        compare(X, y, vary={"optimizer": ["gd", "adam"]}, progress=ran.append, **more)
    assert ran == []

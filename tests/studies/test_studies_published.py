"""The studies give the figures that the note and its course publish."""

from __future__ import annotations

import math

import numpy as np
import pytest

from layerwise.studies import study
from published_costs import HE_COSTS


def table(outcome):
    return {
        row.run.arm.key: (
            round(100 * row.run.train_accuracy, 2),
            round(100 * row.run.test_accuracy, 2),
            row.comment,
        )
        for row in outcome.rows
    }


def test_initialization_gives_the_published_table(initialization):
    assert table(initialization) == {
        "zeros": (50.0, 50.0, "fails to break symmetry"),
        "large": (83.0, 86.0, "too large weights"),
        "he": (99.33, 96.0, "learns well"),
    }


def test_initialization_gives_the_published_costs(initialization):
    zeros, large, he = (dict(row.run.costs) for row in initialization.rows)
    assert {k: he[k] for k in HE_COSTS} == pytest.approx(HE_COSTS, abs=1e-9)
    assert list(zeros.values()) == pytest.approx([math.log(2)] * 150, abs=1e-12)
    assert large[0] > 100
    assert large[1000] == pytest.approx(0.6250982793959966, abs=1e-2)


def test_the_state_of_the_global_generator_is_left_alone():
    np.random.seed(5)
    before = np.random.get_state()[1].copy()
    study("gradient-checking")
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_optimization_gives_the_published_table(optimization):
    found = table(optimization)
    assert {key: row[0] for key, row in found.items()} == {"gd": 79.67, "momentum": 79.67, "adam": 94.0}
    assert [row.cost_shape for row in optimization.rows] == ["oscillates", "oscillates", "smoother"]
    assert found["gd"][2] == found["momentum"][2] == "converges slowly"
    assert found["adam"][2] == "learns well"


def test_optimization_gives_the_published_costs(optimization):
    plain, momentum, adam = (dict(row.run.costs) for row in optimization.rows)
    published = {0: 0.690736, 1000: 0.685273, 2000: 0.647072, 3000: 0.619525, 4000: 0.576584}
    assert {k: plain[k] for k in published} == pytest.approx(published, abs=5e-7)
    published = {0: 0.690741, 1000: 0.685341, 2000: 0.647145, 3000: 0.619594, 4000: 0.576665}
    assert {k: momentum[k] for k in published} == pytest.approx(published, abs=5e-7)
    assert {k: adam[k] for k in (0, 1000)} == pytest.approx({0: 0.690552, 1000: 0.185567}, abs=5e-7)


def test_regularization_gives_the_published_table_and_costs(shared):
    outcome = study("regularization", data=str(shared / "data" / "course" / "data.mat"))
    assert table(outcome) == {
        "none": (94.79, 91.5, "overfits"),
        "l2": (93.84, 93.0, "learns well"),
        "dropout": (92.89, 95.0, "overconfident"),
    }
    published = {
        "none": {0: 0.6557412523481002, 10000: 0.16329987525724216, 20000: 0.13851642423255986},
        "l2": {0: 0.6974484493131264, 10000: 0.2684918873282239, 20000: 0.2680916337127301},
        "dropout": {0: 0.6543912405149825, 10000: 0.06101698657490560, 20000: 0.060582435798513114},
    }
    for row in outcome.rows:
        costs = dict(row.run.costs)
        expected = published[row.run.arm.key]
        assert {k: costs[k] for k in expected} == pytest.approx(expected, abs=1e-9)


def test_gradient_checking_gives_the_published_differences(gradient_checking):
    one, bugs, right = gradient_checking.rows
    assert one.difference == pytest.approx(2.919335883291695e-10, rel=1e-9)
    assert bugs.difference == pytest.approx(0.285093156781, abs=1e-9)
    assert right.difference == pytest.approx(1.18904178788e-07, rel=1e-3)
    assert one.comment == right.comment == "correct"
    assert bugs.wrong == {
        "dW2": pytest.approx(2, abs=1e-6),
        "db1": pytest.approx(4, abs=1e-6),
    }


@pytest.mark.slow
def test_building_gives_the_published_table_and_costs_of_the_cats(shared):
    pytest.importorskip("h5py", reason="the cat pictures are HDF5 files")
    outcome = study("building", data=str(shared / "data" / "course"))
    assert table(outcome) == {"two": (100.0, 72.0, "overfits"), "deep": (98.56, 80.0, "overfits")}
    two, deep = (dict(row.run.costs) for row in outcome.rows)
    published = {0: 0.6930497356599888, 100: 0.6464320953428849, 1000: 0.3394281538366412}
    assert {k: two[k] for k in published} == pytest.approx(published, abs=1e-9)
    published = {0: 0.771749, 100: 0.672053, 2400: 0.092878}
    assert {k: deep[k] for k in published} == pytest.approx(published, abs=2e-6)


def test_building_reads_digits_where_no_pictures_are_given():
    outcome = study("building")
    assert outcome.examples.X.shape == (1438, 64)
    assert all(row.run.test_accuracy > 0.95 for row in outcome.rows)


def test_regularization_without_the_course_file_says_whose_data_it_is():
    outcome = study("regularization")
    assert outcome.document()["data"] == "layerwise's own football generator"
    plain, l2, _ = outcome.rows
    assert "overfits" in plain.comment
    assert l2.comment == "learns well"

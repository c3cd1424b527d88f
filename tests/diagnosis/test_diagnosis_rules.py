"""Each rule on histories made by hand: where it must speak, and where it must not."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from histories import falling, history
from hypothesis import given
from hypothesis import strategies as st

from layerwise.diagnosis import Finding, diagnose
from layerwise.diagnosis.diagnose import RULES
from layerwise.diagnosis.sentences import LANGUAGES, NAMES, SENTENCES
from layerwise.errors import InputError


def rules(rows, **facts):
    return [finding.rule for finding in diagnose(rows, **facts)]


def one(rows, rule, **facts) -> Finding:
    (found,) = [finding for finding in diagnose(rows, **facts) if finding.rule == rule]
    return found


def test_a_run_that_falls_and_settles_learns_well_and_nothing_else():
    found = diagnose(history(falling()))
    assert [finding.rule for finding in found] == ["learns well"]
    assert found[0].evidence["baseline_cost"] == pytest.approx(math.log(2))
    assert found[0].evidence["share_of_baseline"] == pytest.approx(0.05 / math.log(2), rel=0.01)


def test_units_that_stay_equal_fail_to_break_symmetry_even_where_the_cost_falls():
    rows = history(falling(), layer1_unit_spread=[0.9] * 100, layer2_unit_spread=[0.0] * 100)
    found = one(rows, "fails to break symmetry")
    assert found.evidence["layer"] == 2
    assert found.severity == "problem"
    assert "learns well" not in rules(rows)


def test_units_that_differ_once_have_broken_symmetry():
    spread = [0.0] * 99 + [0.2]
    assert "fails to break symmetry" not in rules(history(falling(), layer1_unit_spread=spread))


def test_a_flat_cost_of_units_that_differ_is_not_called_symmetry():
    rows = history([math.log(2)] * 50, layer1_unit_spread=[0.9] * 50)
    assert rules(rows) == []


def test_a_huge_first_cost_from_saturated_outputs_is_too_large_weights():
    cost = [50.0, *falling(99, 0.6, 0.3)]
    rows = history(cost, layer1_saturated_fraction=[0.1] * 100, layer2_saturated_fraction=[0.9] + [0.1] * 99)
    found = one(rows, "too large weights")
    assert found.evidence["times_baseline"] == pytest.approx(50 / math.log(2))
    assert found.evidence["saturated"] == 0.9
    assert found.epochs == (1, 1)


@pytest.mark.parametrize(("first", "saturated"), [(50.0, 0.2), (0.8, 0.9)])
def test_a_huge_cost_alone_or_saturation_alone_is_not_too_large_weights(first, saturated):
    rows = history([first, *falling(99)], layer1_saturated_fraction=[saturated] * 100)
    assert "too large weights" not in rules(rows)


def turning(rows=100, low=0.25, end=0.5):
    return np.concatenate([np.linspace(0.69, low, rows // 4), np.linspace(low, end, rows - rows // 4)])


def test_a_held_out_cost_that_turns_upward_overfits():
    found = one(history(falling(), validation_cost=turning()), "overfits")
    assert found.evidence["lowest_epoch"] == pytest.approx(26, abs=3)
    assert found.evidence["validation_cost"] == pytest.approx(0.5, rel=0.02)
    assert found.epochs[1] == 100


def test_no_worse_answers_at_a_higher_cost_are_overconfident_not_overfitted():
    rows = history(
        falling(), validation_cost=turning(), train_accuracy=[0.93] * 100, validation_accuracy=[0.95] * 100
    )
    assert "overconfident" in rules(rows)
    assert "overfits" not in rules(rows)


@pytest.mark.parametrize("held_out", [falling(100, 0.69, 0.2), turning(end=0.26), np.full(100, 0.4)])
def test_a_held_out_cost_that_settles_does_not_overfit(held_out):
    assert not {"overfits", "overconfident"} & set(rules(history(falling(), validation_cost=held_out)))


def test_a_cost_still_coming_down_at_the_end_converges_slowly():
    found = one(history(np.linspace(0.69, 0.45, 100)), "converges slowly")
    assert found.evidence["share_of_fall"] == pytest.approx(0.1, abs=0.02)
    assert found.epochs == (91, 100)


def test_a_bad_start_does_not_hide_a_slow_end():
    cost = [1000.0, *np.linspace(0.69, 0.45, 99)]
    assert "converges slowly" in rules(history(cost))
    assert "converges slowly" not in rules(history(cost), task="regression")


def test_a_few_rows_show_no_slowness_and_no_swing():
    assert not {"converges slowly", "oscillates"} & set(rules(history([0.7, 0.5, 0.6, 0.4])))


def test_a_curve_of_large_swings_oscillates():
    cost = falling() + 0.1 * (-1.0) ** np.arange(100)
    found = one(history(cost), "oscillates")
    assert found.evidence["swing"] == pytest.approx(0.2, rel=0.05)
    assert found.severity == "remark"


def test_half_of_the_answers_is_not_learning_well():
    rows = history(falling(), train_accuracy=[0.6] * 100)
    assert "learns well" not in rules(rows, baseline_accuracy=0.5)
    better = history(falling(), train_accuracy=[0.95] * 100)
    assert "learns well" in rules(better, baseline_accuracy=0.5)


def test_problems_come_first():
    rows = history(
        falling() + 0.1 * (-1.0) ** np.arange(100), validation_cost=turning(), layer1_unit_spread=[0.0] * 100
    )
    severities = [finding.severity for finding in diagnose(rows)]
    assert severities == sorted(severities, key=["problem", "good", "remark"].index)
    assert len(severities) >= 3


def test_frames_and_rows_say_the_same():
    rows = history(np.linspace(0.69, 0.45, 100), validation_cost=turning())
    assert diagnose(pl.DataFrame(rows)) == diagnose(rows)
    assert diagnose(pl.DataFrame(rows).to_pandas()) == diagnose(rows)


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=40),
    st.lists(st.one_of(st.none(), st.floats()), min_size=40, max_size=40),
)
def test_no_history_makes_a_rule_fail(cost, other):
    rows = history(cost, validation_cost=other, train_accuracy=other, layer1_unit_spread=other)
    for finding in diagnose(rows):
        for language in LANGUAGES:
            assert finding.words(language)
            assert finding.name(language)


def test_every_rule_has_its_words_in_every_language():
    for language in LANGUAGES:
        assert set(NAMES[language]) == set(SENTENCES[language]) == set(NAMES["en"])
    assert len(NAMES["en"]) == len(RULES) + 1


@pytest.mark.parametrize(
    ("given_history", "task", "says"),
    [
        ([], "binary", "no rows"),
        ([{"loss": 1.0}], "binary", "no column 'cost'; found loss"),
        ([{"cost": 1.0}], "binry", "did you mean 'binary'"),
        ("cost", "binary", "expected a History"),
    ],
)
def test_what_is_no_history_is_refused_with_a_sentence(given_history, task, says):
    with pytest.raises(InputError, match=says):
        diagnose(given_history, task=task)


def test_an_unknown_language_is_refused():
    with pytest.raises(InputError, match="unknown language 'fr'"):
        diagnose(history(falling()))[0].words("fr")

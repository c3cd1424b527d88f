"""Many seeds and many rates."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from layerwise.studies.building import BUILDING
from layerwise.studies.conclusions import Conclusion, verdict_on
from layerwise.studies.note_random import Seeds
from layerwise.studies.plane_studies import INITIALIZATION, OPTIMIZATION, REGULARIZATION, circles
from layerwise.studies.repeats import repeat_study
from layerwise.studies.tables import repeats_table, tuned_table
from layerwise.studies.tuning import Tried, held_out, tune_study

QUICK = [arm.but(epochs=600) for arm in INITIALIZATION.arms]
CONCLUSION = Conclusion("he", "large", "train")


def test_the_same_seeds_give_the_same_runs_for_any_number_of_jobs():
    one, two = (repeat_study(INITIALIZATION, 3, jobs=jobs, arms=QUICK) for jobs in (1, 2))
    assert one.runs == two.runs
    assert one.seeds == 3
    assert one.redrawn


def test_each_seed_is_an_experiment_of_its_own():
    found = repeat_study(INITIALIZATION, 4, jobs=1, arms=QUICK[2:])
    assert len(set(found.runs["he"])) > 1


def test_dropout_draws_its_masks_anew_on_other_seeds():
    arms = [arm.but(epochs=100) for arm in REGULARIZATION.arms]
    assert repeat_study(REGULARIZATION, 1, jobs=1, arms=arms).fresh_masks


def test_a_run_that_diverges_counts_as_lost_not_as_a_number():
    found = repeat_study(INITIALIZATION, 2, jobs=1, arms=[arm.but(rate=1e200) for arm in QUICK])
    assert np.isnan(found.values("he", "train_accuracy")).all()
    assert found.rules("he") == [("diverges", 2)]
    json.dumps(found.document(), allow_nan=False)
    assert "diverges (2 of 2)" in repeats_table(found, "en").rows[2][3]


@given(st.lists(st.floats(-1, 1).map(lambda x: round(x, 3)), min_size=2, max_size=30))
def test_the_interval_is_that_of_scipy(differences):
    found = verdict_on(CONCLUSION, differences, np.zeros(len(differences)))
    if np.std(differences) > 1e-6:
        low, high = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
        assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert found.better == sum(difference > 0 for difference in differences)


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [
        ([0.1, 0.12, 0.09, 0.11, 0.1], "holds"),
        ([-0.1, -0.12, -0.09, -0.11, -0.1], "does not hold"),
        ([0.1, -0.12, 0.09, -0.11, 0.1], "cannot be told"),
        ([0.0, 0.0, 0.0, 0.0, 0.0], "no difference"),
        ([0.1, 0.12, 0.09, 0.11], "cannot be told"),
        ([0.1, 0.12, 0.09, 0.11, float("nan")], "cannot be told"),
    ],
)
def test_a_conclusion_needs_an_interval_that_leaves_zero_out_and_five_seeds(differences, verdict):
    assert verdict_on(CONCLUSION, differences, np.zeros(len(differences))).verdict == verdict


def test_a_tuned_rate_is_the_best_of_the_grid():
    study = replace(INITIALIZATION, arms=tuple(QUICK))
    tuned = tune_study(study, jobs=1, rates=(1e-4, 0.1, 1e6), arms=QUICK[2:])
    (tried,) = tuned.tried
    assert tried.best_rate == 0.1
    assert not tried.at_the_edge
    assert tuned.rows[0].run.arm.rate == 0.1
    assert tuned.rows[0].run.train_accuracy > 0.9
    assert "0.1" in tuned_table(tuned, "en").rows[0][1]
    json.dumps(tuned.document(), allow_nan=False)


def test_a_rate_at_the_end_of_the_grid_is_marked():
    tuned = tune_study(INITIALIZATION, jobs=1, rates=(1e-4, 0.1), arms=QUICK[2:])
    assert tuned.tried[0].at_the_edge
    assert "edge" in tuned_table(tuned, "en").rows[0][1]


def test_where_nothing_is_learnt_at_most_rates_the_first_is_no_edge():
    """From zeros the cost stays where it is; in single precision the largest rate adds up rounding."""
    tried = Tried(QUICK[0], ((1e-4, 0.6931471824645996), (0.01, 0.6931471824645996), (10.0, 1.0444)))
    assert tried.any_will_do
    assert not tried.at_the_edge
    assert not Tried(QUICK[0], ((1e-4, 0.5), (0.01, 0.6), (10.0, 0.7))).any_will_do


@pytest.mark.parametrize(
    ("study", "judged_by", "says"),
    [
        (INITIALIZATION, 300, ("the cost in training on 300 examples", "训练代价（300 个样本）")),
        (REGULARIZATION, 42, ("training examples, held out (42)", "留出的五分之一训练样本（42 个）")),
    ],
)
def test_what_chose_the_rates_is_told_with_the_number_of_examples_and_the_precision(study, judged_by, says):
    arms = [arm.but(epochs=20) for arm in study.arms]
    tuned = tune_study(study, jobs=1, rates=(0.01, 0.1), arms=arms)
    assert tuned.judged_by == tuned.document()["examples_judged_by"] == judged_by
    assert {row.run.parameters.dtype for row in tuned.rows} == {np.dtype("float32")}
    assert tuned.document()["dtype"] == "float32"
    for language, words, precision in zip(("en", "zh"), says, ("single precision", "单精度"), strict=True):
        title = tuned_table(tuned, language).title
        assert words in title
        assert precision in title


def test_the_precision_of_repeats_is_told_where_that_of_the_study_is_another(initialization):
    found = repeat_study(INITIALIZATION, 2, jobs=1, arms=QUICK)
    assert found.document()["dtype"] == "float32"
    assert initialization.document()["dtype"] == "float64"
    assert "2 seeds, in single precision" in repeats_table(found, "en").title
    assert "单精度" in repeats_table(found, "zh").title


@pytest.mark.slow
def test_the_best_rates_for_the_courses_pictures_are_of_networks_that_have_learnt(shared):
    """Half a dozen rates with the best of the whole grid among them, and with those that learn nothing."""
    pytest.importorskip("h5py")
    data = str(shared / "data" / "course")
    tuned = tune_study(BUILDING, data=data, jobs=1, rates=(0.0001, 0.01, 0.03, 0.3))
    assert tuned.judged_by == 209
    for tried, row in zip(tuned.tried, tuned.rows, strict=True):
        assert tried.best_rate in (0.01, 0.03)
        assert row.run.train_accuracy > 0.95
        assert row.run.test_accuracy >= 0.7


def test_what_judges_a_rate_is_not_trained_on_and_no_test_example():
    examples = circles(None, None)
    part = held_out(examples, Seeds())
    assert (len(part.X), len(part.X_test)) == (240, 60)
    together = np.sort(np.concatenate([part.X, part.X_test])[:, 0])
    np.testing.assert_array_equal(together, np.sort(examples.X[:, 0]))


@pytest.mark.slow
def test_adam_is_ahead_on_ten_seeds_and_not_when_each_has_its_best_rate():
    """What the study finds, so that a change of it is seen."""
    found = repeat_study(OPTIMIZATION, 10, jobs=2)
    adam, _, momentum = found.verdicts
    assert adam.verdict == "holds"
    assert momentum.verdict == "no difference"
    tuned = tune_study(OPTIMIZATION, jobs=2, rates=(0.0007, 0.03, 0.3))
    accuracies = [row.run.train_accuracy for row in tuned.rows]
    assert max(accuracies) - min(accuracies) < 0.025

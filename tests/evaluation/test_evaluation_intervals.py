import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import f1_score, roc_auc_score

from layerwise.errors import InputError
from layerwise.evaluation import confidence_intervals, evaluate
from layerwise.evaluation.bootstrap import bootstrap_intervals
from layerwise.evaluation.proportions import f1_interval, mean_of_shares, wilson
from layerwise.evaluation.ranking import area_influence, area_interval, macro_f1_influence


def classes(draw, n, k, pull=1.2):
    y = draw.integers(0, k, n)
    score = np.exp(draw.normal(0, 1, (n, k)) + pull * np.eye(k)[y])
    return y, score / score.sum(1, keepdims=True)


@settings(max_examples=60)
@given(st.integers(1, 500), st.floats(0, 1), st.sampled_from([0.8, 0.9, 0.95, 0.99]))
def test_wilsons_interval_is_scipys(rows, share, level):
    right = round(share * rows)
    expected = stats.binomtest(right, rows).proportion_ci(level, method="wilson")
    assert wilson(right / rows, rows, level) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_the_mean_of_one_share_has_its_wilson_interval():
    assert mean_of_shares([0.8], [40]) == pytest.approx(wilson(0.8, 40))


def test_f1_carries_the_wilson_interval_of_the_share_of_true_positives():
    low, high = f1_interval(2 * 30 / (2 * 30 + 10), 40)
    expected = stats.binomtest(30, 40).proportion_ci(0.95, method="wilson")
    assert (low / (2 - low), high / (2 - high)) == pytest.approx((expected.low, expected.high))


def test_the_interval_of_an_area_solves_the_hanley_mcneil_equation():
    area, positives, negatives = 0.9, 40, 60
    z, most = stats.norm.ppf(0.975), (positives + negatives) / 2 - 1
    for t in area_interval(area, positives, negatives):
        first, second = t / (2 - t), 2 * t * t / (1 + t)
        variance = t * (1 - t) + most * (first - t * t) + most * (second - t * t)
        assert abs(area - t) == pytest.approx(z * np.sqrt(variance / (positives * negatives)), rel=1e-6)


def test_bca_is_scipys_for_a_skewed_mean():
    x = np.random.default_rng(1).exponential(1, 60)
    expected = stats.bootstrap(
        (x,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(2)
    ).confidence_interval
    terms = np.column_stack([np.ones(60), x])
    mean = {"mean": lambda sums: sums[:, 1] / sums[:, 0]}
    found = np.mean([bootstrap_intervals(terms, mean, seed=seed)["mean"] for seed in range(12)], axis=0)
    width = expected.high - expected.low
    assert found == pytest.approx((expected.low, expected.high), abs=0.03 * width)


def test_grouping_many_rows_keeps_the_width_that_theory_gives():
    x = np.random.default_rng(3).normal(5, 2, 50_000)
    terms = np.column_stack([np.ones(len(x)), x])
    low, high = bootstrap_intervals(terms, {"mean": lambda sums: sums[:, 1] / sums[:, 0]})["mean"]
    assert high - low == pytest.approx(2 * 1.96 * 2 / np.sqrt(len(x)), rel=0.1)
    assert low < 5 + 4 * 2 / np.sqrt(len(x))


def numerical_influence(score, n):
    """Each row's influence as the change of the score when the row's weight grows a little."""
    step = 1e-6
    plain = score(np.ones(n))
    return np.array([(score(np.ones(n) + step * (np.arange(n) == i)) - plain) / step for i in range(n)])


def test_influences_are_the_derivatives_of_scikit_learns_scores_by_the_weights():
    y, p = classes(np.random.default_rng(5), 40, 3)
    chosen = p.argmax(1)
    area = numerical_influence(
        lambda w: roc_auc_score(y, p, multi_class="ovr", average="macro", sample_weight=w), 40
    )
    assert area_influence(y, p, np.ones(40)) == pytest.approx(area, abs=1e-5)
    f1 = numerical_influence(lambda w: f1_score(y, chosen, average="macro", sample_weight=w), 40)
    assert macro_f1_influence(y, chosen, 3, np.ones(40)) == pytest.approx(f1, abs=1e-5)


def coverage(task, draw_rows, truth, times):
    """By metric, the share of `times` samples whose 95% interval holds the truth; no interval is a miss."""
    hits = dict.fromkeys(truth, 0)
    for i in range(times):
        found = confidence_intervals(task, *draw_rows(np.random.default_rng(1000 + i)), seed=i)
        for name, value in truth.items():
            low, high = found.get(name, (np.inf, -np.inf))
            hits[name] += low <= value <= high
    return {name: count / times for name, count in hits.items()}


@pytest.mark.parametrize(
    ("task", "k", "n", "pull"), [("binary", 2, 120, 1.2), ("binary", 2, 60, 3.0), ("multiclass", 4, 200, 1.5)]
)
def test_95_percent_intervals_of_classification_hold_the_truth_about_95_times_in_100(task, k, n, pull):
    truth = evaluate(task, *classes(np.random.default_rng(0), 100_000, k, pull))
    found = coverage(task, lambda draw: classes(draw, n, k, pull), truth, 120)
    resampled = {"log_loss", "brier"}
    assert all(share >= 0.90 for name, share in found.items() if name not in resampled), found
    assert all(0.87 <= share <= 0.99 for name, share in found.items() if name in resampled), found


def test_95_percent_intervals_of_regression_hold_the_truth_about_95_times_in_100():
    def rows(draw, n=150):
        y = draw.normal(0, 2, n)
        return y, y + draw.laplace(0, 1, n)

    truth = evaluate("regression", *rows(np.random.default_rng(0), 1_000_000))
    found = coverage("regression", rows, truth, 120)
    assert all(0.90 <= share <= 0.99 for share in found.values()), found


@settings(deadline=None, max_examples=25)
@given(st.sampled_from(["binary", "multiclass", "regression"]), st.integers(3, 80), st.integers(0, 1000))
def test_an_interval_is_in_order_and_inside_the_range_of_its_metric(task, n, seed):
    draw = np.random.default_rng(seed)
    y, p = classes(draw, n, 2 if task == "binary" else 3)
    if task == "regression":
        y, p = draw.normal(size=n), draw.normal(size=n)
    scores = evaluate(task, y, p)
    for name, (low, high) in confidence_intervals(task, y, p, seed=seed).items():
        assert low < high
        if name in ("accuracy", "balanced_accuracy", "roc_auc", "f1", "brier"):
            assert low >= 0
            assert high <= (2 if name == "brier" else 1)
            assert low - 1e-9 <= scores[name] <= high + 1e-9 or name == "brier"
        else:
            assert np.isfinite([low, high]).all()


def test_a_perfect_score_on_few_rows_still_says_that_it_may_be_luck():
    y = np.tile([0, 1], 10)
    found = confidence_intervals("binary", y, np.eye(2)[y] * 0.8 + 0.1)
    for name in ("accuracy", "balanced_accuracy", "roc_auc", "f1"):
        low, high = found[name]
        assert high == 1.0
        assert low < 0.97
    assert "log_loss" not in found


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    draw = np.random.default_rng(0)
    y = draw.normal(size=80)
    p = y + draw.normal(size=80)
    first = confidence_intervals("regression", y, p, seed=4)
    assert first == confidence_intervals("regression", y, p, seed=4)
    assert first["rmse"] != confidence_intervals("regression", y, p, seed=5)["rmse"]


def test_a_higher_level_gives_a_wider_interval():
    y, p = classes(np.random.default_rng(0), 100, 3)
    narrow = confidence_intervals("multiclass", y, p, level=0.8)
    wide = confidence_intervals("multiclass", y, p, level=0.99)
    for name, (low, high) in narrow.items():
        assert wide[name][0] < low < high < wide[name][1]


def test_equal_weights_change_nothing_and_unequal_ones_widen():
    y, p = classes(np.random.default_rng(0), 150, 3)
    plain = confidence_intervals("multiclass", y, p)
    doubled = confidence_intervals("multiclass", y, p, weights=np.full(150, 2.0))
    for name, interval in plain.items():
        assert doubled[name] == pytest.approx(interval)
    uneven = confidence_intervals("multiclass", y, p, weights=np.where(np.arange(150) % 10 == 0, 20.0, 1.0))
    assert np.ptp(uneven["accuracy"]) > np.ptp(plain["accuracy"])


def test_one_row_gives_no_interval():
    assert confidence_intervals("regression", [1.0], [2.0]) == {}


def test_a_large_set_takes_about_a_second():
    y, p = classes(np.random.default_rng(0), 200_000, 3)
    metrics = time.perf_counter()
    evaluate("multiclass", y, p)
    start = time.perf_counter()
    confidence_intervals("multiclass", y, p)
    assert time.perf_counter() - start < 2 * (start - metrics) + 6


def test_a_level_outside_0_and_1_is_refused():
    with pytest.raises(InputError, match="level"):
        confidence_intervals("regression", [1.0, 2.0], [1.0, 2.0], level=95)

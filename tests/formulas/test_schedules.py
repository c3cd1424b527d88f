"""Schedules against PyTorch's and the values that their papers give."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.formulas.schedules import (
    SCHEDULE_NAMES,
    SCHEDULES,
    Plateau,
    constant,
    cosine,
    cyclic,
    exponential,
    one_cycle,
    reduce_on_plateau,
    step,
    warm_up,
)

RUN = np.linspace(0, 1, 101)


def torch_factors(make, epochs):
    """What torch's scheduler multiplies a rate of 1 by, at the start of each epoch."""
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler, factors = make(torch.optim.lr_scheduler, optimizer), []
    for _ in range(epochs):
        factors.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return np.array(factors)


def test_the_names_are_those_that_users_choose_from():
    assert SCHEDULE_NAMES == ("constant", "step", "exponential", "cosine", "cyclic", "one_cycle", "plateau")


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_an_array_of_times_gives_what_each_time_gives(name):
    epochs = 40 * RUN
    together = SCHEDULES[name](RUN, epochs)
    assert together.shape == RUN.shape
    assert together.dtype == np.float64
    apart = [float(SCHEDULES[name](float(p), float(e))) for p, e in zip(RUN, epochs, strict=True)]
    np.testing.assert_array_equal(together, apart)


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_no_schedule_leaves_zero_to_one(name):
    factors = SCHEDULES[name](RUN, 40 * RUN)
    assert (factors >= 0).all()
    assert (factors <= 1 + 1e-15).all()


@pytest.mark.parametrize(
    ("schedule", "at_start", "at_end"),
    [
        (constant, 1, 1),
        (step, 1, 0.5**4),
        (exponential, 1, 0.95**40),
        (cosine, 1, 0),
        (cyclic, 0, 0),
        (one_cycle, 0.04, 4e-6),
    ],
)
def test_the_ends_of_a_run_of_40_epochs(schedule, at_start, at_end):
    assert float(schedule(0.0, 0.0)) == pytest.approx(at_start, abs=1e-12)
    assert float(schedule(1.0, 40.0)) == pytest.approx(at_end, abs=1e-12)


def test_step_falls_at_the_epoch_and_not_before():
    factors = step(0, np.array([0, 9.999, 10, 19.999, 20, 25]), factor=0.1, every=10)
    np.testing.assert_allclose(factors, [1, 1, 0.1, 0.1, 0.01, 0.01], rtol=1e-14)


def test_cosine_is_symmetric_about_the_middle():
    np.testing.assert_allclose(
        cosine(np.array([0.25, 0.5, 0.75]), 0), [0.853553391, 0.5, 0.146446609], rtol=1e-8
    )
    np.testing.assert_allclose(cosine(RUN, 0) + cosine(1 - RUN, 0), 1, rtol=1e-14)


def test_cyclic_has_four_peaks_each_twice_as_far_as_the_last():
    """Holzmueller et al. 2024: log2(1 + 15 t) runs from 0 to 4, with peaks half way between integers."""
    zeros, peaks = (2.0 ** np.arange(5) - 1) / 15, (2.0 ** (np.arange(4) + 0.5) - 1) / 15
    np.testing.assert_allclose(cyclic(zeros, 0), 0, atol=1e-12)
    np.testing.assert_allclose(cyclic(peaks, 0), 1, rtol=1e-12)
    fine = cyclic(np.linspace(0, 1, 10_001), 0)
    assert ((fine[1:-1] > fine[:-2]) & (fine[1:-1] > fine[2:])).sum() == 4


def test_one_cycle_rises_to_one_and_falls():
    rising, falling = one_cycle(RUN[:31], 0), one_cycle(RUN[30:], 0)
    assert (np.diff(rising) > 0).all()
    assert (np.diff(falling) < 0).all()
    assert float(one_cycle(0.3, 0)) == pytest.approx(1, abs=1e-15)
    assert float(one_cycle(0.15, 0)) == pytest.approx((1 + 0.04) / 2)
    assert float(one_cycle(0.65, 0)) == pytest.approx((1 + 4e-6) / 2)


def test_one_cycle_has_no_jump_wherever_its_top_is():
    fine = np.linspace(0, 1, 2001)
    for rise in (0.05, 0.3, 0.9):
        assert np.abs(np.diff(one_cycle(fine, 0, rise=rise))).max() < 0.02


def test_step_is_torchs():
    theirs = torch_factors(lambda s, o: s.StepLR(o, 10, 0.5), 40)
    np.testing.assert_allclose(step(0, np.arange(40)), theirs, rtol=1e-12)


def test_exponential_is_torchs():
    theirs = torch_factors(lambda s, o: s.ExponentialLR(o, 0.95), 40)
    np.testing.assert_allclose(exponential(0, np.arange(40)), theirs, rtol=1e-12)


def test_cosine_is_torchs():
    theirs = torch_factors(lambda s, o: s.CosineAnnealingLR(o, 40), 41)
    np.testing.assert_allclose(cosine(np.arange(41) / 40, 0), theirs, rtol=1e-9, atol=1e-14)


def test_one_cycle_is_torchs():
    """torch ends at step 101 of 102 and has its top at step 0.3 * 102 - 1; ours is put there too."""
    theirs = torch_factors(lambda s, o: s.OneCycleLR(o, 1.0, total_steps=102, cycle_momentum=False), 101)
    ours = one_cycle(np.arange(101) / 101, 0, rise=(0.3 * 102 - 1) / 101)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_warm_up_is_a_straight_line_to_one():
    np.testing.assert_allclose(warm_up(np.array([0.1, 1, 2.5, 5, 7, 100]), 5), [0.02, 0.2, 0.5, 1, 1, 1])
    np.testing.assert_array_equal(warm_up(np.array([0.0, 0.5, 3]), 0), [1, 1, 1])
    assert float(warm_up(0.5, 0)) == 1
    assert float(warm_up(0.5, 2)) == 0.25


def factors_of(scores, **settings):
    state, factors = Plateau(), []
    for score in scores:
        state = reduce_on_plateau(state, score, **settings)
        factors.append(state.factor)
    return factors


def test_the_rate_falls_after_more_than_patience_epochs_without_progress():
    """The first score is progress; with patience 2 the third epoch without any halves the rate, and counting
    starts again."""
    assert factors_of([1.0] * 8, patience=2) == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]


def test_progress_starts_the_counting_again():
    assert factors_of([1, 1, 1, 0.9, 0.9, 0.9, 0.9], patience=2) == [1, 1, 1, 1, 1, 1, 0.5]


def test_patience_of_zero_reduces_at_once():
    assert factors_of([3, 2, 2, 1, 1, 1], patience=0, factor=0.1) == pytest.approx(
        [1, 1, 0.1, 0.1, 0.01, 0.001]
    )


def test_progress_smaller_than_the_threshold_does_not_count():
    assert factors_of([1, 0.99995, 0.9999, 0.99985], patience=2) == [1, 1, 1, 1]
    assert factors_of([1, 0.99995, 0.99992, 0.99991], patience=2) == [1, 1, 1, 0.5]


def test_a_score_below_zero_must_fall_further_to_count():
    assert factors_of([-1, -1.00005, -1.00005], patience=0) == [1, 0.5, 0.25]
    assert factors_of([-1, -1.001, -1.002], patience=0) == [1, 1, 1]


def test_a_score_that_is_not_a_number_is_no_progress():
    assert factors_of([1.0, np.nan, np.nan], patience=1) == [1, 1, 0.5]


@given(
    scores=st.lists(st.floats(1e-3, 10) | st.sampled_from([0.5, 1.0]), min_size=1, max_size=40),
    patience=st.integers(0, 4),
)
def test_plateau_is_torchs_on_any_scores_above_zero(scores, patience):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=patience, eps=0)
    theirs = []
    for score in scores:
        scheduler.step(score)
        theirs.append(optimizer.param_groups[0]["lr"])
    assert factors_of(scores, patience=patience) == theirs

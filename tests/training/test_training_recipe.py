"""A recipe refuses what cannot be, and says the learning rate of every step."""

from __future__ import annotations

import numpy as np
import pytest

from layerwise.errors import InputError
from layerwise.formulas.schedules import SCHEDULE_NAMES
from layerwise.training import Recipe

WRONG = [
    ({"epochs": 0}, "epochs is 0; expected an integer of at least 1"),
    ({"epochs": 2.5}, "epochs is 2.5"),
    ({"epochs": True}, "epochs is True"),
    ({"batch_size": -1}, "batch_size is -1; expected an integer of at least 1, or 0 for all rows"),
    ({"batch_size": "64"}, "batch_size is '64'"),
    ({"learning_rate": 0.0}, "learning_rate is 0.0; expected a finite number above 0"),
    ({"learning_rate": float("nan")}, "learning_rate is nan"),
    ({"learning_rate": float("inf")}, "learning_rate is inf"),
    ({"learning_rate": None}, "learning_rate is None"),
    ({"schedule": "cosin"}, "unknown schedule 'cosin'; did you mean 'cosine'"),
    ({"schedule_factor": 0.0}, "schedule_factor is 0.0; expected a number above 0 and at most 1"),
    ({"schedule_factor": 1.5}, "schedule_factor is 1.5"),
    ({"schedule_every": 0}, "schedule_every is 0; expected an integer of at least 1"),
    ({"warm_up": -1}, "warm_up is -1; expected a finite number of at least 0"),
    ({"warm_up": float("inf")}, "warm_up is inf"),
    ({"patience": 0}, "patience is 0; expected an integer of at least 1"),
    ({"patience": 1.5}, "patience is 1.5"),
    ({"min_delta": -0.1}, "min_delta is -0.1"),
    ({"min_delta": float("nan")}, "min_delta is nan"),
]


@pytest.mark.parametrize(("settings", "message"), WRONG)
def test_a_value_out_of_range_is_refused(settings, message):
    with pytest.raises(InputError) as refused:
        Recipe(**settings)
    assert message in str(refused.value)


def test_values_at_the_edge_are_taken():
    Recipe(
        epochs=1,
        batch_size=0,
        learning_rate=1e-300,
        schedule_factor=1,
        schedule_every=1,
        warm_up=0,
        patience=1,
    )
    Recipe(epochs=np.int64(3), batch_size=np.int32(8), learning_rate=np.float32(0.1), warm_up=2.5)


def all_rates(recipe, steps):
    return np.concatenate([recipe.rates(epoch, steps) for epoch in range(recipe.epochs)])


@pytest.mark.parametrize("schedule", SCHEDULE_NAMES)
def test_every_schedule_gives_each_step_a_rate(schedule):
    rates = all_rates(Recipe(epochs=6, learning_rate=0.5, schedule=schedule, warm_up=1), steps=4)
    assert rates.shape == (24,)
    assert np.isfinite(rates).all()
    assert (rates >= 0).all()
    assert rates.max() <= 0.5


def test_a_constant_rate_stays():
    np.testing.assert_array_equal(all_rates(Recipe(epochs=3, learning_rate=0.2), 5), np.full(15, 0.2))


def test_steps_fall_at_the_start_of_an_epoch():
    recipe = Recipe(epochs=6, learning_rate=1, schedule="step", schedule_factor=0.1, schedule_every=2)
    expected = np.repeat([1, 1, 0.1, 0.1, 0.01, 0.01], 3)
    np.testing.assert_allclose(all_rates(recipe, 3), expected)


def test_the_schedules_own_factor_is_the_default():
    given = Recipe(epochs=20, schedule="step", schedule_factor=0.5, schedule_every=10)
    np.testing.assert_array_equal(all_rates(given, 2), all_rates(Recipe(epochs=20, schedule="step"), 2))


def test_an_exponential_rate_falls_by_its_factor_in_each_epoch():
    rates = all_rates(Recipe(epochs=4, learning_rate=1, schedule="exponential", schedule_factor=0.5), 8)
    np.testing.assert_allclose(rates[8:] / rates[:-8], 0.5)
    np.testing.assert_allclose(rates[1:] / rates[:-1], 0.5 ** (1 / 8))


def test_a_cosine_runs_over_the_whole_run():
    rates = all_rates(Recipe(epochs=4, learning_rate=2, schedule="cosine"), 6)
    np.testing.assert_allclose(rates, 1 + np.cos(np.pi * np.arange(24) / 24))


def test_a_warm_up_rises_in_equal_steps_and_ends_on_time():
    rates = all_rates(Recipe(epochs=4, learning_rate=1, warm_up=1.5), 4)
    np.testing.assert_allclose(rates[:6], np.arange(1, 7) / 6)
    np.testing.assert_array_equal(rates[6:], 1)


def test_a_warm_up_multiplies_the_schedule():
    plain = Recipe(epochs=4, schedule="cosine")
    warmed = Recipe(epochs=4, schedule="cosine", warm_up=1)
    factor = np.minimum(1, np.arange(1, 21) / 5)
    np.testing.assert_allclose(all_rates(warmed, 5), all_rates(plain, 5) * factor)


def test_a_plateau_factor_lowers_what_the_loop_is_given():
    recipe = Recipe(learning_rate=0.4, schedule="plateau")
    np.testing.assert_allclose(recipe.rates(0, 3, 0.25), np.full(3, 0.1))

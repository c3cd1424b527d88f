"""Each setting on its own: right pairs, right means, and nothing where only one setting varies."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from small_tables import by_hand, record

from layerwise.comparison import Comparison, holm
from layerwise.comparison.grid import combinations
from layerwise.errors import InputError
from layerwise.runs.config import TrainConfig

OPTIMIZERS, STARTS = ("adam", "gd"), ("he", "zeros", "large")
SEEDS = 5


def compared(score: Callable[[str, str, int], float | None], **settings) -> Comparison:
    """Two optimizers from three starts; score(optimizer, start, seed), None for a run that failed."""
    chosen = combinations({"optimizer": OPTIMIZERS, "initialization": STARTS}, task="binary")
    metric = settings.get("metric", "accuracy")
    records = {
        (k, seed): record(score(*combination.varied.values(), seed), metric)
        for k, combination in enumerate(chosen)
        for seed in range(SEEDS)
    }
    given = {"task": "binary", "metric": "accuracy", "config": TrainConfig(data="t.csv", target="y")}
    return Comparison(
        combinations=chosen, seeds=tuple(range(SEEDS)), records=records, **{**given, **settings}
    )


def drawn(seed: int = 0) -> dict[tuple[str, str, int], float]:
    """Scores: adam ahead by 0.1 everywhere, large behind by 0.3, a seed's own luck, and noise."""
    draw = np.random.default_rng(seed)
    luck = draw.normal(0, 0.5, SEEDS)
    return {
        (optimizer, start, k): 0.5
        + 0.1 * (optimizer == "adam")
        - 0.3 * (start == "large")
        + luck[k]
        + draw.normal(0, 0.01)
        for optimizer, start, k in itertools.product(OPTIMIZERS, STARTS, range(SEEDS))
    }


def rows(frame: pl.DataFrame) -> dict[tuple[str, str], dict]:
    return {(row["setting"], row["value"]): row for row in frame.iter_rows(named=True)}


@given(st.integers(0, 1000))
def test_means_and_differences_are_those_of_numpy_and_scipy(seed):
    scores = drawn(seed)
    found = rows(compared(lambda *cell: scores[cell], draws_test_rows=False).main_effects())
    cube = np.array([[[scores[o, s, k] for k in range(SEEDS)] for s in STARTS] for o in OPTIMIZERS])
    for name, values, axis in (("optimizer", OPTIMIZERS, 1), ("initialization", STARTS, 0)):
        of_seed = dict(zip(values, cube.mean(axis=axis), strict=True))
        best = max(values, key=lambda value: of_seed[value].mean())
        for value in values:
            row = found[name, value]
            assert row["mean"] == pytest.approx(of_seed[value].mean())
            assert row["spread"] == pytest.approx(of_seed[value].std(ddof=1))
            assert (row["runs"], row["left_out"]) == (cube.size // len(values), 0)
            if value == best:
                assert row["against"] is row["difference"] is row["worse"] is None
                continue
            expected = scipy.stats.ttest_rel(of_seed[value], of_seed[best])
            interval = expected.confidence_interval(0.95)
            assert row["against"] == best
            assert row["difference"] == pytest.approx(of_seed[value].mean() - of_seed[best].mean())
            assert row["p"] == pytest.approx(expected.pvalue)
            assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))


def test_the_luck_of_a_seed_does_not_hide_what_a_setting_does():
    """The seeds differ by more than the optimizers do, in every seed alike: pairs tell what means do not."""
    scores = drawn()
    row = rows(compared(lambda *cell: scores[cell]).main_effects())["optimizer", "gd"]
    assert row["spread"] > abs(row["difference"])
    assert row["worse"]
    assert row["difference"] == pytest.approx(-0.1, abs=0.02)


def test_p_is_corrected_for_all_pairs_of_all_settings():
    scores = drawn(3)
    frame = compared(lambda *cell: scores[cell], draws_test_rows=False).main_effects()
    cube = np.array([[[scores[o, s, k] for k in range(SEEDS)] for s in STARTS] for o in OPTIMIZERS])
    ps = [
        scipy.stats.ttest_rel(a, b).pvalue
        for means in (cube.mean(axis=1), cube.mean(axis=0))
        for a, b in itertools.combinations(means, 2)
    ]
    assert len(ps) == 1 + 3
    corrected = holm(ps)
    for p, p_holm in frame.select("p", "p_holm").drop_nulls().iter_rows():
        place = int(np.argmin(np.abs(np.array(ps) - p)))
        assert p_holm == pytest.approx(corrected[place])


def test_splits_drawn_anew_make_the_intervals_wider():
    scores = drawn()
    same, drawn_anew = (
        rows(compared(lambda *cell: scores[cell], draws_test_rows=draws).main_effects())["optimizer", "gd"]
        for draws in (False, True)
    )
    widths = [row["high"] - row["low"] for row in (same, drawn_anew)]
    # 20 test rows to 64 training rows: sqrt(1/5 + 20/64) over sqrt(1/5).
    assert widths[1] / widths[0] == pytest.approx(np.sqrt((1 / SEEDS + 20 / 64) * SEEDS))


def test_where_a_run_failed_its_partners_are_left_out_too():
    scores = drawn()
    lost = ("gd", "large", 2)
    frame = compared(lambda *cell: None if cell == lost else scores[cell]).main_effects()
    found = rows(frame)
    assert (found["optimizer", "adam"]["runs"], found["optimizer", "adam"]["left_out"]) == (14, 1)
    assert (found["optimizer", "gd"]["runs"], found["optimizer", "gd"]["left_out"]) == (14, 0)
    # Without its easier partners, a value that failed on a hard start would seem better than it is.
    assert found["optimizer", "gd"]["difference"] == pytest.approx(-0.1, abs=0.02)
    assert (found["initialization", "he"]["runs"], found["initialization", "he"]["left_out"]) == (9, 1)


def test_a_value_that_always_fails_does_not_silence_the_others():
    scores = drawn()
    found = compared(lambda *cell: None if cell[1] == "large" else scores[cell])
    effects = rows(found.main_effects())
    assert effects["initialization", "large"]["mean"] is None
    assert effects["initialization", "large"]["runs"] == 0
    assert effects["optimizer", "gd"]["difference"] == pytest.approx(-0.1, abs=0.02)
    assert "no run to compare" in found.text


def test_where_everything_failed_there_is_a_row_without_figures_for_each():
    frame = compared(lambda *cell: None).main_effects()
    assert frame.height == 5
    assert frame["mean"].is_null().all()


def test_lower_is_better_for_an_error():
    scores = drawn()
    found = compared(lambda *cell: scores[cell], metric="log_loss")
    effects = rows(found.main_effects())
    assert effects["optimizer", "adam"]["against"] == "gd"
    assert effects["optimizer", "adam"]["difference"] > 0
    with pytest.raises(InputError, match="no metric 'r2'"):
        found.main_effects("r2")


@pytest.mark.parametrize("seeds", [1, 2])
def test_too_few_seeds_tell_nothing(seeds):
    scores = drawn()
    found = compared(lambda *cell: scores[cell] if cell[2] < seeds else None)
    row = rows(found.main_effects())["optimizer", "gd"]
    assert row["difference"] is not None
    assert row["p"] is row["low"] is row["worse"] is None


def test_where_one_setting_varies_there_is_no_such_table():
    found = by_hand({"adam": [0.9, 0.8, 0.9], "gd": [0.5, 0.6, 0.7]})
    assert found.main_effects().is_empty()
    assert "on its own" not in found.text
    assert 'id="effects"' not in found.save("out").read_text("utf-8")
    assert json.loads(Path("out/results.json").read_bytes())["main_effects"] == []


def test_it_is_in_the_text_on_the_page_and_in_the_files():
    scores = drawn()
    found = compared(lambda *cell: scores[cell])
    assert "Each setting on its own" in found.text
    assert "worse, p" in found.text
    page = found.save("out").read_text("utf-8")
    assert 'id="effects"' in page
    written = json.loads(Path("out/results.json").read_bytes())["main_effects"]
    assert written == found.main_effects().to_dicts()
    assert pl.read_csv("out/main_effects.csv")["mean"].to_list() == found.main_effects()["mean"].to_list()


def test_settings_that_depend_on_each_other_are_said_to():
    """adam is ahead on average, and so is he; but gd from zeros beats everything."""
    ahead = {("adam", "he"): 0.8, ("adam", "zeros"): 0.7, ("gd", "zeros"): 0.85}
    draw = np.random.default_rng(1)
    found = compared(lambda o, s, k: ahead.get((o, s), 0.2) + draw.normal(0, 0.001))
    assert found.winner.settings == {"optimizer": "gd", "initialization": "zeros"}
    assert "the best values are optimizer=adam and initialization=zeros" in found.text
    assert "which together are number 3: the settings depend on each other" in found.text
    scores = drawn()
    assert "depend on each other" not in compared(lambda *cell: scores[cell]).text

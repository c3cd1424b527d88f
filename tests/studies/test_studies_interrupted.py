"""Ctrl-C keeps the seeds and the rates that are done, and the same call goes on from there."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import layerwise.studies.repeats as repeats_module
import layerwise.studies.tuning as tuning_module
from layerwise.errors import InputError
from layerwise.studies import outcome, study
from layerwise.studies.many_runs import GRID_RUNS, SEEDS, Unfinished
from layerwise.studies.plane_studies import INITIALIZATION
from layerwise.studies.repeats import repeat_study
from layerwise.studies.stories import unfinished_words
from layerwise.studies.tuning import Tuned, tune_study
from layerwise.studies.written import write_study

ARMS = [arm.but(epochs=40) for arm in INITIALIZATION.arms]
RATES = (0.01, 0.1, 1e200)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to oneself")


@pytest.fixture(autouse=True)
def ctrl_c_interrupts():
    """However these tests were started: a shell lets what it puts into the background ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class CtrlC:
    """A watcher who presses Ctrl-C once, the moment that a share of the work is done."""

    def __init__(self, share: float) -> None:
        self.share, self.pressed = share, False

    def __call__(self, done: float) -> None:
        if done >= self.share and not self.pressed:
            self.pressed = True
            os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def ran(monkeypatch):
    """The arms that were trained, by key."""
    found: list[str] = []
    for module in (repeats_module, tuning_module):
        real = module.run_arm

        def counted(arm, *rest, real=real, **named):
            found.append(arm.key)
            return real(arm, *rest, **named)

        monkeypatch.setattr(module, "run_arm", counted)
    return found


def kept() -> set[str]:
    return {path.name for path in Path("out/runs").iterdir()}


@pytest.mark.parametrize("jobs", [1, 2])
def test_seeds_that_are_done_are_kept_and_the_same_call_goes_on(jobs, ran):
    stopped = repeat_study(INITIALIZATION, 8, jobs=jobs, arms=ARMS, store="out", progress=CtrlC(0.5))
    assert stopped.unfinished == Unfinished(SEEDS, stopped.seeds, 8)
    assert 3 <= stopped.seeds < 8
    # What is under way when Ctrl-C comes is finished and kept too.
    assert len(kept()) == len(ran) >= 12
    assert all(name.endswith(".json") for name in kept())
    before = len(ran)
    whole = repeat_study(INITIALIZATION, 8, jobs=jobs, arms=ARMS, store="out")
    assert whole.unfinished is None
    assert len(ran) == 24
    assert whole.runs == repeat_study(INITIALIZATION, 8, jobs=jobs, arms=ARMS).runs
    assert {key: runs[: stopped.seeds] for key, runs in whole.runs.items()} == stopped.runs
    assert before < 24


def test_more_seeds_are_added_to_those_that_are_there(ran):
    repeat_study(INITIALIZATION, 2, jobs=1, arms=ARMS, store="out")
    repeat_study(INITIALIZATION, 3, jobs=1, arms=ARMS, store="out")
    assert len(ran) == 9
    fewer = repeat_study(INITIALIZATION, 1, jobs=1, arms=ARMS, store="out")
    assert (len(ran), fewer.seeds) == (9, 1)


@pytest.mark.parametrize("change", [{"rate": 0.02}, {"epochs": 41}, {"lambd": 0.1}])
def test_runs_of_other_settings_are_not_mixed_in(change, ran):
    repeat_study(INITIALIZATION, 1, jobs=1, arms=ARMS, store="out")
    repeat_study(INITIALIZATION, 1, jobs=1, arms=[arm.but(**change) for arm in ARMS], store="out")
    assert len(ran) == len(kept()) == 6


def test_a_damaged_file_is_a_run_to_do_again(ran):
    repeat_study(INITIALIZATION, 1, jobs=1, arms=ARMS, store="out")
    damaged, other, *_ = sorted(Path("out/runs").iterdir())
    damaged.write_text(damaged.read_text()[:50])
    other.write_text(other.read_text().replace("layerwise-study-run", "something-else"))
    found = repeat_study(INITIALIZATION, 1, jobs=1, arms=ARMS, store="out")
    assert len(ran) == 5
    assert found.runs == repeat_study(INITIALIZATION, 1, jobs=1, arms=ARMS).runs


def test_a_run_that_diverged_is_kept_as_such(ran):
    arms = [arm.but(rate=1e200) for arm in ARMS[2:]]
    first, again = (repeat_study(INITIALIZATION, 2, jobs=1, arms=arms, store="out") for _ in range(2))
    assert len(ran) == 2
    assert first.rules("he") == again.rules("he") == [("diverges", 2)]


def test_rates_that_are_done_are_kept_and_the_same_call_goes_on(ran):
    call = {"jobs": 1, "rates": RATES, "arms": ARMS, "store": "out"}
    assert tune_study(INITIALIZATION, progress=CtrlC(0.3), **call) == Unfinished(GRID_RUNS, 3, 9)
    assert len(kept()) == len(ran) == 3
    tuned = tune_study(INITIALIZATION, **call)
    assert isinstance(tuned, Tuned)
    assert len(ran) == 9 + 3
    afresh = tune_study(INITIALIZATION, **{**call, "store": None})
    assert [one.scores for one in tuned.tried] == [one.scores for one in afresh.tried]
    assert tuned.tried[2].scores[2] == (1e200, float("inf"))


def test_without_a_folder_nothing_is_written_and_what_is_done_is_told():
    stopped = repeat_study(INITIALIZATION, 8, jobs=1, arms=ARMS, progress=CtrlC(0.5))
    assert stopped.seeds == 4
    assert list(Path().iterdir()) == []


def test_a_folder_that_cannot_be_made_is_refused_before_any_run(ran):
    Path("file").write_text("")
    with pytest.raises(InputError, match="cannot make the folder"):
        repeat_study(INITIALIZATION, 1, jobs=1, arms=ARMS, store="file")
    assert ran == []


@pytest.fixture
def quick(monkeypatch):
    """The study of starts with short runs."""
    monkeypatch.setitem(outcome.TRAINED, "initialization", replace(INITIALIZATION, arms=tuple(ARMS)))


@pytest.mark.parametrize("share", [0.01, 0.6])
def test_the_page_and_the_results_say_how_far_it_came(quick, share):
    pressed = CtrlC(share)

    def watch(what, done):
        if what == "5 seeds":
            pressed(done)

    found = study("initialization", seeds=5, tune=True, jobs=1, store="out", watch=watch)
    done = int(share * 5)
    assert found.unfinished == Unfinished(SEEDS, done, 5)
    assert found.tuned is None
    assert (found.repeats is None) == (done == 0)
    assert unfinished_words(found.unfinished, "en").startswith(f"Interrupted: {done} of 5 seeds are done.")
    assert f"5 个种子完成了 {done} 个" in unfinished_words(found.unfinished, "zh")
    document = found.document()
    assert document["unfinished"] == {"of": "seeds", "done": done, "planned": 5}
    assert ("repeats" in document) == (done > 0)
    if done:
        page = write_study(found, Path("out")).read_text(encoding="utf-8")
        assert unfinished_words(found.unfinished, "en") in page
        # How it was called, not how far it came.
        assert "<span>--seeds</span> <span>5</span> <span>--tune</span>" in page
    whole = study("initialization", seeds=5, jobs=1, store="out")
    assert whole.unfinished is None
    assert unfinished_words(whole.unfinished, "en") == ""


def test_rates_that_are_not_all_done_make_no_table(quick):
    pressed = CtrlC(0.5)
    found = study(
        "initialization",
        seeds=1,
        tune=True,
        jobs=1,
        watch=lambda what, done: pressed(done) if what == "learning rates" else None,
    )
    assert found.unfinished.what == GRID_RUNS
    assert 0 < found.unfinished.done < found.unfinished.planned == 33
    assert len(found.tables()) == 2
    assert "runs of the grid of learning rates are done" in unfinished_words(found.unfinished, "en")
    assert "33 次训练" in unfinished_words(found.unfinished, "zh")

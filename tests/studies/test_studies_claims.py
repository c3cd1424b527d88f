"""The claims: each has its words, and the verdicts are what the figures say."""

from __future__ import annotations

import json
import os
import signal
import string
import sys
from pathlib import Path

import pytest

from layerwise.studies.claims import ALL_CLAIMS, Claim, Trial, try_claims
from layerwise.studies.claims.claim import Tried, judged
from layerwise.studies.claims.page import claims_document, claims_table, render_claims
from layerwise.studies.claims.wording import CLAIMS, FINDINGS

BY_NAME = {claim.name: claim for claim in ALL_CLAIMS}


def test_every_claim_has_its_words_in_both_languages():
    for words in (CLAIMS, FINDINGS):
        assert set(words) == {"en", "zh"}
        assert set(words["en"]) == set(words["zh"]) == set(BY_NAME)


def test_both_languages_tell_the_same_figures():
    def figures(text):
        return {(name, form) for _, name, form, _ in string.Formatter().parse(text) if name}

    for name in BY_NAME:
        assert figures(FINDINGS["en"][name]) == figures(FINDINGS["zh"][name]), name


def test_what_never_came_is_told_in_a_word():
    figures = {f"{name}_{what}": 0.5 for name in ("he", "small", "large") for what in ("train", "test")}
    reached = {"he_iterations": 5401.0, "small_iterations": float("inf"), "large_iterations": 7051.0}
    tried = Tried(BY_NAME["a good start"], Trial("holds", figures | reached), 1.0)
    assert "5,401 from He's start, never from randn*0.01, 7,051 from randn*10" in tried.found()
    assert tried.document()["figures"]["small_iterations"] is None


@pytest.mark.parametrize(
    ("conditions", "verdict"),
    [
        ((True, True), "holds"),
        ((True, False), "holds in part"),
        ((False, False), "does not hold"),
        ((False,), "does not hold"),
    ],
)
def test_a_verdict_follows_from_its_conditions(conditions, verdict):
    assert judged(*conditions) == verdict


VERDICTS = {
    "a good start": "holds",
    "biases may start at zero": "holds",
    "Xavier's start is alike": "holds",
    "lambda by a dev set": "holds",
    "shuffled alike": "holds",
    "momentum damps the swings": "holds",
    "velocity builds up": "holds in part",
    "small random start": "does not hold",
    "zeros learn nothing": "holds",
    "equal units stay equal": "holds",
    "equal units are linear": "holds in part",
    "large weights cost much": "holds",
    "scale of the start": "holds",
    "plain network overfits": "holds",
    "L2 smooths": "holds",
    "much L2 makes a line": "holds in part",
    "L2 shrinks weights": "holds",
    "dropout at prediction hurts": "holds",
    "dropout keeps the expectation": "holds",
    "dropout divides backward too": "holds",
    "one dimension passes": "holds",
    "1e-7 tells right from wrong": "holds in part",
    "epsilon = 1e-6 passes": "holds",
    "a smaller epsilon is worse": "holds in part",
    "kinks are the cause": "does not hold",
    "the note's n-dimensional code": "does not hold",
    "mini-batches of 16 to 128": "holds in part",
    "beta = 0 is plain descent": "holds",
    "larger beta is smoother": "holds",
    "momentum helps the speed": "does not hold",
    "momentum gains little here": "holds",
    "swings come from hard batches": "holds",
    "Adam is faster": "holds",
    "all reach the same": "holds in part",
    "Adam needs little tuning": "holds",
    "Adam's memory": "holds in part",
    "Adam is smoother": "holds in part",
}


@pytest.mark.slow
def test_the_verdicts_are_those_of_the_errata_and_the_figures_bear_them():
    tried = try_claims(store="out")
    found = {one.claim.name: one.trial.verdict for one in tried}
    # Which size of batch is quickest in seconds depends on the machine.
    found.pop("batch, mini-batch and one")
    assert found == VERDICTS
    json.dumps(claims_document(tried), allow_nan=False)
    for language in ("en", "zh"):
        assert len(claims_table(tried, language).rows) == len(ALL_CLAIMS)
        assert render_claims(tried, language).count("<li class=") == len(ALL_CLAIMS)
    # What was kept says the same to the letter.
    again = try_claims(store="out")
    assert [one.document() for one in again] == [one.document() for one in tried]
    assert [one.found("zh") for one in again] == [one.found("zh") for one in tried]


def test_some_claims_at_once_tell_how_far_they_are():
    told = []
    chosen = [BY_NAME[name] for name in ("one dimension passes", "dropout keeps the expectation")]
    found = try_claims(chosen, watch=lambda what, share: told.append(share))
    assert told == [0.0, 0.5, 1.0]
    assert [one.trial.verdict for one in found] == ["holds", "holds"]
    assert "2.92e-10" in found[0].found()


def test_a_claim_that_is_kept_is_not_tried_again():
    run = []

    def trial():
        run.append(1)
        return Trial("holds", {"passes": float("inf"), "cost": 0.1})

    claim = Claim("one dimension passes", "2.3", trial)
    first, again = (try_claims([claim], store="out")[0] for _ in range(2))
    assert len(run) == 1
    assert (again.trial, again.seconds) == (first.trial, first.seconds)
    (file,) = Path("out/runs").iterdir()
    file.write_text(file.read_text()[:40])
    try_claims([claim], store="out")
    assert len(run) == 2


def test_without_a_folder_nothing_is_kept():
    try_claims([BY_NAME["one dimension passes"]])
    assert list(Path().iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to oneself")
def test_the_claim_under_way_comes_to_its_end_and_a_second_ctrl_c_gives_it_up():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for presses, tried in ((1, 1), (2, 0)):

            def interrupted(presses=presses):
                for _ in range(presses):
                    os.kill(os.getpid(), signal.SIGINT)
                return Trial("holds", {})

            claims = [Claim("one dimension passes", "2.3", interrupted), BY_NAME["Adam's memory"]]
            assert len(try_claims(claims)) == tried
    finally:
        signal.signal(signal.SIGINT, before)

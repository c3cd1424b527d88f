"""`layerwise study`, as a person calls it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from shell_process import LAYERWISE, QUIET_MACHINE, layerwise, layerwise_on_a_terminal

import layerwise.studies.repeats as repeats
from layerwise.studies import claims, outcome, request, written
from layerwise.studies.plane_studies import INITIALIZATION


def test_initialization_prints_the_notes_table(tmp_path):
    said = layerwise("study", "initialization", folder=tmp_path)
    assert said.status == 0, said.err
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert "Model Train accuracy Test accuracy Problem/Comment" in lines
    assert "3-layer NN with zeros initialization 50% 50% fails to break symmetry" in lines
    assert "3-layer NN with large random initialization 83% 86% too large weights" in lines
    assert "3-layer NN with He initialization 99.33% 96% learns well" in lines
    assert said.err == ""
    assert list(tmp_path.iterdir()) == []


def test_optimization_has_the_shape_of_the_cost_too(tmp_path):
    said = layerwise("study", "optimization", "--json", folder=tmp_path)
    assert said.status == 0, said.err
    rows = json.loads(said.out)["rows"]
    assert [row["model"] for row in rows] == ["Gradient descent", "Momentum", "Adam"]
    assert [row["cost_shape"] for row in rows] == ["oscillates", "oscillates", "smoother"]
    assert rows[0]["cost"][0] == [0, pytest.approx(0.690736, abs=5e-7)]


def test_out_leaves_a_page_and_says_where(tmp_path):
    said = layerwise("study", "gradient-checking", "--out", "checks", "--language", "zh", folder=tmp_path)
    assert said.status == 0, said.err
    assert "梯度" not in said.out
    assert "db1 是应有值的 4.0 倍" in said.out
    assert f"Page: checks{'/'}index.html" in said.err
    assert sorted(path.name for path in (tmp_path / "checks").iterdir()) == [
        *("index.html", "pictures", "results.json")
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("initialisation",), "did you mean 'initialization'?"),
        (("initialization", "--data", "x.mat"), "draws its own data and takes no file"),
        (("initialization", "--language", "fr"), "unknown language 'fr'"),
        (("initialization", "--seeds", "-1"), "seeds is -1"),
        (("initialization", "--jobs", "0"), "jobs is 0"),
        (("gradient-checking", "--seeds", "3"), "has no --seeds"),
        (("gradient-checking", "--tune"), "has no --tune"),
        (("claims", "--tune"), "claims has no --tune"),
        (("regularization", "--data", "no.mat"), "there is no file no.mat"),
        (("all", "--data", "nowhere"), "is no folder"),
    ],
)
def test_a_call_that_cannot_be_is_refused_before_any_work(arguments, says, tmp_path):
    said = layerwise("study", *arguments, folder=tmp_path)
    assert said.status == 2
    assert says in said.err
    assert said.out == ""
    assert said.err.startswith("Error: ")


def test_out_on_a_file_is_refused(tmp_path):
    (tmp_path / "here").write_text("")
    said = layerwise("study", "initialization", "--out", "here", folder=tmp_path)
    assert said.status == 2
    assert "is a file; expected a folder" in said.err


def test_a_terminal_sees_how_far_it_is_and_then_the_table(tmp_path):
    status, shown = layerwise_on_a_terminal("study", "initialization", folder=tmp_path, columns=100)
    assert status == 0
    assert "initialization: 3-layer NN" in shown
    assert "99.33%" in shown


@pytest.fixture
def quick(monkeypatch):
    """The study of starts with short runs."""
    short = replace(INITIALIZATION, arms=tuple(arm.but(epochs=40) for arm in INITIALIZATION.arms))
    monkeypatch.setitem(outcome.TRAINED, "initialization", short)


@pytest.fixture
def ctrl_c_in_the_fifth_run(monkeypatch):
    """Ctrl-C comes while the fifth run on other seeds is under way; later runs are left alone."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    runs, real = [], repeats.run_arm

    def run_arm(*arguments, **named):
        runs.append(1)
        if len(runs) == 5:
            os.kill(os.getpid(), signal.SIGINT)
        return real(*arguments, **named)

    monkeypatch.setattr(repeats, "run_arm", run_arm)
    yield runs
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to oneself")
def test_ctrl_c_keeps_the_seeds_that_are_done_and_says_how_to_go_on(
    here, quick, ctrl_c_in_the_fifth_run, tmp_path
):
    call = ("study", "initialization", "--seeds", "4", "--jobs", "1", "--out", "out")
    said = here(*call)
    assert said.status == 130
    assert "One seed" in said.out
    assert said.err.splitlines() == [
        f"Page: out{os.sep}index.html",
        "1 of 4 seeds are done and kept in out; the same command goes on from there",
        "",
        "Interrupted; no unfinished file is left.",
    ]
    assert len(list((tmp_path / "out" / "runs").iterdir())) == 5
    again = here(*call)
    assert (again.status, again.err) == (0, f"Page: out{os.sep}index.html\n")
    assert "4 seeds, in single precision: mean" in again.out
    assert len(ctrl_c_in_the_fifth_run) == 12


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to oneself")
def test_ctrl_c_without_a_folder_says_what_a_folder_would_do(here, quick, ctrl_c_in_the_fifth_run, tmp_path):
    said = here("study", "initialization", "--seeds", "4", "--jobs", "1", "--json")
    assert said.status == 130
    assert "1 of 4 seeds are done; with --out FOLDER they are kept" in said.err
    assert json.loads(said.out)["unfinished"] == {"of": "seeds", "done": 1, "planned": 4}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to another process")
def test_ctrl_c_keeps_the_claims_that_are_tried_and_the_same_command_goes_on(here, monkeypatch, tmp_path):
    """As a process, interrupted while the claims are tried; a few quick ones then take the rest's place."""
    call, kept = ("study", "claims", "--out", "out", "--quiet"), tmp_path / "out" / "runs"
    process = subprocess.Popen(
        [*LAYERWISE, *call],
        cwd=tmp_path,
        env={**os.environ, **QUIET_MACHINE},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        # However these tests were started: a shell lets what it puts into the background ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        end = time.monotonic() + 120
        while len(list(kept.glob("*.json"))) < 2 and process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    done, planned = len(list(kept.iterdir())), len(claims.ALL_CLAIMS)
    assert 2 <= done < planned
    assert process.returncode == 130, err
    assert err.startswith(f"{done} of {planned} claims are done and kept in out; the same command goes on")
    assert claims.ALL_CLAIMS[0].section in out
    document = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert document["unfinished"] == {"of": "claims", "done": done, "planned": planned}
    assert [row["claim"] for row in document["rows"]] == [claim.name for claim in claims.ALL_CLAIMS[:done]]
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert f"Interrupted: {done} of {planned} claims are tried." in page

    quick = next(claim for claim in claims.ALL_CLAIMS if claim.name == "one dimension passes")
    monkeypatch.setattr(written, "ALL_CLAIMS", (*claims.ALL_CLAIMS[:done], quick))
    again = here(*call)
    assert (again.status, again.err) == (0, "")
    whole = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    # The very rows, seconds and all: none was tried again.
    assert whole["rows"][:done] == document["rows"]
    assert "unfinished" not in whole
    assert len(list(kept.iterdir())) == done + 1


def test_all_leaves_a_page_over_the_pages(here, quick, monkeypatch, tmp_path):
    monkeypatch.setattr(request, "STUDY_NAMES", ("initialization", "gradient-checking"))
    one = [claim for claim in claims.ALL_CLAIMS if claim.name == "one dimension passes"]
    monkeypatch.setattr(written, "ALL_CLAIMS", one)
    said = here("study", "all", "--language", "zh", "--out", "note")
    assert (said.status, said.err) == (0, f"Page: note{os.sep}index.html\n")
    page = (tmp_path / "note" / "index.html").read_text(encoding="utf-8")
    for name in ("initialization", "gradient-checking", "claims"):
        assert f'href="{name}/index.html"' in page
        assert (tmp_path / "note" / name / "index.html").is_file()
    assert "笔记的实验" in page
    again = here("study", "all", "--out", "note", "--json")
    assert again.status == 0
    assert [one["study"] for one in json.loads(again.out)["studies"]] == [
        *("initialization", "gradient-checking", "claims")
    ]


def test_results_of_something_else_are_not_overwritten(tmp_path):
    (tmp_path / "index.html").write_text("my own page")
    said = layerwise("study", "gradient-checking", "--out", ".", folder=tmp_path)
    assert said.status == 2
    assert "is of something else" in said.err
    assert (tmp_path / "index.html").read_text() == "my own page"

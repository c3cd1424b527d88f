"""`layerwise compare`, as processes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest
from shell_process import Finished, layerwise, layerwise_on_a_terminal

QUICK = ("--hidden", "4", "--epochs", "3", "--engine", "numpy")
VARY = ("--vary", "initialization=zeros,he", "--vary", "optimizer=gd,adam")


class Compared(NamedTuple):
    """A call of `layerwise compare`: the folder it was made in, its own folder, and what it said."""

    folder: Path
    out: Path
    said: Finished


@pytest.fixture(scope="module")
def iris_compared(tmp_path_factory) -> Compared:
    folder = tmp_path_factory.mktemp("compared")
    said = layerwise("compare", "demo:iris", *VARY, *QUICK, "--seeds", "3", folder=folder)
    assert said.status == 0, said.err
    return Compared(folder, folder / "runs" / "iris-compare-initialization-optimizer", said)


def test_it_prints_a_line_for_each_combination_the_verdict_and_the_recipe(iris_compared):
    out = iris_compared.said.out
    for word in (
        *("zeros", "he", "did best: accuracy", "layerwise train demo:iris", "TabularClassifier("),
        *("Each setting on its own", "to the best value"),
    ):
        assert word in out, word
    assert "comparison.html" in out
    assert iris_compared.said.err == ""
    assert "\x1b" not in out


def test_the_folder_has_the_files_and_a_run_for_each(iris_compared):
    names = {entry.name for entry in iris_compared.out.iterdir()}
    assert names == {
        "comparison.html", "curves.csv", "differences.csv", "main_effects.csv", "results.json", "runs",
        "runs.csv", "summary.csv",
    }  # fmt: skip
    assert len(list((iris_compared.out / "runs").iterdir())) == 12
    assert pl.read_csv(iris_compared.out / "runs.csv").height == 12


def test_the_same_call_finds_everything_done_and_json_is_all_it_prints(iris_compared):
    before = {file: file.stat().st_mtime_ns for file in (iris_compared.out / "runs").iterdir()}
    again = layerwise(
        "compare", "demo:iris", *VARY, *QUICK, "--seeds", "3", "--json", folder=iris_compared.folder
    )
    assert again.status == 0, again.err
    assert json.loads(again.out) == json.loads((iris_compared.out / "results.json").read_text("utf-8"))
    assert {file: file.stat().st_mtime_ns for file in (iris_compared.out / "runs").iterdir()} == before


def test_the_recipe_can_be_pasted_and_gives_the_winners_run(iris_compared):
    results = json.loads((iris_compared.out / "results.json").read_text("utf-8"))
    words = results["winner"]["shell"].split()
    trained = layerwise(*words[1:], "--out", "won", "--json", folder=iris_compared.folder)
    assert trained.status == 0, trained.err
    won = next(
        run
        for run in results["runs"]
        if run["combination"] == results["winner"]["label"] and run["seed"] == 0
    )
    assert json.loads(trained.out)["test"]["log_loss"] == won["test_log_loss"]


def test_a_file_of_a_run_fixes_the_rest_and_standard_input_will_do(tmp_path):
    rows = "\n".join(f"{k % 7},{'yes' if k % 7 > 3 else 'no'}" for k in range(80))
    (tmp_path / "c.toml").write_text(
        '[optimizer]\noptimizer = "gd"\n[training]\nepochs = 2\nengine = "numpy"\n'
    )
    said = layerwise(
        *("compare", "-", "--target", "y", "--vary", "optimizer=gd,adam", "--vary", "hidden=4,3;5"),
        *("--config", "c.toml", "--seeds", "1", "--out", "out", "-q"),
        folder=tmp_path,
        text=f"x,y\n{rows}\n",
    )
    assert (said.status, said.out, said.err) == (0, "", "")
    results = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))
    assert results["vary"] == {"optimizer": ["gd", "adam"], "hidden": [[4, 3], [5]]}
    assert results["fixed"]["epochs"] == 2
    assert results["winner"]["shell"].startswith("layerwise train - --target y")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("demo:iris", "--vary", "optimiser=gd,adam"), "did you mean 'optimizer'"),
        (("demo:iris", "--vary", "learning_rate=0.1,-1"), "learning_rate"),
        (("demo:iris", "--vary", "l2=0,1", "--l2", "3"), "both varied and fixed"),
        (("demo:iris", "--vary", "l2=0,1", "--metric", "r2"), "no metric 'r2'"),
        (("--vary", "l2=0,1"), "nothing to train on"),
    ],
)
def test_a_wrong_call_ends_with_two_and_leaves_nothing(tmp_path, arguments, words):
    said = layerwise("compare", *arguments, folder=tmp_path)
    assert said.status == 2, said.err
    assert words in said.err
    assert "Traceback" not in said.err
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_where_every_run_fails_the_status_is_one_and_the_reasons_are_kept(tmp_path):
    said = layerwise(
        *(
            "compare",
            "demo:diabetes",
            "--vary",
            "learning_rate=1e30,1e31",
            "--optimizer",
            "gd",
            "--seeds",
            "1",
        ),
        *("--schedule", "constant", "--batch-size", "8", *QUICK, "--out", "out"),
        folder=tmp_path,
    )
    assert said.status == 1
    assert "no run gave a network" in said.err
    assert "not finite in the first epoch" in said.out
    assert pl.read_csv(tmp_path / "out" / "runs.csv")["status"].to_list() == ["failed", "failed"]


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals on Windows")
def test_a_person_sees_how_far_it_is_and_ctrl_c_keeps_what_is_done(tmp_path):
    status, shown = layerwise_on_a_terminal(
        *("compare", "demo:digits", "--vary", "l2=0,1", "--seeds", "40", "--jobs", "2", "--out", "out"),
        *("--epochs", "40", "--patience", "none", "--engine", "numpy", "--hidden", "16"),
        folder=tmp_path,
        ctrl_c=[lambda shown: "run 2 of 80" in shown],
    )
    assert status == 1, shown
    assert "about" in shown
    assert " left" in shown
    assert "the same command goes on from there" in shown
    assert "Traceback" not in shown
    assert "UserWarning" not in shown
    results = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))
    assert results["interrupted"] is True
    kept = len(list((tmp_path / "out" / "runs").glob("*.json")))
    assert 2 <= kept == results["runs_done"] < 80


def test_help_holds_an_example_and_every_option_of_the_network():
    said = layerwise("compare", "--help", environment={"COLUMNS": "120"})
    assert said.status == 0
    for word in ("--vary optimizer=gd,adam", "--learning-rate", "--seeds", "--jobs", "--group", "--config"):
        assert word in said.out, word
    assert "--overwrite" not in said.out

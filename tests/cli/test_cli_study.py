"""`layerwise study`, as a person calls it."""

from __future__ import annotations

import json

import pytest
from shell_process import layerwise, layerwise_on_a_terminal


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

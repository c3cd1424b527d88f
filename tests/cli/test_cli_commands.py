"""The commands' faces: help, version, what to do next, show."""

from __future__ import annotations

import json
import subprocess
import sys

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shell_process import layerwise

import layerwise as package
from layerwise.cli.help_text import flowing
from layerwise.cli.outcome import number
from layerwise.cli.progress import duration, in_lines, short_count
from layerwise.cli.sparkline import BLOCKS, sparkline


def test_without_arguments_it_says_what_to_do():
    said = layerwise()
    assert said.status == 0
    for command in ("layerwise train demo:breast_cancer", "--target", "layerwise --help"):
        assert command in said.out


def test_help_is_quick_because_nothing_heavy_is_imported():
    program = (
        "import sys\n"
        "sys.argv = ['layerwise', '--help']\n"
        "from layerwise.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert end.code == 0, end.code\n"
        "heavy = {'numba', 'sklearn', 'polars', 'scipy', 'matplotlib', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for command in ("train", "predict", "evaluate", "show"):
        assert command in done.stdout


@pytest.mark.parametrize("command", ["train", "predict", "evaluate", "show"])
def test_every_command_has_help_with_an_example(command, here, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    said = here(command, "--help")
    assert said.status == 0, said.err
    assert f"layerwise {command} " in said.out.split("Examples:")[1]


def test_help_says_the_defaults(here, monkeypatch):
    monkeypatch.setenv("COLUMNS", "220")
    said = here("train", "-h")
    model = package.TabularClassifier()
    for value in (",".join(map(str, model.hidden)), f"{model.learning_rate:g}", model.optimizer):
        assert f"Default: {value}." in said.out, value
    assert "--no-shuffle" in said.out


def test_show_tells_layers_parameters_metrics_and_the_recipe(iris):
    said = layerwise("show", "runs/iris-1", folder=iris.folder)
    assert said.status == 0, said.err
    for text in ("16 x 4", "3 x 16", "softmax", "131", "accuracy", "validation_cost", "--hidden 16"):
        assert text in said.out, text
    assert any(block in said.out for block in BLOCKS)
    assert max(map(len, said.out.splitlines())) <= 100


def test_show_json_counts_the_parameters_that_are_on_disk(iris, here):
    from safetensors.numpy import load_file

    said = here("show", iris.run, "--json")
    document = json.loads(said.out)
    stored = load_file(iris.run / "model.safetensors")
    assert document["parameters"] == sum(array.size for array in stored.values()) == 131
    assert document["history"]["cost"] == pl.read_parquet(iris.run / "history.parquet")["cost"].to_list()
    assert document["config"]["hidden"] == [16]
    assert document["metrics"] == json.loads((iris.run / "metrics.json").read_text())


def test_evaluate_prints_a_table(iris, here):
    said = here("evaluate", iris.run, "demo:iris")
    assert said.status == 0, said.err
    assert "150 rows" in said.out
    assert "accuracy" in said.out


def test_a_fault_of_layerwise_is_admitted_with_the_traceback(monkeypatch, capsys):
    import layerwise.runs
    from layerwise.cli import main

    def broken(*arguments):
        raise ZeroDivisionError("no such luck")

    monkeypatch.setattr(layerwise.runs, "read_run", broken)
    monkeypatch.setattr(sys, "argv", ["layerwise", "show", "somewhere"])
    with pytest.raises(SystemExit) as end:
        main()
    said = capsys.readouterr().err
    assert end.value.code == 1
    assert "ZeroDivisionError: no such luck" in said
    assert f"bug in layerwise {package.__version__}" in said


@pytest.mark.parametrize(("failure", "status"), [("TrainingError", 1), ("InputError", 2)])
def test_the_exit_status_tells_failed_work_from_wrong_input(monkeypatch, capsys, failure, status):
    import layerwise.errors
    import layerwise.runs
    from layerwise.cli import main

    def refusing(*arguments):
        raise getattr(layerwise.errors, failure)("the sky is [red]falling[/red]")

    monkeypatch.setattr(layerwise.runs, "read_run", refusing)
    monkeypatch.setattr(sys, "argv", ["layerwise", "show", "somewhere"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == status


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=200), st.integers(1, 80))
def test_a_sparkline_has_a_letter_for_each_value_up_to_its_width(values, width):
    line = sparkline(values, width)
    assert len(line) == min(len(values), width)
    assert set(line) <= set(BLOCKS + " ")


def test_a_sparkline_rises_with_its_values():
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == BLOCKS
    assert sparkline([7, 0], unicode=False) == "#_"


def test_paragraphs_flow_and_examples_keep_their_lines():
    text = "One\n    two.\n\n\\b\n  a\n  b\n"
    assert flowing("One\ntwo.\n\n\b\n  a\n  b\n") == "One two.\n\n\b\n  a\n  b"
    assert "\n" not in flowing(text).split("\n\n")[0]


def test_figures_are_written_for_people():
    assert [duration(s) for s in (0.41, 12.3, 200, 7500)] == ["0.4 s", "12 s", "3 min 20 s", "2 h 05 min"]
    assert [short_count(n) for n in (950, 12_345, 3_400_000)] == ["950", "12.3k", "3.4M"]
    assert [number(x) for x in (0.97368, -1e-9, 53.214, 12345.6, None)] == [
        "0.9737",
        "0.0000",
        "53.21",
        "12,346",
        "-",
    ]


@given(st.lists(st.text(alphabet="abc 0123", min_size=1, max_size=12), max_size=8), st.integers(5, 80))
def test_parts_are_put_in_lines_that_fit(parts, width):
    lines = in_lines(parts, width).split("\n")
    assert "".join(lines).replace("  ", "") == "".join(parts).replace("  ", "") or any(
        "  " in part for part in parts
    )
    assert all(len(line) <= max(width, 12) for line in lines)

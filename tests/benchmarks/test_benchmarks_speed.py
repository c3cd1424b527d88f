"""The speed benchmark runs, checks that everybody learns, and says when somebody does not."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

WITHOUT_PEERS = "torch,jax,onnx"


@pytest.fixture
def speed(repository: Path, monkeypatch: pytest.MonkeyPatch):
    """Imports a module of benchmarks/speed/."""
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    return lambda module: importlib.import_module(f"speed.{module}")


def run_program(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = repository / "benchmarks" / "speed.py"
    return subprocess.run([sys.executable, str(program), *arguments], capture_output=True, text=True)


def test_a_tiny_work_is_measured_and_everybody_learns(repository: Path, tmp_path: Path):
    out = tmp_path / "speed.json"
    options = (
        "--only",
        "breast-cancer",
        "--threads",
        "1",
        "--repeats",
        "2",
        "--seconds",
        "0",
        "--shorter",
        "40",
    )
    done = run_program(repository, *options, "--skip", WITHOUT_PEERS, "--json", str(out))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| 1 | [30,100,1], batch 200, Adam, 569 examples |" in done.stdout
    (result,) = json.loads(out.read_text())["results"]
    assert result["work"]["steps"] == 15
    assert result["blas_peak_gflops"] > 0
    entries = {entry["name"]: entry for entry in result["entries"]}
    assert set(entries) == {"layerwise", "layerwise engine", "scikit-learn"}
    for entry in entries.values():
        assert entry["fault"] is None
        assert len(entry["wall"]) == len(entry["cpu"]) == 2
        assert min(entry["wall"]) > 0
        assert entry["end"] < entry["prepared"]["start"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--only", "nothing"), "there is no nothing"),
        (("--limits", "nothing"), "there is no nothing"),
        (("--threads", "two"), "expected numbers"),
        (("--repeats", "0"), "at least 1"),
    ],
)
def test_a_wrong_call_is_refused(speed, capsys, repository, monkeypatch, arguments, word):
    program = _program(repository, monkeypatch)
    with pytest.raises(SystemExit) as stopped:
        program.arguments_of(arguments)
    assert stopped.value.code == 2
    assert word in capsys.readouterr().err


def _program(repository: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    specification = importlib.util.spec_from_file_location(
        "speed_program", repository / "benchmarks/speed.py"
    )
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_a_contestant_that_learns_nothing_or_something_else_is_found(speed):
    rounds, works = speed("rounds"), speed("works")

    def entry(name: str, end: float):
        return rounds.Entry(name, True, {"start": 1.0, "way": "-"}, [1.0], [1.0], end=end)

    entries = [entry("layerwise", 0.5), entry("near", 0.51), entry("still", 1.0), entry("else", 0.6)]
    entries.append(entry("lost", float("nan")))
    result = rounds.Result(works.WORKS[0], 1, 100.0, entries, {})
    rounds._check(result)
    assert [entry.name for entry in entries if entry.fault] == ["still", "else", "lost"]
    text = speed("table").details(result)
    assert text.count("FAULT") == 3


def test_the_table_counts_as_the_issue_does(speed):
    rounds, work = speed("rounds"), speed("works").WORKS[0]
    seconds = work.steps * 1e-6
    own = rounds.Entry("layerwise", False, {"start": 1.0, "way": "-"}, [seconds] * 3, [seconds] * 3, end=0.5)
    slow = rounds.Entry("a peer", True, {"start": 1.0, "way": "-"}, [7 * seconds] * 3, [seconds] * 3, end=0.5)
    slower = rounds.Entry(
        "another", True, {"start": 1.0, "way": "-"}, [9 * seconds] * 3, [seconds] * 3, end=0.5
    )
    result = rounds.Result(work, 1, 100.0, [own, slower, slow], {})
    row = speed("table").summary([result]).splitlines()[-1]
    assert [cell.strip() for cell in row.strip("|").split("|")][2:6] == [
        "1 µs/step",
        "7, a peer",
        "7.00",
        "6",
    ]
    assert row.endswith("| yes |")


def test_operations_are_those_of_the_products(speed):
    """Counted here product by product, for one mini-batch of 200 of [30,100,1]."""
    work = next(work for work in speed("works").WORKS if work.key == "breast-cancer")
    m = 569
    forward = 2 * m * 30 * 100 + 2 * m * 100 * 1
    weights = forward
    inputs = 2 * m * 100 * 1
    assert work.flops == (forward + weights + inputs) * work.epochs


def test_every_work_has_its_examples_and_a_regularized_twin(speed):
    works, examples_of = speed("works").WORKS, speed("examples").examples_of
    keys = [work.key for work in works]
    assert len(set(keys)) == len(keys)
    for work in works:
        if work.kind == "fit" and work.goal and not work.is_regularized:
            assert f"{work.key}-regularized" in keys
        if work.rows > 1000 or work.is_regularized:
            continue
        X, Y, labels = examples_of(work)
        assert X.shape == (work.rows, work.sizes[0])
        assert Y.shape == (work.rows, work.sizes[-1])
        assert X.dtype == Y.dtype == work.dtype
        assert labels is None or len(labels) == work.rows


def test_epoch_orders_are_fresh_permutations(speed):
    orders = speed("runner").epoch_orders(50, 3, np.random.default_rng(0))
    assert (np.sort(orders, axis=1) == np.arange(50)).all()
    assert not (orders[0] == orders[1]).all()

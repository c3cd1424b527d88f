"""Runs that many tests of the shell look at; trained once."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest
from shell_process import Finished, layerwise


class Trained(NamedTuple):
    """A call of `layerwise train`: the folder it was made in, the run, and what it said."""

    folder: Path
    run: Path
    said: Finished


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capfdbinary, tmp_path: Path) -> Iterator[Callable[..., Finished]]:
    """`layerwise ARGUMENTS` in this process, in `folder` (by default the test's): ten times as fast."""
    terminated = signal.getsignal(signal.SIGTERM)

    def run(*arguments: str | Path, folder: Path = tmp_path) -> Finished:
        from layerwise.cli import main

        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["layerwise", *map(str, arguments)])
        capfdbinary.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capfdbinary.readouterr()
        return Finished(int(end.value.code or 0), out.decode("utf-8"), err.decode("utf-8"))

    yield run
    signal.signal(signal.SIGTERM, terminated)


@pytest.fixture(scope="session")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("iris")
    said = layerwise("train", "demo:iris", "--epochs", "12", "--hidden", "16", "--json", folder=folder)
    assert said.status == 0, said.err
    return Trained(folder, folder / "runs" / "iris-1", said)


@pytest.fixture(scope="session")
def people_table() -> pl.DataFrame:
    """All kinds of columns, 400 rows: whether somebody stays depends on age, city and pay."""
    draw = np.random.default_rng(7)
    n = 400
    age = draw.integers(18, 80, n)
    city = draw.choice(["Rome", "Paris, France", "Köln", "Oslo"], n)
    pay = np.round(draw.normal(3000, 800, n), 2)
    score = (age - 45) / 12 + (city == "Oslo") * 1.5 - (pay - 3000) / 900 + draw.normal(0, 0.5, n)
    return pl.DataFrame(
        {
            "key": [f"K-{k:05d}" for k in range(n)],
            "age": age,
            "city": city,
            "pay": [None if k % 17 == 0 else value for k, value in enumerate(pay)],
            "member": draw.choice(["yes", "no"], n),
            "joined": pl.Series(np.datetime64("2020-01-01") + draw.integers(0, 900, n).astype("m8[D]")),
            "household": draw.integers(0, 60, n),
            "counts": draw.integers(1, 4, n),
            "stays": np.where(score > 0, "stays", "leaves"),
        }
    )


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory, people_table: pl.DataFrame) -> Trained:
    """Trained on people.csv in one folder with the run."""
    folder = tmp_path_factory.mktemp("people")
    people_table.write_csv(folder / "people.csv")
    said = layerwise(
        *("train", "people.csv", "--target", "stays", "--exclude", "counts", "--group", "household"),
        *("--epochs", "15", "--hidden", "16", "--out", "stay"),
        folder=folder,
    )
    assert said.status == 0, said.err
    return Trained(folder, folder / "stay", said)

"""A comparison that is stopped, and goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from small_tables import QUICK, two_classes

from layerwise.comparison import compare
from layerwise.persistence import finished_runs

PROGRAM = """
import json, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, sys.argv[1])
from small_tables import QUICK, two_classes
from layerwise.comparison import compare

if __name__ == "__main__":
    X, y = two_classes(300)
    found = compare(
        X, y, vary={"optimizer": ["gd", "adam"]}, seeds=int(sys.argv[3]), jobs=int(sys.argv[2]), store="kept",
        settings={**QUICK, "epochs": 40, "patience": None},
        progress=lambda where: print(where.done, where.reused, flush=True),
    )
    print(json.dumps({
        "interrupted": found.interrupted,
        "runs": found.runs.drop("seconds").to_dicts(),
        "text": found.text,
    }))
"""
QUIET_MACHINE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
MANY = 40


def start(jobs: int, seeds: int) -> subprocess.Popen:
    Path("program.py").write_text(PROGRAM)
    return subprocess.Popen(
        [sys.executable, "program.py", str(Path(__file__).parent), str(jobs), str(seeds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **QUIET_MACHINE},
    )


def whole(seeds: int) -> tuple[list[str], dict]:
    """(lines of progress, what was found) of a comparison that runs to its end."""
    process = start(1, seeds)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    *progress, found = output.splitlines()
    return progress, json.loads(found)


def stopped(jobs: int, how: signal.Signals) -> tuple[str, str, int]:
    """(output, errors, status) of one that gets the signal after its second run."""
    process = start(jobs, MANY)
    try:
        said = ""
        while not said.startswith("2 "):
            said = process.stdout.readline()
            assert said, process.stderr.read()
        process.send_signal(how)
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    return output, errors, process.returncode


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_after_kill_9_it_goes_on_where_it_stopped():
    *_, status = stopped(1, signal.SIGKILL)
    assert status == -signal.SIGKILL
    kept = len(list(Path("kept/runs").glob("*.json")))
    assert 2 <= kept < 2 * MANY
    seeds = kept // 2 + 2
    progress, found = whole(seeds)
    assert progress[0] == f"{kept} {kept}"
    assert len(progress) == 1 + 2 * seeds - kept
    for file in Path("kept/runs").iterdir():
        file.unlink()
    _, afresh = whole(seeds)
    assert found["runs"] == afresh["runs"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to another process")
@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(jobs):
    output, errors, status = stopped(jobs, signal.SIGINT)
    assert (status, errors) == (0, "")
    found = json.loads(output.splitlines()[-1])
    assert found["interrupted"]
    kept = list(Path("kept/runs").glob("*.json"))
    assert 2 <= len(found["runs"]) == len(kept) < 2 * MANY
    assert {row["status"] for row in found["runs"]} == {"done"}
    assert f"{len(kept)} of {2 * MANY} runs are done" in found["text"]
    assert not [file for file in Path("kept/runs").iterdir() if file.suffix != ".json"]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_ctrl_c_while_a_run_is_written_keeps_it_and_counts_it(monkeypatch, moment):
    write = finished_runs.write_atomically

    def pressed(path, content):
        if moment == "before":
            signal.raise_signal(signal.SIGINT)
        write(path, content)
        if moment == "after":
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(finished_runs, "write_atomically", pressed)
    X, y = two_classes()
    found = compare(X, y, vary={"optimizer": ["gd", "adam"]}, seeds=2, store="kept", settings=QUICK)
    assert found.interrupted
    assert len(found.runs) == len(list(Path("kept/runs").iterdir())) == 1


def workers(folder: str) -> list[str]:
    """The command lines of the processes that joblib started from this folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "cwd") == folder:
                found.append((process / "cmdline").read_bytes().decode())
        except OSError:
            continue
    return [line for line in found if "loky" in line]


def wait_until(is_so: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        time.sleep(0.05)
    assert is_so()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are told apart by /proc here")
@pytest.mark.parametrize("runs_done", [0, 2], ids=["while the workers start", "while they work"])
def test_no_worker_outlives_a_parent_that_is_killed(runs_done):
    """A worker that is still starting has not been told of any work yet, and must find out by itself."""
    here = os.getcwd()
    process = start(2, MANY)
    try:
        said = ""
        while not said.startswith(f"{runs_done} "):
            said = process.stdout.readline()
            assert said, process.stderr.read()
        wait_until(lambda: any("LokyProcess" in line for line in workers(here)), 60)
    finally:
        process.kill()
    # On a busy machine a worker takes seconds to start before it can end.
    wait_until(lambda: workers(here) == [], 60)
    process.communicate(timeout=60)

"""What a person sees on a terminal, and how Ctrl-C ends things."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time

import pytest
from shell_process import LAYERWISE, QUIET_MACHINE, layerwise, layerwise_on_a_terminal

pytest.importorskip("pty", reason="no pseudo-terminals here")

FOREVER = ("train", "demo:digits", "--epochs", "1000000", "--patience", "none", "--out", "run")
COLOUR = re.compile(r"\x1b\[[0-9;]*[1-9][0-9;]*m")


def test_progress_shows_epoch_cost_metric_rate_and_speed(tmp_path):
    status, shown = layerwise_on_a_terminal(
        "train",
        "demo:digits",
        "--epochs",
        "400",
        "--hidden",
        "256,256",
        "--patience",
        "none",
        folder=tmp_path,
    )
    assert status == 0, shown
    assert "Read 1,797 rows from demo:digits: predict 'digit' (multiclass, 10 classes)" in shown
    for word in ("of 400", "left at most", "cost 0.", "(best 0.", "accuracy 0.9", "rate 0.00", "rows/s"):
        assert word in shown, word
    assert "Trained 400 epochs" in shown
    assert COLOUR.search(shown)
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l"), "the cursor is shown again at the end"


def test_no_color_takes_the_colours_away(iris):
    status, shown = layerwise_on_a_terminal(
        "show", iris.run, folder=iris.folder, environment={"NO_COLOR": "1"}
    )
    assert status == 0
    assert "16 x 4" in shown
    assert not re.search(r"\x1b\[(3[0-7]|9[0-7]|38;)", shown)


def test_quiet_is_quiet_on_a_terminal_too(tmp_path):
    status, shown = layerwise_on_a_terminal(
        "train", "demo:moons", "--epochs", "2", "--quiet", folder=tmp_path
    )
    assert (status, shown.strip()) == (0, "")


def test_ctrl_c_keeps_the_best_network_so_far(tmp_path):
    status, shown = layerwise_on_a_terminal(
        *FOREVER, folder=tmp_path, ctrl_c=[lambda shown: "validation cost" in shown]
    )
    assert status == 0, shown
    assert "Interrupted in epoch" in shown
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["stopped"] == "interrupted"
    assert 1 <= metrics["best_epoch"] <= metrics["epochs"] < 1_000_000
    assert layerwise("predict", "run", "demo:digits", folder=tmp_path).status == 0


def test_a_second_ctrl_c_ends_at_once_and_leaves_nothing(tmp_path):
    status, shown = layerwise_on_a_terminal(
        *FOREVER,
        folder=tmp_path,
        ctrl_c=[lambda shown: "validation cost" in shown, lambda shown: "Measuring" in shown],
    )
    assert status == 130, shown
    assert "no unfinished file is left" in shown
    assert "Traceback" not in shown
    assert os.listdir(tmp_path) == []


def test_a_polite_kill_leaves_nothing(tmp_path):
    process = subprocess.Popen(
        [*LAYERWISE, *FOREVER, "--out", "new/run"],
        cwd=tmp_path,
        env={**os.environ, **QUIET_MACHINE},
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 120
    while not (tmp_path / "new").exists() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.5)
    process.terminate()
    _, said = process.communicate(timeout=120)
    assert process.returncode == 143, said
    assert os.listdir(tmp_path) == []


def test_a_terminal_without_unicode_shows_plain_letters_and_no_traceback(iris, tmp_path):
    (tmp_path / "t.csv").write_text(
        "größe,ziel\n" + "".join(f"{k % 7},{'jä' if k % 2 else 'nö'}\n" for k in range(40)), "utf-8"
    )
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    said = layerwise(
        *("train", "t.csv", "--target", "ziel", "--epochs", "2", "--out", "r", "--json"),
        folder=tmp_path,
        environment=ascii_only,
    )
    assert said.status == 0, said.err
    assert json.loads(said.out)["importance"]["columns"][0]["column"] == "größe"
    shown = layerwise("show", "r", folder=tmp_path, environment=ascii_only)
    assert shown.status == 0, shown.err
    assert shown.out.isascii()


def test_nobody_reading_is_no_fault(iris):
    """`layerwise predict ... | head -1`: what is not read is not complained about."""
    process = subprocess.Popen(
        [*LAYERWISE, "predict", str(iris.run), "demo:iris"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **QUIET_MACHINE},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read().decode()
    process.wait(120)
    assert said == ""


def test_drawing_takes_a_hundredth_of_the_time_at_most():
    """Epochs of 100 microseconds: what the callback adds to each of them, drawing included."""
    from rich.console import Console

    from layerwise.cli.progress import TrainingProgress

    progress = TrainingProgress()
    with open(os.devnull, "w") as nowhere:
        progress.console = Console(file=nowhere, force_terminal=True)
        progress.on_train_begin(
            {"epochs": 1_000_000, "steps": 1, "compiling": False, "monitor": "validation_cost"}
        )
        row = {"cost": 0.5, "validation_cost": 0.4, "learning_rate": 0.1, "rows_per_second": 1e6}
        epochs, drawn = 20_000, time.thread_time()
        for epoch in range(1, epochs + 1):
            progress.on_epoch_end({"epoch": epoch, **row})
        spent = time.thread_time() - drawn
        progress.close()
    assert spent / epochs < 5e-6, f"{spent / epochs * 1e6:.2f} microseconds an epoch"


def test_the_console_script_is_installed():
    script = os.path.join(os.path.dirname(sys.executable), "layerwise")
    if not os.path.exists(script):
        pytest.skip("layerwise is on the path, not installed")
    said = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"layerwise \d+\.\d+\S*\n", said.stdout)

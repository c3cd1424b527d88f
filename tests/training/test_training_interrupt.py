"""Ctrl-C ends a run after the steps at hand, with what it has."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from training_runs import Scripted, run

from layerwise.training import Recipe
from layerwise.training.interrupt import StopOnInterrupt

# Where a shell has put the tests into the background, Ctrl-C is ignored; not so in what they start.
ENDLESS = """
import json, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, sys.argv[1])
import numpy as np
from training_runs import run
from layerwise.training import Recipe

class Announce:
    def on_epoch_end(self, row):
        if row["epoch"] == 3:
            print("running", flush=True)

costs = []
def validate(parameters):
    costs.append(1.0 / (1 + len(costs)) if len(costs) < 2 else 1.0)
    return {"validation_cost": costs[-1]}

result = run(Recipe(epochs=10**7), callbacks=[Announce()], validate=validate)
print(json.dumps({
    "stopped": result.stopped,
    "reason": result.reason,
    "best_epoch": result.best_epoch,
    "epochs": len(result.history),
    "finite": bool(np.isfinite(result.parameters).all()),
    "handler": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
}))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to another process")
def test_ctrl_c_ends_a_run_in_good_order():
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS, str(Path(__file__).parent)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "running\n", process.stderr.read()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, errors) == (0, "")
    told = json.loads(output)
    assert told["stopped"] == "interrupted"
    assert told["reason"] == f"interrupted in epoch {told['epochs']}"
    assert 3 <= told["epochs"] < 10**7
    assert told["best_epoch"] == 2
    assert told["finite"]
    assert told["handler"]


@pytest.fixture
def ordinary_handler():
    """Python's own reaction to Ctrl-C, whatever the tests were started with."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


class Interrupting:
    """Presses Ctrl-C once: in an epoch after so many of its steps, or at its end."""

    def __init__(self, epoch, steps=None):
        self.epoch, self.steps, self.pressed = epoch, steps, False

    def on_steps_end(self, epoch, steps):
        if (epoch, steps) == (self.epoch, self.steps):
            self.press()

    def on_epoch_end(self, row):
        if self.steps is None and row["epoch"] == self.epoch:
            self.press()

    def press(self):
        self.pressed = True
        signal.raise_signal(signal.SIGINT)


@pytest.mark.usefixtures("ordinary_handler")
def test_an_interrupt_at_the_end_of_an_epoch_is_the_end():
    result = run(Recipe(epochs=9), callbacks=[Interrupting(3)])
    assert (result.stopped, len(result.history), result.best_epoch) == ("interrupted", 3, 3)


@pytest.mark.usefixtures("ordinary_handler")
def test_an_interrupt_within_an_epoch_is_heard_after_the_next_steps(monkeypatch):
    monkeypatch.setattr("layerwise.training.pace.SECONDS_PER_CALL", 0.0)
    validation = Scripted([3.0, 2.0, 4.0])
    result = run(Recipe(epochs=9, batch_size=1), callbacks=[Interrupting(2, steps=5)], validate=validation)
    assert (result.stopped, len(result.history)) == ("interrupted", 2)
    assert result.state.t == 40 + 6
    assert result.history.rows[-1]["step"] == 46
    # The part of the epoch that was done is judged like any other.
    assert result.best_epoch == 2
    assert result.parameters.tobytes() == validation.shown[1].tobytes()
    assert np.isfinite(result.history.rows[-1]["cost"])


def test_the_second_ctrl_c_interrupts_at_once(ordinary_handler):
    def press_twice():
        with StopOnInterrupt() as interrupt:
            signal.raise_signal(signal.SIGINT)
            assert interrupt.asked
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        press_twice()
    assert signal.getsignal(signal.SIGINT) is ordinary_handler


def test_the_handler_is_put_back_after_a_fault(ordinary_handler):
    class Broken:
        def on_epoch_end(self, row):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        run(Recipe(epochs=2), callbacks=[Broken()])
    assert signal.getsignal(signal.SIGINT) is ordinary_handler


@pytest.mark.usefixtures("ordinary_handler")
def test_where_ctrl_c_is_ignored_it_stays_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    result = run(Recipe(epochs=4), callbacks=[Interrupting(2)])
    assert result.stopped == "epochs"
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_a_run_in_another_thread_leaves_signals_alone():
    results = []
    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=lambda: results.append(run(Recipe(epochs=3))))
    thread.start()
    thread.join()
    assert results[0].stopped == "epochs"
    assert signal.getsignal(signal.SIGINT) is before

"""One network with many seeds: what `train` makes of each, together."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from training_runs import regression_data, regression_program, run

from layerwise.engine import at_most
from layerwise.errors import InputError
from layerwise.network.parameters import initial_parameters
from layerwise.training import Recipe, train_seeds

SEEDS = (4, 9, 2, 30, 7, 1, 6, 3, 8, 5, 11)
RECIPE = Recipe(epochs=12, batch_size=16, learning_rate=0.02, schedule="cosine")


def starts_for(program):
    return [initial_parameters(program.architecture, "xavier", seed=seed) for seed in SEEDS]


def alone(program, recipe, data, number):
    own, start = replace(program, seed=SEEDS[number]), starts_for(program)[number]
    return run(recipe, own, data, start=start, statistics=False)


@pytest.mark.parametrize(
    ("settings", "changed"),
    [({}, {}), ({}, {"shuffle": False}), ({"l2": 0.2}, {"batch_size": 0}), ({"dropout": (0.3,)}, {})],
)
def test_each_seed_is_what_training_it_alone_gives(settings, changed):
    program, recipe, data = regression_program(**settings), replace(RECIPE, **changed), regression_data()
    results = train_seeds(program, SEEDS, starts_for(program), data, recipe)
    assert len(results) == len(SEEDS)
    for number, result in enumerate(results):
        expected = alone(program, recipe, data, number)
        np.testing.assert_allclose(result.parameters, expected.parameters, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(result.state.slots, expected.state.slots, rtol=1e-9, atol=1e-12)
        assert result.state.t == expected.state.t
        for name in ("epoch", "step", "cost", "learning_rate", "gradient_norm"):
            np.testing.assert_allclose(
                result.history.column(name), expected.history.column(name), rtol=1e-9, err_msg=name
            )
        assert set(result.history.rows[0]) == set(expected.history.rows[0])
        assert (result.stopped, result.best_epoch) == ("epochs", 12)
        assert result.reason == expected.reason


def test_results_do_not_depend_on_the_threads():
    program, data = regression_program(), regression_data()
    many = train_seeds(program, SEEDS, starts_for(program), data, RECIPE)
    with at_most(1):
        one = train_seeds(program, SEEDS, starts_for(program), data, RECIPE)
    assert [result.parameters.tobytes() for result in many] == [result.parameters.tobytes() for result in one]


def test_the_one_that_diverges_says_when():
    program, data = regression_program(), regression_data()
    starts = starts_for(program)
    starts[2] = np.full_like(starts[2], 1e200)
    results = train_seeds(program, SEEDS, starts, data, RECIPE)
    assert [result.stopped for result in results].count("diverged") == 1
    assert results[2].stopped == "diverged"
    assert "no longer finite in epoch 1" in results[2].reason
    assert np.isfinite(results[2].parameters).all()


def test_patience_and_weights_are_kept():
    program, data = regression_program(), regression_data()
    weighted = data._replace(weights=np.linspace(0, 1, len(data.X)))
    for given, recipe in ((weighted, RECIPE), (data, replace(RECIPE, epochs=300, patience=2))):
        results = train_seeds(program, SEEDS[:3], starts_for(program)[:3], given, recipe)
        for number, result in enumerate(results):
            expected = alone(program, recipe, given, number)
            np.testing.assert_allclose(result.parameters, expected.parameters, rtol=1e-8, atol=1e-10)
            assert result.stopped == expected.stopped


def test_bad_input_is_refused():
    program, data = regression_program(), regression_data()
    with pytest.raises(InputError, match="11 seeds and 10 starts"):
        train_seeds(program, SEEDS, starts_for(program)[1:], data, RECIPE)
    with pytest.raises(InputError, match="at least one row"):
        train_seeds(program, SEEDS, starts_for(program), regression_data(0), RECIPE)


ENDLESS = """
import json, signal, sys, threading
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, sys.argv[1])
from test_training_seeds import SEEDS, starts_for
from training_runs import regression_data, regression_program
from layerwise.training import Recipe, train_seeds

program = regression_program(dropout=(float(sys.argv[2]),))
train_seeds(program, SEEDS, starts_for(program), regression_data(), Recipe(epochs=3))
threading.Timer(0.3, lambda: print("running", flush=True)).start()
results = train_seeds(program, SEEDS, starts_for(program), regression_data(), Recipe(epochs=10**8))
print(json.dumps([(result.stopped, result.reason) for result in results]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to another process")
@pytest.mark.parametrize("dropped", ["0.0", "0.3"])
def test_ctrl_c_ends_all_of_them(dropped):
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS, str(Path(__file__).parent), dropped],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "running\n", process.stderr.read()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, err
    ended = json.loads(out)
    assert len(ended) == len(SEEDS)
    assert all(stopped == "interrupted" and "interrupted in epoch" in reason for stopped, reason in ended)

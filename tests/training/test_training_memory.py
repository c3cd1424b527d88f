"""What a run keeps besides the parameters and what the optimizer remembers of them."""

from __future__ import annotations

import tempfile
import tracemalloc

import numpy as np
import pytest
from training_runs import Scripted, regression_data, regression_program, run

import layerwise.training.epoch_start as epoch_start_module
import layerwise.training.loop as loop_module
from layerwise.engine import Program, TrainingState, allowed_threads, build_engine
from layerwise.network.architecture import Architecture
from layerwise.network.objective import Objective
from layerwise.training import Data, Recipe, train
from layerwise.training.epoch_start import LARGE

DIVERGES = Recipe(epochs=2000, learning_rate=30.0, batch_size=20)


@pytest.fixture
def large(monkeypatch):
    """Every network counts as large."""
    for module in (epoch_start_module, loop_module):
        monkeypatch.setattr(module, "LARGE", 0)


def test_a_large_network_takes_little_more_than_its_parameters_and_two_numbers_for_each():
    recipe = Recipe(epochs=3, batch_size=32, learning_rate=1e-6)

    def fit(inputs: int, hidden: int) -> int:
        architecture = Architecture((inputs, hidden, 1), ("relu", "identity"))
        program = Program(architecture, Objective("squared_error"), "adam", dtype="float32")
        data = Data(np.ones((64, inputs), np.float32), np.ones((64, 1), np.float32))
        tracemalloc.start()
        state = TrainingState.start(np.zeros(architecture.parameter_count, np.float32), program)
        result = train(build_engine(program, "compiled"), state, data, recipe, statistics=False)
        assert len(result.history) == 3
        taken = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return taken

    # What compiling takes, and libraries, is there before.
    fit(8, 8)
    allowed_threads()
    parameters = 1024 * 2048 + 2048 + 2048 + 1
    assert parameters > LARGE
    assert fit(1024, 2048) < 3.9 * 4 * parameters


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_large_network_that_diverges_ends_where_a_small_one_would(large, dtype, monkeypatch):
    program, data = regression_program(dtype=dtype), regression_data(dtype=dtype)
    of_large = run(DIVERGES, program, data, statistics=False)
    monkeypatch.setattr(epoch_start_module, "LARGE", 2**20)
    of_small = run(DIVERGES, program, data, statistics=False)
    assert of_large.stopped == of_small.stopped == "diverged"
    assert of_large.best_epoch == of_small.best_epoch > 0
    assert of_large.parameters.tobytes() == of_small.parameters.tobytes()
    assert of_large.parameters.dtype == dtype


def test_a_disk_without_room_does_not_end_a_run(large, monkeypatch):
    expected = run(DIVERGES, statistics=False).parameters

    def full(**how):
        raise OSError("No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    found = run(DIVERGES, statistics=False)
    assert found.stopped == "diverged"
    assert found.parameters.tobytes() == expected.tobytes()


def test_statistics_of_a_large_network_are_those_of_a_small_one(large, monkeypatch):
    """Every other epoch has some: what is kept lies in memory and in the file in turn."""
    recipe = Recipe(epochs=200, batch_size=20, learning_rate=0.01)
    of_large = run(recipe)
    monkeypatch.setattr(epoch_start_module, "LARGE", 2**20)
    of_small = run(recipe)
    names = set(of_large.history.rows[0]) - {"seconds", "rows_per_second"}
    assert "layer1_update_ratio" in names
    for name in names:
        np.testing.assert_array_equal(of_large.history.column(name), of_small.history.column(name))


def test_nothing_is_kept_of_an_epochs_start_once_a_better_epoch_is(large, monkeypatch):
    kept = []
    monkeypatch.setattr(
        epoch_start_module.EpochStart, "keep", lambda self, parameters, at_hand: kept.append(at_hand)
    )
    run(Recipe(epochs=4), validate=Scripted([4.0, 3.0, 2.0, 1.0]), statistics=False)
    assert kept == [False]

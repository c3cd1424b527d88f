"""A run that was cut off goes on from its checkpoint, and no other run does."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from layerwise import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor
from layerwise.callbacks import Checkpoint
from layerwise.errors import InputError
from layerwise.persistence import read_checkpoint, write_checkpoint

TABLE = {"hidden": (8,), "epochs": 12, "learning_rate": 0.01, "engine": "numpy", "dropout": 0.2}
ARRAYS = {"hidden_layer_sizes": (8,), "max_iter": 12, "random_state": 3, "engine": "numpy"}


class PowerCut:
    """Ends the run after an epoch as nothing else does."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, row):
        if row["epoch"] == self.epoch:
            raise ConnectionAbortedError


@pytest.fixture(scope="module")
def examples():
    X = np.random.default_rng(0).normal(size=(150, 4))
    return X, X[:, 0] * X[:, 1] + 0.1 * X[:, 2]


def cut_off_and_go_on(make, X, y, path):
    """(a run that was never cut, the one that went on, its checkpoint)."""
    whole = make().fit(X, y)
    with pytest.raises(ConnectionAbortedError):
        make().fit(X, y, callbacks=[Checkpoint(path, seconds=0), PowerCut(7)])
    checkpoint = Checkpoint(path)
    return whole, make().fit(X, y, callbacks=[checkpoint]), checkpoint


@pytest.mark.parametrize("kind", [TabularClassifier, TabularRegressor])
def test_a_table_network_goes_on_to_the_same_bits(examples, tmp_path, kind):
    X, y = examples
    y = y if kind is TabularRegressor else np.where(y > 0, "yes", "no")
    whole, resumed, checkpoint = cut_off_and_go_on(lambda: kind(**TABLE), X, y, tmp_path / "run.checkpoint")
    assert checkpoint.resumed_from_ == 6
    np.testing.assert_array_equal(resumed.network_.parameters, whole.network_.parameters)
    assert resumed.best_epoch_ == whole.best_epoch_
    assert resumed.history_["validation_cost"].to_list() == whole.history_["validation_cost"].to_list()


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"early_stopping": True, "dropout": 0.3},
        {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.2, "n_iter_no_change": 1},
        {"solver": "sgd", "learning_rate": "invscaling"},
        {"schedule": "plateau", "schedule_every": 1},
        {"shuffle": False, "sparse": True},
    ],
    ids=["adam", "early stopping", "adaptive", "invscaling", "plateau", "sparse"],
)
def test_a_drop_in_goes_on_to_the_same_bits(examples, tmp_path, settings):
    X, y = examples
    settings = dict(settings)
    if settings.pop("sparse", False):
        X = sparse.csr_array(np.where(X > 0, X, 0))
    whole, resumed, checkpoint = cut_off_and_go_on(
        lambda: MLPClassifier(**ARRAYS | settings), X, (y > 0).astype(int), tmp_path / "run.checkpoint"
    )
    assert checkpoint.resumed_from_ == 6
    for one, other in zip(
        resumed.coefs_ + resumed.intercepts_, whole.coefs_ + whole.intercepts_, strict=True
    ):
        np.testing.assert_array_equal(one, other)
    for name in ("loss_curve_", "n_iter_", "t_", "validation_scores_", "best_loss_", "loss_"):
        assert getattr(resumed, name) == getattr(whole, name), name


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_a_run_that_was_complete_is_not_repeated(examples, tmp_path):
    X, y = examples
    for model in (TabularRegressor(**TABLE), MLPRegressor(**ARRAYS)):
        checkpoint = Checkpoint(tmp_path / type(model).__name__)
        first = model.fit(X, y, callbacks=[checkpoint]).predict(X)
        again = model.fit(X, y, callbacks=[checkpoint]).predict(X)
        assert checkpoint.resumed_from_ == 12
        np.testing.assert_array_equal(again, first)


def test_another_run_is_refused_with_what_differs(examples, tmp_path):
    X, y = examples
    checkpoint = Checkpoint(tmp_path / "run.checkpoint")
    TabularRegressor(**TABLE).fit(X, y, callbacks=[checkpoint])
    before = (tmp_path / "run.checkpoint").read_bytes()
    with pytest.raises(InputError, match=r"learning_rate was 0\.01 and is 0\.02"):
        TabularRegressor(**TABLE | {"learning_rate": 0.02}).fit(X, y, callbacks=[checkpoint])
    with pytest.raises(InputError, match="the training data differ"):
        TabularRegressor(**TABLE).fit(X, y + 1.5 * X[:, 3], callbacks=[checkpoint])
    assert (tmp_path / "run.checkpoint").read_bytes() == before
    anew = Checkpoint(tmp_path / "run.checkpoint", resume=False)
    TabularRegressor(**TABLE | {"learning_rate": 0.02}).fit(X, y, callbacks=[anew])
    assert anew.resumed_from_ == 0
    assert (tmp_path / "run.checkpoint").read_bytes() != before


def test_writing_waits_but_the_end_is_always_written(examples, tmp_path):
    X, y = examples
    path = tmp_path / "new" / "run.checkpoint"
    with pytest.raises(ConnectionAbortedError):
        TabularRegressor(**TABLE).fit(X, y, callbacks=[Checkpoint(path, seconds=3600), PowerCut(7)])
    assert not path.exists()
    TabularRegressor(**TABLE).fit(X, y, callbacks=[Checkpoint(path, seconds=3600)])
    assert len(read_checkpoint(path)[2]["history"]) == 12
    assert [file.name for file in path.parent.iterdir()] == ["run.checkpoint"]


KILLED = """
import os, signal
import numpy as np
from layerwise import TabularRegressor
from layerwise.callbacks import Checkpoint

class Kill:
    def on_epoch_end(self, row):
        if row["epoch"] == 5:
            os.kill(os.getpid(), signal.SIGKILL)

X = np.random.default_rng(0).normal(size=(150, 4))
y = X[:, 0] * X[:, 1] + 0.1 * X[:, 2]
model = TabularRegressor(hidden=(8,), epochs=12, learning_rate=0.01, engine="numpy", dropout=0.2)
model.fit(X, y, callbacks=[Checkpoint("run.checkpoint", seconds=0), Kill()])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a system that can kill a process at once")
def test_a_process_that_was_killed_goes_on_in_another(examples, tmp_path):
    X, y = examples
    killed = subprocess.run([sys.executable, "-c", KILLED], cwd=tmp_path, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    checkpoint = Checkpoint(tmp_path / "run.checkpoint")
    resumed = TabularRegressor(**TABLE).fit(X, y, callbacks=[checkpoint])
    assert checkpoint.resumed_from_ == 4
    whole = TabularRegressor(**TABLE).fit(X, y)
    np.testing.assert_array_equal(resumed.network_.parameters, whole.network_.parameters)


def test_what_cannot_go_on_is_refused_before_training(examples, tmp_path):
    X, y = examples
    checkpoint = Checkpoint(tmp_path / "run.checkpoint")
    with pytest.raises(InputError, match="lbfgs"):
        MLPRegressor(solver="lbfgs", random_state=0).fit(X, y, callbacks=[checkpoint])
    with pytest.raises(InputError, match="random_state"):
        MLPRegressor().fit(X, y, callbacks=[checkpoint])
    with pytest.raises(InputError, match="is a folder"):
        TabularRegressor(**TABLE).fit(X, y, callbacks=[Checkpoint(tmp_path)])
    with pytest.raises(InputError, match="seconds"):
        Checkpoint(tmp_path, seconds=-1)


# -- the file ------------------------------------------------------------------------------------------


def written(path: Path) -> Path:
    arrays = {"parameters": np.arange(3.0), "slots": np.zeros((2, 3), dtype=np.float32)}
    write_checkpoint(path, {"seed": 0}, arrays, {"best": float("inf"), "third": 1 / 3, "lost": float("nan")})
    return path


def test_numbers_come_back_to_the_last_bit(tmp_path):
    identity, arrays, document = read_checkpoint(written(tmp_path / "a"))
    assert identity == {"seed": 0}
    np.testing.assert_array_equal(arrays["parameters"], np.arange(3.0))
    assert arrays["slots"].dtype == np.float32
    assert document["best"] == float("inf")
    assert document["third"] == 1 / 3
    assert np.isnan(document["lost"])


def test_there_may_be_no_file(tmp_path):
    assert read_checkpoint(tmp_path / "none") is None


def test_every_damaged_byte_is_noticed(tmp_path):
    path = written(tmp_path / "a")
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(InputError):
            read_checkpoint(path)
    for end in (0, 5, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:end])
        with pytest.raises(InputError, match="delete it to start anew"):
            read_checkpoint(path)


def test_a_file_of_another_kind_or_a_newer_version_is_refused(tmp_path):
    from safetensors.numpy import save_file

    save_file({"a": np.zeros(2)}, tmp_path / "other", {"format": "pt"})
    with pytest.raises(InputError, match="not a checkpoint"):
        read_checkpoint(tmp_path / "other")
    header = {"format": "layerwise-checkpoint", "format_version": "99", "layerwise_version": "9.0"}
    save_file({"a": np.zeros(2)}, tmp_path / "newer", header | {"document": json.dumps({})})
    with pytest.raises(InputError, match="upgrade"):
        read_checkpoint(tmp_path / "newer")


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file"):
        written(tmp_path / "file" / "run.checkpoint")

"""Callbacks watch a run, may stop it, and do not change it."""

from __future__ import annotations

import numpy as np
import pytest
from training_runs import Scripted, run

from layerwise.training import Recipe


class Everything:
    """Writes down whatever it is told."""

    def __init__(self):
        self.told = []

    def on_train_begin(self, plan):
        self.told.append(("begin", plan))

    def on_steps_end(self, epoch, steps):
        self.told.append(("steps", (epoch, steps)))

    def on_epoch_end(self, row):
        self.told.append(("epoch", dict(row)))

    def on_train_end(self, result):
        self.told.append(("end", result))

    def heard(self, event):
        return [what for name, what in self.told if name == event]


def test_a_callback_hears_of_all_that_happens_in_order():
    watcher = Everything()
    result = run(Recipe(epochs=3, batch_size=2), callbacks=[watcher])
    events = [event for event, _ in watcher.told if event != "steps"]
    assert events == ["begin", "epoch", "epoch", "epoch", "end"]
    (plan,) = watcher.heard("begin")
    assert plan == {
        "epochs": 3,
        "steps": 20,
        "rows": 40,
        "engine": "numpy",
        "compiling": False,
        "parameters": 4 * 3 + 4 + 4 + 1,
        "monitor": "cost",
        "history": [],
    }
    assert watcher.heard("epoch") == result.history.rows
    assert watcher.heard("end") == [result]
    # The first call does 16 steps, the second the rest; what then fits into one call is not reported.
    assert watcher.heard("steps")[:2] == [(1, 16), (1, 20)]


def test_the_plan_names_the_column_that_decides():
    watcher = Everything()
    run(Recipe(epochs=1), callbacks=[watcher], validate=Scripted([1.0]))
    run(Recipe(epochs=1, monitor="cost"), callbacks=[watcher], validate=Scripted([1.0]))
    assert [plan["monitor"] for plan in watcher.heard("begin")] == ["validation_cost", "cost"]


def test_a_callback_that_returns_true_stops_the_run():
    class Enough:
        def on_epoch_end(self, row):
            return row["epoch"] == 2

    watcher = Everything()
    result = run(Recipe(epochs=9), callbacks=[Enough(), watcher])
    assert (result.stopped, result.best_epoch, len(result.history)) == ("callback", 2, 2)
    assert result.reason == "a callback asked to stop after epoch 2"
    # Those after it hear of the epoch too.
    assert len(watcher.heard("epoch")) == 2
    assert len(watcher.heard("end")) == 1


def test_any_object_is_a_callback_even_one_with_no_method():
    assert run(Recipe(epochs=2), callbacks=[object()]).stopped == "epochs"


def test_a_callback_sees_the_validation_and_cannot_change_the_history():
    class Meddler:
        def on_epoch_end(self, row):
            assert row["validation_cost"] == 7.0
            row["cost"] = -1.0

    result = run(Recipe(epochs=2), callbacks=[Meddler()], validate=Scripted([7.0, 7.0]))
    assert min(result.history.column("cost")) > 0


def test_a_run_is_the_same_with_and_without_callbacks():
    recipe = Recipe(epochs=4, batch_size=3)
    watched, alone = run(recipe, callbacks=[Everything()]), run(recipe)
    assert watched.parameters.tobytes() == alone.parameters.tobytes()
    for one, other in zip(watched.history, alone.history, strict=True):
        assert list(one) == list(other)
        kept = [name for name in one if name not in ("seconds", "rows_per_second")]
        assert [one[name] for name in kept] == [other[name] for name in kept]


def test_a_fault_in_a_callback_is_not_hidden():
    class Broken:
        def on_epoch_end(self, row):
            raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="the disk is full"):
        run(Recipe(epochs=2), callbacks=[Broken()])


def test_a_column_of_the_history_has_a_gap_where_a_row_lacks_it():
    history = run(Recipe(epochs=2)).history
    history.append({"epoch": 3, "note": 1.5})
    assert history.column("note") == [None, None, 1.5]
    assert len(history) == 3
    frame = history.frame()
    assert frame["note"].to_list() == [None, None, 1.5]
    assert frame["cost"].null_count() == 1
    assert np.isfinite(frame["cost"].drop_nulls().to_numpy()).all()

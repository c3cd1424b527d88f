"""A run that stops anywhere goes on from its last snapshot, to the same bits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training_runs import OPTIMIZER, Scripted, regression_data, regression_program, run

from layerwise.formulas.optimizers import OPTIMIZERS
from layerwise.training import Recipe
from layerwise.training.snapshot import differences, digest, run_identity


class Keeper:
    """Holds the snapshot of every epoch, and hands back the one it was given."""

    def __init__(self, snapshot=None):
        self.given, self.taken, self.plan = snapshot, [], None

    def restore(self, identity):
        self.identity = identity
        return self.given

    def on_train_begin(self, plan):
        self.plan = plan

    def on_snapshot(self, take):
        self.taken.append(take())


def same_but_for_time(one, other):
    clocks = ("seconds", "rows_per_second")
    strip = [[{k: v for k, v in row.items() if k not in clocks} for row in rows] for rows in (one, other)]
    return strip[0] == strip[1]


@settings(max_examples=15)
@given(
    stop=st.integers(1, 7),
    optimizer=st.sampled_from(sorted(OPTIMIZERS)),
    schedule=st.sampled_from(["constant", "cosine", "step", "plateau"]),
    batch_size=st.sampled_from([0, 7, 16]),
    dropout=st.sampled_from([0.0, 0.4]),
)
def test_going_on_gives_the_bits_of_a_run_that_never_stopped(stop, optimizer, schedule, batch_size, dropout):
    recipe = Recipe(epochs=8, batch_size=batch_size, learning_rate=0.01, schedule=schedule, schedule_every=1)
    program = regression_program(optimizer=optimizer, dropout=(dropout,))
    keeper = Keeper()
    whole = run(recipe, program, callbacks=[keeper])
    resumed = run(recipe, program, callbacks=[Keeper(keeper.taken[stop - 1])])
    assert resumed.parameters.tobytes() == whole.parameters.tobytes()
    assert resumed.state.slots.tobytes() == whole.state.slots.tobytes()
    assert resumed.state.t == whole.state.t
    assert same_but_for_time(resumed.history.rows, whole.history.rows)


def test_the_best_epoch_before_the_stop_is_still_the_best():
    scores = [3.0, 1.0, 2.0, 2.5, 2.0, 4.0]
    keeper = Keeper()
    whole = run(Recipe(epochs=6), callbacks=[keeper], validate=Scripted(scores))
    resumed = run(Recipe(epochs=6), callbacks=[Keeper(keeper.taken[3])], validate=Scripted(scores[4:]))
    assert resumed.best_epoch == whole.best_epoch == 2
    assert resumed.parameters.tobytes() == whole.parameters.tobytes()


def test_patience_counts_the_epochs_before_the_stop():
    scores = [1.0, 2.0, 2.0, 2.0, 0.5, 0.5]
    keeper = Keeper()
    whole = run(Recipe(epochs=6, patience=3), callbacks=[keeper], validate=Scripted(scores))
    resumed = run(
        Recipe(epochs=6, patience=3), callbacks=[Keeper(keeper.taken[1])], validate=Scripted(scores[2:])
    )
    assert (resumed.stopped, len(resumed.history)) == (whole.stopped, len(whole.history)) == ("patience", 4)


def test_a_run_that_was_complete_is_not_repeated():
    keeper = Keeper()
    recipe = Recipe(epochs=6, patience=2)
    whole = run(recipe, callbacks=[keeper], validate=Scripted([1.0, 2.0, 2.0]))
    shown = Scripted([])
    again = run(recipe, callbacks=[Keeper(keeper.taken[-1])], validate=shown)
    assert (again.stopped, again.best_epoch, shown.shown) == ("patience", 1, [])
    assert again.parameters.tobytes() == whole.parameters.tobytes()


def test_more_epochs_go_on_after_the_last():
    keeper = Keeper()
    run(Recipe(epochs=3), callbacks=[keeper])
    longer, whole = run(Recipe(epochs=5), callbacks=[Keeper(keeper.taken[-1])]), run(Recipe(epochs=5))
    assert longer.parameters.tobytes() == whole.parameters.tobytes()
    assert [row["epoch"] for row in longer.history] == [1, 2, 3, 4, 5]


def test_callbacks_are_told_what_was_done_before():
    keeper = Keeper()
    run(Recipe(epochs=3), callbacks=[keeper])
    assert keeper.plan["history"] == []
    other = Keeper(keeper.taken[1])
    run(Recipe(epochs=3), callbacks=[other])
    assert [row["epoch"] for row in other.plan["history"]] == [1, 2]


def test_a_snapshot_does_not_change_with_the_run():
    keeper = Keeper()
    run(Recipe(epochs=3), callbacks=[keeper], validate=Scripted([3.0, 2.0, 1.0]))
    first, last = keeper.taken[0], keeper.taken[-1]
    assert len(first.document["history"]) == 1
    assert (first.arrays["parameters"] != last.arrays["parameters"]).any()
    assert (first.arrays["best_parameters"] != last.arrays["best_parameters"]).any()


def identity_of(program=None, recipe=None, **how):
    keeper = Keeper()
    run(recipe or Recipe(epochs=1), program, callbacks=[keeper], **how)
    return keeper.identity


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recipe": Recipe(epochs=1, learning_rate=0.5)}, "learning_rate was 0.001 and is 0.5"),
        ({"recipe": Recipe(epochs=1, batch_size=3)}, "batch_size was 64 and is 3"),
        ({"program": regression_program(seed=4)}, "seed was 3 and is 4"),
        ({"program": regression_program(l2=0.1)}, "l2 was 0.0 and is 0.1"),
        ({"program": regression_program(optimizer="adam")}, f"optimizer was {OPTIMIZER!r} and is 'adam'"),
        ({"data": regression_data(seed=1)}, "the training data differ"),
        ({"start": np.zeros(21)}, "the starting parameters differ"),
    ],
    ids=["rate", "batch", "seed", "l2", "optimizer", "data", "start"],
)
def test_another_run_is_told_by_what_differs(change, said):
    assert said in differences(identity_of(), identity_of(**change))


def test_how_long_a_run_lasts_makes_no_other_run():
    long = identity_of(recipe=Recipe(epochs=2, patience=1))
    assert differences(identity_of(), long) == []


def test_numpy_numbers_in_the_settings_are_plain_ones_in_the_identity():
    program = replace(regression_program(), momentum=np.float32(0.5), seed=np.int64(3))
    facts = run_identity(program, {"batch_size": np.int64(8)}, np.zeros(3), {"X": np.ones((2, 2))})
    assert (facts["momentum"], facts["seed"], facts["batch_size"]) == (0.5, 3, 8)


def test_a_digest_tells_shapes_types_names_and_bits_apart():
    data = np.arange(6.0)
    others = [
        {"X": data.reshape(2, 3)},
        {"Y": data},
        {"X": data.astype(np.float32)},
        {"X": np.nextafter(data, 9)},
        {},
    ]
    assert digest({"X": data}) == digest({"X": data.copy(), "weights": None})
    assert len({digest(arrays) for arrays in ({"X": data}, *others)}) == 6
    assert digest({"X": data[::2]}) == digest({"X": data[::2].copy()})

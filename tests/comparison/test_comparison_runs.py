"""The runs of a comparison: in pairs, the same bits however they are done, kept, and gone on with."""

from __future__ import annotations

import json
from pathlib import Path

import joblib
import numpy as np
import polars as pl
import pytest
from joblib.parallel import ThreadingBackend
from small_tables import QUICK, two_classes
from threadpoolctl import threadpool_info

import layerwise.comparison.running as running
from layerwise.comparison import compare, compare_file
from layerwise.comparison.compared_rows import ComparedRows
from layerwise.comparison.one_run import run_once
from layerwise.errors import InputError
from layerwise.estimators import TabularRegressor
from layerwise.runs import TrainConfig, run_training

VARY = {"optimizer": ["gd", "adam"], "initialization": ["zeros", "he"]}


@pytest.fixture
def seen(monkeypatch):
    """What each run was given: (settings, seed, its split)."""
    calls = []

    def watched(rows, settings, seed, parent):
        calls.append((settings, seed, rows.split(seed, settings["validation_fraction"])))
        return run_once(rows, settings, seed, parent)

    monkeypatch.setattr(running, "run_once", watched)
    return calls


def test_runs_of_one_seed_have_the_same_rows_on_every_side(seen):
    X, y = two_classes()
    compare(X, y, vary=VARY, seeds=2, settings=QUICK)
    assert len(seen) == 8
    of_seed = {seed: [split for _, s, split in seen if s == seed] for seed in (0, 1)}
    for splits in of_seed.values():
        for split in splits[1:]:
            for side in ("train", "validation", "test"):
                assert split[side].frame.equals(splits[0][side].frame)
                assert split[side].target.equals(splits[0][side].target)
    assert not of_seed[0][0]["test"].frame.equals(of_seed[1][0]["test"].frame)


def test_a_side_takes_no_row_of_another(seen):
    X, y = two_classes()
    compare(X.with_row_index("row"), y, vary={"l2": [0, 1]}, seeds=1, settings=QUICK)
    rows = [set(part.frame["row"]) for part in seen[0][2].values()]
    assert sum(map(len, rows)) == len(set.union(*rows)) == len(y)


def test_varying_the_validation_rows_leaves_the_test_rows_alone(seen):
    X, y = two_classes()
    compare(X, y, vary={"validation_fraction": [0.0, 0.3]}, seeds=1, settings=QUICK)
    first, second = (split for _, _, split in seen)
    assert first["test"].frame.equals(second["test"].frame)
    assert "validation" not in first
    assert second["validation"].frame.height == 27


def test_one_process_and_two_give_the_same_bits():
    X, y = two_classes()
    alone = compare(X, y, vary=VARY, seeds=2, settings=QUICK, jobs=1)
    beside = compare(X, y, vary=VARY, seeds=2, settings=QUICK, jobs=2)
    assert alone.runs.drop("seconds").equals(beside.runs.drop("seconds"))
    assert alone.curves.equals(beside.curves)
    assert alone.runs.height == 8


class _AllAtOnce(ThreadingBackend):
    """A backend that hands back nothing before all is done, as Ray's."""

    supports_return_generator = False


def test_a_backend_that_hands_back_lists_does_a_few_runs_at_a_time(monkeypatch):
    X, y = two_classes()
    call = {"vary": {"optimizer": ["gd", "adam"]}, "settings": QUICK, "seeds": 3}
    expected = compare(X, y, jobs=1, **call)
    monkeypatch.setattr(running, "RUNS_OF_A_WORKER", 1)
    joblib.register_parallel_backend("all-at-once", _AllAtOnce)
    told = []
    with joblib.parallel_config(backend="all-at-once", n_jobs=2):
        found = compare(X, y, progress=lambda where: told.append(where.done), **call)
    assert found.runs.drop("seconds").equals(expected.runs.drop("seconds"))
    assert told == list(range(7))


def test_a_run_has_one_thread_for_linear_algebra(monkeypatch):
    threads = []

    def fit(self, *rows, **more):
        threads.extend(library["num_threads"] for library in threadpool_info())
        raise InputError("seen enough")

    monkeypatch.setattr("layerwise.estimators.TabularClassifier.fit", fit)
    X, y = two_classes()
    compare(X, y, vary={"l2": [0, 1]}, seeds=1)
    assert set(threads) == {1}


def test_a_run_is_the_run_that_train_makes(tmp_path):
    X, y = two_classes(120)
    X.with_columns(pl.Series("answer", y)).write_csv(tmp_path / "t.csv")
    options = {"data": str(tmp_path / "t.csv"), "target": "answer", "seed": 5, **QUICK}
    found = compare_file(options, vary={"optimizer": ["gd", "adam"]}, seeds=2)
    assert found.seeds == (5, 6)
    for seed in found.seeds:
        run = run_training(
            TrainConfig.of({**options, "optimizer": "adam", "seed": seed, "out": f"run{seed}"})
        )
        row = found.runs.row(
            by_predicate=(pl.col("optimizer") == "adam") & (pl.col("seed") == seed), named=True
        )
        for side in ("train", "validation", "test"):
            for name, value in run.splits[side].items():
                assert row[f"{side}_{name}"] == value, (side, name)
        assert (row["best_epoch"], row["epochs"]) == (run.metrics["best_epoch"], run.metrics["epochs"])


@pytest.mark.parametrize("option", ["group", "time", "weights", "test", "only"])
def test_rows_are_chosen_as_train_chooses_them(tmp_path, option):
    X, y = two_classes(120)
    table = X.with_columns(pl.Series("answer", y), pl.Series("aside", [k // 4 for k in range(120)]) + 1)
    table.write_csv(tmp_path / "t.csv")
    table.head(30).write_csv(tmp_path / "aside")
    (tmp_path / "aside").rename(tmp_path / "aside.csv")
    value = {"test": str(tmp_path / "aside.csv"), "only": ["number", "aside"]}.get(option, "aside")
    options = {"data": str(tmp_path / "t.csv"), "target": "answer", option: value, **QUICK}
    found = compare_file(options, vary={"l2": [0.0, 3.0]}, seeds=1)
    run = run_training(TrainConfig.of({**options, "l2": 3.0, "out": "run"}))
    row = found.runs.filter(pl.col("l2") == "3").row(0, named=True)
    assert row["test_log_loss"] == run.splits["test"]["log_loss"]
    assert row["train_log_loss"] == run.splits["train"]["log_loss"]
    assert found.draws_test_rows == (option not in ("time", "test"))


def test_a_run_that_fails_is_a_row_with_its_reason():
    draw = np.random.default_rng(0)
    X = draw.normal(size=(80, 2))
    y = X[:, 0] + 0.1 * draw.normal(size=80)
    found = compare(
        X,
        y,
        vary={"learning_rate": [1e30, 0.01]},
        estimator=TabularRegressor(**QUICK, optimizer="gd", schedule="constant", batch_size=8),
        seeds=3,
    )
    failed = found.runs.filter(pl.col("learning_rate") == "1e+30")
    assert failed["status"].to_list() == ["failed"] * 3
    assert all("not finite in the first epoch" in reason for reason in failed["reason"])
    assert failed["test_r2"].null_count() == 3
    assert found.summary()["failed"].to_list() == [0, 3]
    assert found.winner.label == "learning_rate=0.01"
    assert found.differences()["p"].to_list() == [None]
    assert "failed" in found.text


def test_a_run_that_diverges_later_keeps_its_best_epoch_and_says_so():
    draw = np.random.default_rng(0)
    X = draw.normal(size=(80, 2))
    found = compare(
        X,
        X[:, 0] + draw.normal(size=80),
        vary={"learning_rate": [0.01, 60.0]},
        task="regression",
        settings={
            **QUICK, "epochs": 400, "batch_size": 0, "patience": None, "hidden": (), "optimizer": "gd",
            "schedule": "constant", "dropout": 0.0,
        },
        seeds=1,
    )  # fmt: skip
    wild = found.runs.filter(pl.col("learning_rate") == "60").row(0, named=True)
    assert wild["status"] == "diverged"
    assert "no longer finite" in wild["reason"]
    assert wild["test_r2"] is not None
    assert "diverged" in found.text


def test_an_accident_is_a_row_too_but_is_tried_again(monkeypatch, tmp_path):
    X, y = two_classes()

    def out_of_memory(*given):
        raise MemoryError("no room")

    with monkeypatch.context() as patch:
        patch.setattr("layerwise.comparison.one_run._record", out_of_memory)
        first = compare(X, y, vary={"l2": [0, 1]}, seeds=1, settings=QUICK, store=tmp_path)
    assert first.runs["status"].to_list() == ["broken", "broken"]
    assert first.runs["reason"][0] == "MemoryError: no room"
    assert first.winner is None
    again = compare(X, y, vary={"l2": [0, 1]}, seeds=1, settings=QUICK, store=tmp_path)
    assert again.runs["status"].to_list() == ["done", "done"]


def files(folder: Path) -> set[Path]:
    return set((folder / "runs").iterdir())


def test_finished_runs_are_not_done_again(tmp_path, seen):
    X, y = two_classes()
    first = compare(X, y, vary=VARY, seeds=2, settings=QUICK, store=tmp_path)
    del seen[:]
    progress = []
    again = compare(X, y, vary=VARY, seeds=2, settings=QUICK, store=tmp_path, progress=progress.append)
    assert seen == []
    assert [(p.done, p.total, p.reused) for p in progress] == [(8, 8, 8)]
    assert again.runs.equals(first.runs)
    assert again.curves.equals(first.curves)


def test_more_seeds_and_more_values_are_added_to_what_is_there(tmp_path, seen):
    X, y = two_classes()
    compare(X, y, vary={"l2": [0, 1]}, seeds=2, settings=QUICK, store=tmp_path)
    del seen[:]
    wider = compare(X, y, vary={"l2": [0, 1, 2]}, seeds=3, settings=QUICK, store=tmp_path)
    assert {(settings["l2"], seed) for settings, seed, _ in seen} == {
        (0.0, 2),
        (1.0, 2),
        (2.0, 0),
        (2.0, 1),
        (2.0, 2),
    }
    assert wider.runs.height == 9


@pytest.mark.parametrize("change", ["a value", "a label", "a name", "a setting", "weights", "test rows"])
def test_a_changed_table_or_setting_is_not_mixed_in(tmp_path, seen, change):
    X, y = two_classes()
    compare(X, y, vary={"l2": [0, 1]}, seeds=1, settings=QUICK, store=tmp_path)
    del seen[:]
    settings, more = dict(QUICK), {}
    if change == "a value":
        X = X.with_columns(
            pl.when(pl.int_range(pl.len()) == 89).then(9.0).otherwise("number").alias("number")
        )
    elif change == "a label":
        y = [("no" if y[0] == "yes" else "yes"), *y[1:]]
    elif change == "a name":
        X = X.rename({"word": "letter"})
    elif change == "a setting":
        settings["epochs"] = 5
    elif change == "weights":
        more["sample_weight"] = np.linspace(1, 2, len(y))
    else:
        more["test_fraction"] = 0.3
    again = compare(X, y, vary={"l2": [0, 1]}, seeds=1, settings=settings, store=tmp_path, **more)
    assert len(seen) == 2
    assert len(files(tmp_path)) == 4
    assert any("2 finished runs in the folder are of another table" in said for said in again.notices)


def test_a_damaged_file_is_a_run_to_do_again(tmp_path, seen):
    X, y = two_classes()
    first = compare(X, y, vary={"l2": [0, 1]}, seeds=2, settings=QUICK, store=tmp_path)
    damaged = sorted(files(tmp_path))
    damaged[0].write_bytes(damaged[0].read_bytes()[:100])
    damaged[1].write_text("[]")
    damaged[2].write_text(damaged[3].read_text())
    del seen[:]
    again = compare(X, y, vary={"l2": [0, 1]}, seeds=2, settings=QUICK, store=tmp_path)
    assert len(seen) == 3
    assert again.runs.drop("seconds").equals(first.runs.drop("seconds"))


def test_a_kept_run_is_a_small_json_file_that_says_what_it_is(tmp_path):
    X, y = two_classes()
    compare(
        X,
        y,
        vary={"l2": [0, 1]},
        seeds=1,
        settings={**QUICK, "epochs": 900, "patience": None},
        store=tmp_path,
    )
    for file in files(tmp_path):
        document = json.loads(file.read_text())
        assert document["format"] == "layerwise-comparison-run"
        assert document["key"] == file.stem
        assert document["settings"]["hidden"] == [4]
        assert len(document["record"]["curve"]["epoch"]) <= 401
        assert file.stat().st_size < 60_000


def test_the_digest_is_of_what_a_table_holds_not_of_how():
    X, y = two_classes()
    X = X.with_columns(
        pl.Series("gaps", [None if k % 5 == 0 else k for k in range(len(y))]), good=pl.lit(True)
    )
    parts = pl.concat([X.head(40), X.tail(50)], rechunk=False)
    words = X.with_columns(pl.col("word").cast(pl.Categorical))

    def digest(frame):
        return _rows(frame, y).digest

    assert digest(X) == digest(parts) == digest(X.clone())
    assert digest(X) != digest(X.with_columns(pl.col("gaps").fill_null(0)))
    assert digest(X) != digest(X.reverse())
    assert digest(words) == digest(words.with_columns(pl.col("word").cast(pl.String).cast(pl.Categorical)))


def _rows(frame, y):
    from layerwise.runs.training_table import Rows
    from layerwise.tables import prepare_target

    labels = pl.Series("y", y)
    target, _, _ = prepare_target(labels.to_frame(), "y", None)
    return ComparedRows(Rows(frame, labels, None), target, 0.2)

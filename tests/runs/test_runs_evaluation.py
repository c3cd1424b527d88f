"""Measuring a trained network on other data."""

from __future__ import annotations

import json

import polars as pl
import pytest
from sklearn.metrics import accuracy_score

from layerwise import datasets, load
from layerwise.errors import InputError
from layerwise.runs import TrainConfig, evaluate_file, run_training


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    config = {"data": "demo:iris", "hidden": (8,), "epochs": 8, "engine": "numpy"}
    return run_training(TrainConfig.of(config | {"out": str(tmp_path_factory.mktemp("runs") / "iris")})).path


def test_accuracy_is_scikit_learns_on_the_same_predictions(run):
    frame = datasets.load("iris").frame
    found = evaluate_file(run, "demo:iris")
    assert found.rows == 150
    assert found.metrics["accuracy"] == accuracy_score(frame["species"], load(run).predict(frame))
    low, high = found.intervals["accuracy"]
    assert low <= found.metrics["accuracy"] <= high
    assert json.loads(json.dumps(found.document()))["intervals"]["accuracy"] == [low, high]


def test_rows_without_a_target_are_left_out_and_said(run):
    frame = datasets.load("iris").frame
    frame.with_columns(
        species=pl.when(pl.int_range(pl.len()) < 10).then(pl.lit("?")).otherwise(pl.col("species"))
    ).write_csv("t.csv")
    found = evaluate_file(run, "t.csv")
    assert found.rows == 140
    assert "10 rows" in found.notices[0].message


def test_labels_that_training_did_not_have_are_refused(run):
    frame = datasets.load("iris").frame
    frame.with_columns(species=pl.lit("tulip")).write_csv("t.csv")
    with pytest.raises(InputError, match="tulip"):
        evaluate_file(run, "t.csv")


def test_a_table_without_the_target_is_refused_with_the_nearest_name(run):
    datasets.load("iris").frame.rename({"species": "specie"}).write_csv("t.csv")
    with pytest.raises(InputError, match="did you mean 'specie'"):
        evaluate_file(run, "t.csv")


def test_few_rows_of_one_class_can_be_measured(run):
    datasets.load("iris").frame.head(3).write_csv("t.csv")
    found = evaluate_file(run, "t.csv")
    assert "accuracy" in found.metrics
    assert "roc_auc" not in found.metrics

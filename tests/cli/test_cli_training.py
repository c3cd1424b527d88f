"""`layerwise train` and what comes of its run, as processes."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from shell_process import layerwise

import layerwise as package

FILES = {
    "config.toml",
    "history.csv",
    "history.parquet",
    "metrics.json",
    "model.json",
    "model.safetensors",
    "report.html",
}


def metrics_of(run: Path) -> dict:
    return json.loads((run / "metrics.json").read_text("utf-8"))


def test_a_run_leaves_exactly_its_files(iris):
    assert {file.name for file in iris.run.iterdir()} == FILES
    assert [entry.name for entry in iris.run.parent.iterdir()] == ["iris-1"]


def test_json_is_the_only_thing_on_standard_output(iris):
    assert json.loads(iris.said.out) == metrics_of(iris.run)


def test_without_a_terminal_there_is_no_progress(iris):
    assert "epoch" not in iris.said.err
    assert "\x1b" not in iris.said.err + iris.said.out
    assert iris.said.err.splitlines()[0] == "Run:    runs/iris-1"


def test_the_metrics_have_every_split_the_intervals_and_the_baseline(iris):
    metrics = metrics_of(iris.run)
    for split in ("train", "validation", "test"):
        assert set(metrics[split]) >= {"accuracy", "roc_auc", "log_loss"}
    assert metrics["rows"] == {"train": 105, "validation": 15, "test": 30}
    low, high = metrics["intervals"]["test"]["accuracy"]
    assert low <= metrics["test"]["accuracy"] <= high
    assert metrics["test"]["accuracy"] > metrics["baseline"]["accuracy"] + 0.3
    assert metrics["stopped"] == "epochs"
    assert metrics["epochs"] == 12
    assert metrics["seconds"] > 0


def test_the_history_is_the_same_in_both_files(iris):
    parquet = pl.read_parquet(iris.run / "history.parquet")
    text = pl.read_csv(iris.run / "history.csv", infer_schema_length=None)
    assert parquet.height == 12
    assert text.columns == parquet.columns
    assert np.array_equal(text["cost"].to_numpy(), parquet["cost"].to_numpy())


def test_the_report_is_one_page_that_names_the_target(iris):
    page = (iris.run / "report.html").read_text("utf-8")
    assert "species" in page
    assert page.rstrip().endswith("</html>")


def test_a_second_run_takes_the_next_number_and_the_same_seed_gives_the_same_bits(iris):
    again = layerwise(
        "train", "demo:iris", "--epochs", "12", "--hidden", "16", "--seed", "0", "-q", folder=iris.folder
    )
    assert (again.status, again.out, again.err) == (0, "", "")
    second = iris.run.parent / "iris-2"
    assert (second / "model.safetensors").read_bytes() == (iris.run / "model.safetensors").read_bytes()
    assert measured(second) == measured(iris.run)
    shutil.rmtree(second)


def measured(run: Path) -> dict:
    return {
        name: value for name, value in metrics_of(run).items() if name not in ("seconds", "layerwise_version")
    }


def test_the_kept_configuration_does_the_run_again_from_any_folder(people, tmp_path):
    again = layerwise("train", "--config", people.run / "config.toml", "--out", "again", folder=tmp_path)
    assert again.status == 0, again.err
    assert measured(tmp_path / "again") | {"data": ""} == measured(people.run) | {"data": ""}
    for name in ("model.safetensors", "config.toml"):
        assert (tmp_path / "again" / name).read_bytes() == (people.run / name).read_bytes()


def test_the_command_line_goes_before_the_configuration(people, tmp_path, here):
    config = people.run / "config.toml"
    other = here("train", "--config", config, "--seed", "5", "--epochs", "3", "--out", "x", folder=tmp_path)
    assert other.status == 0, other.err
    metrics = metrics_of(tmp_path / "x")
    assert metrics["epochs"] == 3
    assert metrics["test"] != metrics_of(people.run)["test"]


def test_left_out_columns_are_no_inputs_and_the_key_is_noticed(people):
    model = json.loads((people.run / "model.json").read_text("utf-8"))
    assert {"counts", "household", "key", "stays"}.isdisjoint(
        column["column"] for column in model["encoder"]["columns"]
    )
    assert any(
        notice["code"] == "identifier" and notice["column"] == "key"
        for notice in metrics_of(people.run)["notices"]
    )


def test_the_shell_predicts_what_python_predicts(people, people_table, tmp_path):
    out = tmp_path / "out.parquet"
    said = layerwise("predict", "stay", "people.csv", "-o", out, "--id", "key", folder=people.folder)
    assert said.status == 0, said.err
    model = package.load(people.run)
    frame = pl.read_parquet(out)
    assert frame.columns == ["key", "prediction", "probability_leaves", "probability_stays"]
    assert frame["key"].to_list() == people_table["key"].to_list()
    assert frame["prediction"].to_list() == model.predict(people_table).tolist()
    probabilities = frame.select("probability_leaves", "probability_stays").to_numpy()
    assert np.array_equal(probabilities, model.predict_proba(people_table))


def test_predictions_do_not_depend_on_the_order_of_the_columns_or_on_others(
    people, people_table, tmp_path, here
):
    straight = here("predict", people.run, people.folder / "people.csv")
    mixed = people_table.select(reversed(people_table.columns)).drop("stays", "counts", "key")
    mixed.with_columns(extra=pl.lit("x")).write_parquet(tmp_path / "mixed.parquet")
    turned = here("predict", people.run, tmp_path / "mixed.parquet", "-o", "-")
    assert straight.status == turned.status == 0, straight.err + turned.err
    assert straight.out.splitlines()[0] == "prediction,probability_leaves,probability_stays"
    assert turned.out == straight.out


def test_unseen_categories_are_counted_in_a_warning_and_predicted(people, people_table, tmp_path, here):
    new = people_table.head(20).with_columns(city=pl.lit("Atlantis"))
    new.write_csv(tmp_path / "new.csv")
    said = here("predict", people.run, tmp_path / "new.csv")
    assert said.status == 0
    assert len(said.out.splitlines()) == 21
    assert "Warning" in said.err
    assert "'city'" in said.err
    assert "20 rows" in said.err


def test_a_missing_column_is_named(people, people_table, tmp_path, here):
    for file in ("less.csv", "less.parquet"):
        less = people_table.drop("pay", "city")
        less.write_csv(tmp_path / file) if file.endswith("csv") else less.write_parquet(tmp_path / file)
        said = here("predict", people.run, tmp_path / file, "-o", tmp_path / "out.csv")
        assert said.status == 2
        assert "'pay'" in said.err
        assert "'city'" in said.err
    assert sorted(os.listdir(tmp_path)) == ["less.csv", "less.parquet"]


def test_evaluate_measures_on_the_training_table_as_python_would(people, people_table, here):
    from sklearn.metrics import accuracy_score, roc_auc_score

    said = here("evaluate", "stay", "people.csv", "--json", folder=people.folder)
    assert said.status == 0, said.err
    found = json.loads(said.out)
    model = package.load(people.run)
    truth = people_table["stays"].to_numpy()
    assert found["rows"] == 400
    assert found["metrics"]["accuracy"] == accuracy_score(truth, model.predict(people_table))
    area = roc_auc_score(truth == "stays", model.predict_proba(people_table)[:, 1])
    assert found["metrics"]["roc_auc"] == pytest.approx(area, abs=1e-12)


def test_a_table_can_come_through_a_pipe(people, people_table, tmp_path):
    said = layerwise("predict", people.run, "-", text=people_table.head(5).write_csv(), folder=tmp_path)
    assert said.status == 0, said.err
    assert len(said.out.splitlines()) == 6


def test_overwriting_keeps_what_a_person_put_into_the_run(tmp_path, here):
    call = ("train", "demo:moons", "--epochs", "2", "--hidden", "none", "--out", "r")
    assert here(*call, folder=tmp_path).status == 0
    (tmp_path / "r" / "notes.txt").write_text("mine")
    refused = here(*call, folder=tmp_path)
    assert refused.status == 2
    assert "--overwrite" in refused.err
    assert here(*call, "--overwrite", "--seed", "3", folder=tmp_path).status == 0
    assert {file.name for file in (tmp_path / "r").iterdir()} == FILES | {"notes.txt"}
    assert os.listdir(tmp_path) == ["r"]


def test_every_option_of_the_estimator_is_an_option_of_the_shell(here, monkeypatch):
    import inspect

    monkeypatch.setenv("COLUMNS", "200")
    said = here("train", "--help")
    for name in inspect.signature(package.TabularClassifier).parameters:
        assert f"--{name.replace('_', '-')} " in said.out.replace("/", " "), name

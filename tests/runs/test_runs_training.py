"""A whole run in one process: splits, weights, test files, what is written, what failures leave."""

from __future__ import annotations

import os

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import log_loss, mean_absolute_error

from layerwise import datasets, evaluation, load
from layerwise.checking.network_check import NetworkBatch
from layerwise.engine import Program
from layerwise.errors import InputError, TrainingError
from layerwise.network.architecture import Architecture
from layerwise.network.objective import Objective
from layerwise.runs import TrainConfig, read_run, run_training, scoring
from layerwise.runs.training_table import named_columns, read_training_table

SMALL = {"hidden": (8,), "epochs": 4, "engine": "numpy"}


def train(callbacks=(), **values):
    return run_training(TrainConfig.of(SMALL | values), callbacks)


@pytest.fixture
def sales(tmp_path):
    """90 days of three shops; later days sell more."""
    draw = np.random.default_rng(1)
    n = 270
    day = np.arange(n) // 3
    frame = pl.DataFrame(
        {
            "date": pl.Series(np.datetime64("2024-01-01") + day.astype("m8[D]")),
            "shop": [f"shop {k % 27}" for k in range(n)],
            "price": draw.normal(5, 1, n),
            "trust": draw.integers(0, 4, n).astype(float),
            "sold": np.round(100 + day - 6 * draw.normal(5, 1, n), 3),
        }
    ).sample(n, shuffle=True, seed=3)
    frame.write_csv(tmp_path / "sales.csv")
    return frame


def table_of(**values):
    return read_training_table(TrainConfig.of({"data": "sales.csv", "target": "sold"} | values))


def test_by_time_the_test_rows_are_the_newest(sales):
    splits = table_of(time="date").splits
    dates = {name: rows.frame["date"].cast(pl.String) for name, rows in splits.items()}
    assert dates["train"].max() < dates["validation"].min()
    assert dates["validation"].max() < dates["test"].min()


def test_by_group_no_group_is_on_two_sides_and_the_group_is_no_feature(sales):
    table = table_of(group="shop")
    assert all("shop" not in rows.frame.columns for rows in table.splits.values())
    assert [column.reason for column in table.columns if column.name == "shop"] == [
        "it says which rows belong together"
    ]
    where = {price: name for name, rows in table.splits.items() for price in rows.frame["price"]}
    sides = sales.with_columns(side=pl.col("price").map_elements(where.get, return_dtype=pl.String))
    assert sides.group_by("shop").agg(pl.col("side").n_unique())["side"].max() == 1


def test_every_row_is_on_one_side(sales):
    splits = table_of().splits
    prices = np.concatenate([rows.frame["price"].to_numpy() for rows in splits.values()])
    assert np.array_equal(np.sort(prices), np.sort(sales["price"].to_numpy()))
    assert {name: len(rows.target) for name, rows in splits.items()} == {
        "train": 189,
        "validation": 27,
        "test": 54,
    }


def test_metrics_are_weighted_by_the_weights(sales):
    run = train(data="sales.csv", target="sold", weights="trust")
    table = table_of(weights="trust")
    rows = table.splits["test"]
    expected = mean_absolute_error(rows.target, run.model.predict(rows.frame), sample_weight=rows.weights)
    assert run.metrics["test"]["mae"] == pytest.approx(expected, rel=1e-12)
    assert "trust" not in run.model.encoder_.columns


def test_the_metrics_are_those_of_the_rows_that_training_never_saw():
    run = train(data="demo:wine")
    rows = read_training_table(TrainConfig.of({"data": "demo:wine"})).splits["test"]
    probabilities = run.model.predict_proba(rows.frame).astype(np.float64)
    assert run.metrics["test"]["log_loss"] == pytest.approx(
        log_loss(rows.target.to_list(), probabilities, labels=list(run.model.classes_)), rel=1e-6
    )


def test_test_rows_can_come_from_a_file_of_their_own(sales, tmp_path):
    sales.head(30).drop("shop").write_parquet(tmp_path / "test.parquet")
    run = train(data="sales.csv", target="sold", test="test.parquet", only=["price", "date"])
    assert run.metrics["rows"] == {"train": 243, "validation": 27, "test": 30}
    expected = mean_absolute_error(sales.head(30)["sold"], run.model.predict(sales.head(30)))
    assert run.metrics["test"]["mae"] == pytest.approx(expected, rel=1e-9)
    assert run.model.encoder_.columns == ("date", "price")


def test_without_test_or_validation_rows_the_rows_that_are_left_are_scored():
    run = train(data="demo:iris", test_fraction=0.0)
    assert (run.metrics["scored_split"], run.metrics["test"]) == ("validation", {})
    run = train(data="demo:iris", test_fraction=0.0, validation_fraction=0.0)
    assert (run.metrics["scored_split"], run.metrics["rows"]["train"]) == ("train", 150)
    assert "validation_cost" not in run.history.columns


def test_a_stored_run_is_the_run_that_was_made():
    run = train(data="demo:moons", hidden=(8, 4), activation=["tanh", "relu"], class_weight={"0": 2, "1": 1})
    stored = read_run(run.path)
    assert stored.metrics == run.metrics
    assert stored.history.equals(run.history)
    assert stored.config == run.config
    X = datasets.load("moons").frame
    assert np.array_equal(stored.model.predict_proba(X), run.model.predict_proba(X))
    assert stored.splits.keys() == {"train", "validation", "test"}


def test_a_misspelt_run_is_answered_with_the_nearest():
    run = train(data="demo:iris")
    with pytest.raises(InputError, match=f"did you mean '{run.path}'"):
        read_run(run.path.with_name("irises"))


def test_two_number_columns_give_the_report_a_decision_boundary():
    page = (train(data="demo:moons").path / "report.html").read_text("utf-8")
    other = (train(data="demo:iris").path / "report.html").read_text("utf-8")
    assert "boundary" in page.lower()
    assert page.lower().count("boundary") > other.lower().count("boundary")


def test_callbacks_see_the_table_the_epochs_and_the_phases():
    seen = []

    class Watching:
        def on_table(self, table):
            seen.append(("table", table.rows))

        def on_epoch_end(self, row):
            seen.append(("epoch", row["epoch"]))
            return row["epoch"] == 2

        def on_phase(self, name):
            seen.append(("phase", name))

    run = train([Watching()], data="demo:iris")
    assert seen == [
        ("table", 150),
        ("epoch", 1),
        ("epoch", 2),
        ("phase", "measuring"),
        ("phase", "writing"),
    ]
    assert run.metrics["stopped"] == "callback"


@pytest.mark.parametrize("moment", ["on_table", "on_epoch_end", "on_phase"])
def test_a_failure_at_any_moment_leaves_nothing(tmp_path, moment):
    failing = type("Failing", (), {moment: lambda *arguments: 1 / 0})()
    with pytest.raises(ZeroDivisionError):
        train([failing], data="demo:iris")
    assert os.listdir(tmp_path) == []


def test_a_report_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    import layerwise.runs.training_run as training_run

    def full(*arguments):
        raise InputError("cannot write the report: No space left on device")

    monkeypatch.setattr(training_run, "write_report", full)
    with pytest.raises(InputError, match="No space"):
        train(data="demo:iris")
    assert os.listdir(tmp_path) == []


def test_training_that_diverges_at_once_is_work_that_failed(tmp_path):
    with pytest.raises(TrainingError, match="learning rate"):
        train(data="demo:diabetes", optimizer="gd", learning_rate=1e30, activation="identity", epochs=9)
    assert os.listdir(tmp_path) == []


def test_the_table_is_looked_at_only_after_the_options_and_the_folder(tmp_path):
    (tmp_path / "taken").write_text("x")
    with pytest.raises(InputError, match="taken"):
        train(data="absent.csv", out="taken")
    with pytest.raises(InputError, match="epochs"):
        TrainConfig.of({"data": "absent.csv", "epochs": 0})


def test_infinite_values_are_named_with_the_row_of_the_file(tmp_path):
    values = [float(k) / 7 for k in range(60)]
    values[41] = float("inf")
    frame = pl.DataFrame({"x": values, "z": values[::-1], "y": ["a", "b"] * 30})
    frame.write_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"'x'.*row 42"):
        train(data="t.parquet", target="y")


def test_rows_without_a_target_are_left_out_and_said(tmp_path):
    frame = datasets.load("iris").frame
    some = frame.with_columns(
        pl.when(pl.int_range(pl.len()) % 10 == 0).then(None).otherwise("species").alias("species")
    )
    some.write_csv(tmp_path / "t.csv")
    run = train(data="t.csv", target="species")
    assert sum(run.metrics["rows"].values()) == 135
    assert any("15 rows" in notice["message"] for notice in run.metrics["notices"])


def test_names_with_commas_are_columns_before_they_are_lists():
    columns = ["a", "b", "a,b", "c"]
    assert named_columns(["a,b"], columns) == ("a,b",)
    assert named_columns(["a,c", "b"], columns) == ("a", "c", "b")
    assert named_columns(["x,y"], columns) == ("x", "y")


def test_the_saved_model_of_a_run_loads_from_its_folder():
    run = train(data="demo:diabetes")
    frame = datasets.load("diabetes").frame
    assert np.array_equal(load(run.path).predict(frame), run.model.predict(frame))


def test_importance_is_what_shuffling_the_tables_columns_does(sales):
    """Of the numbers, the dates and the categories alike: the table shuffled, then predicted."""
    run = train(data="sales.csv", target="sold", epochs=20, seed=2)
    rows = read_training_table(run.config).splits["test"]
    truth = run.model.target_.encode(rows.target)
    found = {one["column"]: one for one in run.metrics["importance"]["columns"]}
    assert set(found) == {"date", "shop", "price", "trust"}

    def rmse(frame):
        return float(np.sqrt(np.mean((run.model.predict(frame) - truth) ** 2)))

    n = rows.frame.height
    for name, one in found.items():
        generator = evaluation.importance._generator(2, "column " + name)
        worse = []
        for _ in range(5):
            order = generator.permutation(n)
            shuffled = rows.frame.with_columns(rows.frame[name][order].alias(name))
            worse.append(rmse(shuffled) - rmse(rows.frame))
        assert one["mean"] == pytest.approx(np.mean(worse), rel=1e-6, abs=1e-9)
        assert one["std"] == pytest.approx(np.std(worse), rel=1e-6, abs=1e-9)
    assert found["price"]["mean"] > 0


def test_of_many_columns_those_are_shuffled_that_seem_to_count(tmp_path, monkeypatch):
    """Measurements of genes: what the answers rest on is looked for where the cost would rise most."""
    monkeypatch.setattr(scoring, "MOST_SHUFFLED", 50)
    draw = np.random.default_rng(0)
    sick = draw.integers(0, 2, 400)
    genes = draw.normal(size=(400, 1000))
    genes[:, :20] += 2.0 * sick[:, None]
    frame = pl.DataFrame(genes, schema=[f"gene {k}" for k in range(1000)])
    frame.with_columns(sick=pl.Series(sick)).write_parquet(tmp_path / "genes.parquet")
    run = train(data=str(tmp_path / "genes.parquet"), target="sick", epochs=20)
    assert run.metrics["test"]["accuracy"] > 0.8
    columns = [one["column"] for one in run.metrics["importance"]["columns"]]
    assert len(columns) == 50
    # By chance it would be 1 of the 20 that tell anything.
    assert len({f"gene {k}" for k in range(20)} & set(columns)) > 15
    assert len({f"gene {k}" for k in range(20)} & set(columns[:10])) > 7
    report = (run.path / "report.html").read_text(encoding="utf-8")
    assert "The network reads 1,000 columns; only those that seem to count most" in report


def test_the_expected_rise_of_the_cost_is_that_of_many_shuffles_of_a_linear_network():
    """With a squared error of outputs that are linear, up to the second order, which shuffling doubles."""
    random = np.random.default_rng(0)
    X = random.normal(size=(500, 3)) + 1.0
    weights = random.exponential(size=500)
    W, b = np.array([[0.02, -0.03, 0.0]]), np.array([0.5])
    Y = X @ np.array([[1.0], [-2.0], [0.5]])
    architecture = Architecture((3, 1), ("identity",))
    program = Program(architecture, Objective("squared_error", l2=3.0), dtype="float64")
    rise = scoring.expected_rise(NetworkBatch(program, np.concatenate([W.ravel(), b]), X, Y, weights))

    def cost(rows):
        return np.average((rows @ W.T + b - Y)[:, 0] ** 2 / 2, weights=weights)

    for k in range(3):
        shuffled, means = X.copy(), []
        for _ in range(400):
            shuffled[:, k] = random.permutation(X[:, k])
            means.append(cost(shuffled) - cost(X))
        assert rise[k] == pytest.approx(np.mean(means), abs=5e-3)
    assert rise[1] > rise[0] > 0.01

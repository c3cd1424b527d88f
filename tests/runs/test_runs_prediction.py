"""Predicting files: every format, whole or not at all, in memory that does not grow."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from layerwise import TabularClassifier, TabularRegressor, datasets, load
from layerwise.errors import InputError
from layerwise.runs import predict_file
from layerwise.runs.prediction import result_columns
from layerwise.runs.prediction_file import table_writer

READ = {
    "out.csv": pl.read_csv,
    "out.tsv": lambda path: pl.read_csv(path, separator="\t"),
    "out.jsonl": pl.read_ndjson,
    "out.parquet": pl.read_parquet,
    "out.arrow": lambda path: pl.read_ipc(path),
    "out.feather": lambda path: pl.read_ipc(path),
}


@pytest.fixture(scope="module")
def moons_model(tmp_path_factory):
    X, y = datasets.moons(n=200)
    path = tmp_path_factory.mktemp("model") / "moons"
    TabularClassifier(hidden=(8,), epochs=5, engine="numpy").fit(X, y).save(path)
    return path


@pytest.fixture
def points(tmp_path):
    X, _ = datasets.moons(n=500, seed=9)
    frame = pl.DataFrame({"name": [f"p{k}" for k in range(500)], "x1": X[:, 1], "x0": X[:, 0]})
    frame.write_parquet(tmp_path / "points.parquet")
    frame.write_csv(tmp_path / "points.csv")
    return frame


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("source", ["points.csv", "points.parquet"])
def test_every_format_holds_the_same_predictions(moons_model, points, name, source):
    done = predict_file(moons_model, source, name, keep=["name"])
    frame = READ[name](name)
    assert done.rows == frame.height == 500
    assert tuple(frame.columns) == done.columns == ("name", "prediction", "probability_0", "probability_1")
    expected = load(moons_model).predict_proba(points)
    found = frame.select("probability_0", "probability_1").cast(pl.Float32).to_numpy()
    assert np.array_equal(found, expected.astype(np.float32))
    assert frame["name"].equals(points["name"])
    assert not [entry for entry in os.listdir() if entry.endswith((".part", ".parts"))]


def test_a_stream_gets_csv(moons_model, points):
    stream = io.BytesIO()
    predict_file(moons_model, "points.csv", stream)
    assert stream.getvalue().splitlines()[0] == b"prediction,probability_0,probability_1"
    assert len(stream.getvalue().splitlines()) == 501


def test_a_regression_writes_one_column():
    frame = datasets.load("diabetes").frame
    TabularRegressor(hidden=(), epochs=3, engine="numpy").fit(
        frame.drop("progression"), frame["progression"]
    ).save("m")
    predict_file("m", "demo:diabetes", "out.parquet")
    written = pl.read_parquet("out.parquet")
    assert written.columns == ["prediction"]
    assert np.array_equal(written["prediction"].to_numpy(), load("m").predict(frame))


def test_labels_that_would_share_a_name_get_names_of_their_own():
    class Model:
        class target_:
            labels = ("a", "a_2", "b")

    assert result_columns(Model) == ["prediction", "probability_a", "probability_a_2", "probability_b"]
    Model.target_.labels = (False, True)
    assert result_columns(Model) == ["prediction", "probability_false", "probability_true"]


def test_a_kept_column_with_the_name_of_a_result_is_refused(moons_model, points):
    points.rename({"name": "prediction"}).write_csv("p.csv")
    with pytest.raises(InputError, match="'prediction'"):
        predict_file(moons_model, "p.csv", "out.csv", keep=["prediction"])
    with pytest.raises(InputError, match="did you mean 'name'"):
        predict_file(moons_model, "points.csv", "out.csv", keep=["nam"])
    assert not os.path.exists("out.csv")


def test_bad_rows_far_down_leave_the_old_file_as_it_was(moons_model, points):
    with open("points.csv", "a") as file:
        file.write("only one field\n")
    with open("out.csv", "w") as file:
        file.write("precious")
    with pytest.raises(InputError, match="points"):
        predict_file(moons_model, "points.csv", "out.csv")
    with open("out.csv") as file:
        assert file.read() == "precious"
    assert sorted(os.listdir()) == ["out.csv", "points.csv", "points.parquet"]


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_a_failure_between_batches_leaves_nothing(name):
    def failing():
        with table_writer(name) as write:
            write(pl.DataFrame({"x": [1]}))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert os.listdir() == []


def test_progress_is_told_in_rows(moons_model, points):
    told: list[int] = []
    predict_file(moons_model, "points.csv", "out.csv", on_rows=told.append)
    assert told[-1] == 500
    assert told == sorted(told)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
def test_memory_does_not_grow_with_the_rows(moons_model, tmp_path):
    """Four times the rows: the peak may differ by a few batches, not by the 60 MB that they would take."""
    draw = np.random.default_rng(0)
    program = (
        "import sys\n"
        "from layerwise.runs import predict_file\n"
        "predict_file(*sys.argv[1:])\n"
        "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0])\n"
    )
    peaks = {}
    for rows in (300_000, 1_200_000):
        frame = pl.DataFrame({"x0": draw.normal(size=rows), "x1": draw.normal(size=rows)})
        frame = frame.with_columns(text=pl.lit("some forty letters of text in every row."))
        frame.write_parquet(tmp_path / "big.parquet", row_group_size=50_000)
        done = subprocess.run(
            [sys.executable, "-c", program, str(moons_model), "big.parquet", "out.parquet"],
            capture_output=True,
            text=True,
            check=True,
        )
        peaks[rows] = int(done.stdout) / 1024
        assert pl.scan_parquet("out.parquet").select(pl.len()).collect().item() == rows
    assert peaks[1_200_000] - peaks[300_000] < 40, peaks

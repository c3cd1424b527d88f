"""What is logged for TensorBoard and to MLflow; with the real packages where they are installed."""

from __future__ import annotations

import struct
import sys
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from layerwise import MLPClassifier, TabularClassifier, load
from layerwise.callbacks import MLflow, TensorBoard
from layerwise.callbacks.tensorboard_logging import tag_of
from layerwise.errors import InputError

NO_WRITER = "tensorboardX is not installed: pip install 'layerwise[tensorboard]'"
NO_MLFLOW = "mlflow is not installed: pip install 'layerwise[mlflow]'"


@pytest.fixture(scope="module")
def examples():
    X = np.random.default_rng(0).normal(size=(120, 3))
    return X, (X[:, 0] > 0).astype(int)


def fitted(examples, callback, **settings):
    return TabularClassifier(hidden=(4,), epochs=3, engine="numpy", **settings).fit(
        *examples, callbacks=[callback]
    )


# -- TensorBoard -----------------------------------------------------------------------------------------


class FakeWriter:
    made: ClassVar[list[FakeWriter]] = []

    def __init__(self, logdir, flush_secs):
        self.logdir, self.scalars, self.texts, self.closed = logdir, [], {}, False
        self.made.append(self)

    def add_scalar(self, tag, value, step):
        assert not self.closed
        self.scalars.append((tag, value, step))

    def add_text(self, tag, text, step):
        assert not self.closed
        self.texts[tag] = text

    def close(self):
        self.closed = True


@pytest.fixture
def writers(monkeypatch):
    monkeypatch.setattr(FakeWriter, "made", [])
    monkeypatch.setitem(sys.modules, "tensorboardX", SimpleNamespace(SummaryWriter=FakeWriter))
    return FakeWriter.made


def test_every_number_of_the_history_is_a_scalar(examples, writers, tmp_path):
    model = fitted(examples, TensorBoard(tmp_path / "one"))
    (writer,) = writers
    expected = [
        (tag_of(name), value, row["epoch"])
        for row in model.history_.to_dicts()
        for name, value in row.items()
        if name not in ("epoch", "step") and value is not None and np.isfinite(value)
    ]
    assert writer.scalars == expected
    assert writer.closed
    assert writer.logdir == str(tmp_path / "one")
    assert (tmp_path / "one").is_dir()
    assert "| hidden | (4,) |" in writer.texts["TabularClassifier"]
    assert writer.texts["end"].startswith("all 3 epochs were done; epoch")


def test_statistics_of_the_layers_can_be_left_out(examples, writers, tmp_path):
    fitted(examples, TensorBoard(tmp_path, layers=False))
    assert not any("/layer" in tag for tag, _, _ in writers[0].scalars)
    assert any(tag == "cost/validation" for tag, _, _ in writers[0].scalars)


@pytest.mark.filterwarnings("ignore:lbfgs failed")
def test_each_fit_has_a_writer_of_its_own(examples, writers, tmp_path):
    callback = TensorBoard(tmp_path)
    fitted(examples, callback)
    MLPClassifier((4,), solver="lbfgs", max_iter=2, engine="numpy").fit(*examples, callbacks=[callback])
    assert [writer.closed for writer in writers] == [True, True]


@pytest.mark.parametrize(
    ("column", "tag"),
    [
        ("cost", "cost/train"),
        ("validation_cost", "cost/validation"),
        ("validation_roc_auc", "roc_auc/validation"),
        ("layer12_dead_fraction", "dead_fraction/layer12"),
        ("learning_rate", "run/learning_rate"),
        ("epoch", None),
    ],
)
def test_charts_are_grouped_by_what_they_show(column, tag):
    assert tag_of(column) == tag


def test_without_the_package_the_extra_is_named(examples, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(InputError, match=r"layerwise\[tensorboard\]"):
        fitted(examples, TensorBoard(tmp_path))
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(InputError, match=r"layerwise\[mlflow\]"):
        fitted(examples, MLflow())


def test_the_event_file_holds_the_costs(examples, tmp_path):
    pytest.importorskip("tensorboardX", reason=NO_WRITER)
    from tensorboardX.proto.event_pb2 import Event

    model = fitted(examples, TensorBoard(tmp_path))
    (path,) = tmp_path.iterdir()
    data, place, found = path.read_bytes(), 0, []
    while place < len(data):  # a record: length (8 bytes), its checksum (4), the event, its checksum (4)
        (length,) = struct.unpack_from("<Q", data, place)
        event = Event.FromString(data[place + 12 : place + 12 + length])
        found += [value.simple_value for value in event.summary.value if value.tag == "cost/train"]
        place += length + 16
    np.testing.assert_allclose(found, model.history_["cost"], rtol=1e-6)


# -- MLflow ------------------------------------------------------------------------------------------------


class FakeClient:
    def __init__(self):
        self.params, self.metrics, self.tags, self.status, self.files = {}, [], {}, None, None

    def log_batch(self, run_id, metrics=(), params=()):
        assert len(metrics) + len(params) <= 100
        self.params |= dict(params)
        self.metrics += metrics

    def set_tag(self, run_id, name, value):
        self.tags[name] = value

    def update_run(self, run_id, status):
        self.status = status

    def set_terminated(self, run_id, status):
        self.status = status

    def log_artifacts(self, run_id, folder, place):
        self.files = (place, load(folder))


class FakeRun:
    def __init__(self, name):
        self.info = SimpleNamespace(run_id=f"run of {name}")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        return False


@pytest.fixture
def mlflow(monkeypatch):
    client = FakeClient()
    fake = SimpleNamespace(
        client=client,
        active=None,
        MlflowClient=lambda: client,
        active_run=lambda: fake.active,
        start_run=lambda run_name: FakeRun(run_name),
        entities=SimpleNamespace(
            Param=lambda name, value: (name, value),
            Metric=lambda name, value, time, step: (name, value, step),
        ),
    )
    monkeypatch.setitem(sys.modules, "mlflow", fake)
    return fake


def test_parameters_metrics_and_files_are_logged_to_a_run_of_its_own(examples, mlflow):
    callback = MLflow("first")
    model = fitted(examples, callback)
    client = mlflow.client
    assert callback.run_id_ == "run of first"
    assert client.params["estimator"] == "TabularClassifier"
    assert client.params["learning_rate"] == "0.003"
    costs = [(value, step) for name, value, step in client.metrics if name == "cost"]
    assert costs == list(zip(model.history_["cost"], [1, 2, 3], strict=True))
    assert not any(name.startswith("layer") for name, _, _ in client.metrics)
    assert client.tags["stopped"] == "epochs"
    assert client.status == "FINISHED"
    place, stored = client.files
    assert place == "model"
    np.testing.assert_array_equal(stored.predict_proba(examples[0]), model.predict_proba(examples[0]))


def test_an_active_run_is_written_to_and_left_open(examples, mlflow):
    mlflow.active = FakeRun("the user")
    callback = MLflow(layers=True, model=False)
    fitted(examples, callback)
    assert callback.run_id_ == "run of the user"
    assert mlflow.client.status is None
    assert mlflow.client.files is None
    assert any(name == "layer1_gradient_norm" for name, _, _ in mlflow.client.metrics)


@pytest.mark.filterwarnings("ignore:lbfgs failed")
def test_lbfgs_is_logged_too(examples, mlflow):
    MLPClassifier((4,), solver="lbfgs", max_iter=3, engine="numpy").fit(*examples, callbacks=[MLflow()])
    assert [step for name, _, step in mlflow.client.metrics if name == "cost"] == [1, 2, 3]
    assert mlflow.client.status == "FINISHED"


def test_a_run_that_was_interrupted_is_called_so(examples, mlflow):
    callback = MLflow()
    callback.on_train_begin({})
    callback.on_train_end(SimpleNamespace(stopped="interrupted", reason="interrupted", best_epoch=1))
    assert mlflow.client.status == "KILLED"


def test_mlflow_itself_keeps_the_run(examples, monkeypatch, tmp_path):
    mlflow = pytest.importorskip("mlflow", reason=NO_MLFLOW)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setattr(mlflow.tracking.fluent, "_active_experiment_id", None, raising=False)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri((tmp_path / "mlruns").as_uri())
    try:
        callback = MLflow("first")
        model = fitted(examples, callback)
        client = mlflow.MlflowClient()
        run = client.get_run(callback.run_id_)
        history = [metric.value for metric in client.get_metric_history(callback.run_id_, "cost")]
        assert history == model.history_["cost"].to_list()
        assert (run.info.status, run.info.run_name) == ("FINISHED", "first")
        assert run.data.params["epochs"] == "3"
        assert len(client.list_artifacts(callback.run_id_, "model")) == 2
        assert mlflow.active_run() is None
    finally:
        mlflow.set_tracking_uri(before)

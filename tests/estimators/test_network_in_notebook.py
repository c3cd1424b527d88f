"""What a notebook shows of an estimator: scikit-learn's box with the network in it."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import layerwise
from layerwise import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor


@pytest.fixture(scope="module")
def examples():
    X = np.random.default_rng(0).normal(size=(120, 5))
    return X, X[:, 0] + X[:, 1] ** 2


def shown(estimator) -> str:
    return estimator._repr_mimebundle_()["text/html"]


def cells(estimator) -> list[list[str]]:
    table = re.search(r'<div class="layerwise-network">(.*?)</div>', shown(estimator), re.DOTALL)
    rows = re.findall(r"<tr>(.*?)</tr>", table.group(1), re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


def words(estimator) -> str:
    block = re.search(r'<div class="layerwise-network">(.*?)</div>', shown(estimator), re.DOTALL)
    return " ".join(re.findall(r"<p>(.*?)</p>", block.group(1)))


def test_each_layer_has_its_shapes_and_its_parameters(examples):
    X, y = examples
    model = TabularRegressor(
        hidden=(1000, 3), activation=("relu", "tanh"), dropout=0.0, epochs=2, engine="numpy"
    )
    assert cells(model.fit(X, y)) == [
        ["layer", "units", "activation", "W", "b", "parameters"],
        ["input", "5", "", "", "", ""],
        ["hidden 1", "1,000", "relu", "1,000 × 5", "1,000", "6,000"],
        ["hidden 2", "3", "tanh", "3 × 1,000", "3", "3,003"],
        ["output", "1", "identity", "1 × 3", "1", "4"],
    ]
    assert "9,007 parameters, float32" in words(model)


def test_a_fitted_one_says_how_it_went(examples):
    X, y = examples
    model = TabularClassifier(hidden=(4,), epochs=3, engine="numpy").fit(X, y > 1)
    best = model.history_.row(model.best_epoch_ - 1, named=True)
    said = words(model)
    assert f"3 epochs; last cost {model.history_['cost'][-1]:.4g}; epoch {model.best_epoch_} kept" in said
    assert f"validation cost {best['validation_cost']:.4g}" in said
    assert f"validation accuracy {best['validation_accuracy']:.4g}" in said
    assert [row[3] for row in cells(model)[:3]] == ["dropout", "", "0.15"]


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_a_drop_in_shows_its_network_and_the_epoch_it_kept(examples):
    X, y = examples
    model = MLPClassifier((7,), max_iter=3, early_stopping=True, random_state=0, engine="numpy").fit(X, y > 1)
    assert cells(model)[1:] == [
        ["input", "5", "", "", "", ""],
        ["hidden 1", "7", "relu", "7 × 5", "7", "42"],
        ["output", "1", "sigmoid", "1 × 7", "1", "8"],
    ]
    kept = 1 + int(np.argmax(model.validation_scores_))
    assert f"epoch {kept} kept" in words(model)


def test_before_fit_it_shows_what_is_planned():
    model = TabularClassifier(hidden=(16, 8), activation=("tanh", "relu"))
    assert "inputs &rarr; 16 tanh &rarr; 8 relu &rarr; outputs" in words(model)
    assert "inputs &rarr; 100 relu &rarr; outputs" in words(MLPRegressor())
    assert "inputs &rarr; outputs" in words(MLPRegressor(hidden_layer_sizes=()))


def test_a_parameter_that_is_wrong_is_said_and_escaped():
    said = words(TabularClassifier(activation="<b>relu"))
    assert "unknown activation" in said
    assert "<b>relu" not in said


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_it_is_part_of_scikit_learns_own_picture_in_pipelines_too(examples):
    X, y = examples
    network = MLPRegressor(hidden_layer_sizes=(4,), max_iter=2, engine="numpy")
    page = shown(make_pipeline(StandardScaler(), network).fit(X, y))
    assert "sk-container-id" in page
    assert "StandardScaler" in page
    assert page.count('class="layerwise-network"') == 1
    assert "Parameters" in page


def test_one_that_was_loaded_shows_its_network(examples, tmp_path):
    X, y = examples
    model = TabularRegressor(hidden=(4,), epochs=2, engine="numpy").fit(X, y)
    model.save(tmp_path)
    again = layerwise.load(tmp_path)
    assert cells(again) == cells(model)
    assert f"2 epochs; epoch {model.best_epoch_} kept" in words(again)


def test_the_text_of_an_estimator_is_scikit_learns():
    assert repr(TabularClassifier(hidden=(4,))) == "TabularClassifier(hidden=(4,))"


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium to look at the page with")
def test_a_browser_draws_the_table(examples, tmp_path):
    X, y = examples
    model = TabularRegressor(hidden=(4,), epochs=2, engine="numpy").fit(X, y)
    page = tmp_path / "estimator.html"
    probe = (
        "<script>const box=document.querySelector('.layerwise-network table').getBoundingClientRect();"
        "document.title=`${box.width>200} ${box.height>60}`</script>"
    )
    page.write_text("<!doctype html><title></title>" + shown(model) + probe, "utf-8")
    with tempfile.TemporaryDirectory() as profile:
        drawn = subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
             "--dump-dom", page.as_uri()],
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
    assert "<title>true true</title>" in drawn.stdout

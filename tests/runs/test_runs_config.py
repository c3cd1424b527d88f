"""The configuration as a file."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import InputError
from layerwise.runs import TrainConfig, config_text, read_config
from layerwise.runs.config import GROUPS
from layerwise.runs.config_file import absolute

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
configs = st.fixed_dictionaries(
    {"data": words.map(lambda word: f"demo:{word}")},
    optional={
        "target": words,
        "exclude": st.lists(words, max_size=3),
        "group": words,
        "test_fraction": st.floats(0, 0.5),
        "hidden": st.lists(st.integers(1, 300), max_size=3),
        "dropout": st.floats(0, 0.99),
        "learning_rate": st.floats(1e-12, 1e3),
        "patience": st.none() | st.integers(1, 99),
        "class_weight": st.none() | st.just("balanced") | st.dictionaries(words, st.floats(0, 9), min_size=1),
        "seed": st.integers(0, 2**63),
        "shuffle": st.booleans(),
    },
)


@given(configs)
def test_a_configuration_comes_back_from_its_file_to_the_last_bit(tmp_path_factory, values):
    config = TrainConfig.of(values)
    file = tmp_path_factory.getbasetemp() / "config.toml"
    file.write_text(config_text(config), "utf-8", newline="\n")
    assert TrainConfig.of(read_config(file)) == config


def test_the_file_says_what_wrote_it_and_has_its_sections_in_order():
    text = config_text(TrainConfig.of({"data": "demo:iris", "out": "here", "overwrite": True}))
    assert text.startswith("# Written by layerwise ")
    assert list(tomllib.loads(text)) == [group for group in GROUPS if group != "run"]
    assert "overwrite" not in text
    assert 'patience = "none"' in config_text(TrainConfig.of({"data": "demo:iris", "patience": None}))


def written(folder, text):
    file = folder / "c.toml"
    file.write_text(text, "utf-8")
    return file


def test_options_may_stand_without_a_section(tmp_path):
    assert read_config(written(tmp_path, 'data = "demo:iris"\nepochs = 3\n')) == {
        "data": "demo:iris",
        "epochs": 3,
    }


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("epoch = 3", "did you mean 'epochs'"),
        ("[trainin]\nepochs = 3", "did you mean 'training'"),
        ("[network]\nepochs = 3", "belongs in [training]"),
        ("epochs = 3.5", "expected a whole number"),
        ("epochs = ", "not TOML"),
        ("[training]\nshuffle = 1", "true or false"),
        ("exclude = [1]", "exclude"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name_and_the_way_out(tmp_path, text, word):
    file = written(tmp_path, text)
    with pytest.raises(InputError) as refused:
        read_config(file)
    assert str(file) in str(refused.value)
    assert word in str(refused.value)


def test_a_relative_path_is_looked_for_beside_the_file_and_then_here(tmp_path, monkeypatch):
    there, here = tmp_path / "there", tmp_path / "here"
    for folder in (there, here):
        folder.mkdir()
    (here / "only_here.csv").touch()
    (there / "both.csv").touch()
    (here / "both.csv").touch()
    monkeypatch.chdir(here)
    found = {
        name: read_config(written(there, f'data = "{name}"'))["data"]
        for name in ("both.csv", "only_here.csv", "demo:iris", "-", "sqlite:///x.db?query=SELECT 1")
    }
    assert found["both.csv"] == str(there / "both.csv")
    assert found["only_here.csv"] == "only_here.csv"
    assert [name for name, path in found.items() if path == name][1:] == list(found)[2:]


def test_paths_are_kept_so_that_they_hold_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert absolute("x.csv") == str(tmp_path / "x.csv")
    assert absolute("demo:iris") == "demo:iris"


@pytest.mark.parametrize(
    "values",
    [
        {"test_fraction": 1.0},
        {"test_fraction": 0.5, "validation_fraction": 0.5},
        {"group": "a", "time": "b"},
        {"task": "clustering"},
        {"task": "regression", "class_weight": "balanced"},
        {"monitor": "accuraci"},
        {"epochs": 0},
        {"data": ""},
    ],
)
def test_what_cannot_be_is_refused_before_there_is_data(values):
    with pytest.raises(InputError):
        TrainConfig.of({"data": "nowhere.csv"} | values)


def test_an_option_of_either_task_will_do_while_the_task_is_not_known():
    assert TrainConfig.of({"data": "x.csv", "monitor": "r2"}).network["monitor"] == "r2"
    assert TrainConfig.of({"data": "x.csv", "monitor": "roc_auc"}).network["monitor"] == "roc_auc"


def test_no_file_or_message_of_a_run_holds_the_password_of_a_database():
    config = TrainConfig(data="postgresql://me:secret@host/db?query=SELECT 1", target="y")
    assert "secret" not in config.shown_data
    assert "secret" not in absolute(config.data)
    assert absolute(config.data) == config.shown_data

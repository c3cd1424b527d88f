"""The folder of a run appears whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from layerwise.errors import InputError
from layerwise.runs.run_folder import FILES, data_stem, move_into_place, new_folder, run_path


@pytest.mark.parametrize(
    ("data", "stem"),
    [
        ("data/customers.csv.gz", "customers"),
        ("demo:iris", "iris"),
        ("sqlite:///shop.db?query=SELECT * FROM a/b", "shop"),
        ("-", "stdin"),
        ("C:\\tables\\a b.csv", "a_b"),
        (".hidden", "hidden"),
    ],
)
def test_a_run_is_named_for_its_data(data, stem):
    assert data_stem(data) == stem


def test_the_first_free_number_is_taken():
    assert run_path(None, "demo:iris") == Path("runs/iris-1")
    for taken in ("iris-1", "iris-3"):
        Path("runs", taken).mkdir(parents=True)
    assert run_path(None, "demo:iris") == Path("runs/iris-2")


def a_run(path: Path) -> Path:
    path.mkdir()
    for name in FILES:
        (path / name).write_text("old")
    return path


def test_what_is_no_run_is_never_replaced(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "metrics.json").write_text("my own")
    (tmp_path / "file").write_text("x")
    for name in ("mine", "file", ".", ".."):
        for overwrite in (False, True):
            with pytest.raises(InputError):
                run_path(str(tmp_path / name), "demo:iris", overwrite=overwrite)
    assert (tmp_path / "mine" / "metrics.json").read_text() == "my own"


def test_an_empty_folder_may_be_filled(tmp_path):
    (tmp_path / "empty").mkdir()
    with new_folder(run_path("empty", "demo:iris")) as folder:
        (folder / "x").write_text("new")
        move_into_place(folder, Path("empty"))
    assert os.listdir(tmp_path / "empty") == ["x"]


def test_a_run_is_replaced_only_when_asked(tmp_path):
    run = a_run(tmp_path / "run")
    with pytest.raises(InputError, match="--overwrite"):
        run_path("run", "demo:iris")
    assert run_path("run", "demo:iris", overwrite=True) == Path("run")
    (run / "notes.txt").write_text("mine")
    with new_folder(run) as folder:
        (folder / "model.json").write_text("new")
        move_into_place(folder, run)
    assert sorted(os.listdir(run)) == ["model.json", "notes.txt"]
    assert (run / "model.json").read_text() == "new"
    assert os.listdir(tmp_path) == ["run"]


def test_a_failure_leaves_the_old_run_and_nothing_else(tmp_path):
    run = a_run(tmp_path / "run")

    def failing():
        with new_folder(run) as folder:
            (folder / "model.json").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert os.listdir(tmp_path) == ["run"]
    assert (run / "model.json").read_text() == "old"


def test_a_failure_takes_the_folders_away_that_were_made_for_the_run(tmp_path):
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "a" / "b" / "run"):
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == []


def test_a_run_that_cannot_be_moved_into_place_leaves_the_old_one(tmp_path, monkeypatch):
    run = a_run(tmp_path / "run")
    rename = Path.rename

    def refusing(self, target):
        if self.name.endswith(".part"):
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refusing)
    with pytest.raises(InputError, match="No space left"), new_folder(run) as folder:
        move_into_place(folder, run)
    assert (run / "model.json").read_text() == "old"
    assert os.listdir(tmp_path) == ["run"]


def test_when_the_number_is_taken_meanwhile_the_next_one_is_used(tmp_path):
    path = run_path(None, "demo:iris")
    with new_folder(path) as folder:
        (folder / "x").write_text("mine")
        path.mkdir()
        (path / "other").write_text("of another process")
        assert move_into_place(folder, path, renumber=True) == Path("runs/iris-2")
    assert os.listdir("runs/iris-1") == ["other"]


def test_a_place_where_nothing_can_be_made_is_refused_at_once(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="--out"), new_folder(tmp_path / "file" / "run"):
        pytest.fail("there is no folder to work in")

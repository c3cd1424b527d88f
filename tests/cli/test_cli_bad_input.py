"""Every bad input: one clear message, exit status 2, no traceback, no run left behind."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from shell_process import Finished, layerwise

ROWS = "".join(f"{k},{'ab'[k % 2]},{'yes' if k % 3 else 'no'}\n" for k in range(60))
GOOD = "x,letter,y\n" + ROWS
TRAIN = ("--target", "y", "--epochs", "2")

# name: (files to write, arguments, words that the message must hold). Those of the first table are run as
# processes of their own.
Cases = dict[str, tuple[dict[str, str | bytes], tuple[str, ...], tuple[str, ...]]]
CASES: Cases = {
    "a file that is not there": (
        {"people.csv": GOOD},
        ("train", "poeple.csv", *TRAIN),
        ("poeple.csv", "people.csv"),
    ),
    "an empty file": ({"e.csv": ""}, ("train", "e.csv", *TRAIN), ("e.csv", "empty")),
    "a picture called csv": (
        {"p.csv": b"\x89PNG\r\n\x1a\n" + bytes(range(256))},
        ("train", "p.csv", *TRAIN),
        ("p.csv", "PNG"),
    ),
    "a wrong encoding": (
        {"l.csv": ("x,letter,y\n" + ROWS.replace("a", "é")).encode("latin-1")},
        ("train", "l.csv", *TRAIN),
        ("l.csv", "Latin-1", "iconv"),
    ),
    "ragged rows": ({"r.csv": GOOD + "1,2\n"}, ("train", "r.csv", *TRAIN), ("r.csv", "62")),
    "duplicate names": ({"d.csv": "x,x,y\n" + ROWS}, ("train", "d.csv", *TRAIN), ("'x'",)),
    "an absent target": (
        {"t.csv": GOOD.replace("letter", "churned")},
        ("train", "t.csv", "--target", "chruned"),
        ("chruned", "did you mean 'churned'"),
    ),
    "a constant target": (
        {"t.csv": GOOD.replace("yes", "no")},
        ("train", "t.csv", *TRAIN),
        ("'y'", "in every row"),
    ),
    "a target without values": (
        {"t.csv": "x,y\n" + "".join(f"{k % 7},\n" for k in range(30))},
        ("train", "t.csv", *TRAIN),
        ("'y'", "no value"),
    ),
    "one example of a class": (
        {"t.csv": GOOD + "7,a,maybe\n"},
        ("train", "t.csv", *TRAIN),
        ("'maybe'", "61"),
    ),
    "no usable feature": (
        {"t.csv": "x,y\n" + "".join(f"3,{k % 2}\n" for k in range(40))},
        ("train", "t.csv", *TRAIN),
        ("no usable feature", "'x'"),
    ),
    "infinite values": (
        {"t.csv": "x,y\n" + "".join(f"{'inf' if k == 17 else k / 3},{k % 2}\n" for k in range(40))},
        ("train", "t.csv", *TRAIN),
        ("'x'", "infinite", "18", "--exclude"),
    ),
    "more classes than rows make sense for": (
        {"t.csv": "x,y\n" + "".join(f"{k % 9},name {k}\n" for k in range(50))},
        ("train", "t.csv", *TRAIN),
        ("'y'", "50"),
    ),
    "a configuration with an unknown key": (
        {"c.toml": '[data]\ndata = "demo:iris"\n[optimizer]\nlearning_rat = 0.1\n'},
        ("train", "--config", "c.toml"),
        ("c.toml", "'learning_rat'", "did you mean 'learning_rate'"),
    ),
    "an option out of range": ({}, ("train", "demo:iris", "--dropout", "1.5"), ("dropout", "1.5")),
    "an option that does not exist": ({}, ("train", "demo:iris", "--hiden", "3"), ("--hiden", "--hidden")),
    "a folder that is no run": (
        {"mine/thesis.txt": "years of work"},
        ("train", "demo:iris", "--epochs", "1", "--out", "mine", "--overwrite"),
        ("mine", "no layerwise run"),
    ),
    "a place below a file": (
        {"file": "x"},
        ("train", "demo:iris", "--epochs", "1", "--out", "file/run"),
        ("file/run", "--out"),
    ),
}
MORE_CASES: Cases = {
    "a folder": ({"d/x.csv": GOOD}, ("train", "d", *TRAIN), ("folder",)),
    "a header alone": ({"h.csv": "x,y\n"}, ("train", "h.csv", *TRAIN), ("h.csv",)),
    "UTF-16": ({"u.csv": GOOD.encode("utf-16")}, ("train", "u.csv", *TRAIN), ("UTF-16",)),
    "a damaged gzip": (
        {"g.csv.gz": gzip.compress(GOOD.encode() * 50)[:90]},
        ("train", "g.csv.gz", *TRAIN),
        ("g.csv.gz",),
    ),
    "a damaged parquet": ({"g.parquet": b"PAR1" + b"x" * 50}, ("train", "g.parquet", *TRAIN), ("g.parquet",)),
    "an unknown ending": ({"t.doc": GOOD}, ("train", "t.doc", *TRAIN), ("t.doc",)),
    "no target": ({"t.csv": GOOD}, ("train", "t.csv"), ("--target", "letter")),
    "too few rows": ({"t.csv": "x,y\n1,a\n2,b\n"}, ("train", "t.csv", *TRAIN), ("row",)),
    "an excluded column that is none": (
        {"t.csv": GOOD},
        ("train", "t.csv", *TRAIN, "--exclude", "leter"),
        ("'leter'", "did you mean 'letter'"),
    ),
    "weights that are negative": (
        {"t.csv": "x,w,y\n" + "".join(f"{k % 9},{k - 5},{k % 2}\n" for k in range(50))},
        ("train", "t.csv", *TRAIN, "--weights", "w"),
        ("'w'", "row 1"),
    ),
    "a time that is none": (
        {"t.csv": GOOD},
        ("train", "t.csv", *TRAIN, "--time", "letter"),
        ("--time 'letter'", "row 1"),
    ),
    "a test file without a column": (
        {"t.csv": GOOD, "test.csv": "x,y\n1,yes\n2,no\n"},
        ("train", "t.csv", *TRAIN, "--test", "test.csv"),
        ("test.csv", "'letter'"),
    ),
    "an unknown demo": ({}, ("train", "demo:irsi"), ("did you mean 'iris'",)),
    "a configuration that is not there": ({}, ("train", "--config", "no.toml"), ("no.toml",)),
    "a configuration with a wrong type": (
        {"c.toml": '[data]\ndata = "demo:iris"\n[training]\nepochs = "many"\n'},
        ("train", "--config", "c.toml"),
        ("c.toml", "epochs", "'many'", "a whole number"),
    ),
    "a configuration that is no TOML": (
        {"c.toml": "epochs: 3\n"},
        ("train", "--config", "c.toml"),
        ("c.toml", "line 1"),
    ),
    "an option that is no number": ({}, ("train", "demo:iris", "--epochs", "ten"), ("epochs", "'ten'")),
    "an option of a classifier on a regression": (
        {},
        ("train", "demo:diabetes", "--label-smoothing", "0.1"),
        ("label_smoothing",),
    ),
    "shares that leave no row": (
        {},
        ("train", "demo:iris", "--test-fraction", "0.9"),
        ("test_fraction", "validation_fraction"),
    ),
    "a command that does not exist": ({}, ("trian", "demo:iris"), ("trian", "train")),
    "the folder one is in": ({"f": ""}, ("train", "demo:iris", "--out", "."), ("--out",)),
    "a run that is not there": ({"t.csv": GOOD}, ("predict", "runs/none-1", "t.csv"), ("runs/none-1",)),
    "a folder without a run": ({"d/t.csv": GOOD}, ("show", "d"), ("d",)),
}


def everything_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def require_one_clear_message(said: Finished, words: tuple[str, ...]) -> None:
    assert said.status == 2, said
    assert said.out == ""
    assert "Traceback" not in said.err
    assert said.err.count("Error") == 1, said.err
    for word in words:
        assert word in said.err, said.err


def require_refusal(run: Callable[..., Finished], case: tuple, folder: Path) -> None:
    files, arguments, words = case
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = everything_in(folder)
    require_one_clear_message(run(*arguments, folder=folder), words)
    assert everything_in(folder) == before


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_with_one_message_and_leaves_nothing(name, tmp_path):
    require_refusal(layerwise, CASES[name], tmp_path)


@pytest.mark.parametrize("name", MORE_CASES)
def test_more_bad_input_is_refused_just_so(name, tmp_path, here):
    require_refusal(here, MORE_CASES[name], tmp_path)


@pytest.fixture
def copied_run(iris, tmp_path) -> Path:
    return Path(shutil.copytree(iris.run, tmp_path / "run"))


def _shorten(run: Path) -> None:
    file = run / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-8])


def _of_tomorrow(run: Path) -> None:
    file = run / "model.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format_version": 99}))


def _metrics_of_tomorrow(run: Path) -> None:
    file = run / "metrics.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format_version": 99}))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_shorten, ("model.safetensors", "damaged")),
        (lambda run: (run / "model.json").write_text("{"), ("model.json", "damaged")),
        (lambda run: (run / "metrics.json").write_text("[]"), ("metrics.json",)),
        (lambda run: (run / "history.parquet").write_bytes(b"PAR1"), ("history.parquet", "damaged")),
        (lambda run: (run / "config.toml").write_text("x"), ("config.toml",)),
        (lambda run: (run / "metrics.json").unlink(), ("metrics.json", "missing")),
        (_of_tomorrow, ("newer", "99", "upgrade")),
        (_metrics_of_tomorrow, ("newer", "99", "upgrade")),
    ],
    ids=["short", "no JSON", "no metrics", "history", "config", "missing", "newer model", "newer run"],
)
def test_a_damaged_or_newer_run_is_refused(copied_run, damage, words):
    from layerwise.errors import InputError
    from layerwise.runs import read_run

    damage(copied_run)
    with pytest.raises(InputError) as refused:
        read_run(copied_run)
    if words[0] == "newer":
        words = words[1:]
    for word in words:
        assert word in str(refused.value)


def test_a_damaged_run_is_refused_by_the_shell_without_an_output(copied_run, tmp_path, here):
    _shorten(copied_run)
    said = here("predict", copied_run, "demo:iris", "-o", tmp_path / "out.csv")
    require_one_clear_message(said, ("damaged",))
    assert os.listdir(tmp_path) == ["run"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_device_is_one_message(iris):
    for arguments in (("-o", "/dev/full"), ()):
        said = layerwise("predict", iris.run, "demo:iris", *arguments) if arguments else _into_full(iris.run)
        assert said.status == 2
        assert "No space left on device" in said.err
        assert "Traceback" not in said.err


def _into_full(run: Path) -> Finished:
    import subprocess

    from shell_process import LAYERWISE

    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*LAYERWISE, "show", str(run)], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    return Finished(done.returncode, "", done.stderr)


def _small_files_only() -> None:
    """Writing beyond 20 kB fails as on a full disk."""
    import resource
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


def test_a_full_disk_is_one_message_and_leaves_no_run(tmp_path):
    pytest.importorskip("resource")
    said = layerwise("train", "demo:iris", "--epochs", "2", folder=tmp_path, before=_small_files_only)
    require_one_clear_message(said, ("cannot write",))
    assert os.listdir(tmp_path) == []


def test_a_full_disk_leaves_no_half_of_the_predictions(iris, tmp_path):
    pytest.importorskip("resource")
    import layerwise.datasets as datasets

    frame = datasets.load("iris").frame
    import polars as pl

    pl.concat([frame] * 20).write_csv(tmp_path / "many.csv")
    for name in ("out.csv", "out.parquet"):
        said = layerwise(
            "predict", iris.run, "many.csv", "-o", name, folder=tmp_path, before=_small_files_only
        )
        require_one_clear_message(said, ("cannot write", name))
    assert os.listdir(tmp_path) == ["many.csv"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_an_unwritable_folder_is_refused_before_training(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    said = layerwise("train", "demo:iris", "--out", "locked/run", folder=tmp_path)
    require_one_clear_message(said, ("locked/run", "Permission denied"))


def test_an_output_that_is_no_file_name_is_refused(iris, tmp_path, here):
    for out, word in (("out.xyz", ".parquet"), (".", "folder"), ("absent/out.csv", "absent")):
        said = here("predict", iris.run, "demo:iris", "-o", out)
        require_one_clear_message(said, (word,))
    assert os.listdir(tmp_path) == []


def test_predictions_never_go_over_the_data(iris, tmp_path, here):
    import layerwise.datasets as datasets

    datasets.load("iris").frame.write_csv(tmp_path / "iris.csv")
    said = here("predict", iris.run, "iris.csv", "-o", "./iris.csv")
    require_one_clear_message(said, ("the data itself",))

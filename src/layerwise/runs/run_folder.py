"""The folder of a run: it appears whole or not at all, and never takes the place of anything but a run."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from layerwise.errors import InputError
from layerwise.persistence import MODEL_ARRAYS, MODEL_DOCUMENT
from layerwise.runs.unfinished import removed_afterwards

CONFIG = "config.toml"
HISTORY = "history.parquet"
HISTORY_TEXT = "history.csv"
METRICS = "metrics.json"
REPORT = "report.html"
FILES = (MODEL_ARRAYS, MODEL_DOCUMENT, CONFIG, HISTORY, HISTORY_TEXT, METRICS, REPORT)
RUNS = Path("runs")


def run_path(out: str | None, data: str, *, overwrite: bool = False) -> Path:
    """Where the run goes: `out`, or runs/<data>-<n> with the first n that is free.

    Raises InputError where something is in the way: a run without `overwrite`, or anything else.
    """
    if out is None:
        return _first_free(data_stem(data))
    path = Path(out).expanduser()
    if not out.strip():
        raise InputError("--out is empty; name a folder, for example --out runs/first")
    if path.exists() or path.is_symlink():
        _require_replaceable(path, overwrite)
    return path


def data_stem(data: str) -> str:
    """A short name for a table: `customers` for data/customers.csv.gz, `iris` for demo:iris."""
    if data == "-":
        return "stdin"
    text = data.removeprefix("demo:")
    if "://" in text:
        text = text.split("?")[0]
    name = re.split(r"[/\\]", text.rstrip("/\\"))[-1]
    stem = re.sub(r"[^\w.+-]", "_", name.split(".")[0] or name.lstrip("."))
    return stem.strip("-") or "data"


def _first_free(stem: str) -> Path:
    n = 1
    while os.path.lexists(RUNS / f"{stem}-{n}"):
        n += 1
    return RUNS / f"{stem}-{n}"


def _require_replaceable(path: Path, overwrite: bool) -> None:
    if not path.is_dir():
        raise InputError(f"--out {path} is a file, not a folder; choose another name")
    here = Path.cwd()
    if path.resolve() == here or path.resolve() in here.parents:
        raise InputError(f"--out {path} is the folder you are in or above it; name a folder of its own")
    if not any(path.iterdir()):
        return
    if not is_run(path):
        raise InputError(
            f"{path} holds files that are no layerwise run, so nothing is written there; choose another --out"
        )
    if not overwrite:
        raise InputError(
            f"there is a run in {path} already; choose another --out, or replace it: --overwrite"
        )


def is_run(path: Path) -> bool:
    """Whether the folder is one that `layerwise train` left."""
    return all((path / name).is_file() for name in (MODEL_DOCUMENT, CONFIG, METRICS))


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path`; it is removed when the block fails.

    Raises InputError, at once, where no folder can be made there.
    """
    made = [parent for parent in (path.parent, *path.parent.parents) if not parent.exists()]
    beside = path.parent / f".{path.name}.{secrets.token_hex(4)}.part"

    def remove() -> None:
        shutil.rmtree(beside, ignore_errors=True)
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()

    with removed_afterwards(remove):
        try:
            beside.mkdir(parents=True)
        except OSError as error:
            raise InputError(
                f"cannot make the folder {path}: {error.strerror or error}; choose another place with --out"
            ) from error
        yield beside


def move_into_place(beside: Path, path: Path, *, renumber: bool = False) -> Path:
    """Give the finished folder its name, and return it. A run that is there makes way.

    What a person put into the old run's folder, beside the files of the run, is kept in the new one.
    renumber: where the name has been taken meanwhile, take the next number.
    """
    if path.is_dir() and any(path.iterdir()) and not renumber:
        return _replace_run(beside, path)
    while True:
        try:
            beside.rename(path)
            return path
        except OSError as error:
            if not renumber or error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise InputError(f"cannot make the folder {path}: {error.strerror or error}") from error
            path = _first_free(path.name.rpartition("-")[0])


def _replace_run(beside: Path, path: Path) -> Path:
    _require_replaceable(path, overwrite=True)
    path = path.resolve()
    old = path.with_name(f".{path.name}.{secrets.token_hex(4)}.old")
    try:
        path.rename(old)
        try:
            beside.rename(path)
        except OSError:
            old.rename(path)
            raise
        for entry in old.iterdir():
            if entry.name not in FILES:
                entry.rename(path / entry.name)
        shutil.rmtree(old)
    except OSError as error:
        raise InputError(f"cannot replace the run in {path}: {error.strerror or error}") from error
    return path

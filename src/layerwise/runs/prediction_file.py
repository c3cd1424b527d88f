"""Writing a table batch by batch, so that the file appears whole or not at all."""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from layerwise.errors import InputError
from layerwise.runs.unfinished import removed_afterwards

if TYPE_CHECKING:
    import polars as pl

FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "ipc",
    ".feather": "ipc",
    ".ipc": "ipc",
}
Write = Callable[["pl.DataFrame"], None]


@contextlib.contextmanager
def table_writer(out: str | os.PathLike[str] | BinaryIO, *, not_over: str = "") -> Iterator[Write]:
    """A function that appends a frame to the table at `out`. A file is put in its place when the block ends.

    A stream, and a file that is no plain one (a device, a pipe), gets CSV as it comes.
    not_over: a path that must not be written over.
    Raises InputError for an ending that names no format, and where the file cannot be written.
    """
    if not isinstance(out, str | os.PathLike):
        yield _text_writer(out, "csv")
        return
    path = Path(out)
    if _is_special(path):
        with _text(path, path, "csv", "wb") as write:
            yield write
        return
    form = _format_of(path, not_over)
    beside = path.parent / f".{path.name}.{secrets.token_hex(4)}.part"
    writing = _columnar if form in ("parquet", "ipc") else _text
    with removed_afterwards(lambda: _remove(beside)):
        with writing(beside, path, form) as write:
            yield write
        try:
            beside.replace(path)
        except OSError as error:
            raise _cannot(path, error) from error


def _remove(beside: Path) -> None:
    shutil.rmtree(_parts(beside), ignore_errors=True)
    with contextlib.suppress(OSError):
        beside.unlink(missing_ok=True)


def _parts(beside: Path) -> Path:
    return beside.with_suffix(".parts")


def _is_special(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _format_of(path: Path, not_over: str) -> str:
    if path.is_dir():
        raise InputError(f"cannot write {path}: it is a folder; name a file, for example {path / 'out.csv'}")
    if path.exists() and not_over and Path(not_over).exists() and path.samefile(not_over):
        raise InputError(f"{path} is the data itself; write the predictions to another file")
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        raise InputError(
            f"cannot tell a format from {str(path)!r}; end the name in one of {', '.join(FORMATS)}"
        )
    return form


@contextlib.contextmanager
def _text(beside: Path, path: Path, form: str, mode: str = "xb") -> Iterator[Write]:
    try:
        file = cast("BinaryIO", beside.open(mode, buffering=0))
    except OSError as error:
        raise _cannot(path, error) from error
    with file:
        yield _explained(path, _text_writer(file, form))
        if mode == "xb":
            try:
                os.fsync(file.fileno())
            except OSError as error:
                raise _cannot(path, error) from error


@contextlib.contextmanager
def _columnar(beside: Path, path: Path, form: str) -> Iterator[Write]:
    """Each frame is a small file of its own; at the end they are streamed into one."""
    import polars as pl

    parts = _parts(beside)
    written: list[Path] = []

    def write(frame: pl.DataFrame) -> None:
        part = parts / f"{len(written):08d}"
        buffer = io.BytesIO()
        frame.write_ipc(buffer)
        part.write_bytes(buffer.getvalue())
        written.append(part)

    try:
        parts.mkdir()
    except OSError as error:
        raise _cannot(path, error) from error
    yield _explained(path, write)
    try:
        whole = pl.scan_ipc(written)
        whole.sink_parquet(beside) if form == "parquet" else whole.sink_ipc(beside)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _cannot(path, error) from error


def _text_writer(file: BinaryIO, form: str) -> Write:
    started = False

    def write(frame: pl.DataFrame) -> None:
        nonlocal started
        if form == "jsonl":
            text = frame.write_ndjson()
        else:
            text = frame.write_csv(include_header=not started, separator="\t" if form == "tsv" else ",")
        started = True
        rest = memoryview(text.encode("utf-8"))
        while rest:
            rest = rest[file.write(rest) :]

    return write


def _explained(path: Path, write: Write) -> Write:
    def explained(frame: pl.DataFrame) -> None:
        try:
            write(frame)
        except OSError as error:
            raise _cannot(path, error) from error

    return explained


def _cannot(path: Path, error: Exception) -> InputError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).splitlines()[0]
    return InputError(f"cannot write {path}: {reason}; nothing of it is left there")

"""A person's table, from wherever it lies: one call for all of it, one for batch after batch."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from layerwise import datasets
from layerwise.errors import InputError, nearest
from layerwise.tables.columnar import column_names, columnar_frames, columnar_table
from layerwise.tables.databases import is_database_url, read_database
from layerwise.tables.delimited import delimited_frames
from layerwise.tables.dtypes import cast_to, unified, whole
from layerwise.tables.formats import Source, recognise
from layerwise.tables.jsonrecords import json_array, json_lines_frames

if TYPE_CHECKING:
    import polars as pl

    from layerwise.tables.dtypes import Dtypes, Frames

Location = str | os.PathLike[str]


def read_table(
    source: Location, *, columns: Iterable[str] | None = None, as_text: Collection[str] = ()
) -> pl.DataFrame:
    """The whole table.

    source: a file that ends in .csv, .tsv, .jsonl or .json (each also with .gz, .zst, .bz2, .xz), .parquet,
    .arrow or .feather; a database URL with a query, `sqlite:///file.db?query=SELECT ...`; `demo:NAME` for a
    built-in set; or "-" for CSV on standard input.
    columns: keep these alone, in this order.  as_text: columns of a text file that stay text even where they
    look like numbers.
    Dtypes are decided from every row. Words such as "NA", "?" and "null" are missing values.
    Raises InputError that names the file, and the line, byte or column where known.
    """
    if str(source) == "-":
        with _spooled_standard_input() as path:
            return read_table(path, columns=columns, as_text=as_text)
    text = os.fspath(source)
    if text.startswith("demo:"):
        return _selected(text, datasets.load(text.removeprefix("demo:")).frame, columns)
    if is_database_url(text):
        return _selected(text, read_database(text), columns)
    file = recognise(source)
    if file.format in ("parquet", "ipc"):
        return columnar_table(file, _present(text, column_names(file), columns))
    if file.format == "json":
        return _selected(text, json_array(file, frozenset(as_text)), columns)
    return _selected(text, whole(_frames(file, as_text)), columns)


def read_batches(
    source: Location,
    *,
    columns: Iterable[str] | None = None,
    batch_rows: int = 65_536,
    as_text: Collection[str] = (),
) -> Iterator[pl.DataFrame]:
    """The table in order, at most `batch_rows` rows at a time, in memory that does not grow with the file.

    Takes what `read_table` takes. Every batch has the same columns and dtypes. A text file is read twice: the
    first pass checks every row and decides the dtypes, so a file that is bad anywhere is refused before the
    first batch. A JSON array, a query's answer and a built-in set are held in memory.
    Raises InputError as `read_table` does.
    """
    if batch_rows < 1:
        raise InputError(
            f"batch_rows is the number of rows in a batch and must be at least 1, is {batch_rows}"
        )
    if str(source) == "-":
        with _spooled_standard_input() as path:
            yield from read_batches(path, columns=columns, batch_rows=batch_rows, as_text=as_text)
        return
    text = os.fspath(source)
    file = None if text.startswith("demo:") or is_database_url(text) else recognise(source)
    if file is None or file.format == "json":
        frame = read_table(source, columns=columns, as_text=as_text)
        yield from frame.iter_slices(batch_rows)
    elif file.format in ("parquet", "ipc"):
        yield from columnar_frames(file, _present(text, column_names(file), columns), batch_rows)
    else:
        frames = _frames(file, as_text)
        dtypes = unified(frame.schema for frame in frames(None))
        kept = _present(text, list(dtypes), columns)
        for frame in frames(dtypes):
            yield from cast_to(frame, dtypes).select(kept or list(dtypes)).iter_slices(batch_rows)


def _frames(file: Source, as_text: Collection[str]) -> Frames:
    """A reader of this text file's blocks, of the shape that `whole` takes."""
    texts = frozenset(as_text)

    def frames(dtypes: Dtypes | None) -> Iterator[pl.DataFrame]:
        if file.format == "jsonl":
            return json_lines_frames(file, dtypes, texts)
        return delimited_frames(file, dtypes, texts)

    return frames


def _selected(source: str, frame: pl.DataFrame, columns: Iterable[str] | None) -> pl.DataFrame:
    kept = _present(source, frame.columns, columns)
    return frame if kept is None else frame.select(kept)


def _present(source: str, names: list[str], columns: Iterable[str] | None) -> list[str] | None:
    """The columns asked for, None for all. Raises InputError for one that the table does not have."""
    if columns is None:
        return None
    columns, there = list(columns), set(names)
    for column in columns:
        if column not in there:
            raise InputError(f"{source} has no column {column!r}; {nearest(column, names)}")
    return columns


class _spooled_standard_input:
    """Standard input as a file for as long as the block lasts, because a table is read more than once."""

    def __enter__(self) -> Path:
        handle, name = tempfile.mkstemp(prefix="layerwise-stdin-", suffix=".csv")
        self.path = Path(name)
        with os.fdopen(handle, "wb") as file:
            while chunk := sys.stdin.buffer.read(1 << 20):
                file.write(chunk)
        return self.path

    def __exit__(self, *exception: object) -> None:
        self.path.unlink(missing_ok=True)

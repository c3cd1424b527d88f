"""Parquet and Arrow files, whole or in slices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from layerwise.errors import InputError
from layerwise.tables.formats import NAMES, Source

if TYPE_CHECKING:
    import polars as pl


def columnar_frames(source: Source, columns: list[str] | None, batch_rows: int) -> Iterator[pl.DataFrame]:
    """The file's rows in order, `batch_rows` at a time; `columns` None reads them all.

    Memory is bounded by a batch and the file's largest row group.
    Raises InputError for a damaged file and for one without columns or rows.
    """
    scan = scanned(source)
    if columns is not None:
        scan = scan.select(columns)
    start = 0
    while True:
        frame = _collected(source, scan.slice(start, batch_rows))
        if start == 0 and not frame.height:
            raise InputError(f"{source.path} holds {len(frame.columns)} columns and no rows")
        if frame.height:
            yield frame
        if frame.height < batch_rows:
            return
        start += batch_rows


def columnar_table(source: Source, columns: list[str] | None) -> pl.DataFrame:
    """The whole file. Raises InputError for a damaged file and for one without columns or rows."""
    scan = scanned(source)
    frame = _collected(source, scan if columns is None else scan.select(columns))
    if not frame.height:
        raise InputError(f"{source.path} holds {len(frame.columns)} columns and no rows")
    return frame


def column_names(source: Source) -> list[str]:
    """The file's column names, read from its footer or header."""
    return list(scanned(source).collect_schema())


def scanned(source: Source) -> pl.LazyFrame:
    """The file as a lazy frame whose schema has been read, so that a damaged one is found here."""
    import polars as pl

    try:
        scan = pl.scan_parquet(source.path) if source.format == "parquet" else pl.scan_ipc(source.path)
        schema = scan.collect_schema()
    except BaseException as error:
        raise _damaged(source, error) from None
    if not len(schema):
        raise InputError(f"{source.path} holds no columns")
    return scan


def _collected(source: Source, scan: pl.LazyFrame) -> pl.DataFrame:
    try:
        return scan.collect()
    except BaseException as error:
        raise _damaged(source, error) from None


def _damaged(source: Source, error: BaseException) -> BaseException:
    """What to raise for this error: an InputError for whatever the reader says, even when it panics."""
    if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
        return error
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return InputError(
        f"{source.path} is damaged or not wholly {NAMES[source.format]}: {reason}; write or fetch it again"
    )

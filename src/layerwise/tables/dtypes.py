"""One dtype for a column whose blocks were read apart, so that a file's batches all look the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    Dtypes = dict[str, pl.DataType]
    Frames = Callable[[Dtypes | None], Iterator[pl.DataFrame]]


def whole(frames: Frames) -> pl.DataFrame:
    """Every block as one frame. `frames(dtypes)` reads the file, with None inferring each block's dtypes.

    The file is read once, and a second time only if a column turns out to be text after a block of it was
    taken for something else (so that "007" stays "007").
    """
    import polars as pl

    parts = list(frames(None))
    schemas = [part.schema for part in parts]
    dtypes = unified(schemas)
    if any(_loses_text(schema.get(name), dtype) for schema in schemas for name, dtype in dtypes.items()):
        parts = list(frames(dtypes))
    return pl.concat([cast_to(part, dtypes) for part in parts])


def unified(schemas: Iterable[pl.Schema]) -> Dtypes:
    """The dtype that holds each column in every block: Int64 with Float64 gives Float64, other mixtures text.

    Columns keep the order in which they first appear. A column without any value is text.
    """
    import polars as pl

    seen: dict[str, set[pl.DataType]] = {}
    for schema in schemas:
        for name, dtype in schema.items():
            seen.setdefault(name, set()).add(dtype)
    result: Dtypes = {}
    for name, dtypes in seen.items():
        dtypes.discard(pl.Null())
        if len(dtypes) == 1 and (only := next(iter(dtypes))) != pl.Int128:
            result[name] = only
        elif dtypes == {pl.Int64(), pl.Float64()}:
            result[name] = pl.Float64()
        else:
            result[name] = pl.String()
    return result


def only_nulls(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns without a value lose the dtype that was guessed for them, so that it decides nothing."""
    import polars as pl

    empty = [column.name for column in frame if column.null_count() == len(column)]
    return frame.with_columns(pl.col(empty).cast(pl.Null)) if empty else frame


def cast_to(frame: pl.DataFrame, dtypes: Dtypes) -> pl.DataFrame:
    """The frame with exactly these columns, in this order; a column that it lacks is null."""
    import polars as pl

    there = set(frame.columns)
    return frame.select(
        pl.col(name).cast(dtype) if name in there else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in dtypes.items()
    )


def _loses_text(found: pl.DataType | None, dtype: pl.DataType) -> bool:
    import polars as pl

    return dtype == pl.String and found is not None and found not in (pl.String, pl.Null)

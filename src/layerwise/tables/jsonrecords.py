"""JSON Lines, block by block, and a JSON array of records."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from layerwise.errors import InputError
from layerwise.tables.bytestream import Block, blocks
from layerwise.tables.dtypes import cast_to, only_nulls, unified
from layerwise.tables.formats import Source

if TYPE_CHECKING:
    import polars as pl


def json_lines_frames(
    source: Source, dtypes: dict[str, pl.DataType] | None = None, as_text: frozenset[str] = frozenset()
) -> Iterator[pl.DataFrame]:
    """A JSON Lines file's rows, one frame a block. A key that a line lacks is a missing value.

    dtypes: parse as these (all columns); None infers each block's own.  as_text: columns that stay text.
    Raises InputError naming the first line that is not a JSON object, and for a file without rows.
    """
    rows = 0
    for block in blocks(source, quoted=False):
        if not block.data.strip():
            continue
        frame = _parsed(source, block, dtypes, as_text)
        if dtypes is None and rows == 0:
            frame = frame.select(_first_line_first(block, frame.columns))
        rows += frame.height
        yield frame
    if not rows:
        raise InputError(f"{source.path} holds no rows; write one JSON object a line")


def json_array(source: Source, as_text: frozenset[str] = frozenset()) -> pl.DataFrame:
    """A JSON file that holds an array of objects, read whole. Raises InputError when it does not."""
    import polars as pl

    data = b"".join(block.data for block in blocks(source, quoted=False))
    try:
        records = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{source.path} is not JSON: {_reason(error)}") from None
    if not (isinstance(records, list) and records and all(isinstance(record, dict) for record in records)):
        raise InputError(
            f"{source.path} must hold an array of objects, one a row ([{{...}}, {{...}}]); "
            f"it holds {_kind_of(records)}"
        )
    try:
        overrides = {name: pl.String() for name in as_text if any(name in record for record in records)}
        frame = pl.read_json(io.BytesIO(data), infer_schema_length=None, schema_overrides=overrides or None)
    except BaseException as error:
        if not _is_polars(error):
            raise
        raise InputError(
            f"{source.path}: the records do not fit one table: {str(error).splitlines()[0]}"
        ) from None
    return cast_to(frame, unified([only_nulls(frame).schema]))


def _parsed(
    source: Source, block: Block, dtypes: dict[str, pl.DataType] | None, as_text: frozenset[str]
) -> pl.DataFrame:
    import polars as pl

    try:
        if dtypes:
            return pl.read_ndjson(io.BytesIO(block.data), schema=dtypes)
        present = {name: pl.String() for name in as_text if json.dumps(name).encode() in block.data}
        frame = pl.read_ndjson(
            io.BytesIO(block.data), infer_schema_length=None, schema_overrides=present or None
        )
    except BaseException as error:
        if not _is_polars(error):
            raise
        _require_objects(source, block)
        last = block.first_line + block.data.count(b"\n")
        raise InputError(
            f"{source.path}, between lines {block.first_line:,} and {last:,}: the lines do not fit one "
            f"table: {str(error).splitlines()[0]}"
        ) from None
    return only_nulls(frame)


def _first_line_first(block: Block, names: list[str]) -> list[str]:
    """The names in the order of the first line; Polars puts keys that later lines add wherever it likes."""
    try:
        first = list(json.loads(block.data.lstrip().split(b"\n", 1)[0]))
    except ValueError:
        return names
    return sorted(names, key=lambda name: first.index(name) if name in first else len(first))


def _require_objects(source: Source, block: Block) -> None:
    """Raise InputError for the first line that is not a JSON object."""
    for number, line in enumerate(block.data.split(b"\n"), block.first_line):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{source.path}, line {number:,}: not a JSON object: {_reason(error)}") from None
        if not isinstance(record, dict):
            raise InputError(
                f"{source.path}, line {number:,}: expected a JSON object with a value for each column, "
                f"found {_kind_of(record)}"
            )


def _is_polars(error: BaseException) -> bool:
    """Polars' own errors, and a panic of its parser, which is no Exception."""
    import polars as pl

    known = (pl.exceptions.PolarsError, ValueError, RuntimeError)
    return isinstance(error, known) or "Panic" in type(error).__name__


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start:,} is not UTF-8"
    return str(error) or type(error).__name__


def _kind_of(value: object) -> str:
    if isinstance(value, list):
        return f"an array of {len(value):,}" if value else "an empty array"
    return {dict: "an object", str: "a text", bool: "true or false", type(None): "null"}.get(
        type(value), "a number"
    )

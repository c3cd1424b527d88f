"""CSV and its relatives: the layout of a file, and each block of it checked and parsed.

Every block is checked before Polars sees it, because Polars fills short rows with nulls, renames duplicate
columns and turns blank lines into empty rows without a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from layerwise.errors import InputError
from layerwise.tables.bytestream import Block, blocks, outside_quotes
from layerwise.tables.dtypes import cast_to, only_nulls
from layerwise.tables.formats import Source
from layerwise.tables.layout import DELIMITERS, Layout, read_header, require_utf8, without_leading_blank_lines
from layerwise.tables.missing import MISSING_WORDS

if TYPE_CHECKING:
    import polars as pl

_NEWLINE, _RETURN = 10, 13
_ROWS_TO_GUESS = 1000


def delimited_frames(
    source: Source, dtypes: dict[str, pl.DataType] | None = None, as_text: frozenset[str] = frozenset()
) -> Iterator[pl.DataFrame]:
    """The file's rows, one frame a block, every row checked.

    dtypes: parse as these (all columns); None infers each block's own, all nulls giving pl.Null.
    as_text: columns that stay text whatever they look like.
    Raises InputError for a bad header, encoding, ragged row or quotation mark, with the line, and for no
    rows.
    """
    layout: Layout | None = None
    rows = 0
    for block in blocks(source, quoted=True):
        require_utf8(source, block)
        if layout is None:
            block = without_leading_blank_lines(block)
            if not block.data:
                continue
            layout, block = read_header(source, block)
        data, expected = _checked_rows(layout, block)
        if expected:
            yield _parsed(layout, data, expected, block, dtypes, as_text)
            rows += expected
    if layout is None:
        raise InputError(f"{source.path} holds blank lines only; a table needs a header line and rows")
    if not rows:
        raise InputError(
            f"{source.path} holds a header line ({len(layout.names)} columns) and no rows; "
            "a table needs at least one row below it"
        )


def _checked_rows(layout: Layout, block: Block) -> tuple[bytes, int]:
    """The block without blank lines, and its number of rows. Raises InputError at the first ragged row."""
    data = block.data if block.data.endswith(b"\n") else block.data + b"\n"
    if not block.data:
        return b"", 0
    view = np.frombuffer(data, dtype=np.uint8)
    newline, delimiter = view == _NEWLINE, view == ord(layout.delimiter)
    outside = outside_quotes(view)
    if outside is not None:
        if not outside[-1]:
            raise _open_quote(layout, block)
        newline &= outside
        delimiter &= outside
    ends = np.flatnonzero(newline)
    starts = np.concatenate([[0], ends[:-1] + 1])
    width = ends - starts
    blank = (width == 0) | ((width == 1) & (view[starts] == _RETURN))
    fields = np.diff(np.searchsorted(np.flatnonzero(delimiter), ends), prepend=0) + 1
    expected = len(layout.names)
    wrong = (fields != expected) & ~blank
    if wrong.any():
        raise _ragged(layout, block, int(starts[np.argmax(wrong)]), int(fields[np.argmax(wrong)]))
    if expected == 1:
        # In a table of one column a blank line is a missing value, unless nothing but blank lines follow.
        blank = blank & (np.cumsum(~blank[::-1])[::-1] == 0)
    if blank.any():
        keep = np.ones(len(view), dtype=bool)
        for start, end in zip(starts[blank], ends[blank], strict=True):
            keep[start : end + 1] = False
        data = view[keep].tobytes()
    return data, int(len(ends) - blank.sum())


def _ragged(layout: Layout, block: Block, start: int, found: int) -> InputError:
    line = block.first_line + block.data.count(b"\n", 0, start)
    expected = len(layout.names)
    advice = "quote a field that holds the delimiter, or mend the line"
    if found == expected + 1:
        advice += "; if every line has one more, the header lacks a name"
    return InputError(
        f"{layout.source.path}, line {line:,}: expected {expected} "
        f"{DELIMITERS[layout.delimiter]}-separated fields as in the header, found {found}; {advice}"
    )


def _open_quote(layout: Layout, block: Block) -> InputError:
    odd = (number for number, line in enumerate(block.data.split(b"\n")) if line.count(b'"') % 2)
    line = block.first_line + next(odd, 0)
    return InputError(
        f"{layout.source.path}, line {line:,}: a quotation mark is opened and never closed; "
        'write a field that holds " in quotes and double the mark inside it ("5"" pipe")'
    )


def _parsed(
    layout: Layout,
    data: bytes,
    rows: int,
    block: Block,
    dtypes: dict[str, pl.DataType] | None,
    as_text: frozenset[str],
) -> pl.DataFrame:
    import polars as pl

    names = list(layout.names)
    texts = {name: pl.String() for name in names if name in as_text}

    def parse(look_at: int | None) -> pl.DataFrame:
        return pl.read_csv(
            data,
            has_header=False,
            new_columns=names,
            schema=dtypes,
            schema_overrides=None if dtypes else texts,
            separator=layout.delimiter,
            null_values=list(MISSING_WORDS),
            infer_schema_length=look_at,
            decimal_comma=layout.decimal_comma,
        )

    try:
        frame = _first_that_fits(parse, typed=dtypes is not None)
    except (pl.exceptions.PolarsError, ValueError) as error:
        raise _unparsable(layout, block, str(error)) from None
    if frame.height != rows:
        raise _unparsable(layout, block, f"{rows:,} rows expected, {frame.height:,} parsed")
    return cast_to(frame, dtypes) if dtypes else only_nulls(frame)


def _first_that_fits(parse: Callable[[int | None], pl.DataFrame], *, typed: bool) -> pl.DataFrame:
    """The block with dtypes that fit all of its rows.

    Guessed from the first rows (many times faster); from all of them where the guess does not fit, or where
    the first rows of a column hold nothing to guess from.
    """
    import polars as pl

    if typed:
        return parse(0)
    try:
        frame = parse(_ROWS_TO_GUESS)
    except pl.exceptions.PolarsError:
        return parse(None)
    head = frame.head(_ROWS_TO_GUESS)
    guessless = any(column.null_count() == len(column) for column in head.select(pl.col(pl.String)))
    return parse(None) if guessless and frame.height > _ROWS_TO_GUESS else frame


def _unparsable(layout: Layout, block: Block, reason: str) -> InputError:
    inside = re.compile(rb'[^"]*[^"\s' + re.escape(layout.delimiter.encode()) + rb'][ ]*"')
    lines = enumerate(block.data.split(b"\n"))
    stray = (number for number, line in lines if inside.match(line))
    first = next(stray, None)
    if first is not None:
        return InputError(
            f"{layout.source.path}, line {block.first_line + first:,}: a quotation mark stands inside a "
            "field "
            'that is not quoted; write the field in quotes and double the mark inside it ("5"" pipe")'
        )
    last = block.first_line + block.data.count(b"\n")
    return InputError(
        f"{layout.source.path}, between lines {block.first_line:,} and {last:,}: the rows cannot be told "
        f"apart ({reason.splitlines()[0]}); check the quotation marks there"
    )

"""How a delimited file is written, told from its first lines: encoding, delimiter, column names."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass

from layerwise.errors import InputError
from layerwise.tables.bytestream import Block
from layerwise.tables.formats import Source
from layerwise.tables.notices import listed

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}


@dataclass(frozen=True)
class Layout:
    """How a delimited file is written: its delimiter, column names, and whether 1,5 is one and a half."""

    source: Source
    delimiter: str
    names: tuple[str, ...]
    decimal_comma: bool = False


def require_utf8(source: Source, block: Block) -> None:
    """Raise InputError for text that is not UTF-8: where, what it probably is, and the way out."""
    if block.offset == 0 and (block.data[:2] in (b"\xff\xfe", b"\xfe\xff") or _mostly_utf16(block.data)):
        raise InputError(
            f"{source.path} is written in UTF-16 (seen at byte 0, line 1); it must be UTF-8: save it "
            f"again as 'CSV UTF-8', or run: iconv -f UTF-16 -t UTF-8 {source.path.name} > utf8.csv"
        )
    if block.data.isascii():
        return
    try:
        block.data.decode("utf-8")
    except UnicodeDecodeError as error:
        start = error.start
        line = block.first_line + block.data.count(b"\n", 0, start)
        likely = "Windows-1252" if re.search(rb"[\x80-\x9f]", block.data) else "Latin-1"
        codec = "cp1252" if likely == "Windows-1252" else "latin-1"
        around = block.data[max(0, start - 10) : start + 10].decode(codec, "replace").splitlines()
        shown = next((part for part in around if not part.isascii()), "")
        raise InputError(
            f"{source.path}, line {line:,}, byte {block.offset + start:,}: the byte "
            f"0x{block.data[start]:02X} is not UTF-8. The file is probably written in {likely}, where this "
            f"reads {shown.strip()!r}; save it again as 'CSV UTF-8', or run: "
            f"iconv -f {codec.upper()} -t UTF-8 {source.path.name} > utf8.csv"
        ) from None


def _mostly_utf16(data: bytes) -> bool:
    head = data[:4096]
    return len(head) >= 8 and max(head[0::2].count(0), head[1::2].count(0)) > 0.3 * len(head)


def without_leading_blank_lines(block: Block) -> Block:
    """The block from its first line that is not blank."""
    stripped = block.data.lstrip(b"\r\n")
    gone = len(block.data) - len(stripped)
    return Block(stripped, block.first_line + block.data.count(b"\n", 0, gone), block.offset + gone)


def read_header(source: Source, block: Block) -> tuple[Layout, Block]:
    """The layout that the first record shows, and what follows that record.

    Raises InputError for columns without a name or with the same one, and for an open quotation mark.
    """
    first, end = _first_record(block.data)
    sample = block.data[: 64 * 1024].decode("utf-8", "ignore")
    lines = sample.splitlines()
    if len(sample) < len(block.data) and len(lines) > 1:
        lines.pop()
    delimiter = _delimiter(lines, preferred="\t" if source.format == "tsv" else ",")
    if first.count('"') % 2:
        raise InputError(
            f"{source.path}, line {block.first_line:,}: a quotation mark in the header is opened and never "
            "closed; close it or take it away"
        )
    raw = _records(io.StringIO(first, newline=""), delimiter)[0]
    names = _checked_names(source, [name.strip() for name in raw], block.first_line, delimiter)
    body = "\n".join(lines[1:])
    decimal_comma = (
        delimiter == ";"
        and bool(re.search(r"(?:^|[;\n])\s*-?\d+,\d+\s*(?=;|\n|$)", body))
        and not re.search(r"(?:^|[;\n])\s*-?\d+\.\d+\s*(?=;|\n|$)", body)
    )
    rest = Block(block.data[end:], block.first_line + block.data.count(b"\n", 0, end), block.offset + end)
    return Layout(source, delimiter, names, decimal_comma), rest


def _first_record(data: bytes) -> tuple[str, int]:
    end = 0
    while True:
        newline = data.find(b"\n", end)
        end = len(data) if newline < 0 else newline + 1
        if data.count(b'"', 0, end) % 2 == 0 or newline < 0:
            return data[:end].decode("utf-8").rstrip("\r\n"), end


def _records(lines: Iterable[str], delimiter: str) -> list[list[str]]:
    """Lines split into fields; none beyond a field that is longer than Python's csv module takes."""
    records = []
    try:
        for record in csv.reader(lines, delimiter=delimiter):
            records.append(record)
    except csv.Error:
        return records or [[]]
    return records


def _delimiter(lines: list[str], preferred: str) -> str:
    """The delimiter that splits most lines into as many fields as the header; of equals, the most fields."""
    best, best_score = preferred, (0.0, 0)
    for delimiter in (preferred, *(d for d in DELIMITERS if d != preferred)):
        counts = [len(row) for row in _records(lines[:200], delimiter) if row]
        if not counts or counts[0] < 2:
            continue
        agreeing = sum(count == counts[0] for count in counts) / len(counts)
        if (agreeing, counts[0]) > best_score and (best_score[0] < 0.5 or agreeing > 0.5):
            best, best_score = delimiter, (agreeing, counts[0])
    return best


def _checked_names(source: Source, names: list[str], line: int, delimiter: str) -> tuple[str, ...]:
    where = f"{source.path}, line {line:,}"
    if not names:
        raise InputError(f"{where}: the header cannot be read; it must hold the column names")
    if names and names[0] == "" and len(names) > 1:
        # pandas and R write their row index as a first column without a name.
        names[0] = next(f"unnamed_{k}" for k in range(1, len(names) + 1) if f"unnamed_{k}" not in names)
    hint = ""
    if any(re.fullmatch(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?", name) for name in names):
        hint = " The line looks like data: if the file has no header, add a first line with the column names."
    empty = [str(position) for position, name in enumerate(names, 1) if name == ""]
    if empty:
        raise InputError(
            f"{where}: the header gives no name to column{'s' if len(empty) > 1 else ''} "
            f"{', '.join(empty[:10])} of {len(names)} ({DELIMITERS[delimiter]}-separated); name every column."
            + hint
        )
    seen: dict[str, list[int]] = {}
    for position, name in enumerate(names, 1):
        seen.setdefault(name, []).append(position)
    double = {name: positions for name, positions in seen.items() if len(positions) > 1}
    if double:
        positions = next(iter(double.values()))
        raise InputError(
            f"{where}: the column name{'s' if len(double) > 1 else ''} {listed(list(double))} "
            f"{'are' if len(double) > 1 else 'is'} used more than once (first in columns "
            f"{' and '.join(map(str, positions[:2]))}); give every column a name of its own." + hint
        )
    return tuple(names)

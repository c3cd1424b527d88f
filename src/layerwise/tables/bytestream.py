"""A file's bytes, unpacked, as blocks of whole records: constant memory however long the file is."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from layerwise.errors import InputError
from layerwise.tables.formats import Source

BLOCK_BYTES = 8 * 1024 * 1024
LONGEST_RECORD = 256 * 1024 * 1024
_NEWLINE, _QUOTE = 10, 34


class Block(NamedTuple):
    """Whole records of a text file.

    first_line: number of its first line in the file, from 1.  offset: its first byte's position, from 0,
    after unpacking.
    """

    data: bytes
    first_line: int
    offset: int


def blocks(source: Source, *, quoted: bool, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """The file as blocks that end where a record ends.

    quoted: a newline between double quotes does not end a record (CSV); else every newline does. Carriage
    returns that stand alone (old Macintosh files) count as newlines. A byte order mark of UTF-8 is taken off.
    Raises InputError when the compressed data are damaged or a record never ends.
    """
    line, offset, rest = 1, 0, b""
    macintosh = False
    with _opened(source) as file:
        for number, chunk in enumerate(_chunks(source, file, block_bytes)):
            if number == 0:
                macintosh = b"\r" in chunk and b"\n" not in chunk
                if chunk.startswith(b"\xef\xbb\xbf"):
                    chunk, offset = chunk[3:], 3
            if macintosh:
                chunk = chunk.replace(b"\r", b"\n")
            data = rest + chunk
            end = _last_record_end(data, quoted)
            if end == 0 and len(data) > LONGEST_RECORD:
                raise InputError(
                    f"{source.path}, line {line:,}: a record that starts here has no end within "
                    f"{LONGEST_RECORD >> 20} MiB; look for a quotation mark that is never closed"
                )
            rest = data[end:]
            if end:
                yield Block(data[:end], line, offset)
                line += data.count(b"\n", 0, end)
                offset += end
    if rest:
        yield Block(rest, line, offset)


def outside_quotes(data: np.ndarray) -> np.ndarray | None:
    """Where a byte of CSV text lies outside double quotes, as booleans; None when there are no quotes.

    data: uint8, starting outside quotes. A doubled quote inside a field closes and opens again, so counting
    parity is exact for well-formed files.
    """
    quotes = data == _QUOTE
    if not quotes.any():
        return None
    return np.bitwise_xor.accumulate(quotes.view(np.uint8)) == 0


def _last_record_end(data: bytes, quoted: bool) -> int:
    """One past the last newline that ends a record, or 0."""
    if not quoted or b'"' not in data:
        return data.rfind(b"\n") + 1
    view = np.frombuffer(data, dtype=np.uint8)
    outside = outside_quotes(view)
    ends = np.flatnonzero((view == _NEWLINE) & outside) if outside is not None else np.empty(0, dtype=np.intp)
    return int(ends[-1]) + 1 if len(ends) else 0


def _chunks(source: Source, file: BinaryIO, block_bytes: int) -> Iterator[bytes]:
    # The decompressors disagree on what they raise for damaged data, so their own error types are caught too.
    done = 0
    while True:
        try:
            chunk = file.read(block_bytes)
        except (EOFError, OSError, zlib.error, lzma.LZMAError, ValueError, RuntimeError) as error:
            raise _damaged(source, done, error) from None
        except Exception as error:
            if type(error).__name__ not in {"ZstdError", "ArrowInvalid"}:
                raise
            raise _damaged(source, done, error) from None
        if not chunk:
            return
        done += len(chunk)
        yield chunk


def _damaged(source: Source, done: int, error: Exception) -> InputError:
    if not source.compression:
        return InputError(f"{source.path} cannot be read beyond byte {done:,}: {error}")
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return InputError(
        f"{source.path} is damaged: its {source.compression} data break off or do not add up "
        f"({reason}; the first {done:,} unpacked bytes are sound); fetch or compress it again"
    )


@contextmanager
def _opened(source: Source) -> Iterator[BinaryIO]:
    openers: dict[str | None, Callable[[Path], Any]] = {
        None: lambda path: path.open("rb"),
        "gzip": gzip.open,
        "bzip2": bz2.open,
        "xz": lzma.open,
        "zstd": _open_zstd,
    }
    try:
        file = openers[source.compression](source.path)
    except PermissionError:
        raise InputError(
            f"{source.path} may not be read by you; change its permissions (chmod u+r)"
        ) from None
    with file:
        yield file


def _open_zstd(path: Path) -> Any:
    """Python's own module from 3.14 on, its backport, or whichever other package can unpack zstd."""
    for name in ("compression.zstd", "backports.zstd", "zstandard"):
        try:
            return import_module(name).open(path, "rb")
        except ImportError:
            continue
    try:
        import pyarrow
    except ImportError:
        raise InputError(
            f"{path} is zstd-compressed and this Python cannot unpack that; "
            "install the module with: pip install backports.zstd"
        ) from None
    return pyarrow.CompressedInputStream(pyarrow.OSFile(str(path)), "zstd")

"""Which format a file is in: what its name says, held against what its first bytes say."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path

from layerwise.errors import InputError

# The ending of a name -> the format.
FORMATS = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "ipc",
    ".feather": "ipc",
    ".ipc": "ipc",
}
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd", ".bz2": "bzip2", ".xz": "xz"}
NAMES = {
    "csv": "a CSV file",
    "tsv": "a TSV file",
    "jsonl": "a JSON Lines file",
    "json": "a JSON file",
    "parquet": "a Parquet file",
    "ipc": "an Arrow file",
}
TEXT_FORMATS = frozenset({"csv", "tsv", "jsonl", "json"})
READABLE = ".csv, .tsv, .jsonl, .json (each also with .gz or .zst), .parquet, .arrow or .feather"

# The first bytes of a file -> what it is, and how to make a table of it.
_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"PAR1", "a Parquet file", "rename it to end in .parquet"),
    (b"ARROW1", "an Arrow file", "rename it to end in .arrow"),
    (b"\x1f\x8b", "gzip-compressed", "rename it to end in .csv.gz, or unpack it"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed", "rename it to end in .csv.zst, or unpack it"),
    (b"BZh", "bzip2-compressed", "rename it to end in .csv.bz2, or unpack it"),
    (b"\xfd7zXZ\x00", "xz-compressed", "rename it to end in .csv.xz, or unpack it"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture", "give the file that holds the table"),
    (b"\xff\xd8\xff", "a JPEG picture", "give the file that holds the table"),
    (b"GIF8", "a GIF picture", "give the file that holds the table"),
    (b"%PDF", "a PDF document", "export its table as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", "open it and save the sheet as CSV UTF-8"),
    (b"SQLite format 3\x00", "an SQLite database", "read it as sqlite:///FILE?query=SELECT * FROM TABLE"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "export its table as Parquet or CSV"),
    (b"\x93NUMPY", "a NumPy array file", "export it as Parquet or CSV"),
    (b"\x7fELF", "a program", "give the file that holds the table"),
    (b"PK\x03\x04", "a ZIP archive", "unpack it and give the file inside"),
    (b"version https://git-lfs", "a Git LFS pointer, not the data", "fetch the data with: git lfs pull"),
)
_OWN_SIGNATURE = {"parquet": b"PAR1", "ipc": b"ARROW1"}
_COMPRESSION_SIGNATURE = {
    "gzip": b"\x1f\x8b",
    "zstd": b"\x28\xb5\x2f\xfd",
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ\x00",
}


@dataclass(frozen=True)
class Source:
    """A file that exists and whose first bytes agree with its name.

    format: one of the values of FORMATS.  compression: one of COMPRESSIONS' values, or None.
    """

    path: Path
    format: str
    compression: str | None


def recognise(path: str | os.PathLike[str]) -> Source:
    """Look at a file's name and first bytes.

    Raises InputError, naming the file, when it is absent, a folder, unreadable, empty, of an ending that is
    not read, or something else than its name says.
    """
    path = Path(path)
    head = _first_bytes(path)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    compression = COMPRESSIONS.get(suffixes[-1]) if suffixes else None
    if compression:
        suffixes.pop()
    format = FORMATS.get(suffixes[-1]) if suffixes else None
    if format is None or (compression and format not in TEXT_FORMATS):
        what = describe(head)
        really = f"its content is {what[0]}: {what[1]}" if what else f"rename it to end in {READABLE}"
        ending = f"ends in {path.suffix!r}" if path.suffix else "has no ending"
        raise InputError(f"{path} {ending}, which does not say how to read it; {really}")
    _require_signature(path, head, format, compression)
    return Source(path, format, compression)


def describe(head: bytes) -> tuple[str, str] | None:
    """What the first bytes of a file show it to be and what to do about it; None for plain text."""
    if head.startswith(b"PK\x03\x04") and (b"xl/" in head or b"[Content_Types].xml" in head):
        return "an Excel workbook (.xlsx)", "open it and save the sheet as CSV UTF-8"
    for signature, what, advice in _SIGNATURES:
        if head.startswith(signature):
            return what, advice
    if head.lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "a web page (HTML)", "download the file itself rather than the page about it"
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or _alternate_nulls(head):
        return None
    if b"\x00" in head:
        return "binary data", "give the file that holds the table, as text"
    return None


def _first_bytes(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder; name the file in it that holds the table")
        with path.open("rb") as file:
            head = file.read(4096)
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"there is no file {path}{_near_files(path)}") from None
    except NotADirectoryError:
        raise InputError(f"there is no file {path}: a part of that path is not a folder") from None
    except PermissionError:
        raise InputError(f"{path} may not be read by you; change its permissions (chmod u+r)") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise InputError(f"{path} cannot be read: {reason}") from None
    if not head:
        raise InputError(f"{path} is empty (0 bytes); a table needs a header line and rows")
    return head


def _near_files(path: Path) -> str:
    """A clause that names files of nearly this name in the same folder."""
    folder = path.parent
    if not folder.is_dir():
        return f": the folder {folder} does not exist"
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.is_file()]
    except OSError:
        return ""
    close = difflib.get_close_matches(path.name, names, n=2, cutoff=0.6)
    if not close:
        stem = path.name.split(".")[0]
        close = sorted(name for name in names if name.split(".")[0] == stem and stem)[:2]
    return "; did you mean " + " or ".join(repr(str(folder / name)) for name in close) + "?" if close else ""


def _require_signature(path: Path, head: bytes, format: str, compression: str | None) -> None:
    expected = _COMPRESSION_SIGNATURE[compression] if compression else _OWN_SIGNATURE.get(format)
    if expected is not None:
        if head.startswith(expected):
            return
        what = describe(head)
        claimed = f"{compression}-compressed" if compression else NAMES[format]
        if format == "ipc" and head.startswith(b"\xff\xff\xff\xff"):
            raise InputError(
                f"{path} is an Arrow stream, not an Arrow file; write it with write_ipc rather than "
                "write_ipc_stream"
            )
        content = f"is {what[0]}: {what[1]}" if what else "is not; it may be damaged, or wrongly named"
        raise InputError(f"{path} is named as {claimed}, but its content {content}")
    what = describe(head)
    if what is not None:
        raise InputError(f"{path} is named as {NAMES[format]}, but its content is {what[0]}: {what[1]}")


def _alternate_nulls(head: bytes) -> bool:
    """True when every second byte is mostly zero, as in UTF-16 text without a byte order mark."""
    if len(head) < 8:
        return False
    even, odd = head[0::2], head[1::2]
    zeros = sorted((even.count(0) / len(even), odd.count(0) / len(odd)))
    return zeros[0] < 0.05 and zeros[1] > 0.6

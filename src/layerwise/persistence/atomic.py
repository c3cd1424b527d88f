"""Writing a file so that a reader finds the old one or the new one, never half of one."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from layerwise.errors import InputError

_one_at_a_time = threading.Lock()


def write_atomically(path: str | os.PathLike[str], content: bytes | str | Callable[[Path], None]) -> None:
    """Write `content` to a temporary file in the same folder, then move it into place.

    `content` is bytes, text (UTF-8), or a function that writes the file at the path it is given.
    Raises InputError where the folder cannot be written or the disk is full; nothing is left behind then.
    """
    path = Path(path)
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        os.close(handle)
        temporary = Path(name)
        if callable(content):
            content(temporary)
        else:
            temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _umask() -> int:
    # Between the two another thread would find a mask that is not its own.
    with _one_at_a_time:
        mask = os.umask(0)
        os.umask(mask)
    return mask

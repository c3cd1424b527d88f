"""Machine code kept on disk from one process to the next, and a disk that does not play along.

A file holds what was kept and, behind it, a checksum of that and of its own name. The worst that a fault of
the disk can do is that the code is compiled once more.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

from layerwise.engine.numba_settings import cache_folder

SUFFIX = ".nbo"
_CHECKSUM = hashlib.sha256().digest_size


def _user_wide() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def folders() -> Iterator[Path]:
    """Where code may lie, the first choice first: as Numba's cache, only where NUMBA_CACHE_DIR says if it is
    set."""
    chosen = cache_folder()
    if chosen:
        yield Path(chosen) / "layerwise"
        return
    yield Path(__file__).parent / "__pycache__"
    with contextlib.suppress(RuntimeError):
        yield _user_wide() / "layerwise"


def _checksum(name: str, content: bytes) -> bytes:
    return hashlib.sha256(name.encode() + content).digest()


def read(name: str) -> bytes | None:
    """What was kept under this name; None where that is nothing, or damaged."""
    for folder in folders():
        try:
            content = (folder / f"{name}{SUFFIX}").read_bytes()
        except OSError:
            continue
        content, checksum = content[:-_CHECKSUM], content[-_CHECKSUM:]
        if checksum == _checksum(name, content):
            return content
    return None


def keep(name: str, content: bytes) -> None:
    """Keep this under this name where a folder takes it; at no moment does a part of it lie there."""
    for folder in folders():
        if _written(folder, f"{name}{SUFFIX}", content + _checksum(name, content)):
            return


def takes_files() -> bool:
    """Whether there is a folder to keep code in."""
    return any(_written(folder, f"try{SUFFIX}", b"", then_removed=True) for folder in folders())


def _written(folder: Path, name: str, content: bytes, *, then_removed: bool = False) -> bool:
    # Under a name of its own first: another process may write the same.
    unfinished = folder / f"{name}.{secrets.token_hex(8)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        if not then_removed:
            os.replace(unfinished, folder / name)
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink()
    return True

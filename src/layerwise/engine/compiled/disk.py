"""Machine code on disk: kept from one process to the next, or come with the package; and a disk that does not
play along.

A file holds what was kept and, behind it, a checksum of that and of its own name. The worst that a fault of
the disk can do is that the code is compiled once more.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from layerwise.engine.numba_settings import cache_folder, code_settings

SUFFIX = ".nbo"
# What comes with the package, if it was built with it.
SHIPPED = Path(__file__).parent / "shipped"
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
    # Of sources that are no files, as in an archive, nobody knows whether what is kept was made from them.
    if not Path(__file__).is_file():
        return
    chosen = cache_folder()
    if chosen:
        yield Path(chosen) / "layerwise"
        return
    yield Path(__file__).parent / "__pycache__"
    with contextlib.suppress(RuntimeError):
        yield _user_wide() / "layerwise"


def shipped() -> tuple[Path, ...]:
    """Where code lies that came with the package: nowhere if settings of the compiler ask for other code."""
    return () if code_settings() else (SHIPPED,)


def _checksum(name: str, content: bytes) -> bytes:
    return hashlib.sha256(name.encode() + content).digest()


def read(name: str, places: Iterable[Path]) -> bytes | None:
    """What was kept under this name in these folders; None where that is nothing, or damaged."""
    for folder in places:
        try:
            content = (folder / f"{name}{SUFFIX}").read_bytes()
        except OSError:
            continue
        content, checksum = content[:-_CHECKSUM], content[-_CHECKSUM:]
        if checksum == _checksum(name, content):
            return content
    return None


def keep(name: str, content: bytes, places: Iterable[Path]) -> bool:
    """Keep this under this name in the first of these folders that takes it; False where none does. At no
    moment does a part of it lie there."""
    checked = content + _checksum(name, content)
    return any(_written(folder, f"{name}{SUFFIX}", checked) for folder in places)


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

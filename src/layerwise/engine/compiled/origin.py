"""What machine code is made from, in one short hash: code on disk is used where all of that is the same."""

from __future__ import annotations

import functools
import hashlib
import platform
import sys
from importlib.util import find_spec
from pathlib import Path

from layerwise.engine.compiled.processor import processor
from layerwise.engine.numba_settings import code_settings

COMPILERS = ("numba", "llvmlite")
_HERE = Path(__file__).parent
SOURCES = (_HERE, _HERE.parents[1] / "formulas")


def sources() -> list[Path]:
    """The files that kernels are made from, and that make them; none where they cannot be read as files."""
    return [path for folder in SOURCES for path in sorted(folder.glob("*.py"))]


def version(package: str) -> bytes:
    """A package's version, without importing it."""
    found = find_spec(package)
    for folder in (found and found.submodule_search_locations) or []:
        said = Path(folder, "_version.py")
        if said.is_file():
            return said.read_bytes()
    from importlib import metadata

    return metadata.version(package).encode()


@functools.cache
def _of_sources() -> bytes:
    digest = hashlib.sha256()
    for path in sources():
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.digest()


def _hash(*texts: str | bytes) -> str:
    """Of the sources, and of these texts."""
    digest = hashlib.sha256(_of_sources())
    for text in texts:
        digest.update(text if isinstance(text, bytes) else text.encode())
        digest.update(b"\0")
    return digest.hexdigest()[:16]


@functools.cache
def origin() -> str:
    """Changes with any source, the compiler and its settings, Python, and the processor."""
    return _hash(sys.version, processor(), *code_settings(), *map(version, COMPILERS))


@functools.cache
def origin_of_shipped() -> str:
    """Changes with any source, the system and the processor. Which compiler made the code that comes with the
    package is no matter: it made all of it."""
    return _hash(sys.platform, platform.machine(), processor())

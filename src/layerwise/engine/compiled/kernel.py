"""A compiled function that is called by its address: what it takes, its machine code, its files on disk."""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from layerwise.engine.compiled import disk
from layerwise.engine.compiled.loading import load


class Arguments(NamedTuple):
    """What a loop takes and returns: p a pointer to numbers, d one to float64, i one to int64, n an int64,
    x a float64; and whether it adds up in any order, with as many partial sums as a register holds."""

    letters: str
    returns: bool = False
    sums: bool = False


class ObjectCode(NamedTuple):
    """A compiled function as an object file, and whether it can do without the compiler in its process."""

    content: bytes
    alone: bool


_one_at_a_time = threading.RLock()


class Kernel:
    """A function for one precision, read from the disk or compiled when its address is first asked for.

    `name` is its symbol and its file's name: it says all that the machine code depends on. `shipped_as` is
    that of the same code in what came with the package. `make` compiles it under a name.
    """

    def __init__(
        self, name: str, shipped_as: str, kind: Arguments, make: Callable[[str], ObjectCode]
    ) -> None:
        self.name, self.shipped_as = name, shipped_as
        self._kind, self._make = kind, make
        self._found: tuple[bytes, str] | None = None
        self._address = 0
        self.was_on_disk = False

    def compile(self) -> None:
        """Read it from the disk, or compile it and keep it there, unless it is in memory."""
        with _one_at_a_time:
            if self._address:
                return
            found = self._on_disk()
            self.was_on_disk = found is not None
            if found is None:
                made = self._make(self.name)
                found = made.content, self.name
                if made.alone:
                    disk.keep(self.name, made.content, disk.folders())
            self._address, self._found = load(*found), None

    def ship(self, folder: Path) -> bool:
        """Compile it and write it into this folder, to come with the package; False, and no file, where the
        code needs the compiler in its process."""
        made = self._make(self.shipped_as)
        if made.alone and not disk.keep(self.shipped_as, made.content, [folder]):
            raise OSError(f"cannot write into {folder}")
        return made.alone

    def _on_disk(self) -> tuple[bytes, str] | None:
        """(its code, its symbol)"""
        if self._found is None:
            for name, places in ((self.shipped_as, disk.shipped()), (self.name, disk.folders())):
                code = disk.read(name, places)
                if code:
                    self._found = code, name
                    break
        return self._found

    @property
    def address(self) -> int:
        """Where its machine code lies in memory."""
        self.compile()
        return self._address

    @functools.cached_property
    def entry(self) -> Callable:
        """The same for Python, which lets other threads run meanwhile; pointers are given as addresses."""
        kinds: dict[str, Any] = {"n": ctypes.c_int64, "x": ctypes.c_double}
        taken = [kinds.get(letter, ctypes.c_void_p) for letter in self._kind.letters]
        return ctypes.CFUNCTYPE(ctypes.c_double if self._kind.returns else None, *taken)(self.address)

    @property
    def is_ready(self) -> bool:
        """Whether it is compiled, or lies on disk."""
        return bool(self._address) or self._on_disk() is not None

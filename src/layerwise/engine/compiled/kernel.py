"""A compiled function that is called by its address: what it takes, its machine code, its file on disk."""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Callable
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

    `name` is its symbol and its file's name: it says all that the machine code depends on. `make` compiles it
    under this name.
    """

    def __init__(self, name: str, kind: Arguments, make: Callable[[str], ObjectCode]) -> None:
        self.name = name
        self._kind, self._make = kind, make
        self._found: bytes | None = None
        self._address = 0
        self.was_on_disk = False

    def compile(self) -> None:
        """Read it from the disk, or compile it and keep it there, unless it is in memory."""
        with _one_at_a_time:
            if self._address:
                return
            code = self._on_disk()
            self.was_on_disk = code is not None
            if code is None:
                made = self._make(self.name)
                code = made.content
                if made.alone:
                    disk.keep(self.name, code)
            self._address, self._found = load(code, self.name), None

    def _on_disk(self) -> bytes | None:
        if self._found is None:
            self._found = disk.read(self.name)
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

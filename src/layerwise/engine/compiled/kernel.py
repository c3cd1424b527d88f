"""A compiled function that is called by its address: what it takes, its machine code, its file on disk."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.core.ccallback import CFunc

from layerwise.engine.compiled.disk import forgiving_cache, is_on_disk


class Arguments(NamedTuple):
    """What a loop takes and returns: p a pointer to numbers, d one to float64, i one to int64, n an int64,
    x a float64; and whether it adds up in any order, with as many partial sums as a register holds."""

    letters: str
    returns: bool = False
    sums: bool = False


class Kernel:
    """A function with its names bound, for one precision; compiled when its address is first asked for.

    `digest` names all that its machine code is made from; `scope` gives the names that are bound.
    """

    def __init__(
        self,
        function: Callable,
        label: str,
        real: str,
        kind: Arguments,
        digest: str,
        scope: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        self.name = "_".join(("layerwise", label, real, digest))
        self._loop, self._real, self._kind, self._scope = function, real, kind, scope
        self._function: CFunc | None = None

    def _make(self, scope: dict[str, Any]) -> CFunc:
        number = types.float32 if self._real == "float32" else types.float64
        letters = {
            "p": types.CPointer(number),
            "d": types.CPointer(types.float64),
            "i": types.CPointer(types.int64),
            "n": types.int64,
            "x": types.float64,
        }
        bound = FunctionType(self._loop.__code__, {**self._loop.__globals__, **scope}, self.name)
        bound.__qualname__, bound.__module__ = self.name, self._loop.__module__
        freedoms = {"contract", "reassoc", "nsz"} if self._kind.sums else {"contract"}
        made = CFunc(
            bound,
            (
                tuple(letters[letter] for letter in self._kind.letters),
                types.float64 if self._kind.returns else types.void,
            ),
            {},
            {"error_model": "numpy", "fastmath": freedoms, "nopython": True},
        )
        cache = forgiving_cache(bound)
        if cache is not None:
            made._cache = cache  # type: ignore[attr-defined]
        return made

    def compile(self) -> CFunc:
        """Compile it, or read it from the disk, unless that is done."""
        if self._function is None:
            made = self._make({"real": np.dtype(self._real).type, **self._scope()})
            made.compile()
            self._function = made
        return self._function

    @property
    def address(self) -> int:
        """Where its machine code lies in memory."""
        address = self.compile().address
        assert address is not None
        return address

    @functools.cached_property
    def entry(self) -> Callable:
        """The same for Python, which lets other threads run meanwhile; pointers are given as addresses."""
        kinds: dict[str, Any] = {"n": ctypes.c_int64, "x": ctypes.c_double}
        taken = [kinds.get(letter, ctypes.c_void_p) for letter in self._kind.letters]
        return ctypes.CFUNCTYPE(ctypes.c_double if self._kind.returns else None, *taken)(self.address)

    @property
    def was_on_disk(self) -> bool:
        """Whether its machine code came from the disk: once it has an address."""
        return self._function is not None and self._function.cache_hits > 0

    @property
    def is_kept(self) -> bool:
        """Whether there is a disk to keep it on."""
        return forgiving_cache(self._loop) is not None

    @property
    def is_ready(self) -> bool:
        """Whether it is compiled, or lies on disk."""
        return self._function is not None or is_on_disk(self._make({}))

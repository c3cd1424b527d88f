"""Arrays as compiled code takes them: by the address of their first number."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable

import numpy as np

from layerwise.engine.compiled.layout import PADDED_TO

# Numbers at whose multiples work arrays begin.
BOUNDARY = PADDED_TO


def _by_interface(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def _by_layout(array: np.ndarray) -> int:
    # NumPy's arrays begin with what every Python object begins with, then comes this address: compiled
    # modules rely on it, so it does not change. Asking for `__array_interface__` takes ten times as long.
    return ctypes.c_void_p.from_address(id(array) + object.__basicsize__).value or 0


_SAMPLE = np.zeros(3)[1:]
_KNOWN_LAYOUT = sys.implementation.name == "cpython" and _by_layout(_SAMPLE) == _by_interface(_SAMPLE)
# The address of an array's first number. The caller sees to it that the array outlives the call.
address_of: Callable[[np.ndarray], int] = _by_layout if _KNOWN_LAYOUT else _by_interface


def at_boundary(size: int, real: type) -> tuple[np.ndarray, int]:
    """An array, and in it the address of so many numbers, where a register of any size may be read at once.

    Zeros: what is worked out between the rows must stay numbers, for others slow a processor down.
    """
    kept: np.ndarray = np.zeros(size + BOUNDARY, dtype=real)
    return kept, address_of(kept) + -address_of(kept) % (BOUNDARY * kept.itemsize)

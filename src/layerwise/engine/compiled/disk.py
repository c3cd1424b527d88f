"""Machine code kept on disk from one process to the next, and a disk that does not play along.

Numba's cache lets every fault of the disk through: a full disk, or an index cut short by a crash, would be
the end of a training run. Here the worst such a fault can do is that the code is compiled once more.
"""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Callable, Iterator
from typing import Any

from numba.core.caching import FunctionCache

_FAULTS = (OSError, EOFError, pickle.UnpicklingError)


class _ForgivingCache(FunctionCache):
    """Numba's cache of one function; a fault while reading or writing counts as an empty cache."""

    @contextlib.contextmanager
    def _guard_against_spurious_io_errors(self) -> Iterator[None]:
        try:
            yield
        except _FAULTS:
            with contextlib.suppress(OSError):
                self.flush()

    def holds_code(self) -> bool:
        """Whether code for this function, this source and this version of Numba lies there."""
        try:
            return bool(self._cache_file._load_index())
        except _FAULTS:
            return False


def forgiving_cache(function: Callable) -> FunctionCache | None:
    """The cache of a function that is named for all that its machine code depends on beside its own source;
    None where no folder can be written."""
    try:
        return _ForgivingCache(function)
    except RuntimeError:
        return None


def is_on_disk(compiled: Any) -> bool:
    """Whether the machine code of a callback is kept already, so that it need not compile."""
    cache = compiled._cache
    return isinstance(cache, _ForgivingCache) and cache.holds_code()

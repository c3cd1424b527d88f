"""How many threads a step gets, and one BLAS thread for each of them where it calls BLAS.

The engine cuts a step over threads of its own, so BLAS is held to one while a step calls it. Fits that run
side by side in one process share the processors: each call takes its part of them and no more.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_lock = threading.Lock()
_calls = 0
_calls_of_blas = 0
_limits: list[tuple[Any, int]] = []
_own = threading.local()


@cache
def _libraries(process: int) -> list[Any]:
    """The BLAS libraries of this process."""
    import scipy.linalg  # noqa: F401  Compiled code calls SciPy's BLAS: loaded before all are listed.
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas").lib_controllers


def allowed_threads() -> int:
    """Threads that a step may use: as many as BLAS has, so that OMP_NUM_THREADS, OPENBLAS_NUM_THREADS,
    threadpoolctl's limits and joblib's are all heeded; at most those of `at_most`, and the processors that
    this process may run on."""
    with _lock:
        if _limits:
            allowed = max(count for _, count in _limits)
        else:
            allowed = max((library.num_threads or 1 for library in _libraries(os.getpid())), default=1)
    return max(1, min(allowed, _processors(), getattr(_own, "limit", allowed)))


@contextmanager
def at_most(threads: int) -> Iterator[None]:
    """While active, steps that this Python thread asks for use at most so many threads.

    Beside threadpoolctl's limits, which since 3.8 are ignored without a word where another Python thread set
    one first.
    """
    before = getattr(_own, "limit", None)
    _own.limit = threads if before is None else min(threads, before)
    try:
        yield
    finally:
        if before is None:
            del _own.limit
        else:
            _own.limit = before


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def shared_processors(wanted: int, *, with_blas: bool) -> Iterator[int]:
    """The value is how many of the `wanted` threads are free; while active `with_blas`, BLAS has one
    thread."""
    global _calls, _calls_of_blas
    with _lock:
        if with_blas:
            if _calls_of_blas == 0:
                for library in _libraries(os.getpid()):
                    count = library.num_threads or 1
                    if count > 1:
                        _limits.append((library, count))
                        _hold(library, 1)
            _calls_of_blas += 1
        _calls += 1
        free = max(1, wanted // _calls)
    try:
        yield free
    finally:
        with _lock:
            _calls -= 1
            if with_blas:
                _calls_of_blas -= 1
                if _calls_of_blas == 0:
                    for library, count in _limits:
                        _hold(library, count)
                    _limits.clear()


def _hold(library: Any, threads: int) -> None:
    """Set a library's threads, whichever thread asks.

    Since threadpoolctl 3.8 the thread that first set OpenBLAS's stays the only one that can, and others are
    ignored without a word, until its claim is cleared. Here the lock says whose turn it is: the first to come
    and the last to leave, mostly two threads. No claim is left behind, so that others' limits work too.
    """
    clear = getattr(library, "clear_controlling_thread", None)
    if clear is not None:
        clear(force=True)
    library.set_num_threads(threads)
    if clear is not None:
        clear(force=True)

"""How many threads an estimator's work may take."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any


def held_to(threads: int | None) -> AbstractContextManager[Any]:
    """While active, BLAS and the engine with it take at most so many threads; None leaves them alone."""
    if threads is None:
        return nullcontext()
    from threadpoolctl import threadpool_limits

    return threadpool_limits(threads)

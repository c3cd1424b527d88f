"""How many threads matrix products get: for small ones, waiting for each other costs more than it saves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from layerwise.engine.contract import Program

# Multiply-adds of one forward pass below which a second thread does not pay; about 0.2 ms of work.
SMALL_STEP = 2**22


@cache
def _libraries() -> Any:
    import scipy.linalg  # noqa: F401  Compiled code calls SciPy's BLAS: loaded before the libraries are listed.
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def fitting_threads(program: Program, rows: int) -> Iterator[None]:
    """While active, BLAS has one thread if `rows` examples are little work for the program's network."""
    if rows * program.architecture.parameter_count >= SMALL_STEP:
        yield
        return
    with _libraries().limit(limits=1, user_api="blas"):
        yield

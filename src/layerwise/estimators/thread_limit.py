"""How many threads an estimator's work may take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from layerwise.engine import at_most, engine_named


def threads_for(
    threads: int | None, *, reproducible: bool, engine: str, solver: str | None = None
) -> int | None:
    """Threads at most for a fit or a prediction with these parameters; None leaves it to BLAS's settings.

    The compiled engine cuts the steps of a reproducible program into the same parts for any number of
    threads. Sums that BLAS cuts by its own rule, NumPy's and those of lbfgs, keep their bits on one thread.
    """
    cut_by_blas = solver == "lbfgs" or engine_named(engine) == "numpy"
    return 1 if reproducible and cut_by_blas else threads


@contextmanager
def held_to(threads: int | None) -> Iterator[None]:
    """While active, BLAS and the engine take at most so many threads; None leaves them alone."""
    if threads is None:
        yield
        return
    from threadpoolctl import threadpool_limits

    with threadpool_limits(threads), at_most(threads):
        yield

"""The threads of one engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

Value = TypeVar("Value")
# Which of the counters is not 0 once a thread has raised.
GIVEN_UP = 1
# So many numbers before and behind the counters, so that nothing else lies in their line of memory.
ALONE = 16


class Team:
    """The threads of one engine. They are started when first needed and end with the engine."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._threads = 1

    def run(self, threads: int, work: Callable[[int, np.ndarray], Value]) -> Value:
        """Call work(thread, counters) for thread 0 ... threads - 1 at once; what thread 0 returns.

        `counters` is for `team.meet`. Where one of them raises, the others give up waiting for it, and may
        look at GIVEN_UP. None is left at work: what they work in is used again.
        """
        counters = np.zeros(2 * ALONE, dtype=np.int64)[ALONE:]
        if threads == 1:
            return work(0, counters)
        if threads > self._threads:
            from concurrent.futures import ThreadPoolExecutor

            # One for each, or who waits for another would keep it from its start.
            if self._pool is not None:
                self._pool.shutdown(wait=False)
            self._pool, self._threads = ThreadPoolExecutor(threads - 1), threads

        def watched(thread: int) -> Value:
            try:
                return work(thread, counters)
            except BaseException:
                counters[GIVEN_UP] = 1
                raise

        assert self._pool is not None
        others = [self._pool.submit(watched, thread) for thread in range(1, threads)]
        try:
            value = watched(0)
        finally:
            for other in others:
                other.exception()
        for other in others:
            other.result()
        return value

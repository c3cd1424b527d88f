"""What a process that works for another one does about Ctrl-C, and about the other one's end."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from functools import cache

SECONDS_BETWEEN_LOOKS = 0.5


@contextlib.contextmanager
def working_for(parent: int) -> Iterator[None]:
    """While the block lasts, Ctrl-C is the parent's business.

    parent: the id of the process that asked for the work; where that is this one, nothing changes. A child of
    the parent leaves Ctrl-C to it from now on, between pieces of work too, and ends with it. A process that
    was not started by the parent, as on a cluster, goes on without it.
    """
    if os.getpid() == parent or threading.current_thread() is not threading.main_thread():
        yield
        return
    if os.getppid() == parent:
        _end_with(parent)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        yield
        return
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if previous is None else previous)


def start_for(parent: int) -> None:
    """The first thing a process does that the parent started: from now on it ends with it.

    A parent that was killed while this process was starting has left it to another one: then it ends here,
    before it waits for work that never comes. Windows does not say that a parent is gone.
    """
    if os.name == "posix":
        if os.getppid() != parent:
            os._exit(1)
        _end_with(parent)


@cache
def _end_with(parent: int) -> None:
    """From now on this process ends soon after its parent, even where that was killed."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        os._exit(1)

    threading.Thread(target=watch, name="layerwise-parent-watch", daemon=True).start()

"""Ctrl-C as a wish to stop at the next safe place, not as an exception in the middle of a step."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType


class StopOnInterrupt:
    """While active, the first Ctrl-C sets `asked`; a second one interrupts at once.

    Outside the main thread, where signals cannot be caught, it does nothing; nor where Ctrl-C is ignored, as
    in a process that a shell put into the background.
    """

    def __init__(self) -> None:
        self.asked = False
        self._previous: object = None
        self._active = False

    def __enter__(self) -> StopOnInterrupt:
        if threading.current_thread() is threading.main_thread():
            # One call, not two: each takes as long as several steps of a small network.
            self._previous = signal.signal(signal.SIGINT, self._handle)
            self._active = self._previous != signal.SIG_IGN
            if not self._active:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                self.asked = False
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._active:
            # None: a handler that was not set from Python, and cannot be set again from here.
            previous = signal.SIG_DFL if self._previous is None else self._previous
            signal.signal(signal.SIGINT, previous)  # type: ignore[arg-type]

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

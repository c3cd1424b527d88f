"""What is not finished yet, and how it is taken away when the process must end at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

_REMOVALS: list[Callable[[], None]] = []


@contextlib.contextmanager
def removed_afterwards(remove: Callable[[], None]) -> Iterator[None]:
    """Call `remove` when the block ends in whatever way, or when `remove_everything` is called before."""
    _REMOVALS.append(remove)
    try:
        yield
    finally:
        _REMOVALS.remove(remove)
        remove()


def remove_everything() -> None:
    """Take away all that is not finished. For a signal's handler: an exception that is raised there may be
    swallowed by compiled code, and no `finally` would be reached."""
    for remove in reversed(_REMOVALS):
        with contextlib.suppress(Exception):
            remove()

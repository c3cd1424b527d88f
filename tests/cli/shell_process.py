"""Running the shell command as a person does: as a process, with or without a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

LAYERWISE = (sys.executable, "-m", "layerwise")
# One thread each: tests run beside each other, and the networks are tiny.
QUIET_MACHINE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


class Finished(NamedTuple):
    """How a process ended, and what it said."""

    status: int
    out: str
    err: str


def layerwise(
    *arguments: str | Path,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    text: str | None = None,
    before: Callable[[], None] | None = None,
) -> Finished:
    """`layerwise ARGUMENTS` without a terminal, in `folder`, with `text` on standard input."""
    done = subprocess.run(
        [*LAYERWISE, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, **QUIET_MACHINE, **(environment or {})},
        input=text,
        stdin=None if text is not None else subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=240,
        preexec_fn=before,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


def layerwise_on_a_terminal(
    *arguments: str | Path,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    columns: int = 80,
    ctrl_c: Sequence[Callable[[str], bool]] = (),
) -> tuple[int, str]:
    """The same on a pseudo-terminal: (status, everything that was shown).

    ctrl_c: for each press of Ctrl-C in turn, whether it is time for it, told from what was shown so far.
    """
    import pty
    import select

    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ.update({"TERM": "xterm-256color", **QUIET_MACHINE, **(environment or {})})
        os.environ["COLUMNS"] = str(columns)
        os.execv(LAYERWISE[0], [*LAYERWISE, *map(str, arguments)])
    shown, presses, end = b"", list(ctrl_c), time.monotonic() + 240
    try:
        while time.monotonic() < end:
            if select.select([terminal], [], [], 0.05)[0]:
                try:
                    part = os.read(terminal, 65536)
                except OSError:
                    break
                if not part:
                    break
                shown += part
            if presses and presses[0](shown.decode("utf-8", "replace")):
                presses.pop(0)
                os.write(terminal, b"\x03")
    finally:
        os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode("utf-8", "replace")

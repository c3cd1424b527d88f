"""Compiling the kernels of a program in two processes at once: the first fit on a machine waits half as long.

The second process puts its kernels on the disk, where this one finds them. Whatever goes wrong there, no more
is lost than time: what is not found is compiled here.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from layerwise.engine.compiled.disk import takes_files
from layerwise.engine.compiled.kernel import Kernel
from layerwise.engine.contract import Program

# Kernels below which a second process takes longer to start than it saves.
FEWEST = 8
_SECOND = "from layerwise.engine.compiled.compiling import second_process; second_process()"


def compile_all(program: Program, driver: str, needed: Sequence[Kernel]) -> None:
    """Compile the kernels that a program needs with one of the drivers: this process from the first on, where
    it pays another one from the last on, until they meet. The first and the last should be those that take
    longest."""
    missing = [one for one in needed if not one.is_ready]
    two = len(missing) >= FEWEST and takes_files() and sys.executable and (os.cpu_count() or 1) > 1
    with contextlib.ExitStack() as stack:
        if two:
            with contextlib.suppress(OSError):
                stack.enter_context(_started(program, driver))
        for one in needed:
            one.compile()


@contextlib.contextmanager
def _started(program: Program, driver: str) -> Iterator[None]:
    """While active, another process compiles these kernels, the last one first."""
    source = str(Path(__file__).resolve().parents[3])
    paths = [source, *filter(None, [os.environ.get("PYTHONPATH")])]
    with subprocess.Popen(
        [sys.executable, "-c", _SECOND],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    ) as process:
        try:
            assert process.stdin is not None
            process.stdin.write(pickle.dumps((program, driver)))
            process.stdin.close()
            yield
        finally:
            # Whatever it is at by now, this process has it too.
            process.kill()


def second_process() -> None:
    """Compile the kernels of the program and driver that standard input names, the last one first."""
    from layerwise.engine.compiled.engine import CompiledEngine

    program, driver = pickle.load(sys.stdin.buffer)
    for one in reversed(CompiledEngine(program).kernels(driver)):
        one.compile()

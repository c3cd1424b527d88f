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
from collections.abc import Sequence
from pathlib import Path

from layerwise.engine.compiled.disk import takes_files
from layerwise.engine.compiled.kernel import Kernel
from layerwise.engine.contract import Program

# Kernels below which a second process takes longer to start than it saves.
FEWEST = 4
_SECOND = "from layerwise.engine.compiled.compiling import second_process; second_process()"


def compile_all(program: Program, needed: Sequence[Kernel], share: Sequence[Kernel]) -> None:
    """Compile the kernels that a program needs, those of `share` in another process where that pays."""
    missing = [one for one in share if not one.is_ready]
    if len(missing) >= FEWEST and takes_files() and sys.executable and (os.cpu_count() or 1) > 1:
        mine = [one for one in needed if one not in missing and not one.is_ready]
        with contextlib.suppress(OSError), _started(program, missing) as process:
            try:
                for one in mine:
                    one.compile()
            except BaseException:
                process.kill()
                raise
    for one in needed:
        one.compile()


def _started(program: Program, kernels: Sequence[Kernel]) -> subprocess.Popen:
    """A process that compiles these kernels; leaving its context waits for it."""
    source = str(Path(__file__).resolve().parents[3])
    paths = [source, *filter(None, [os.environ.get("PYTHONPATH")])]
    process = subprocess.Popen(
        [sys.executable, "-c", _SECOND],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    assert process.stdin is not None
    process.stdin.write(pickle.dumps((program, [one.name for one in kernels])))
    process.stdin.close()
    return process


def second_process() -> None:
    """Compile the kernels that standard input names, of the program that it holds."""
    from layerwise.engine.compiled.engine import CompiledEngine

    program, names = pickle.load(sys.stdin.buffer)
    for one in CompiledEngine(program).kernels:
        if one.name in names:
            one.compile()

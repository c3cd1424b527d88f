"""A Python process of its own whose time and memory are measured."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from speed.surroundings import environment_for


class Ended(NamedTuple):
    """Seconds from its start to its end, and the last line that it printed, as JSON."""

    seconds: float
    said: Any


def run_python(code: str, threads: int, **environment: str) -> Ended:
    """Run the code; raises RuntimeError with its messages where it fails."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment_for(threads, "float32"), **environment},
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"a measured process failed:\n{done.stderr}")
    lines = done.stdout.strip().splitlines()
    return Ended(seconds, json.loads(lines[-1]) if lines else None)


def greatest_memory() -> int:
    """Bytes of memory that this process has held at most, as the system counts them."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def forget_greatest_memory() -> None:
    """What `greatest_memory` says is from now on (Linux; elsewhere, from the start of the process on)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def held_memory() -> int:
    """Bytes that this process holds now (Linux; elsewhere the most it has held)."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return greatest_memory()

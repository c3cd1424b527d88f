"""What stands before the first step: importing, compiling on a fresh machine, starting later processes."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile

from speed.limits.measured_process import run_python
from speed.surroundings import environment_for

REPEATS = 5
IMPORT_GOAL, COLD_GOAL, LATER_GOAL = 0.25, 3.0, 0.3
SLOWEST_SHOWN = 12

_FIT = """
import json, time
started = time.perf_counter()
import numpy as np
from layerwise import MLPClassifier
imported = time.perf_counter()
X = np.random.default_rng(0).standard_normal((300, 2)).astype(np.float32)
y = (X[:, 0] > 0).astype(np.int64)
def fit():
    started = time.perf_counter()
    MLPClassifier((5, 2), batch_size=64, max_iter=10, n_iter_no_change=10, tol=0.0).fit(X, y)
    return time.perf_counter() - started
import warnings
warnings.simplefilter("ignore")
first = fit()
again = min(fit() for _ in range(5))
print(json.dumps({"import": imported - started, "first": first, "again": again}))
"""
_EMPTY = "print(0)"


def _overhead(said: dict) -> float:
    """Seconds that the first fit of a process takes beyond a fit of a process that is warm."""
    return said["first"] - said["again"]


def measure_start(threads: int) -> tuple[object, list[str]]:
    """The first fit of all, with an empty cache of compiled code, and those of later processes."""
    cold, later = [], []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as cache:
            cold.append(run_python(_FIT, threads, NUMBA_CACHE_DIR=cache).said)
            later.append(run_python(_FIT, threads, NUMBA_CACHE_DIR=cache).said)
    cold_first, later_overhead = (statistics.median(map(_overhead, group)) for group in (cold, later))
    imports = statistics.median(said["import"] for said in cold + later)
    lines = [
        f"first fit, nothing compiled yet: {cold_first:.2f} s beyond a later fit (goal {COLD_GOAL:g} s)",
        f"first fit of a later process: {later_overhead:.2f} s beyond (goal {LATER_GOAL:g} s); "
        f"importing NumPy and MLPClassifier, {imports:.2f} s",
    ]
    return {"cold": cold, "later": later}, lines


def measure_import(threads: int) -> tuple[object, list[str]]:
    """`import layerwise` in a process of its own, less what a process costs anyhow, and its slowest parts."""
    run_python("import layerwise", threads)
    with_it = [run_python("import layerwise", threads).seconds for _ in range(REPEATS)]
    without = [run_python(_EMPTY, threads).seconds for _ in range(REPEATS)]
    seconds = statistics.median(with_it) - statistics.median(without)
    report = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import layerwise"],
        env=environment_for(threads, "float32"),
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    parts = []
    for line in report.splitlines():
        _, _, rest = line.partition("import time:")
        columns = rest.split("|")
        if len(columns) == 3 and columns[1].strip().isdigit():
            parts.append((int(columns[1]), columns[2].strip()))
    parts.sort(reverse=True)
    lines = [f"import layerwise: {seconds:.3f} s (goal {IMPORT_GOAL:g} s); -X importtime, the slowest parts:"]
    lines += [f"  {microseconds / 1e3:8.1f} ms  {name}" for microseconds, name in parts[:SLOWEST_SHOWN]]
    return {"seconds": seconds, "parts": parts[:SLOWEST_SHOWN]}, lines

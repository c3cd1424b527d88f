"""What stands before the first step: importing, a fresh machine with the wheel or without it, and later."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from speed.limits.measured_process import run_python
from speed.surroundings import environment_for

_BUILD = Path(__file__).resolve().parents[3] / "tools" / "build_wheel.py"
REPEATS, COLD_REPEATS = 5, 3
IMPORT_GOAL, COLD_GOAL, LATER_GOAL = 0.25, 3.0, 0.3
SLOWEST_SHOWN = 12

# Of each moment: seconds of the wall clock and of processor time.
_FIT = """
import json, sys, time, warnings
def now():
    return np.array([time.perf_counter(), time.process_time()])
wall, cpu = time.perf_counter(), time.process_time()
import numpy as np
import layerwise
from layerwise import MLPClassifier
imported = now() - (wall, cpu)
X = np.random.default_rng(0).standard_normal((300, 2)).astype(np.float32)
y = (X[:, 0] > 0).astype(np.int64)
def fit():
    started = now()
    MLPClassifier((5, 2), batch_size=64, max_iter=10, n_iter_no_change=10, tol=0.0).fit(X, y)
    return now() - started
warnings.simplefilter("ignore")
first = fit()
again = np.min([fit() for _ in range(5)], axis=0)
print(json.dumps({
    "import": imported.tolist(), "beyond": (first - again).tolist(), "from": layerwise.__file__,
    "with the compiler": "numba" in sys.modules,
}))
"""
_EMPTY = "print(0)"


def _both(said: list[dict], name: str) -> str:
    """Medians, in words: wall clock, and processor time."""
    wall, cpu = (statistics.median(column) for column in zip(*(one[name] for one in said), strict=True))
    return f"{wall:.2f} s ({cpu:.2f} s of cpu)"


def _installed_wheel(folder: str) -> str:
    """Build the wheel and unpack it, as an installer does; the folder to import it from."""
    subprocess.run([sys.executable, str(_BUILD), "--into", folder], check=True)
    (wheel,) = Path(folder).glob("*.whl")
    place = Path(folder, "installed")
    zipfile.ZipFile(wheel).extractall(place)
    return str(place)


def measure_start(threads: int) -> tuple[object, list[str]]:
    """What the first fit of a process takes beyond a later one: of the installed wheel and of the sources,
    with an empty cache of compiled code for each, then of the sources with what the process before left."""
    wheel, cold, later = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        installed = _installed_wheel(folder)
        places = os.pathsep.join((installed, environment_for(threads, "float32")["PYTHONPATH"]))
        for _ in range(COLD_REPEATS):
            with tempfile.TemporaryDirectory() as cache:
                wheel.append(run_python(_FIT, threads, NUMBA_CACHE_DIR=cache, PYTHONPATH=places).said)
            with tempfile.TemporaryDirectory() as cache:
                cold.append(run_python(_FIT, threads, NUMBA_CACHE_DIR=cache).said)
                later.append(run_python(_FIT, threads, NUMBA_CACHE_DIR=cache).said)
    came = "other code" if any(one["with the compiler"] for one in wheel) else "its code"
    goal = f"(goal {COLD_GOAL:g} s)"
    lines = [
        "beyond a later fit of the same process:",
        f"  first fit on a fresh machine, from the wheel with {came}: {_both(wheel, 'beyond')} {goal}",
        f"  the same from sources, all compiled there: {_both(cold, 'beyond')} {goal}",
        f"  first fit of a later process: {_both(later, 'beyond')} (goal {LATER_GOAL:g} s)",
        f"importing NumPy and MLPClassifier: {_both(later, 'import')}",
    ]
    return {"wheel": wheel, "cold": cold, "later": later}, lines


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

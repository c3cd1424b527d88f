"""The machine, the versions, and the same number of threads for everybody."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Mapping
from pathlib import Path

_COUNTS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
_SHOWN = ("layerwise", "numpy", "scipy", "numba", "scikit-learn", "torch", "jax", "onnxruntime")


def processors() -> list[int]:
    """The processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def environment_for(threads: int, dtype: str) -> dict[str, str]:
    """The environment of a process that may use so many threads, whatever library it loads."""
    environment = {**os.environ, **{name: str(threads) for name in _COUNTS}}
    package = Path(__file__).resolve().parent.parent
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(package), os.environ.get("PYTHONPATH")]))
    environment["JAX_PLATFORMS"] = "cpu"
    environment["JAX_ENABLE_X64"] = "1" if dtype == "float64" else "0"
    environment["TF_CPP_MIN_LOG_LEVEL"] = "2"
    if threads == 1:
        flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        environment["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flags}".strip()
    return environment


def stay_on(threads: int) -> None:
    """Hold this process to so many processors: XLA, for one, counts processors and heeds no variable."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, processors()[:threads])


def is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def description() -> dict[str, object]:
    """What a figure depends on: processor, system, Python, versions."""
    return {
        "processor": _processor_name(),
        "processors": len(processors()),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in _SHOWN if is_installed(name)},
    }


def heading(facts: Mapping[str, object]) -> str:
    versions = facts["versions"]
    assert isinstance(versions, dict)
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    machine = f"{facts['processor']}, {facts['processors']} processors"
    return f"{machine}; {facts['system']}; Python {facts['python']}\n{listed}"

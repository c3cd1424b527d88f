"""Numba's settings, read without importing Numba: that takes longer than many a training run."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any

# What says which processor code is for.
_OF_PROCESSOR = ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "NUMBA_ENABLE_AVX")
# What no machine code depends on; each stands for all settings that begin so.
_OF_NO_MATTER = (
    "NUMBA_CACHE_", "NUMBA_CAPTURED_ERRORS", "NUMBA_COLOR_SCHEME", "NUMBA_CUDA_", "NUMBA_DISABLE_CUDA",
    "NUMBA_DISABLE_ERROR_MESSAGE_HIGHLIGHTING", "NUMBA_DISABLE_JIT", "NUMBA_DISABLE_PERFORMANCE_WARNINGS",
    "NUMBA_FULL_TRACEBACKS", "NUMBA_NUM_THREADS", "NUMBA_SHOW_HELP", "NUMBA_THREADING_LAYER",
    "NUMBA_WARNINGS",
)  # fmt: skip
# Numba looks for it in the working folder.
_FILE = ".numba_config.yaml"


def _known_to_numba(name: str) -> Any:
    """The setting as Numba has it, where it is imported already or has a file of settings; else None."""
    if "numba" not in sys.modules and not os.path.exists(_FILE):
        return None
    import numba

    return getattr(numba.config, name)


def compiler_is_off() -> bool:
    """NUMBA_DISABLE_JIT: whether nothing may be compiled."""
    known = _known_to_numba("DISABLE_JIT")
    if known is not None:
        return bool(known)
    try:
        return bool(int(os.environ.get("NUMBA_DISABLE_JIT", "0")))
    except ValueError:
        return False


def cache_folder() -> str:
    """NUMBA_CACHE_DIR: where compiled code is kept; "" where that is not said."""
    known = _known_to_numba("CACHE_DIR")
    return os.environ.get("NUMBA_CACHE_DIR", "") if known is None else known


def processor_settings() -> dict[str, str]:
    """The settings by which code may be for another processor than this one: of the environment, and all of
    Numba's file."""
    found = {name: os.environ[name] for name in _OF_PROCESSOR if name in os.environ}
    with contextlib.suppress(OSError), open(_FILE, encoding="utf-8", errors="replace") as file:
        found[_FILE] = file.read()
    return found


def code_settings() -> list[str]:
    """The settings in the environment that machine code may depend on beside the processor it is for, as
    "name=value"."""
    return sorted(
        f"{name}={value}"
        for name, value in os.environ.items()
        if name.startswith("NUMBA_") and not name.startswith((*_OF_PROCESSOR, *_OF_NO_MATTER))
    )

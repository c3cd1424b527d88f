"""Numba's settings, read without importing Numba: that takes longer than many a training run."""

from __future__ import annotations

import os
import sys
from typing import Any

# What `engine.compiled.processor` reads.
PROCESSOR_SETTINGS = ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES")
_OF_NO_MATTER = ("NUMBA_CACHE_DIR", "NUMBA_NUM_THREADS")
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


def code_settings() -> list[str]:
    """The settings in the environment that machine code may depend on beside the processor it is for, as
    "name=value"."""
    apart = (*PROCESSOR_SETTINGS, *_OF_NO_MATTER)
    return sorted(
        f"{name}={value}"
        for name, value in os.environ.items()
        if name.startswith("NUMBA_") and name not in apart
    )

"""The processor that machine code is made for, told without the compiler where the system describes it.

Code is made for a level of x86-64, the highest that the processor reaches, and not for its model: it is the
same code, and computes the same bits, on every processor of the level, and can be made before anybody needs
it. A processor that reaches no level here gets code for itself alone.
"""

from __future__ import annotations

import functools
import os
import platform
from collections.abc import Iterable

from layerwise.engine.numba_settings import PROCESSOR_SETTINGS

_DESCRIPTION = "/proc/cpuinfo"
# Its lines that say which instructions there are, for x86 and for ARM; others change from moment to moment.
_LASTING = (
    "vendor_id", "cpu family", "model", "model name", "stepping", "flags",
    "CPU implementer", "CPU architecture", "CPU variant", "CPU part", "Features",
)  # fmt: skip

MANY = "x86-64-v4"
# What a level needs beyond the next one here. System V Application Binary Interface, AMD64 supplement 1.0,
# section 3.1.1; of the levels below, every processor with these has the rest.
LEVELS = {
    MANY: frozenset(("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")),
    "x86-64-v3": frozenset(("avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe")),
}
# LLVM's names for what the system calls otherwise.
_AS_THE_SYSTEM = {"bmi": "bmi1", "lzcnt": "abm"}


def _described() -> dict[str, str]:
    """The lines of the first processor in the system's description; none where there is no such thing."""
    try:
        with open(_DESCRIPTION, encoding="utf-8", errors="replace") as file:
            first = file.read(2**14).split("\n\n")[0]
    except OSError:
        return {}
    lines = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in lines if name.strip() in _LASTING}


@functools.cache
def _name_and_features() -> tuple[str, frozenset[str]]:
    lines = _described()
    features: Iterable[str] = (lines.pop("flags", "") or lines.pop("Features", "")).split()
    if features:
        return " ".join(f"{name}={value}" for name, value in lines.items()), frozenset(features)
    import llvmlite.binding as llvm

    there = (name for name, has in llvm.get_host_cpu_features().items() if has)
    return llvm.get_host_cpu_name(), frozenset(_AS_THE_SYSTEM.get(name, name) for name in there)


def highest_level(features: frozenset[str]) -> str | None:
    """The highest level that a processor with these features reaches; None where it reaches none here."""
    reached = None
    for name, needed in reversed(LEVELS.items()):
        if not needed <= features:
            break
        reached = name
    return reached


# Numba's variables for code that is made for another processor.
_ASKED_FOR = tuple(os.environ.get(name) for name in PROCESSOR_SETTINGS)


@functools.cache
def level() -> str | None:
    """The level that code is made for; None where it is made for a model of a processor.

    NUMBA_CPU_NAME may name a level: a lower one gives the same bits on all processors that reach it.
    """
    name, features = _ASKED_FOR
    if features is None and name in LEVELS:
        return name
    if features is not None or name is not None or platform.machine().lower() not in ("x86_64", "amd64"):
        return None
    return highest_level(_name_and_features()[1])


def processor() -> str:
    """What code is made for, in words: code made for one text is not for another."""
    reached = level()
    if reached is not None:
        return reached
    name, features = _name_and_features()
    return " ".join([name, *sorted(features), *map(str, _ASKED_FOR)])


# Whether it has 32 registers of 64 bytes for numbers, not 16 of 32 bytes or less.
MANY_REGISTERS = level() == MANY
REGISTER_BYTES = 64 if MANY_REGISTERS else 32


def lanes_of(real: str) -> int:
    """Numbers of "float32" or "float64" that a register holds."""
    return REGISTER_BYTES // (4 if real == "float32" else 8)

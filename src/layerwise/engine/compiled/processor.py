"""The processor that machine code is made for, told without the compiler where the system describes it.

Code is made for a level of x86-64, the highest that the processor reaches, and not for its model: it is the
same code on every processor of the level, and can be made before anybody needs it. A processor that reaches
no level here gets code for itself alone.
"""

from __future__ import annotations

import functools
import platform
from collections.abc import Iterable

from layerwise.engine.numba_settings import processor_settings
from layerwise.errors import InputError

_DESCRIPTION = "/proc/cpuinfo"
# Its lines that say which instructions there are, for x86 and for ARM; others change from moment to moment.
_LASTING = (
    "vendor_id", "cpu family", "model", "model name", "stepping", "flags",
    "CPU implementer", "CPU architecture", "CPU variant", "CPU part", "Features",
)  # fmt: skip

# What a level needs. System V Application Binary Interface, AMD64 supplement 1.0, section 3.1.1.
_V3 = frozenset(
    (
        "cx16", "lahf_lm", "popcnt", "ssse3", "sse4_1", "sse4_2",
        "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave",
    )
)  # fmt: skip
MANY = "x86-64-v4"
LEVELS = {
    MANY: _V3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
    "x86-64-v3": _V3,
}
# LLVM's names for what the system calls otherwise.
_AS_THE_SYSTEM = {"bmi": "bmi1", "lzcnt": "abm", "sahf": "lahf_lm", "sse4.1": "sse4_1", "sse4.2": "sse4_2"}


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

    return llvm.get_host_cpu_name(), _features_by_llvm()


def _features_by_llvm() -> frozenset[str]:
    """What the processor itself says, by the system's names."""
    import llvmlite.binding as llvm

    there = (name for name, has in llvm.get_host_cpu_features().items() if has)
    return frozenset(_AS_THE_SYSTEM.get(name, name) for name in there)


def highest_level(features: frozenset[str]) -> str | None:
    """The highest level that a processor with these features reaches; None where it reaches none here."""
    return next((name for name, needed in LEVELS.items() if needed <= features), None)


@functools.cache
def level() -> str | None:
    """The level that code is made for; None where it is made for a model of a processor.

    NUMBA_CPU_NAME may name a level: a lower one gives the same code on all processors that reach it.
    """
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return None
    asked_for = processor_settings()
    if asked_for:
        name = asked_for.pop("NUMBA_CPU_NAME", None)
        return name if name in LEVELS and not asked_for else None
    return highest_level(_name_and_features()[1])


def processor() -> str:
    """What code is made for, in words: code made for one text is not for another."""
    reached = level()
    if reached is not None:
        return reached
    name, features = _name_and_features()
    return " ".join([name, *sorted(features), *map("=".join, sorted(processor_settings().items()))])


def check_level() -> None:
    """Raises InputError where code is for a level that this processor does not reach, which would end the
    process without a word."""
    wanted = level()
    if wanted is None:
        return
    features = _features_by_llvm()
    missing = sorted(LEVELS[wanted] - features)
    if missing:
        use = highest_level(features) or "generic"
        raise InputError(
            f"the compiled code is for {wanted}, and this processor lacks {', '.join(missing)}; "
            f"set NUMBA_CPU_NAME={use}"
        )


# Whether code may use 32 registers of 64 bytes for numbers, not 16 of 32 bytes or less.
MANY_REGISTERS = level() == MANY
REGISTER_BYTES = 64 if MANY_REGISTERS else 32


def lanes_of(real: str) -> int:
    """Numbers of "float32" or "float64" that a register holds."""
    return REGISTER_BYTES // (4 if real == "float32" else 8)

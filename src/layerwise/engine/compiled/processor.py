"""The processor that machine code is made for, told without the compiler where the system describes it."""

from __future__ import annotations

import functools
from collections.abc import Iterable

_DESCRIPTION = "/proc/cpuinfo"
# Its lines that say which instructions there are, for x86 and for ARM; others change from moment to moment.
_LASTING = (
    "vendor_id", "cpu family", "model", "model name", "stepping", "flags",
    "CPU implementer", "CPU architecture", "CPU variant", "CPU part", "Features",
)  # fmt: skip


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

    features = (name for name, there in llvm.get_host_cpu_features().items() if there)
    return llvm.get_host_cpu_name(), frozenset(features)


def processor() -> str:
    """The processor and all that it can do: code made for one text is not for another."""
    name, features = _name_and_features()
    return " ".join([name, *sorted(features)])


# Whether it has 32 registers of 64 bytes for numbers, not 16 of 32 bytes or less.
MANY_REGISTERS = "avx512f" in _name_and_features()[1]
REGISTER_BYTES = 64 if MANY_REGISTERS else 32


def lanes_of(real: str) -> int:
    """Numbers of "float32" or "float64" that a register holds."""
    return REGISTER_BYTES // (4 if real == "float32" else 8)

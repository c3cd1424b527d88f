"""Which engine runs a program."""

from __future__ import annotations

from collections.abc import Sequence

from layerwise.engine.contract import Engine, Program, SideBySide
from layerwise.engine.numba_settings import compiler_is_off
from layerwise.engine.reference import ReferenceEngine
from layerwise.errors import InputError, nearest

ENGINE_NAMES = ("auto", "compiled", "numpy")


def engine_named(name: str) -> str:
    """ "compiled" or "numpy". "auto" is the compiled one, or NumPy's where Numba is switched off
    (NUMBA_DISABLE_JIT).

    Raises InputError for an unknown name, and for "compiled" where Numba is switched off.
    """
    if name not in ENGINE_NAMES:
        raise InputError(f"unknown engine {name!r}; {nearest(name, ENGINE_NAMES)}")
    if name == "numpy":
        return name
    if not compiler_is_off():
        return "compiled"
    if name == "compiled":
        raise InputError(
            "the compiled engine needs Numba's compiler, which NUMBA_DISABLE_JIT switches off; "
            "unset it or choose the engine 'numpy'"
        )
    return "numpy"


def build_engine(program: Program, name: str = "auto") -> Engine:
    """The engine that `engine_named` names, for the program. Raises InputError as it does."""
    if engine_named(name) == "numpy":
        return ReferenceEngine(program)
    from layerwise.engine.compiled.engine import CompiledEngine

    return CompiledEngine(program)


def build_side_by_side(program: Program, seeds: Sequence[int], name: str = "auto") -> list[SideBySide] | None:
    """Engines that train the program with these seeds, each as many at once as a register of the processor
    holds; None where the networks have to be trained, or are trained faster, one after the other.

    Raises InputError as `engine_named` does.
    """
    if engine_named(name) == "numpy":
        return None
    from layerwise.engine.compiled.lane_engine import CompiledLanes, goes_side_by_side
    from layerwise.engine.compiled.processor import lanes_of

    if len(seeds) < 2 or not goes_side_by_side(program):
        return None
    lanes = lanes_of(program.dtype)
    return [CompiledLanes(program, seeds[first : first + lanes]) for first in range(0, len(seeds), lanes)]

"""Numba's functions as parts of a kernel, and no machine code of their own.

Numba optimises each function that another calls, compiles it, and then does both again where it is put into
its caller. The parts of a kernel are called by nobody else, so they stay as they were first written, until
the kernel is optimised with all of them in it: half the work, and faster code.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from numba.core.codegen import JITCodeLibrary, JITCPUCodegen
from numba.core.registry import cpu_target
from numba.core.runtime import rtsys

from layerwise.engine.compiled.processor import MANY, level


class _PartLibrary(JITCodeLibrary):
    """A function to be put into others."""

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_specific(self) -> None:
        pass

    def get_pointer_to_function(self, name: str) -> int:
        self._ensure_finalized()
        return 0


class _PartCodegen(JITCPUCodegen):
    """Numba's compiler for the processor's level, or for the processor, which stops before machine code."""

    _library_class = _PartLibrary

    def _get_host_cpu_name(self) -> str:
        return level() or super()._get_host_cpu_name()

    def _customize_tm_features(self) -> str:
        if level() is None:
            return super()._customize_tm_features()
        # LLVM keeps to half a register on processors that once slowed down over whole ones. Products do not.
        return "-prefer-256-bit" if level() == MANY else ""

    def _add_module(self, module: Any) -> None:
        pass

    def set_env(self, env_name: str, env: Any) -> None:
        pass


@cache
def _codegen() -> _PartCodegen:
    return _PartCodegen("layerwise")


@contextmanager
def only_parts() -> Iterator[None]:
    """While active, what Numba compiles is for linking, not for calling. The caller holds Numba's lock."""
    context: Any = cpu_target.target_context
    rtsys.initialize(context)
    usual, context._internal_codegen = context._internal_codegen, _codegen()
    try:
        yield
    finally:
        context._internal_codegen = usual

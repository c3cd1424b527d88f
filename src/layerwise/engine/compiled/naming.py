"""Names for machine code that are given once in the world, and parts of compiled code under such names."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import numba

from layerwise.engine.compiled.pipeline import KernelCompiler

_PROCESS = secrets.token_hex(8)


def named_apart(function: Callable) -> Callable:
    """The same function, its machine code under a name that no other process gives.

    Numba tells functions of one name apart by a number that starts at 1 in every process, and machine code
    kept on disk brings its helpers along under such names. Two drivers compiled in different processes would
    otherwise bring two different helpers of one name, and the linker would give both the first.
    """
    function.__qualname__ = f"{function.__qualname__}_{_PROCESS}"
    return function


def only_for_compiled_code(function: Callable, **options: Any) -> Any:
    """The function, compiled when compiled code first calls it, without what Python would call it by: that
    takes as long to compile as a short function itself."""
    compile_with: Any = numba.njit
    return compile_with(
        named_apart(function),
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
        pipeline_class=KernelCompiler,
        **options,
    )

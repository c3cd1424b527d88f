"""From a function of Numba's Python to an object file with one function of C's calling convention.

Numba's own callbacks bring along what reports an exception to Python, and so need Python and Numba's helpers
wherever they run. Kernels raise none: this one calls what Numba made of the function, and nothing else.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import compiler, config
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target

from layerwise.engine.compiled.kernel import Arguments, ObjectCode
from layerwise.engine.compiled.linked_in import only_parts
from layerwise.engine.compiled.pipeline import KernelCompiler

# What every process has: of the C library, and of its mathematics in both precisions.
_MATHEMATICS = (
    "cbrt", "ceil", "copysign", "cos", "cosh", "erf", "erfc", "exp", "exp2", "expm1", "fabs", "floor", "fma",
    "fmax", "fmin", "fmod", "hypot", "ldexp", "log", "log10", "log1p", "log2", "nearbyint", "pow", "rint",
    "round", "sin", "sinh", "sqrt", "tan", "tanh", "trunc",
)  # fmt: skip
EVERYWHERE = frozenset(("memcpy", "memmove", "memset", "sched_yield", *_MATHEMATICS)) | frozenset(
    f"{name}f" for name in _MATHEMATICS
)


def _flags(kind: Arguments) -> Any:
    """How Numba compiles the function itself, and nothing that others would call it by."""
    flags: Any = compiler.Flags()
    freedoms = {"contract", "reassoc", "nsz"} if kind.sums else {"contract"}
    options = {"error_model": "numpy", "fastmath": freedoms, "nopython": True}
    cpu_target.options.parse_as_flags(flags, options)
    flags.no_cpython_wrapper = flags.no_cfunc_wrapper = flags.no_compile = True
    flags.enable_pyobject = False
    return flags


def _signature(kind: Arguments, real: str) -> tuple[tuple, Any]:
    number = types.float32 if real == "float32" else types.float64
    letters = {
        "p": types.CPointer(number),
        "d": types.CPointer(types.float64),
        "i": types.CPointer(types.int64),
        "n": types.int64,
        "x": types.float64,
    }
    return tuple(letters[letter] for letter in kind.letters), types.float64 if kind.returns else types.void


def _entry(context: Any, inner: Any, name: str) -> ir.Module:
    """A module with the function of this name, which calls the inner one. What that says of errors is of no
    use: nobody is there to hear it."""
    module = context.create_module(name)
    convention = context.call_conv
    callee = ir.Function(
        module, convention.get_function_type(inner.restype, inner.argtypes), inner.llvm_func_name
    )
    taken = [context.get_value_type(kind) for kind in inner.argtypes]
    returns = inner.restype != types.void
    given = ir.DoubleType() if returns else ir.VoidType()
    function = ir.Function(module, ir.FunctionType(given, taken), name)
    builder = ir.IRBuilder(function.append_basic_block())
    _, value = convention.call_function(builder, callee, inner.restype, inner.argtypes, function.args)
    if returns:
        builder.ret(value)
    else:
        builder.ret_void()
    return module


def _optimised(library: Any, name: str) -> Any:
    """All of a library in one module, in which others see the function of this name alone."""
    library.finalize()
    module = library._final_module
    for part in (*module.functions, *module.global_variables):
        if not part.is_declaration and part.name != name:
            part.linkage = "internal"
    passes, builder = library.codegen._module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.add_strip_dead_prototype_pass()
    passes.run(module, builder)
    module.verify()
    return module


def _can_be_alone(module: Any) -> bool:
    """Whether the module needs nothing but what every process has."""
    wanted = (part.name for part in (*module.functions, *module.global_variables) if part.is_declaration)
    return all(name in EVERYWHERE or name.startswith("llvm.") for name in wanted)


def _machine(codegen: Any) -> Any:
    """The processor that code is for, and code that may lie anywhere in memory."""
    return llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(
        cpu=codegen._get_host_cpu_name(),
        features=codegen._tm_features,
        opt=int(config.OPT),  # type: ignore[attr-defined]
        reloc="pic",
        codemodel="small",
    )


@contextmanager
def _no_collection() -> Iterator[None]:
    """While active, Python does not look for garbage: compiling makes much that is still needed."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def compile_kernel(function: Callable, name: str, real: str, kind: Arguments) -> ObjectCode:
    """The object code of a function whose names are bound, as the symbol of this name."""
    with global_compiler_lock, only_parts(), _no_collection():
        arguments, result = _signature(kind, real)
        context = cpu_target.target_context
        made = compiler.compile_extra(
            cpu_target.typing_context,
            context,
            function,
            arguments,
            result,
            _flags(kind),
            {},
            pipeline_class=KernelCompiler,
        )
        made.library.add_ir_module(_entry(context, made.fndesc, name))
        module = _optimised(made.library, name)
        return ObjectCode(_machine(made.library.codegen).emit_object(module), _can_be_alone(module))

"""Kernels: small compiled functions that a driver calls by their address.

A driver that has its kernels' code inside is compiled anew for every program, and the compiler works for
half a minute on what it has inlined five times. Called by address, a kernel is compiled once, kept on disk by
itself, and serves every program that has its formula; the driver has no formula in it and is compiled once.

Kernels take pointers and numbers only: integers as int64, numbers as float64.
"""

from __future__ import annotations

import platform
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic as _intrinsic

# What an intrinsic is called with is not what it is written with: the checker of types is told nothing of it.
intrinsic: Any = _intrinsic


@intrinsic
def at(typingctx, array, position):
    """A pointer to array[position], for a kernel.   `array` has one dimension, or is such a pointer itself

    Nothing checks that the position lies inside: the kernel must not touch what it points to then.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = arguments[0]
        if isinstance(array, types.Array):
            data = context.make_array(array)(context, builder, data).data
        return builder.gep(data, [arguments[1]])

    return types.CPointer(array.dtype)(array, types.intp), codegen


def opaque(builder: Any, value: Any) -> Any:
    """The same pointer or number, of which the compiler does not know how it was made."""
    same = ir.FunctionType(value.type, [value.type])
    return builder.asm(same, "", "=r,0", [value], side_effect=False)


@intrinsic
def row_at(typingctx, array, position):
    """`at`, of which the compiler does not know that it is a row among others: whether two rows overlap it
    asks of these two then, and not of all that come in an outer loop, which always do."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return opaque(builder, builder.gep(arguments[0], [arguments[1]]))

    return array(array, types.intp), codegen


def ask_for(builder: Any, pointer: Any) -> None:
    """Ask for the line of memory that the pointer lies in, to be read soon; goes on at once."""
    int32, byte = ir.IntType(32), ir.IntType(8).as_pointer()
    routine = builder.module.declare_intrinsic(
        "llvm.prefetch", [byte], ir.FunctionType(ir.VoidType(), [byte, int32, int32, int32])
    )
    builder.call(routine, [builder.bitcast(pointer, byte), int32(0), int32(2), int32(1)])


@intrinsic
def fetch_ahead(typingctx, pointer):
    """See `ask_for`."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        ask_for(builder, arguments[0])
        return context.get_dummy_value()

    return types.void(pointer), codegen


def _plain(kind: Any) -> Any:
    """What a kernel takes for an argument of this type."""
    if isinstance(kind, types.Integer | types.Boolean):
        return types.int64
    return types.float64 if isinstance(kind, types.Float) else kind


def _calling(result: Any, arguments: Any) -> tuple[Any, Any]:
    """The signature and the code of a call by address."""
    plain = types.Tuple([_plain(kind) for kind in arguments])

    def codegen(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        taken = cgutils.unpack_tuple(builder, values[1])
        returned = ir.DoubleType() if result == types.float64 else ir.VoidType()
        function_type = ir.FunctionType(returned, [value.type for value in taken])
        number = builder.call(builder.inttoptr(values[0], function_type.as_pointer()), taken)
        return number if result == types.float64 else context.get_dummy_value()

    return result(types.int64, plain), codegen


@intrinsic
def call(typingctx, address, arguments):
    """Call the kernel at this address with a tuple of pointers and numbers."""
    return _calling(types.void, arguments)


@intrinsic
def call_for_number(typingctx, address, arguments):
    """The same, of a kernel that returns a float64."""
    return _calling(types.float64, arguments)


# The bits of an x86 processor's control word that take numbers too small for full precision as 0.
_FLUSH_TO_ZERO, _DENORMALS_ARE_ZERO = 1 << 15, 1 << 6
_HAS_CONTROL_WORD = platform.machine().lower() in ("x86_64", "amd64")


def _control_word(builder: Any, routine: str, slot: Any) -> None:
    byte = ir.IntType(8).as_pointer()
    function_type = ir.FunctionType(ir.VoidType(), [byte])
    function = cgutils.get_or_insert_function(builder.module, function_type, f"llvm.x86.sse.{routine}")
    builder.call(function, [builder.bitcast(slot, byte)])


@intrinsic
def flush_denormals(typingctx):
    """From now on this thread takes numbers below the smallest normal one (1e-38, or 1e-308) as 0.

    An x86 processor takes a hundred times as long over them. Returns what `restore_denormals` takes.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        int32 = ir.IntType(32)
        if not _HAS_CONTROL_WORD:
            return int32(0)
        slot = cgutils.alloca_once(builder, int32)
        _control_word(builder, "stmxcsr", slot)
        before = builder.load(slot)
        builder.store(builder.or_(before, int32(_FLUSH_TO_ZERO | _DENORMALS_ARE_ZERO)), slot)
        _control_word(builder, "ldmxcsr", slot)
        return before

    return types.int32(), codegen


@intrinsic
def restore_denormals(typingctx, before):
    """Undo `flush_denormals`."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if _HAS_CONTROL_WORD:
            slot = cgutils.alloca_once(builder, ir.IntType(32))
            builder.store(arguments[0], slot)
            _control_word(builder, "ldmxcsr", slot)
        return context.get_dummy_value()

    return types.void(types.int32), codegen


@intrinsic
def gemm(typingctx, address, flips, sizes, P, p_step, S, s_step, out, o_step):
    """out (rows, columns) = P (rows, inner) times S (inner, columns) by the BLAS routine at this address.

    flips: (1 where P lies transposed, as (inner, rows); 1 where S does). sizes: (rows, columns, inner).
    P, S and out are pointers, p_step, s_step and o_step the distances from one row to the next.
    """
    index = types.int64
    signature = types.void(
        index, types.UniTuple(index, 2), types.UniTuple(index, 3), P, index, S, index, out, index
    )

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte, int32 = ir.IntType(8), ir.IntType(32)

        def held(value: Any) -> Any:
            slot = cgutils.alloca_once(builder, value.type)
            builder.store(value, slot)
            return slot

        def letter(flip: Any) -> Any:
            return held(builder.select(cgutils.is_not_null(builder, flip), byte(ord("T")), byte(ord("N"))))

        def number(value: Any) -> Any:
            return held(builder.trunc(value, int32))

        address, flips, sizes, P, p_step, S, s_step, out, o_step = arguments
        flip_P, flip_S = cgutils.unpack_tuple(builder, flips)
        rows, columns, inner = cgutils.unpack_tuple(builder, sizes)
        real = context.get_value_type(signature.args[3].dtype)
        # BLAS counts by columns: there out is transposed, and is S' P'.
        taken = [
            letter(flip_S), letter(flip_P), number(columns), number(rows), number(inner), held(real(1.0)),
            S, number(s_step), P, number(p_step), held(real(0.0)), out, number(o_step),
        ]  # fmt: skip
        function_type = ir.FunctionType(ir.VoidType(), [value.type for value in taken])
        builder.call(builder.inttoptr(address, function_type.as_pointer()), taken)
        return context.get_dummy_value()

    return signature, codegen

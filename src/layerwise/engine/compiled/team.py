"""Several threads in one compiled call: where they wait for each other, and which part each has.

The threads of a step meet many times, so they wait by looking at a counter in memory, which takes a fraction
of a microsecond, and hand over the processor only after a while.
"""

from __future__ import annotations

import ctypes
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from layerwise.engine.compiled.calls import intrinsic
from layerwise.engine.compiled.layout import NARROWEST, SLICES
from layerwise.engine.compiled.naming import only_for_compiled_code

# Looks at the counter before another process gets the processor.
LOOKS = 2000

CAN_YIELD = hasattr(ctypes.CDLL(None), "sched_yield") if hasattr(ctypes, "CDLL") else False


def _counter(context: Any, builder: Any, array_type: Any, array: Any, position: Any) -> Any:
    if isinstance(array_type, types.Array):
        array = context.make_array(array_type)(context, builder, array).data
    return builder.gep(array, [position])


@intrinsic
def add_and_fetch(typingctx, counters, position):
    """counters[position] += 1 and its new value, as one step that no other thread comes between."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        where = _counter(context, builder, signature.args[0], *arguments)
        one = ir.IntType(64)(1)
        return builder.add(builder.atomic_rmw("add", where, one, "seq_cst"), one)

    return types.int64(counters, types.intp), codegen


@intrinsic
def fetch(typingctx, counters, position):
    """counters[position] as other threads left it; what they wrote before is seen too."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        where = _counter(context, builder, signature.args[0], *arguments)
        return builder.load_atomic(where, "seq_cst", 8)

    return types.int64(counters, types.intp), codegen


@intrinsic
def give_way(typingctx):
    """Let another thread have the processor."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if CAN_YIELD:
            routine = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(ir.IntType(32), []), "sched_yield"
            )
            builder.call(routine, [])
        return context.get_dummy_value()

    return types.void(), codegen


@only_for_compiled_code
def meet(counters, threads):
    """Return once all `threads` are here. counters (2,): arrivals since the start; not 0 once given up."""
    if threads == 1:
        return
    arrived = add_and_fetch(counters, 0)
    wanted = (arrived + threads - 1) // threads * threads
    looks = 0
    while fetch(counters, 0) < wanted and fetch(counters, 1) == 0:
        looks += 1
        if looks >= LOOKS:
            give_way()


@only_for_compiled_code
def turns_of(thread, threads, parts):
    """How many parts this thread does: thread, thread + threads, ... below `parts`. A range with such a step
    would divide wherever it stands, also where there is one thread."""
    return parts if threads == 1 else (parts - thread + threads - 1) // threads


@only_for_compiled_code
def share(length, part, parts):
    """(start, stop) of one of `parts` parts of 0 ... length, in multiples of 16: whole registers."""
    if parts == 1:
        return 0, length
    wide = (length + parts - 1) // parts
    wide = (wide + 15) // 16 * 16
    return min(part * wide, length), min((part + 1) * wide, length)


@only_for_compiled_code
def region(rows, columns, part, parts, joint):
    """(r0, r1, c0, c1): one of `parts` parts of a (rows, columns) matrix, cut along its longer side, but
    with all its rows where they belong together."""
    if parts == 1:
        return 0, rows, 0, columns
    if rows >= columns and not joint:
        r0, r1 = share(rows, part, parts)
        return r0, r1, 0, columns
    c0, c1 = share(columns, part, parts)
    return 0, rows, c0, c1


@only_for_compiled_code
def slices_of(inputs, at_once, part, parts):
    """(inputs of a slice, slices, c0, c1): a layer's inputs cut into SLICES or fewer of whole pieces of
    `at_once`, whatever the number of parts, and the inputs c0 ... c1 of one of the parts, whole slices."""
    wide = (inputs + SLICES * at_once - 1) // (SLICES * at_once) * at_once
    count = (inputs + wide - 1) // wide
    c0, c1 = count * part // parts * wide, count * (part + 1) // parts * wide
    return wide, count, c0, min(c1, inputs)


@only_for_compiled_code
def gradient_region(n, n_prev, part, parts):
    """(r0, r1, c0, c1): one of `parts` parts of a layer's W (n, n_prev): the rows that the same part
    multiplies in the forward pass, so that they stay in its cache, or columns where the rows are few."""
    if parts == 1:
        return 0, n, 0, n_prev
    if n >= 2 * NARROWEST * parts or n >= n_prev:
        r0, r1 = share(n, part, parts)
        return r0, r1, 0, n_prev
    c0, c1 = share(n_prev, part, parts)
    return 0, n, c0, c1

"""Tiles: blocks of a product of matrices, each made wholly in registers.

A loop over a row reads and writes that row once for each row it adds. A tile keeps its sums in SIMD registers
until they are done, and reads each number once for several of them. The compiler does not find this by
itself, so the tiles are written in its own language. Each sum is added up in the same order whatever tile it
falls in.

Method: Goto & van de Geijn 2008, their innermost kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numba
from llvmlite import ir
from numba import types

from layerwise.engine.compiled.calls import at, intrinsic
from layerwise.engine.compiled.naming import named_apart

_INDEX = ir.IntType(64)
_FUSED = ("contract",)
# The bytes of a wide tile's row, and of a narrow one's: some registers of any processor, and its smallest.
WIDE, NARROW = 64, 16


def _offset(builder: Any, *products: tuple[Any, Any]) -> Any:
    """The sum of the products of positions with steps."""
    total = _INDEX(0)
    for position, step in products:
        total = builder.add(total, builder.mul(position, step))
    return total


def _load(builder: Any, pointer: Any, kind: Any, bytes_each: int) -> Any:
    """A number, or as many that lie together as the type holds, wherever they begin."""
    return builder.load(builder.bitcast(pointer, kind.as_pointer()), align=bytes_each)


def _spread(builder: Any, number: Any, kind: Any) -> Any:
    """The number in every lane."""
    if not isinstance(kind, ir.VectorType):
        return number
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), number, ir.IntType(32)(0))
    lanes = ir.VectorType(ir.IntType(32), kind.count)
    return builder.shuffle_vector(first, first, ir.Constant(lanes, [0] * kind.count))


def _sum_of_lanes(builder: Any, vector: Any) -> Any:
    """Halves added to halves, so that the order is the same everywhere."""
    count = vector.type.count
    while count > 1:
        count //= 2
        lanes = ir.VectorType(ir.IntType(32), count)
        low, high = (
            builder.shuffle_vector(vector, vector, ir.Constant(lanes, list(range(begin, begin + count))))
            for begin in (0, count)
        )
        vector = builder.fadd(low, high)
    return builder.extract_element(vector, ir.IntType(32)(0))


def _accumulate(builder: Any, start: Any, stop: Any, step: int, sums: list, add: Callable) -> list:
    """sums += add(k, sum by sum) for k = start, start + step, ... while below stop. Returns the sums."""
    before = builder.block
    head, body, end = (builder.append_basic_block(name) for name in ("tile", "tile.body", "tile.end"))
    builder.branch(head)
    builder.position_at_end(head)
    k = builder.phi(_INDEX)
    k.add_incoming(start, before)
    held = [builder.phi(value.type) for value in sums]
    for phi, value in zip(held, sums, strict=True):
        phi.add_incoming(value, before)
    builder.cbranch(builder.icmp_signed("<", k, stop), body, end)
    builder.position_at_end(body)
    for phi, value in zip(held, add(k, held), strict=True):
        phi.add_incoming(value, body)
    k.add_incoming(builder.add(k, _INDEX(step)), body)
    builder.branch(head)
    builder.position_at_end(end)
    return held


def _product_tile(height: int, lanes: int) -> Callable:
    """out (height, lanes) = P (height, inner) S (inner, lanes)."""

    @intrinsic
    def tile(typingctx, P, row_step, column_step, S, S_step, out, out_step, inner):
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            P_, row_step_, column_step_, S_, S_step_, out_, out_step_, inner_ = arguments
            real = context.get_value_type(P.dtype)
            size = P.dtype.bitwidth // 8
            kind = ir.VectorType(real, lanes) if lanes > 1 else real
            rows = [_INDEX(j) for j in range(height)]

            def add(k: Any, held: list) -> list:
                below = _load(builder, builder.gep(S_, [builder.mul(k, S_step_)]), kind, size)
                result = []
                for row, total in zip(rows, held, strict=True):
                    place = _offset(builder, (row, row_step_), (k, column_step_))
                    factor = _spread(builder, builder.load(builder.gep(P_, [place])), kind)
                    result.append(
                        builder.fadd(total, builder.fmul(factor, below, flags=_FUSED), flags=_FUSED)
                    )
                return result

            zero = ir.Constant(kind, [0.0] * lanes if lanes > 1 else 0.0)
            sums = _accumulate(builder, _INDEX(0), inner_, 1, [zero] * height, add)
            for row, total in zip(rows, sums, strict=True):
                place = builder.gep(out_, [builder.mul(row, out_step_)])
                builder.store(total, builder.bitcast(place, kind.as_pointer()), align=size)
            return context.get_dummy_value()

        index = types.int64
        return types.void(P, index, index, P, index, P, index, index), codegen

    return tile


def _inner_tile(height: int, width: int) -> Callable:
    """out[j, k] = sum_i D[j, i] S[k, i] for j < height, k < width."""

    @intrinsic
    def tile(typingctx, D, D_step, S, S_step, out, out_step, inner):
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            D_, D_step_, S_, S_step_, out_, out_step_, inner_ = arguments
            real = context.get_value_type(D.dtype)
            size = D.dtype.bitwidth // 8
            lanes = WIDE // 2 // size
            vector = ir.VectorType(real, lanes)

            def add_with(kind: Any) -> Callable:
                def add(i: Any, held: list) -> list:
                    def row(pointer: Any, number: int, step: Any) -> Any:
                        place = _offset(builder, (_INDEX(number), step), (i, _INDEX(1)))
                        return _load(builder, builder.gep(pointer, [place]), kind, size)

                    left = [row(D_, j, D_step_) for j in range(height)]
                    right = [row(S_, k, S_step_) for k in range(width)]
                    products = [builder.fmul(d, s, flags=_FUSED) for d in left for s in right]
                    return [
                        builder.fadd(total, product, flags=_FUSED)
                        for total, product in zip(held, products, strict=True)
                    ]

                return add

            whole = builder.and_(inner_, _INDEX(-lanes))
            zeros = [ir.Constant(vector, [0.0] * lanes)] * (height * width)
            sums = _accumulate(builder, _INDEX(0), whole, lanes, zeros, add_with(vector))
            sums = [_sum_of_lanes(builder, total) for total in sums]
            sums = _accumulate(builder, whole, inner_, 1, sums, add_with(real))
            for number, total in enumerate(sums):
                j, k = divmod(number, width)
                place = _offset(builder, (_INDEX(j), out_step_), (_INDEX(k), _INDEX(1)))
                builder.store(total, builder.gep(out_, [place]))
            return context.get_dummy_value()

        index = types.int64
        return types.void(D, index, D, index, D, index, index), codegen

    return tile


def _inlined(function: Callable) -> Any:
    return numba.njit(named_apart(function), error_model="numpy", forceinline=True)


def _panel(lanes: int) -> Any:
    """Some columns of a product, four rows at a time."""
    four, three, two, one = (_product_tile(height, lanes) for height in (4, 3, 2, 1))

    def panel(P, row_step, column_step, S, S_step, out, out_step, inner, rows):
        j = 0
        while j + 4 <= rows:
            four(
                at(P, j * row_step), row_step, column_step, S, S_step, at(out, j * out_step), out_step, inner
            )
            j += 4
        P_left, out_left = at(P, j * row_step), at(out, j * out_step)
        if rows - j == 3:
            three(P_left, row_step, column_step, S, S_step, out_left, out_step, inner)
        elif rows - j == 2:
            two(P_left, row_step, column_step, S, S_step, out_left, out_step, inner)
        elif rows - j == 1:
            one(P_left, row_step, column_step, S, S_step, out_left, out_step, inner)

    return _inlined(panel)


def _strip(height: int) -> Any:
    """Some rows of a product of rows with rows, four columns at a time."""
    four, one = _inner_tile(height, 4), _inner_tile(height, 1)

    def strip(D, D_step, S, S_step, out, out_step, inner, columns):
        k = 0
        while k + 4 <= columns:
            four(D, D_step, at(S, k * S_step), S_step, at(out, k), out_step, inner)
            k += 4
        while k < columns:
            one(D, D_step, at(S, k * S_step), S_step, at(out, k), out_step, inner)
            k += 1

    return _inlined(strip)


class Panels(NamedTuple):
    """What a product in one precision is made of: panels of so many columns, strips of so many rows."""

    wide: Any
    wide_columns: int
    narrow: Any
    narrow_columns: int
    single: Any
    two_rows: Any
    one_row: Any


@cache
def panels(real: str) -> Panels:
    """Those of "float32" or "float64"."""
    size = 4 if real == "float32" else 8
    wide, narrow = WIDE // size, NARROW // size
    return Panels(_panel(wide), wide, _panel(narrow), narrow, _panel(1), _strip(2), _strip(1))

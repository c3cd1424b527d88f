"""Tiles of products lane by lane, for networks side by side: see `lanes`, and `tiles` for those of one."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from llvmlite import ir
from numba import types

from layerwise.engine.compiled.calls import at, intrinsic
from layerwise.engine.compiled.processor import lanes_of
from layerwise.engine.compiled.tiles import (
    FUSED,
    INDEX,
    accumulate,
    inlined,
    load_numbers,
    offset_of,
)


def _lane_tile(height: int, width: int, lanes: int) -> Callable:
    """out[j, i] = start[j, i] + sum_k P[j, k] S[k, i] for j < height, i < width, lane by lane.

    Each number is a register of `lanes` numbers, one of each network. Of P, S, start and out are given the
    distances from one row to the next and from one column to the next, in registers.
    """

    @intrinsic
    def tile(typingctx, P, p_row, p_column, S, s_row, s_column, start, b_row, b_column, out, o_row, inner):
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            P_, p_row_, p_column_, S_, s_row_, s_column_, start_, b_row_, b_column_, out_, o_row_, inner_ = (
                arguments
            )
            size = P.dtype.bitwidth // 8
            kind = ir.VectorType(context.get_value_type(P.dtype), lanes)
            places = [(INDEX(j), INDEX(i)) for j in range(height) for i in range(width)]

            def place(pointer: Any, *steps: tuple[Any, Any]) -> Any:
                return builder.gep(pointer, [builder.mul(offset_of(builder, *steps), INDEX(lanes))])

            def add(k: Any, held: list) -> list:
                left = [
                    load_numbers(builder, place(P_, (INDEX(j), p_row_), (k, p_column_)), kind, size)
                    for j in range(height)
                ]
                right = [
                    load_numbers(builder, place(S_, (k, s_row_), (INDEX(i), s_column_)), kind, size)
                    for i in range(width)
                ]
                products = [builder.fmul(p, s, flags=FUSED) for p in left for s in right]
                return [
                    builder.fadd(total, product, flags=FUSED)
                    for total, product in zip(held, products, strict=True)
                ]

            starts = [
                load_numbers(builder, place(start_, (j, b_row_), (i, b_column_)), kind, size)
                for j, i in places
            ]
            sums = accumulate(builder, INDEX(0), inner_, 1, starts, add)
            for (j, i), total in zip(places, sums, strict=True):
                target = place(out_, (j, o_row_), (i, INDEX(1)))
                builder.store(total, builder.bitcast(target, kind.as_pointer()), align=size)
            return context.get_dummy_value()

        n = types.int64
        return types.void(P, n, n, S, n, n, start, n, n, out, n, n), codegen

    return tile


def _lane_panel(height: int, lanes: int) -> Any:
    """Some rows of a product lane by lane, four columns at a time."""
    four, two, one = (_lane_tile(height, width, lanes) for width in (4, 2, 1))

    def panel(P, p_row, p_column, S, s_row, s_column, start, b_row, b_column, out, o_row, inner, columns):
        i = 0
        while i + 4 <= columns:
            s, b, o = at(S, i * s_column * lanes), at(start, i * b_column * lanes), at(out, i * lanes)
            four(P, p_row, p_column, s, s_row, s_column, b, b_row, b_column, o, o_row, inner)
            i += 4
        if i + 2 <= columns:
            s, b, o = at(S, i * s_column * lanes), at(start, i * b_column * lanes), at(out, i * lanes)
            two(P, p_row, p_column, s, s_row, s_column, b, b_row, b_column, o, o_row, inner)
            i += 2
        if i < columns:
            s, b, o = at(S, i * s_column * lanes), at(start, i * b_column * lanes), at(out, i * lanes)
            one(P, p_row, p_column, s, s_row, s_column, b, b_row, b_column, o, o_row, inner)

    return inlined(panel)


def _lane_sums(lanes: int) -> Callable:
    """totals[lane] += sum_i numbers[i, lane] in double precision, the sums in registers meanwhile: a loop
    that cannot know that the totals lie elsewhere writes them down for each i."""

    @intrinsic
    def sums_of_lanes(typingctx, numbers, totals, count):
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            numbers_, totals_, count_ = arguments
            size, double = numbers.dtype.bitwidth // 8, ir.DoubleType()
            kind = ir.VectorType(context.get_value_type(numbers.dtype), lanes)
            wide = ir.VectorType(double, lanes)

            def add(i: Any, held: list) -> list:
                row = builder.gep(numbers_, [builder.mul(i, INDEX(lanes))])
                found = load_numbers(builder, row, kind, size)
                return [
                    builder.fadd(held[0], found if kind.element == double else builder.fpext(found, wide))
                ]

            start = load_numbers(builder, totals_, wide, 8)
            (total,) = accumulate(builder, INDEX(0), count_, 1, [start], add)
            builder.store(total, builder.bitcast(totals_, wide.as_pointer()), align=8)
            return context.get_dummy_value()

        return types.void(numbers, totals, types.int64), codegen

    return sums_of_lanes


@cache
def lane_tiles_of(real: str) -> dict[str, Any]:
    """What networks side by side in "float32" or "float64" work with: products lane by lane, in panels of
    four rows, two and one, and sums."""
    lanes = lanes_of(real)
    panels = {"lanes_of_four": 4, "lanes_of_two": 2, "lanes_of_one": 1}
    made = {name: _lane_panel(height, lanes) for name, height in panels.items()}
    return {**made, "sums_of_lanes": _lane_sums(lanes), "LANES": lanes}

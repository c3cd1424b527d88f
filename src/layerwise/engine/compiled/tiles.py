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

from llvmlite import ir
from numba import types

from layerwise.engine.compiled.calls import ask_for, at, fetch_ahead, intrinsic, opaque
from layerwise.engine.compiled.naming import only_for_compiled_code
from layerwise.engine.compiled.processor import MANY_REGISTERS, REGISTER_BYTES, lanes_of

INDEX = ir.IntType(64)
FUSED = ("contract",)
# The sums of a tile stay in registers.
PANEL_ROWS, SOME_ROWS = (8, 4) if MANY_REGISTERS else (4, 2)
STRIP_ROWS = 4 if MANY_REGISTERS else 2
# Columns of P that a tile takes in a row, and columns from which on that pays.
COLUMNS_IN_A_ROW, MANY_COLUMNS = 4, 64


def offset_of(builder: Any, *products: tuple[Any, Any]) -> Any:
    """The sum of the products of positions with steps."""
    total = INDEX(0)
    for position, step in products:
        total = builder.add(total, builder.mul(position, step))
    return total


def load_numbers(builder: Any, pointer: Any, kind: Any, bytes_each: int) -> Any:
    """A number, or as many that lie together as the type holds, wherever they begin."""
    return builder.load(builder.bitcast(pointer, kind.as_pointer()), align=bytes_each)


def _spread(builder: Any, number: Any, kind: Any) -> Any:
    """The number in every lane."""
    if not isinstance(kind, ir.VectorType):
        return number
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), number, ir.IntType(32)(0))
    lanes = ir.VectorType(ir.IntType(32), kind.count)
    return builder.shuffle_vector(first, first, ir.Constant(lanes, [0] * kind.count))


def _halved(builder: Any, vectors: tuple, group: int) -> Any:
    """One vector of all groups of lanes of one vector or two: of each group its halves, added together."""
    lanes = len(vectors) * vectors[0].type.count
    halves = []
    for first in (0, group // 2):
        chosen = [start + first + lane for start in range(0, lanes, group) for lane in range(group // 2)]
        mask = ir.Constant(ir.VectorType(ir.IntType(32), lanes // 2), chosen)
        halves.append(builder.shuffle_vector(vectors[0], vectors[-1], mask))
    return builder.fadd(*halves)


def _sums_of_lanes(builder: Any, vectors: list) -> list:
    """The sum of the lanes of each of 1, 2, 4, ... vectors: halves added to halves, alike for any number."""
    group = vectors[0].type.count
    while group > 1:
        pairs = zip(vectors[::2], vectors[1::2], strict=True) if len(vectors) > 1 else [tuple(vectors)]
        vectors = [_halved(builder, pair, group) for pair in pairs]
        group //= 2
    lanes = range(vectors[0].type.count)
    return [builder.extract_element(vector, ir.IntType(32)(lane)) for vector in vectors for lane in lanes]


def accumulate(builder: Any, start: Any, stop: Any, step: int, sums: list, add: Callable) -> list:
    """sums += add(k, sum by sum) for k = start, start + step, ... while below stop. Returns the sums."""
    return accumulated(builder, start, stop, step, sums, add)[0]


def accumulated(
    builder: Any, start: Any, stop: Any, step: int, sums: list, add: Callable
) -> tuple[list, Any]:
    """The same, and the first k that was not added."""
    before = builder.block
    head, body, end = (builder.append_basic_block(name) for name in ("tile", "tile.body", "tile.end"))
    builder.branch(head)
    builder.position_at_end(head)
    k = builder.phi(INDEX)
    k.add_incoming(start, before)
    held = [builder.phi(value.type) for value in sums]
    for phi, value in zip(held, sums, strict=True):
        phi.add_incoming(value, before)
    builder.cbranch(builder.icmp_signed("<", k, stop), body, end)
    builder.position_at_end(body)
    for phi, value in zip(held, add(k, held), strict=True):
        phi.add_incoming(value, body)
    k.add_incoming(builder.add(k, INDEX(step)), body)
    builder.branch(head)
    builder.position_at_end(end)
    return held, k


def _product_tile(height: int, registers: int, lanes: int, apart: int | None = None) -> Callable:
    """out (height, registers * lanes) = P (height, inner) S (inner, registers * lanes), or += where it is not
    the `first` part.

    apart: how far apart the columns of P lie if that is known: 1, or `height` where its rows lie side by
    side. Then COLUMNS_IN_A_ROW of them are taken before the tile looks whether there are more: the compiler
    has registers for all pointers, and needs a tenth fewer instructions. Each time, memory is asked for one
    more line of what is `coming`, `lanes` numbers of it: a processor that multiplies has time to bring it.
    """
    packed = apart == height

    @intrinsic
    def tile(typingctx, P, row_step, column_step, S, S_step, out, out_step, inner, first, coming):
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            P_, row_step_, column_step_, S_, S_step_, out_, out_step_, inner_, first_, coming_ = arguments
            real = context.get_value_type(P.dtype)
            size = P.dtype.bitwidth // 8
            kind = ir.VectorType(real, lanes) if lanes > 1 else real
            rows, pieces = [INDEX(j) for j in range(height)], [INDEX(i * lanes) for i in range(registers)]
            count = height * registers
            at_rows = [builder.gep(P_, [builder.mul(row, row_step_)]) for row in rows]
            if MANY_REGISTERS:
                # Kept in registers, and not made anew each time. For tiles of fewer rows the compiler does
                # better by itself.
                at_rows = [opaque(builder, pointer) for pointer in at_rows]

            # How far the rows of S that are taken together lie from the first of them: in registers, so that
            # one addition moves on to the next ones.
            further = [
                opaque(builder, builder.mul(S_step_, INDEX(number)))
                for number in range(1, COLUMNS_IN_A_ROW if apart is not None else 1)
            ]

            def starting_at(k: Any) -> list:
                """Where S[k] lies, and where P[:, k] does if the columns of P are packed."""
                s = builder.gep(S_, [builder.mul(k, S_step_)])
                return [s, builder.gep(at_rows[0], [builder.mul(k, INDEX(height))])] if packed else [s]

            def moved_on(places: list, columns: int) -> list:
                steps = builder.mul(S_step_, INDEX(columns)), INDEX(columns * height)
                return [builder.gep(place, [step]) for place, step in zip(places, steps, strict=False)]

            def of_column(k: Any, places: list, number: int) -> list:
                if packed:
                    return [builder.gep(places[1], [INDEX(number * height + row)]) for row in range(height)]
                place = builder.add(k, INDEX(number))
                place = place if apart == 1 else builder.mul(place, column_step_)
                return [builder.gep(start, [place]) for start in at_rows]

            def add_column(k: Any, places: list, number: int, held: list) -> list:
                s_row = builder.gep(places[0], [further[number - 1]]) if number else places[0]
                below = [load_numbers(builder, builder.gep(s_row, [piece]), kind, size) for piece in pieces]
                sums, result = iter(held), []
                for pointer in of_column(k, places, number):
                    factor = _spread(builder, builder.load(pointer), kind)
                    for numbers in below:
                        product = builder.fmul(factor, numbers, flags=FUSED)
                        result.append(builder.fadd(next(sums), product, flags=FUSED))
                return result

            def add_columns(columns: int) -> Callable:
                def add(k: Any, held: list) -> list:
                    places, sums = held[:-count], held[-count:]
                    if columns > 1:
                        line = builder.mul(k, INDEX(lanes // COLUMNS_IN_A_ROW))
                        ask_for(builder, builder.gep(coming_, [line]))
                    for number in range(columns):
                        sums = add_column(k, places, number, sums)
                    return [*moved_on(places, columns), *sums]

                return add

            zero = ir.Constant(kind, [0.0] * lanes if lanes > 1 else 0.0)
            places = [
                builder.gep(out_, [offset_of(builder, (row, out_step_), (piece, INDEX(1)))])
                for row in rows
                for piece in pieces
            ]
            fresh, before = builder.icmp_signed("!=", first_, INDEX(0)), builder.block
            with builder.if_then(builder.not_(fresh)):
                so_far, block = [load_numbers(builder, place, kind, size) for place in places], builder.block
            starts = []
            for value in so_far:
                start = builder.phi(kind)
                start.add_incoming(zero, before)
                start.add_incoming(value, block)
                starts.append(start)
            held, done = [*starting_at(INDEX(0)), *starts], INDEX(0)
            if apart is not None:
                last = builder.sub(inner_, INDEX(COLUMNS_IN_A_ROW - 1))
                add = add_columns(COLUMNS_IN_A_ROW)
                held, done = accumulated(builder, done, last, COLUMNS_IN_A_ROW, held, add)
                # Worked out anew: what the loop ends with would be kept twice in it.
                done = opaque(builder, done)
                held = [*starting_at(done), *held[-count:]]
            held = accumulate(builder, done, inner_, 1, held, add_columns(1))
            for place, total in zip(places, held[-count:], strict=True):
                builder.store(total, builder.bitcast(place, kind.as_pointer()), align=size)
            return context.get_dummy_value()

        index = types.int64
        return types.void(P, index, index, P, index, P, index, index, index, P), codegen

    return tile


def _inner_tile(height: int, width: int) -> Callable:
    """out[j, k] = sum_i D[j, i] S[k, i] for j < height, k < width."""

    @intrinsic
    def tile(typingctx, D, D_step, S, S_step, out, out_step, inner):
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            D_, D_step_, S_, S_step_, out_, out_step_, inner_ = arguments
            real = context.get_value_type(D.dtype)
            size = D.dtype.bitwidth // 8
            lanes = REGISTER_BYTES // size
            vector = ir.VectorType(real, lanes)

            def add_with(kind: Any, at_most: Any = None, counted: Any = None) -> Callable:
                def add(i: Any, held: list) -> list:
                    if at_most is not None:
                        i = at_most

                    def row(pointer: Any, number: int, step: Any) -> Any:
                        place = offset_of(builder, (INDEX(number), step), (i, INDEX(1)))
                        return load_numbers(builder, builder.gep(pointer, [place]), kind, size)

                    left = [row(D_, j, D_step_) for j in range(height)]
                    if counted is not None:
                        left = [builder.select(counted, d, ir.Constant(kind, [0.0] * lanes)) for d in left]
                    right = [row(S_, k, S_step_) for k in range(width)]
                    products = [builder.fmul(d, s, flags=FUSED) for d in left for s in right]
                    return [
                        builder.fadd(total, product, flags=FUSED)
                        for total, product in zip(held, products, strict=True)
                    ]

                return add

            whole = builder.and_(inner_, INDEX(-lanes))
            zeros = [ir.Constant(vector, [0.0] * lanes)] * (height * width)
            sums = accumulate(builder, INDEX(0), whole, lanes, zeros, add_with(vector))
            # What is left over: the last full register again, without what was counted. Where the rows are
            # shorter than a register, number by number.
            short = builder.icmp_signed("==", whole, INDEX(0))
            last = builder.sub(inner_, INDEX(lanes))
            numbers = ir.Constant(ir.VectorType(INDEX, lanes), list(range(lanes)))
            seen = _spread(builder, builder.sub(whole, last), numbers.type)
            fresh = builder.icmp_signed(">=", numbers, seen)
            end = builder.select(short, INDEX(0), inner_)
            sums = accumulate(builder, whole, end, lanes, sums, add_with(vector, last, fresh))
            sums = _sums_of_lanes(builder, sums)
            start = builder.select(short, INDEX(0), inner_)
            sums = accumulate(builder, start, inner_, 1, sums, add_with(real))
            for number, total in enumerate(sums):
                j, k = divmod(number, width)
                place = offset_of(builder, (INDEX(j), out_step_), (INDEX(k), INDEX(1)))
                builder.store(total, builder.gep(out_, [place]))
            return context.get_dummy_value()

        index = types.int64
        return types.void(D, index, D, index, D, index, index), codegen

    return tile


def _transpose_tile(lanes: int, *, ordered: bool) -> Callable:
    """target[k, r] = row r of source[k], for k, r < lanes.   target: rows `step` long

    Row r begins `width` numbers behind the one before, and from `last` on it is that one again; where they
    are `ordered` it is number order[r] of the source, whose rows are `width` long.
    Method: Eklundh 1972, blocks changing places, of half the size each time.
    """

    def load(context: Any, builder: Any, real_type: Any, source: Any, place: Any) -> Any:
        kind = ir.VectorType(context.get_value_type(real_type), lanes)
        return load_numbers(builder, builder.gep(source, [place]), kind, real_type.bitwidth // 8)

    def store_transposed(builder: Any, vectors: list, target: Any, step: Any, size: int) -> None:
        half = lanes // 2
        while half:
            for r in (r for r in range(lanes) if not r & half):
                above, below = vectors[r], vectors[r + half]
                for row, shift in ((r, 0), (r + half, half)):
                    chosen = [k + shift if not k & half else lanes + k - half + shift for k in range(lanes)]
                    mask = ir.Constant(ir.VectorType(ir.IntType(32), lanes), chosen)
                    vectors[row] = builder.shuffle_vector(above, below, mask)
            half //= 2
        for k, vector in enumerate(vectors):
            place = builder.gep(target, [builder.mul(INDEX(k), step)])
            builder.store(vector, builder.bitcast(place, vector.type.as_pointer()), align=size)

    if ordered:

        @intrinsic
        def ordered_tile(typingctx, source, order, width, target, step):
            def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
                source_, order_, width_, target_, step_ = arguments
                numbers = [builder.load(builder.gep(order_, [INDEX(r)])) for r in range(lanes)]
                places = [builder.mul(number, width_) for number in numbers]
                vectors = [load(context, builder, source.dtype, source_, place) for place in places]
                store_transposed(builder, vectors, target_, step_, source.dtype.bitwidth // 8)
                return context.get_dummy_value()

            index = types.int64
            return types.void(source, order, index, source, index), codegen

        return ordered_tile

    @intrinsic
    def tile(typingctx, source, width, last, target, step):
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            source_, width_, last_, target_, step_ = arguments
            vectors = []
            for r in range(lanes):
                row = builder.select(builder.icmp_signed("<", INDEX(r), last_), INDEX(r), last_)
                vectors.append(load(context, builder, source.dtype, source_, builder.mul(row, width_)))
            store_transposed(builder, vectors, target_, step_, source.dtype.bitwidth // 8)
            return context.get_dummy_value()

        index = types.int64
        return types.void(source, index, index, source, index), codegen

    return tile


def inlined(function: Callable) -> Any:
    return only_for_compiled_code(function, error_model="numpy", forceinline=True)


def _panel(registers: int, lanes: int) -> Any:
    """Some registers' columns of a product, PANEL_ROWS rows at a time, and fewer at its end.

    Of P, the rows of a panel lie row_step apart, and the panels panel_step.
    """
    most, some, one = (_product_tile(height, registers, lanes) for height in (PANEL_ROWS, SOME_ROWS, 1))
    of_packed = _product_tile(PANEL_ROWS, registers, lanes, PANEL_ROWS)
    of_rows = _product_tile(PANEL_ROWS, registers, lanes, 1)
    # Elsewhere there are no registers for more pointers.
    several = MANY_REGISTERS and registers > 1

    def panel(P, row_step, column_step, panel_step, S, S_step, out, out_step, inner, rows, first):
        j, p = 0, 0
        while j + PANEL_ROWS <= rows:
            if first == 0 and registers > 1:
                # What the next tile adds to is brought while this one is made.
                for row in range(j + PANEL_ROWS, j + 2 * PANEL_ROWS):
                    for column in range(0, registers * lanes, lanes):
                        fetch_ahead(at(out, row * out_step + column))
            its, to = at(P, p), at(out, j * out_step)
            coming = its
            if S_step == registers * lanes:
                # Where panels of S lie one behind the other, the next one.
                coming = at(S, inner * S_step + j // PANEL_ROWS * inner * (lanes // COLUMNS_IN_A_ROW))
            if several and inner >= MANY_COLUMNS and column_step == 1:
                of_rows(its, row_step, column_step, S, S_step, to, out_step, inner, first, coming)
            elif several and inner >= MANY_COLUMNS and row_step == 1 and column_step == PANEL_ROWS:
                of_packed(its, row_step, column_step, S, S_step, to, out_step, inner, first, coming)
            else:
                most(its, row_step, column_step, S, S_step, to, out_step, inner, first, coming)
            j, p = j + PANEL_ROWS, p + panel_step
        while j + SOME_ROWS <= rows:
            some(at(P, p), row_step, column_step, S, S_step, at(out, j * out_step), out_step, inner, first, S)
            j, p = j + SOME_ROWS, p + SOME_ROWS * row_step
        while j < rows:
            one(at(P, p), row_step, column_step, S, S_step, at(out, j * out_step), out_step, inner, first, S)
            j, p = j + 1, p + row_step

    return inlined(panel)


def _strip(height: int) -> Any:
    """Some rows of a product of rows with rows, four columns at a time."""
    four, two, one = (_inner_tile(height, width) for width in (4, 2, 1))

    def strip(D, D_step, S, S_step, out, out_step, inner, columns):
        k = 0
        while k + 4 <= columns:
            four(D, D_step, at(S, k * S_step), S_step, at(out, k), out_step, inner)
            k += 4
        if k + 2 <= columns:
            two(D, D_step, at(S, k * S_step), S_step, at(out, k), out_step, inner)
            k += 2
        if k < columns:
            one(D, D_step, at(S, k * S_step), S_step, at(out, k), out_step, inner)

    return inlined(strip)


class Tiles(NamedTuple):
    """What products in one precision are made of: panels of three registers' columns, of two's, of one's and
    of a single column, strips of STRIP_ROWS rows and of one, and squares of one register's columns that are
    transposed."""

    triple: Any
    double: Any
    wide: Any
    wide_columns: int
    single: Any
    some_rows: Any
    one_row: Any
    transpose_tile: Any
    transpose_ordered: Any


@cache
def tiles_of(real: str) -> Tiles:
    """Those of "float32" or "float64"."""
    wide = lanes_of(real)
    return Tiles(
        _panel(3, wide), _panel(2, wide), _panel(1, wide), wide, _panel(1, 1), _strip(STRIP_ROWS), _strip(1),
        _transpose_tile(wide, ordered=False), _transpose_tile(wide, ordered=True),
    )  # fmt: skip

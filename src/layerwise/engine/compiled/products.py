"""The products of matrices as loops over tiles, cut so that caches hold what is read again.

Called and compiled like the other loops, see there; the tiles are in `tiles`. Names in capitals, `double`,
`wide`, ... are bound by `kernels`.
"""

from __future__ import annotations

from numba import carray

from layerwise.engine.compiled.calls import at, call, fetch_ahead
from layerwise.engine.compiled.layout import BROADEST, BY_LANES, DEEPEST, IN_PANELS, PACKED_ROWS
from layerwise.engine.compiled.loops import CACHE_LINE, unbound
from layerwise.engine.compiled.processor import MANY_REGISTERS

triple = double = wide = single = some_rows = one_row = transpose_tile = real = unbound
WIDE_COLUMNS = 0
STRIP_ROWS = PANEL_ROWS = 1
# Rows of P are packed together where the numbers of a row lie so far from each other that each is on a page
# of its own.
PACKED_FROM = 1024
# Rows of P from which on it pays to pack columns of S.
PACKED_FOR = 512
# Rows ahead that memory is asked for.
AHEAD = 16


def columns_of_tile(left):
    """How many columns the next tile has where so many are left: three registers', but so that as few tiles
    as can be have those of one, which need a number of P for each product; then single ones. Where there are
    16 registers in all, tiles of three leave none for P."""
    registers = left // WIDE_COLUMNS
    if MANY_REGISTERS and (registers == 3 or registers > 4):
        return 3 * WIDE_COLUMNS
    return max(1, min(2, registers) * WIDE_COLUMNS)


def add_few(P, row_step, column_step, S, S_step, out, out_step, inner, rows, columns):
    """The same as `multiply_add` for an `inner` of 1, 2 or 3."""
    S, out = carray(S, (inner, S_step)), carray(out, (rows, out_step))
    P = carray(P, (rows * row_step + inner * column_step,))
    for j in range(rows):
        row, p0, s0 = out[j], P[j * row_step], S[0]
        if inner == 1:
            for i in range(columns):
                row[i] = p0 * s0[i]
        elif inner == 2:
            p1, s1 = P[j * row_step + column_step], S[1]
            for i in range(columns):
                row[i] = p0 * s0[i] + p1 * s1[i]
        else:
            p1, s1 = P[j * row_step + column_step], S[1]
            p2, s2 = P[j * row_step + 2 * column_step], S[2]
            for i in range(columns):
                row[i] = p0 * s0[i] + p1 * s1[i] + p2 * s2[i]


def multiply_add(P, row_step, column_step, S, S_step, out, out_step, inner, rows, columns, fresh, room):
    """out (rows, columns) = P (rows, inner) S (inner, columns), or += where it is not `fresh`; P[j, k] lies
    at j * row_step + k * column_step.

    Takes DEEPEST rows of S at a time and BROADEST columns, which stay in the second cache while all of P
    passes, PACKED_ROWS rows by PACKED_ROWS; of those, three registers' columns stay in the first cache while
    these rows pass, PANEL_ROWS by PANEL_ROWS (see `tiles`).
    room: (PACKED_ROWS + BROADEST) * DEEPEST numbers, in which rows of P that lie side by side are put one
    behind the other, and columns of S that many rows of P meet.
    """
    if inner < 4 and fresh:
        add_few(P, row_step, column_step, S, S_step, out, out_step, inner, rows, columns)
        return
    apart = row_step == 1 and column_step >= PACKED_FROM and rows >= PANEL_ROWS
    packs = rows >= PACKED_FOR and S_step > 3 * WIDE_COLUMNS
    columns_room = at(room, PACKED_ROWS * DEEPEST)
    for k in range(0, inner, DEEPEST):
        deep, first = min(DEEPEST, inner - k), fresh if k == 0 else 0
        for start in range(0, columns, BROADEST):
            stop = min(start + BROADEST, columns)
            if packs:
                pack_columns(at(S, k * S_step + start), S_step, deep, stop - start, columns_room)
            for j in range(0, rows, PACKED_ROWS):
                high, p_row, p_column = min(PACKED_ROWS, rows - j), row_step, column_step
                p, step = at(P, j * row_step + k * column_step), PANEL_ROWS * row_step
                if apart:
                    pack_rows(p, column_step, high, deep, room)
                    p, p_column, step = at(room, 0), PANEL_ROWS, deep * PANEL_ROWS
                i = start
                while i < stop:
                    s, s_step, o = at(S, k * S_step + i), S_step, at(out, j * out_step + i)
                    width = columns_of_tile(stop - i)
                    if packs:
                        s, s_step = at(columns_room, (i - start) * deep), width
                    if width == 3 * WIDE_COLUMNS:
                        triple(p, p_row, p_column, step, s, s_step, o, out_step, deep, high, first)
                    elif width == 2 * WIDE_COLUMNS:
                        double(p, p_row, p_column, step, s, s_step, o, out_step, deep, high, first)
                    elif width == WIDE_COLUMNS:
                        wide(p, p_row, p_column, step, s, s_step, o, out_step, deep, high, first)
                    else:
                        single(p, p_row, p_column, step, s, s_step, o, out_step, deep, high, first)
                    i += width


def pack_columns(S, S_step, deep, columns, room):
    """The columns of each tile after those of the one before: of a tile from column i on, k and its columns
    in room[i * deep ...] as (deep, its columns).   S (deep, columns)"""
    S = carray(S, (deep, S_step))
    i = 0
    while i < columns:
        width = columns_of_tile(columns - i)
        together = carray(at(room, i * deep), (deep, width))
        for k in range(deep):
            source, target = S[k], together[k]
            for column in range(width):
                target[column] = source[i + column]
        i += width


def pack_rows(P, column_step, rows, deep, room):
    """room[j // PANEL_ROWS, k, j % PANEL_ROWS] = P[j, k], of which rows lie side by side.   P (rows, deep)"""
    first, P = P, carray(P, (deep, column_step))
    whole = rows // PANEL_ROWS * PANEL_ROWS
    for k in range(deep):
        source, coming = P[k], at(first, min(k + AHEAD, deep - 1) * column_step)
        # No processor foresees steps from page to page.
        for j in range(0, rows, CACHE_LINE):
            fetch_ahead(at(coming, j))
        for j in range(0, whole, PANEL_ROWS):
            together = at(room, j * deep + k * PANEL_ROWS)
            for row in range(PANEL_ROWS):
                together[row] = source[j + row]
        for j in range(whole, rows):
            room[whole * deep + k * PANEL_ROWS + j - whole] = source[j]


def panel_of_rows(left):
    """How many rows of S are transposed together where so many are left; the last ones fill no register."""
    return min(columns_of_tile(left + WIDE_COLUMNS - 1), left)


def lay_panels(S, S_step, columns, part, parts, room):
    """In place, what `add_products` transposes of S otherwise for each piece of a product: each panel of its
    rows becomes (S_step, rows of the panel), but for the last one if that fills no register. One of `parts`
    parts of the panels.   S (columns, S_step), room 3 * WIDE_COLUMNS * S_step numbers
    """
    lanes = 3 * WIDE_COLUMNS
    k, number = 0, 0
    while k < columns:
        width = panel_of_rows(columns - k)
        if number % parts == part and width % WIDE_COLUMNS == 0:
            side_by_side(at(S, k * S_step), S_step, width, S_step, room)
            source, target = carray(room, (S_step, lanes)), carray(at(S, k * S_step), (S_step, width))
            for i in range(S_step):
                s, to = source[i], target[i]
                for column in range(width):
                    to[column] = s[column]
        k, number = k + width, number + 1


def add_products(D, D_step, S, S_step, out, out_step, inner, rows, columns, way, multiply, room):
    """out[j, k] = sum_i D[j, i] S[k, i].   D (rows, inner), S (columns, inner), out (rows, columns)

    TRANSPOSING, three registers' columns of out at a time: as many rows of S are transposed into `room` and
    multiplied with all of D by `multiply_add`, whose address is `multiply`. S may lie IN_PANELS already: see
    `lay_panels`. Or BY_LANES, by their sums, which pays where D has few rows: see `add_rows`.
    room: (DEEPEST + PANEL_ROWS) * 3 * WIDE_COLUMNS numbers.
    """
    if way == BY_LANES or inner == 0:
        add_rows(D, D_step, S, S_step, out, out_step, inner, rows, columns)
        return
    lanes = 3 * WIDE_COLUMNS
    spare = at(room, DEEPEST * lanes)
    k = 0
    while k < columns:
        width = panel_of_rows(columns - k)
        fills = width % WIDE_COLUMNS == 0
        for i in range(0, inner, DEEPEST):
            deep, first = min(DEEPEST, inner - i), 1 if i == 0 else 0
            s, s_step = room, lanes
            if way == IN_PANELS and fills:
                s, s_step = at(S, k * S_step + i * width), width
            else:
                side_by_side(at(S, k * S_step + i), S_step, width, deep, room)
            if fills:
                d, o = at(D, i), at(out, k)
                call(multiply, (d, D_step, 1, s, s_step, o, out_step, deep, rows, width, first, room))
                continue
            made_columns = (width + WIDE_COLUMNS - 1) // WIDE_COLUMNS * WIDE_COLUMNS
            for j in range(0, rows, PANEL_ROWS):
                high, d = min(PANEL_ROWS, rows - j), at(D, j * D_step + i)
                call(multiply, (d, D_step, 1, room, lanes, spare, lanes, deep, high, made_columns, 1, room))
                made, o = carray(spare, (high, lanes)), carray(at(out, j * out_step + k), (high, out_step))
                for row in range(high):
                    for column in range(width):
                        before = real(0) if first else o[row, column]
                        o[row, column] = before + made[row, column]
        k += width


def side_by_side(S, S_step, width, deep, room):
    """room[i, k] = S[k, i] for k < width.   S (width, deep), room (deep, 3 * WIDE_COLUMNS)"""
    lanes = 3 * WIDE_COLUMNS
    for k in range(0, width, WIDE_COLUMNS):
        i = 0
        while i + WIDE_COLUMNS <= deep:
            source, target = at(S, k * S_step + i), at(room, i * lanes + k)
            transpose_tile(source, S_step, width - k - 1, target, lanes)
            i += WIDE_COLUMNS
        few = min(WIDE_COLUMNS, width - k)
        source, target = carray(at(S, k * S_step), (few, S_step)), carray(at(room, k), (deep, lanes))
        for last in range(i, deep):
            for row in range(few):
                target[last, row] = source[row, last]


def add_rows(D, D_step, S, S_step, out, out_step, inner, rows, columns):
    """The same as `add_products`: reads D once for each four rows of S, and S once for each STRIP_ROWS rows
    of D."""
    j = 0
    while j + STRIP_ROWS <= rows:
        some_rows(at(D, j * D_step), D_step, S, S_step, at(out, j * out_step), out_step, inner, columns)
        j += STRIP_ROWS
    while j < rows:
        one_row(at(D, j * D_step), D_step, S, S_step, at(out, j * out_step), out_step, inner, columns)
        j += 1


def row_sums(D, D_step, out, rows, columns):
    """out[j] = sum_i D[j, i]."""
    D, out = carray(D, (rows, D_step)), carray(out, (rows,))
    for j in range(rows):
        d, total = D[j], real(0)
        for i in range(columns):
            total += d[i]
        out[j] = total

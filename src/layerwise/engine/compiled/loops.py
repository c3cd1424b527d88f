"""The loops over numbers, each passing once over its arrays: what a driver calls by address.

Matrices are (units, examples), as in the note; the innermost loop runs over examples, which lie together, so
that the compiler works on a whole SIMD register of them at once. Each loop is given a block of a larger
matrix: a pointer to its first number, `step` the distance from one row to the next, and its rows and columns.

Names in capitals and `function`, `derivative`, ... are bound by `kernels`, which compiles the loops.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray
from numba.np.unsafe import ndarray as unsafe

from layerwise.engine.compiled.calls import at, call, fetch_ahead
from layerwise.engine.compiled.elementary import choose

to_fixed_tuple: Any = unsafe.to_fixed_tuple


def _unbound(*arguments: Any) -> Any:
    raise NotImplementedError("a loop runs only after it is compiled")


function = derivative = rule = decayed = kept = subkey = partner = scale_of = constants_at = _unbound
l2_of = l1_of = l2_slope = l1_slope = exp = log = real = _unbound
double = wide = single = some_rows = one_row = transpose_tile = transpose_ordered = _unbound
COUNT = WIDE_COLUMNS = 0
STRIP_ROWS = PANEL_ROWS = 1
# Rows of S that a product takes at a time, and columns: so much of it lies in the second cache.
DEEPEST, BROADEST = 256, 256
# Rows of P that are packed together, a line of a cache or two, where the numbers of a row lie so far from
# each other that each is on a page of its own.
PACKED_ROWS, PACKED_FROM = 64, 1024
# Numbers in a line of a cache, or half as many; examples whose order no cache holds, and how many of them
# ahead memory is asked.
CACHE_LINE = 16
BEYOND_CACHES, AHEAD = 2**18, 32


def draw_orders(orders, rows, count, first, seed_key):
    """`formulas.randomness.shuffled` of `count` epochs.   orders (count, rows)"""
    orders = carray(orders, (count, rows))
    for number in range(count):
        order, key = orders[number], subkey(seed_key, first + number)
        # The partners first, many at once: they are where the time goes.
        for place in range(rows):
            order[place] = partner(key, place)
        if rows > BEYOND_CACHES:
            for place in range(rows):
                fetch_ahead(at(order, order[min(place + AHEAD, rows - 1)]))
                other = order[place]
                order[place] = order[other]
                order[other] = place
            continue
        for place in range(rows):
            other = order[place]
            order[place] = order[other]
            order[other] = place


def gather_columns(source, order, target, count, width, step):
    """target[:, i] = source[order[i]].   source (examples, width), target (width, count), its rows `step`
    long"""
    i = 0
    while i + WIDE_COLUMNS <= count and width >= WIDE_COLUMNS:
        k = 0
        while k + WIDE_COLUMNS <= width:
            transpose_ordered(at(source, k), at(order, i), width, at(target, k * step + i), step)
            k += WIDE_COLUMNS
        if k < width:
            k = width - WIDE_COLUMNS
            transpose_ordered(at(source, k), at(order, i), width, at(target, k * step + i), step)
        i += WIDE_COLUMNS
    order, target = carray(order, (count,)), carray(target, (width, step))
    source = carray(source, (1, width))
    for k in range(width):
        to = target[k]
        for place in range(i, count):
            to[place] = source[order[place], k]


def fetch_rows(source, order, count, width):
    """Ask for source[order[i]] for i < count, to be read soon: rows in any order are not where a processor
    looks ahead by itself."""
    order = carray(order, (count,))
    for i in range(count):
        for k in range(0, width, CACHE_LINE):
            fetch_ahead(at(source, order[i] * width + k))
        fetch_ahead(at(source, order[i] * width + width - 1))


def take_columns(source, target, count, width, step):
    """target[:, i] = source[i].   source (count, width), target (width, count) of rows `step` long"""
    i = 0
    while i + WIDE_COLUMNS <= count and width >= WIDE_COLUMNS:
        k = 0
        while k + WIDE_COLUMNS <= width:
            first = at(source, i * width + k)
            transpose_tile(first, width, WIDE_COLUMNS, at(target, k * step + i), step)
            k += WIDE_COLUMNS
        if k < width:
            k = width - WIDE_COLUMNS
            first = at(source, i * width + k)
            transpose_tile(first, width, WIDE_COLUMNS, at(target, k * step + i), step)
        i += WIDE_COLUMNS
    source, target = carray(source, (count, width)), carray(target, (width, step))
    for k in range(width):
        to = target[k]
        for place in range(i, count):
            to[place] = source[place, k]


def transpose(source, target, rows, step, columns):
    """target (columns, rows) = source' (rows, columns); the rows of source are `step` long."""
    source, target = carray(source, (rows, step)), carray(target, (columns, rows))
    for i in range(columns):
        for j in range(rows):
            target[i, j] = source[j, i]


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
    passes, PANEL_ROWS rows by PANEL_ROWS (see `tiles`). Where S has few rows, it is read once for each row of
    P.
    room: DEEPEST * PACKED_ROWS numbers, in which rows of P that lie side by side are put one behind the
    other."""
    if inner < 4 and fresh:
        add_few(P, row_step, column_step, S, S_step, out, out_step, inner, rows, columns)
        return
    for k in range(0, inner, DEEPEST):
        deep, first = min(DEEPEST, inner - k), fresh if k == 0 else 0
        for start in range(0, columns, BROADEST):
            stop = min(start + BROADEST, columns)
            apart = row_step == 1 and column_step >= PACKED_FROM and rows >= PANEL_ROWS
            for j in range(0, rows, PANEL_ROWS):
                high, p = min(PANEL_ROWS, rows - j), at(P, j * row_step + k * column_step)
                p_row, p_column, o = row_step, column_step, at(out, j * out_step)
                if apart:
                    group = j % PACKED_ROWS // PANEL_ROWS
                    if group == 0:
                        pack_rows(p, column_step, min(PACKED_ROWS, rows - j), deep, room)
                    p, p_column = at(room, group * deep * PANEL_ROWS), PANEL_ROWS
                i = start
                while i + 2 * WIDE_COLUMNS <= stop:
                    s = at(S, k * S_step + i)
                    double(p, p_row, p_column, s, S_step, at(o, i), out_step, deep, high, first)
                    i += 2 * WIDE_COLUMNS
                while i + WIDE_COLUMNS <= stop:
                    s = at(S, k * S_step + i)
                    wide(p, p_row, p_column, s, S_step, at(o, i), out_step, deep, high, first)
                    i += WIDE_COLUMNS
                while i < stop:
                    s = at(S, k * S_step + i)
                    single(p, p_row, p_column, s, S_step, at(o, i), out_step, deep, high, first)
                    i += 1


def pack_rows(P, column_step, rows, deep, room):
    """room[j // PANEL_ROWS, k, j % PANEL_ROWS] = P[j, k], of which rows lie side by side.   P (rows, deep)"""
    P = carray(P, (deep, column_step))
    whole = rows // PANEL_ROWS * PANEL_ROWS
    for k in range(deep):
        source = P[k]
        for j in range(0, whole, PANEL_ROWS):
            together = at(room, j * deep + k * PANEL_ROWS)
            for row in range(PANEL_ROWS):
                together[row] = source[j + row]
        for j in range(whole, rows):
            room[whole * deep + k * PANEL_ROWS + j - whole] = source[j]


def add_products(D, D_step, S, S_step, out, out_step, inner, rows, columns, transposing, multiply, room):
    """out[j, k] = sum_i D[j, i] S[k, i].   D (rows, inner), S (columns, inner), out (rows, columns)

    `transposing`, two registers' columns of out at a time: as many rows of S are transposed into `room` and
    multiplied with all of D by `multiply_add`, whose address is `multiply`. Otherwise by sums of lanes, which
    pays where D has few rows: see `add_rows`.
    room: (DEEPEST + PANEL_ROWS) * 2 * WIDE_COLUMNS numbers.
    """
    if not transposing or inner == 0:
        add_rows(D, D_step, S, S_step, out, out_step, inner, rows, columns)
        return
    lanes = 2 * WIDE_COLUMNS
    spare = at(room, DEEPEST * lanes)
    for k in range(0, columns, lanes):
        width = min(lanes, columns - k)
        for i in range(0, inner, DEEPEST):
            deep, first = min(DEEPEST, inner - i), 1 if i == 0 else 0
            side_by_side(at(S, k * S_step + i), S_step, width, deep, room)
            if width == lanes:
                d, o = at(D, i), at(out, k)
                call(multiply, (d, D_step, 1, room, lanes, o, out_step, deep, rows, lanes, first, room))
                continue
            made_columns = lanes if width > WIDE_COLUMNS else WIDE_COLUMNS
            for j in range(0, rows, PANEL_ROWS):
                high, d = min(PANEL_ROWS, rows - j), at(D, j * D_step + i)
                call(multiply, (d, D_step, 1, room, lanes, spare, lanes, deep, high, made_columns, 1, room))
                made, o = carray(spare, (high, lanes)), carray(at(out, j * out_step + k), (high, out_step))
                for row in range(high):
                    for column in range(width):
                        before = real(0) if first else o[row, column]
                        o[row, column] = before + made[row, column]


def side_by_side(S, S_step, width, deep, room):
    """room[i, k] = S[k, i] for k < width.   S (width, deep), room (deep, 2 * WIDE_COLUMNS)"""
    lanes = 2 * WIDE_COLUMNS
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


def activate_output(Z, A, b, step, rows, columns):
    """A = g(A + b), in place; for a derivative that reads only a, so that Z is A."""
    A, b = carray(A, (rows, step)), carray(b, (rows,))
    for j in range(rows):
        a, bias = A[j], b[j]
        for i in range(columns):
            a[i] = function(a[i] + bias)


def activate_both(Z, A, b, step, rows, columns):
    """Z = Z + b, A = g(Z); for a derivative that reads z."""
    Z, A, b = carray(Z, (rows, step)), carray(A, (rows, step)), carray(b, (rows,))
    for j in range(rows):
        z, a, bias = Z[j], A[j], b[j]
        for i in range(columns):
            z[i] += bias
            a[i] = function(z[i])


def activate_softmax(Z, A, b, step, rows, columns):
    """`formulas.activations.softmax` of A + b, in place, a column at a time: rows are all the units."""
    A, b = carray(A, (rows, step)), carray(b, (rows,))
    for i in range(columns):
        top = A[0, i] + b[0]
        for j in range(rows):
            A[j, i] += b[j]
            top = max(top, A[j, i])
        total = real(0)
        for j in range(rows):
            A[j, i] = exp(A[j, i] - top)
            total += A[j, i]
        for j in range(rows):
            A[j, i] /= total


def backward_output(D, Z, A, step, rows, columns):
    """D = D * g', in place; g' from a."""
    D, A = carray(D, (rows, step)), carray(A, (rows, step))
    for j in range(rows):
        d, a = D[j], A[j]
        for i in range(columns):
            d[i] *= derivative(a[i], a[i])


def backward_both(D, Z, A, step, rows, columns):
    """D = D * g', in place; g' from z and a."""
    D, Z, A = carray(D, (rows, step)), carray(Z, (rows, step)), carray(A, (rows, step))
    for j in range(rows):
        d, z, a = D[j], Z[j], A[j]
        for i in range(columns):
            d[i] *= derivative(z[i], a[i])


def backward_softmax(D, Z, A, step, rows, columns):
    """`formulas.activations.softmax_backward`, in place, a column at a time: rows are all the units."""
    D, A = carray(D, (rows, step)), carray(A, (rows, step))
    for i in range(columns):
        inner = D[0, i] * A[0, i]
        for j in range(1, rows):
            inner += D[j, i] * A[j, i]
        for j in range(rows):
            D[j, i] = A[j, i] * (D[j, i] - inner)


def loss(S, Y, weights, D, step, rows, columns, padded, total, settings):
    """sum_i w_i L_i, with D = dL/dS * w_i / total.   S, Y, D (rows, columns), weights (columns,)

    The columns up to `padded` count as examples of weight 0, whatever they hold. A row is added up in its own
    precision: a loop that changes it at each number does half as many at once.
    """
    S, Y, D = carray(S, (rows, step)), carray(Y, (rows, step)), carray(D, (rows, step))
    weights = carray(weights, (padded,))
    part, cost, none = real(1.0 / total), 0.0, real(0)
    for j in range(rows):
        s, y, d = S[j], Y[j], D[j]
        few = real(0)
        for i in range(padded):
            few += choose(i < columns, weights[i] * function(s[i], y[i]), none)
            d[i] = choose(i < columns, derivative(s[i], y[i]) * (weights[i] * part), none)
        cost += np.float64(few)
    return cost


def loss_with_setting(S, Y, weights, D, step, rows, columns, padded, total, settings):
    """The same for a loss with a setting, such as Huber's delta."""
    S, Y, D = carray(S, (rows, step)), carray(Y, (rows, step)), carray(D, (rows, step))
    weights, setting = carray(weights, (padded,)), carray(settings, (1,))[0]
    part, cost, none = real(1.0 / total), 0.0, real(0)
    for j in range(rows):
        s, y, d = S[j], Y[j], D[j]
        few = real(0)
        for i in range(padded):
            few += choose(i < columns, weights[i] * function(s[i], y[i], setting), none)
            d[i] = choose(i < columns, derivative(s[i], y[i], setting) * (weights[i] * part), none)
        cost += np.float64(few)
    return cost


def loss_softmax(S, Y, weights, D, step, rows, columns, padded, total, settings):
    """`formulas.losses.softmax_cross_entropy` and its derivative, a column at a time."""
    S, Y, D = carray(S, (rows, step)), carray(Y, (rows, step)), carray(D, (rows, step))
    weights = carray(weights, (columns,))
    part, cost = real(1.0 / total), 0.0
    for i in range(columns):
        top = S[0, i]
        for j in range(1, rows):
            top = max(top, S[j, i])
        exponentials, inner = real(0), real(0)
        for j in range(rows):
            D[j, i] = exp(S[j, i] - top)
            exponentials += D[j, i]
            inner += Y[j, i] * (S[j, i] - top)
        for j in range(rows):
            D[j, i] = (D[j, i] / exponentials - Y[j, i]) * (weights[i] * part)
        cost += np.float64(weights[i]) * np.float64(log(exponentials) - inner)
    for j in range(rows):
        for i in range(columns, padded):
            D[j, i] = real(0)
    return cost


def draw_mask(M, step, rows, columns, key, highest, first, units):
    """M = 1 where a unit is kept, else 0: the mask of this key, in which M[j, i] has the number
    first + j + i * units."""
    M = carray(M, (rows, step))
    one, zero = real(1), real(0)
    for j in range(rows):
        mask, index = M[j], first + j
        for i in range(columns):
            mask[i] = one if kept(key, index, highest) else zero
            index += units


def drop(A, H, M, step, rows, columns, keep_prob):
    """H = A * M / keep_prob, M of 0 and 1. H is not A: see below."""
    A, H, M = carray(A, (rows, step)), carray(H, (rows, step)), carray(M, (rows, step))
    keep = real(keep_prob)
    for j in range(rows):
        a, h, mask = A[j], H[j], M[j]
        for i in range(columns):
            h[i] = function(a[i], mask[i] > 0, keep)


def drop_in_place(D, M, step, rows, columns, keep_prob):
    """D = D * M / keep_prob. A loop of its own: one that is given D twice must fear an overlap, and works
    number by number."""
    D, M, keep = carray(D, (rows, step)), carray(M, (rows, step)), real(keep_prob)
    for j in range(rows):
        d, mask = D[j], M[j]
        for i in range(columns):
            d[i] = function(d[i], mask[i] > 0, keep)


def penalty(W, G, size, l2, l1):
    """The penalty on W (size,); in place G += its gradient. l2 and l1 are lambda / m."""
    W, G, l2, l1 = carray(W, (size,)), carray(G, (size,)), real(l2), real(l1)
    total = 0.0
    for i in range(size):
        total += np.float64(l2_of(W[i], l2) + l1_of(W[i], l1))
        G[i] += l2_slope(W[i], l2) + l1_slope(W[i], l1)
    return total


def squares(G, size):
    """sum G^2, in double precision."""
    G, total = carray(G, (size,)), 0.0
    for i in range(size):
        total += np.float64(G[i]) * np.float64(G[i])
    return total


def add(G, other, size):
    """G += other."""
    G, other = carray(G, (size,)), carray(other, (size,))
    for i in range(size):
        G[i] += other[i]


def scale(G, size, factor):
    """G *= factor."""
    G, factor = carray(G, (size,)), real(factor)
    for i in range(size):
        G[i] *= factor


def limit_rows(W, rows, columns, limit):
    """In place, no row of W (rows, columns) is longer than the limit."""
    W = carray(W, (rows, columns))
    for j in range(rows):
        w, total = W[j], 0.0
        for i in range(columns):
            total += np.float64(w[i]) * np.float64(w[i])
        factor = real(scale_of(np.sqrt(total), limit))
        for i in range(columns):
            w[i] *= factor


def update_plain(W, first, second, G, size, rate, weight_decay, constants):
    """One step of a rule that remembers nothing: reads and writes W, reads G."""
    W, G, rate, weight_decay = carray(W, (size,)), carray(G, (size,)), real(rate), real(weight_decay)
    for i in range(size):
        W[i] = rule(decayed(W[i], rate, weight_decay), G[i], rate)[0]


def update_one(W, first, second, G, size, rate, weight_decay, constants):
    """One step of a rule with one slot: reads and writes W and the slot, reads G."""
    W, G, rate, weight_decay = carray(W, (size,)), carray(G, (size,)), real(rate), real(weight_decay)
    first = carray(first, (size,))
    values = to_fixed_tuple(carray(constants, (COUNT,)), COUNT)
    for i in range(size):
        W[i], first[i] = rule(decayed(W[i], rate, weight_decay), first[i], G[i], rate, *values)


def update_two(W, first, second, G, size, rate, weight_decay, constants):
    """One step of a rule with two slots: reads and writes W and both slots, reads G."""
    W, G, rate, weight_decay = carray(W, (size,)), carray(G, (size,)), real(rate), real(weight_decay)
    first, second = carray(first, (size,)), carray(second, (size,))
    values = to_fixed_tuple(carray(constants, (COUNT,)), COUNT)
    for i in range(size):
        W[i], first[i], second[i] = rule(
            decayed(W[i], rate, weight_decay), first[i], second[i], G[i], rate, *values
        )


def constants(out, t, settings):
    """What the rule needs at step t, computed in double precision."""
    out = carray(out, (COUNT,))
    values = constants_at(t, *to_fixed_tuple(carray(settings, (SETTINGS,)), SETTINGS))
    for i in range(COUNT):
        out[i] = values[i]


SETTINGS = 0

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

from layerwise.engine.compiled.calls import at, fetch_ahead
from layerwise.engine.compiled.elementary import choose
from layerwise.engine.compiled.layout import LOSS_ROWS

to_fixed_tuple: Any = unsafe.to_fixed_tuple


def unbound(*arguments: Any) -> Any:
    raise NotImplementedError("a loop runs only after it is compiled")


function = derivative = rule = decayed = subkey = partner = scale_of = constants_at = unbound
l2_of = l1_of = l2_slope = l1_slope = exp = log = real = unbound
transpose_tile = transpose_ordered = unbound
COUNT = WIDE_COLUMNS = 0
# Numbers in a line of a cache, or half as many; examples whose order no cache holds, and how many of them
# ahead memory is asked.
CACHE_LINE = 16
LONG_ORDER, AHEAD = 2**18, 32


def draw_orders(orders, rows, count, first, seed_key):
    """`formulas.randomness.shuffled` of `count` epochs.   orders (count, rows)"""
    for number in range(count):
        # A pointer: of an array, Python lets a number that is read from memory count from the end as well.
        order, key = at(orders, number * rows), subkey(seed_key, first + number)
        # The partners first, many at once: they are where the time goes.
        for place in range(rows):
            order[place] = partner(key, place)
        if rows > LONG_ORDER:
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
    for k in range(width):
        column, to = at(source, k), at(target, k * step)
        for place in range(i, count):
            to[place] = column[order[place] * width]


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


def in_one_row(rows, columns, step):
    """(rows, columns, step) of the same numbers, in one row where rows lie one behind the other: to begin a
    row takes as long as some registers of numbers."""
    if columns == step:
        return 1, rows * columns, rows * columns
    return rows, columns, step


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
    """`formulas.activations.softmax` of Z + b: rows are all the units. Z is no longer that afterwards."""
    Z, A, b = carray(Z, (rows, step)), carray(A, (rows, step)), carray(b, (rows,))
    # The first row of A is filled in last, and until then has what each column needs.
    shared = A[0]
    for i in range(columns):
        shared[i] = Z[0, i] + b[0]
    for j in range(1, rows):
        z, bias = Z[j], b[j]
        for i in range(columns):
            shared[i] = max(shared[i], z[i] + bias)
    for j in range(rows):
        z, bias = Z[j], b[j]
        for i in range(columns):
            z[i] = exp(z[i] + bias - shared[i])
    for i in range(columns):
        shared[i] = Z[0, i]
    for j in range(1, rows):
        z = Z[j]
        for i in range(columns):
            shared[i] += z[i]
    for j in range(rows - 1, -1, -1):
        z, a = Z[j], A[j]
        for i in range(columns):
            a[i] = z[i] / shared[i]


def backward_output(D, Z, A, step, rows, columns):
    """D = D * g', in place; g' from a."""
    rows, columns, step = in_one_row(rows, columns, step)
    D, A = carray(D, (rows, step)), carray(A, (rows, step))
    for j in range(rows):
        d, a = D[j], A[j]
        for i in range(columns):
            d[i] *= derivative(a[i], a[i])


def backward_both(D, Z, A, step, rows, columns):
    """D = D * g', in place; g' from z and a."""
    rows, columns, step = in_one_row(rows, columns, step)
    D, Z, A = carray(D, (rows, step)), carray(Z, (rows, step)), carray(A, (rows, step))
    for j in range(rows):
        d, z, a = D[j], Z[j], A[j]
        for i in range(columns):
            d[i] *= derivative(z[i], a[i])


def backward_softmax(D, Z, A, step, rows, columns):
    """`formulas.activations.softmax_backward`, in place: rows are all the units. Z is overwritten."""
    D, Z, A = carray(D, (rows, step)), carray(Z, (rows, step)), carray(A, (rows, step))
    inner = Z[0]
    for i in range(columns):
        inner[i] = D[0, i] * A[0, i]
    for j in range(1, rows):
        d, a = D[j], A[j]
        for i in range(columns):
            inner[i] += d[i] * a[i]
    for j in range(rows):
        d, a = D[j], A[j]
        for i in range(columns):
            d[i] = a[i] * (d[i] - inner[i])


def loss(S, Y, weights, D, losses, step, rows, columns, padded, total, settings):
    """losses_i = w_i L_i, with D = dL/dS * w_i / total.   S, Y, D (rows, columns), weights, losses (columns,)

    The columns up to `padded` count as examples of weight 0, whatever they hold.
    """
    S, Y, D = carray(S, (rows, step)), carray(Y, (rows, step)), carray(D, (rows, step))
    weights, losses = carray(weights, (padded,)), carray(losses, (padded,))
    part, none = real(1.0 / total), real(0)
    for j in range(rows):
        s, y, d = S[j], Y[j], D[j]
        for i in range(padded):
            # Read once: after a number is written, the compiler must read others anew, and work out anew what
            # loss and derivative have in common.
            given, target, weight = s[i], y[i], weights[i]
            one = choose(i < columns, weight * function(given, target), none)
            slope = choose(i < columns, derivative(given, target) * (weight * part), none)
            losses[i] = one if j == 0 else losses[i] + one
            d[i] = slope


def loss_with_setting(S, Y, weights, D, losses, step, rows, columns, padded, total, settings):
    """The same for a loss with a setting, such as Huber's delta."""
    S, Y, D = carray(S, (rows, step)), carray(Y, (rows, step)), carray(D, (rows, step))
    weights, losses = carray(weights, (padded,)), carray(losses, (padded,))
    setting, part, none = carray(settings, (1,))[0], real(1.0 / total), real(0)
    for j in range(rows):
        s, y, d = S[j], Y[j], D[j]
        for i in range(padded):
            given, target, weight = s[i], y[i], weights[i]
            one = choose(i < columns, weight * function(given, target, setting), none)
            slope = choose(i < columns, derivative(given, target, setting) * (weight * part), none)
            losses[i] = one if j == 0 else losses[i] + one
            d[i] = slope


def loss_softmax(S, Y, weights, D, losses, step, rows, columns, padded, total, settings):
    """`formulas.losses.softmax_cross_entropy` and its derivative; behind the losses there is room for two
    more rows, `step` apart."""
    S, Y, D = carray(S, (rows, step)), carray(Y, (rows, step)), carray(D, (rows, step))
    weights, room = carray(weights, (padded,)), carray(losses, (LOSS_ROWS, step))
    losses, top, sums = room[0], room[1], room[2]
    part, none = real(1.0 / total), real(0)
    for i in range(padded):
        top[i], losses[i], sums[i] = S[0, i], none, none
    for j in range(1, rows):
        s = S[j]
        for i in range(padded):
            top[i] = max(top[i], s[i])
    # More arrays in one loop would be more than the compiler tells apart.
    for j in range(rows):
        s, d = S[j], D[j]
        for i in range(padded):
            one = exp(s[i] - top[i])
            d[i] = one
            sums[i] += one
        y = Y[j]
        for i in range(padded):
            losses[i] += y[i] * (s[i] - top[i])
    for i in range(padded):
        losses[i] = choose(i < columns, weights[i] * (log(sums[i]) - losses[i]), none)
    for j in range(rows):
        y, d = Y[j], D[j]
        for i in range(padded):
            d[i] = choose(i < columns, (d[i] / sums[i] - y[i]) * (weights[i] * part), none)


def total_of(losses, count):
    """The sum of the losses, in double precision."""
    losses, total = carray(losses, (count,)), 0.0
    for i in range(count):
        total += np.float64(losses[i])
    return total


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

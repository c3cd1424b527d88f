"""The loops of dropout: masks are drawn where values are made, and the values carry them to the way back.

Called and compiled like the other loops, see there. A dropped unit's value is -0 and takes the place of what
it was, and no other value is -0: so there are no masks in memory. Units of the indices 2k and 2k + 1 share a
hash, half of it each, so that two rows are worked on at once.
"""

from __future__ import annotations

from numba import carray

from layerwise.engine.compiled.calls import row_at
from layerwise.engine.compiled.elementary import choose
from layerwise.engine.compiled.loops import in_one_row, unbound

function = derivative = inverted_dropout = numbered = first_kept = second_kept = moved_on = unbound
real = integer = unbound
# What a dropped unit's value is, and its bits.
DROPPED, DROPPED_BITS = -0.0, 0


def marked(a, stays, keep):
    """A value after dropout: -0 where the unit is dropped, and nowhere else. So the values are their mask."""
    return choose(stays, inverted_dropout(a, stays, keep) + real(0), real(DROPPED))


def stays_in(h):
    """Whether the unit with this value after dropout was kept."""
    return real(h).view(integer) != integer(DROPPED_BITS)


def activate_output_drawn(Z, A, b, step, rows, columns, key, highest, first, places, keep_prob):
    """As `activate_output`, then units are dropped by the mask of this key, in which A[j, i] has the index
    first + j + i * places. Units of the indices 2k and 2k + 1 share a hash; `first` and `places` are even."""
    b, keep, pairs, last = carray(b, (rows,)), real(keep_prob), places >> 1, rows & -2
    for j in range(0, last, 2):
        a, a_next = row_at(A, j * step), row_at(A, (j + 1) * step)
        # Moving the key on is an addition, where the place of a unit would be multiplied.
        bias, bias_next, its_key = b[j], b[j + 1], moved_on(key, (first + j) >> 1)
        for i in range(columns):
            number = numbered(its_key, 0)
            a[i] = marked(function(a[i] + bias), first_kept(number, highest), keep)
            a_next[i] = marked(function(a_next[i] + bias_next), second_kept(number, highest), keep)
            its_key = moved_on(its_key, pairs)
    if last < rows:
        a, bias, its_key = row_at(A, last * step), b[last], moved_on(key, (first + last) >> 1)
        for i in range(columns):
            a[i] = marked(function(a[i] + bias), first_kept(numbered(its_key, 0), highest), keep)
            its_key = moved_on(its_key, pairs)


def draw_and_drop(A, step, rows, columns, key, highest, first, places, keep_prob):
    """In place, values after dropout by the mask of this key: see `activate_output_drawn`."""
    keep, pairs, last = real(keep_prob), places >> 1, rows & -2
    for j in range(0, last, 2):
        a, a_next = row_at(A, j * step), row_at(A, (j + 1) * step)
        its_key = moved_on(key, (first + j) >> 1)
        for i in range(columns):
            number = numbered(its_key, 0)
            a[i] = marked(a[i], first_kept(number, highest), keep)
            a_next[i] = marked(a_next[i], second_kept(number, highest), keep)
            its_key = moved_on(its_key, pairs)
    if last < rows:
        a, its_key = row_at(A, last * step), moved_on(key, (first + last) >> 1)
        for i in range(columns):
            a[i] = marked(a[i], first_kept(numbered(its_key, 0), highest), keep)
            its_key = moved_on(its_key, pairs)


def drop(A, M, step, rows, columns, keep_prob):
    """In place, values after dropout by a mask M of 0 and 1."""
    rows, columns, step = in_one_row(rows, columns, step)
    A, M, keep = carray(A, (rows, step)), carray(M, (rows, step)), real(keep_prob)
    for j in range(rows):
        a, mask = A[j], M[j]
        for i in range(columns):
            a[i] = marked(a[i], mask[i] > 0, keep)


def backward_output_dropped(D, Z, H, step, rows, columns, keep_prob):
    """dJ/dZ of dJ/dH, in place; g' from a, which is h keep_prob where a unit is kept, to its last bit."""
    rows, columns, step = in_one_row(rows, columns, step)
    D, H, keep = carray(D, (rows, step)), carray(H, (rows, step)), real(keep_prob)
    for j in range(rows):
        d, h = D[j], H[j]
        for i in range(columns):
            value = h[i]
            a = value * keep
            d[i] = inverted_dropout(d[i], stays_in(value), keep) * derivative(a, a)


def backward_both_dropped(D, Z, H, step, rows, columns, keep_prob):
    """The same; g' from z and a."""
    rows, columns, step = in_one_row(rows, columns, step)
    D, Z, H = carray(D, (rows, step)), carray(Z, (rows, step)), carray(H, (rows, step))
    keep = real(keep_prob)
    for j in range(rows):
        d, z, h = D[j], Z[j], H[j]
        for i in range(columns):
            value = h[i]
            d[i] = inverted_dropout(d[i], stays_in(value), keep) * derivative(z[i], value * keep)


def drop_back(D, H, step, rows, columns, keep_prob):
    """In place, dJ/dA of dJ/dH, H the values after dropout."""
    rows, columns, step = in_one_row(rows, columns, step)
    D, H, keep = carray(D, (rows, step)), carray(H, (rows, step)), real(keep_prob)
    for j in range(rows):
        d, h = D[j], H[j]
        for i in range(columns):
            d[i] = inverted_dropout(d[i], stays_in(h[i]), keep)

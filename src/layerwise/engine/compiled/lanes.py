"""The loops for networks side by side: a register holds one number of each of them, a network in each lane.

A matrix is (units, examples, LANES), its rows `step` examples apart. What works number by number, such as an
activation or an optimizer's rule, is the loop that one network has, over more numbers. Here are the others:
the products, and what is added up for each network apart.

Names in capitals and lower-case names without a definition are bound by `kernels`, as in `loops`.
"""

from __future__ import annotations

import numpy as np
from numba import carray

from layerwise.engine.compiled.calls import at
from layerwise.engine.compiled.loops import unbound

lanes_of_four = lanes_of_two = lanes_of_one = sums_of_lanes = real = unbound
l2_of = l1_of = l2_slope = l1_slope = partner = subkey = unbound
LANES = 1


def multiply_lanes(
    P, p_row, p_column, S, s_row, s_column, start, b_row, b_column, out, o_row, inner, rows, columns
):
    """out[j, i] = start[j, i] + sum_k P[j, k] S[k, i] in each lane.   out (rows, columns, LANES)

    Of each of the others the distance from one row to the next and from one column to the next is given, so
    that either may be transposed, or be one number for a whole row or for all. Reads P once for each four
    columns of out, S once for each four rows.
    """
    j = 0
    while j + 4 <= rows:
        p, b, o = at(P, j * p_row * LANES), at(start, j * b_row * LANES), at(out, j * o_row * LANES)
        lanes_of_four(p, p_row, p_column, S, s_row, s_column, b, b_row, b_column, o, o_row, inner, columns)
        j += 4
    if j + 2 <= rows:
        p, b, o = at(P, j * p_row * LANES), at(start, j * b_row * LANES), at(out, j * o_row * LANES)
        lanes_of_two(p, p_row, p_column, S, s_row, s_column, b, b_row, b_column, o, o_row, inner, columns)
        j += 2
    if j < rows:
        p, b, o = at(P, j * p_row * LANES), at(start, j * b_row * LANES), at(out, j * o_row * LANES)
        lanes_of_one(p, p_row, p_column, S, s_row, s_column, b, b_row, b_column, o, o_row, inner, columns)


def draw_lane_orders(orders, rows, count, first, keys, lanes):
    """`formulas.randomness.shuffled` of `count` epochs, of a network in each lane.   orders (count, rows,
    LANES), keys (2, LANES): of the seeds, and room for those of an epoch

    An example that changes places with one before waits until that lies in memory: the lanes wait together.
    """
    of_seed, of_epoch = at(keys, 0), at(keys, LANES)
    for number in range(count):
        order = at(orders, number * rows * LANES)
        for lane in range(LANES):
            of_epoch[lane] = subkey(of_seed[lane], first + number)
        # As many as LANES: a number that the compiler knew would make it work on many places at once, which
        # lie apart, and not on the lanes.
        for place in range(rows):
            for lane in range(lanes):
                order[place * LANES + lane] = partner(of_epoch[lane], place)
        for place in range(rows):
            for lane in range(LANES):
                other = order[place * LANES + lane]
                order[place * LANES + lane] = order[other * LANES + lane]
                order[other * LANES + lane] = place


def gather_lanes(source, order, target, count, width, step):
    """target[k, i, lane] = source[order[i, lane], k].   source (examples, width), order (count, LANES),
    target (width, step, LANES), of which `count` examples are written"""
    for k in range(width):
        column, to = at(source, k), at(target, k * step * LANES)
        for i in range(count * LANES):
            to[i] = column[order[i] * width]


def take_lanes(source, target, count, width, step):
    """target[k, i, lane] = source[i, k]: the same examples for all."""
    source, target = carray(source, (count, width)), carray(target, (width, step * LANES))
    for k in range(width):
        to = target[k]
        for i in range(count):
            for lane in range(LANES):
                to[i * LANES + lane] = source[i, k]


def lane_totals(losses, totals, count):
    """totals[lane] += sum_i losses[i, lane].   losses (count, LANES), totals (LANES,) in double precision"""
    sums_of_lanes(losses, totals, count)


def lane_squares(G, totals, size):
    """totals[lane] = sum G[:, lane]^2.   G (size, LANES), totals (LANES,) in double precision"""
    G, totals = carray(G, (size, LANES)), carray(totals, (LANES,))
    for lane in range(LANES):
        totals[lane] = 0.0
    for i in range(size):
        for lane in range(LANES):
            totals[lane] += np.float64(G[i, lane]) * np.float64(G[i, lane])


def lane_penalties(W, G, totals, size, l2, l1):
    """totals[lane] += the penalty on W[:, lane]; in place G += its gradient.   W, G (size, LANES)

    l2 and l1 are lambda / m.
    """
    W, G, l2, l1 = carray(W, (size, LANES)), carray(G, (size, LANES)), real(l2), real(l1)
    totals = carray(totals, (LANES,))
    for i in range(size):
        for lane in range(LANES):
            w = W[i, lane]
            totals[lane] += np.float64(l2_of(w, l2) + l1_of(w, l1))
            G[i, lane] += l2_slope(w, l2) + l1_slope(w, l1)

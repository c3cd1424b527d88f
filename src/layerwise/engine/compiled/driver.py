"""The drivers: whole steps of training in one compiled call, for any program.

A driver has no formula in it. The network comes as data, a table with a row for each layer, and the loops
and BLAS come as a table of addresses (see `kernels`). Nothing is allocated inside the loop over steps.

    layers[l] = (n_prev, n, kernel, W start, b start, Z start, A start, H start, D start, mask start, joint)

The first two are widths, `kernel` the number of the activation's forward kernel (its backward kernel is the
next), then come positions in the flat vector, and positions, per example, in the work buffer: Z the
pre-activation (A itself where it need not be kept), A = g(Z), H = A after dropout (A itself where the layer
drops nothing), D = dJ/dZ. The last is the position, per example, of a mask in `masks`, where they are given.

As in the note, a layer's values are (units, examples), rows `lead` numbers apart (see `leading`). Only the
mini-batch itself, to which `batch` points, lies `by_rows` (examples, inputs) where the first product is left
to BLAS.

Several threads may run one step together: each calls the same driver with its own number. A layer's work
is cut into `parts`, whatever the number of threads, and thread t does the parts t, t + threads, ...; so the
bits do not depend on how many threads there are. Between one layer and the next they `meet`.
"""

from __future__ import annotations

import numba
import numpy as np

from layerwise.engine.compiled.calls import (
    at,
    call,
    call_for_number,
    flush_denormals,
    gemm,
    restore_denormals,
)
from layerwise.engine.compiled.formula import compile_formula
from layerwise.engine.compiled.kernel import Arguments
from layerwise.engine.compiled.kernels import (
    ADD_PRODUCTS,
    CONSTANTS,
    DRAW_MASK,
    DROP,
    DROP_IN_PLACE,
    GATHER_COLUMNS,
    GATHER_ROWS,
    GEMM,
    LIMIT_ROWS,
    LOSS,
    MULTIPLY_ADD,
    PENALTY,
    ROW_SUMS,
    SCALE,
    SQUARES,
    TAKE_COLUMNS,
    TRANSPOSE,
    UPDATE,
)
from layerwise.engine.compiled.naming import named_apart
from layerwise.engine.compiled.team import meet, region, share
from layerwise.formulas.optimizers import clip_scale
from layerwise.formulas.randomness import subkey

LAYER_COLUMNS = 11
# Multiply-adds up to which loops are faster than a call of BLAS, which costs a microsecond before it begins.
LOOPS_UP_TO = 5 * 2**17
# Numbers of a gradient that are made, and used for the update, before the next: what a cache holds.
CACHED = 2**18
# Matrices of so many columns or more begin each row at a multiple of so many numbers.
PADDED_FROM, PADDED_TO = 5, 16
# Parameters of a network that are updated in one go.
UPDATED_AT_ONCE = 2**12
# Losses that are added up in their own precision, before they are added to the others in double precision.
SUMMED_ALONE = 256

_subkey = compile_formula(subkey, None)
_clip_scale = compile_formula(clip_scale, "float64")


def _part(function):
    """A part of a driver, compiled with it."""
    return numba.njit(named_apart(function), inline="never", error_model="numpy")


@_part
def leading(m):
    """The distance between the rows of matrices of m columns: whole registers, unless they are very few."""
    return m if m < PADDED_FROM else (m + PADDED_TO - 1) // PADDED_TO * PADDED_TO


@_part
def row_of(layers, layer):
    """The numbers of one layer; see above."""
    row = at(layers, layer * LAYER_COLUMNS)
    return row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10]


@_part
def multiply(kernels, P, flipped, step, S, out, lead, inner, rows, columns, padded):
    """out (rows, columns) = P S.   P (rows, inner), or flipped (inner, rows); S (inner, columns)

    `step` is the distance from one row of P, as it lies, to the next. Rows of S and of out are `lead` apart,
    and so wide that `padded` columns may be worked out: whole registers, what is too much being of no use.
    """
    if rows * columns * inner <= LOOPS_UP_TO:
        row_step, column_step = (1, step) if flipped else (step, 1)
        call(kernels[MULTIPLY_ADD], (P, row_step, column_step, S, lead, out, lead, inner, rows, padded))
    else:
        gemm(kernels[GEMM], (flipped, 0), (rows, columns, inner), P, step, S, lead, out, lead)


@_part
def gather(kernels, source, width, order, ordered, first, i0, i1, target, by_rows, lead):
    """The examples i0 ... i1 of a mini-batch, from source (examples, width) to target, of which they are rows
    or columns: source[order[first + i]], or as they stand where they are not `ordered`."""
    if i1 <= i0:
        return
    if ordered:
        place = at(target, i0 * width) if by_rows else at(target, i0)
        kernel = kernels[GATHER_ROWS] if by_rows else kernels[GATHER_COLUMNS]
        call(kernel, (source, at(order, first + i0), place, i1 - i0, width, lead))
    else:
        call(kernels[TAKE_COLUMNS], (at(source, (first + i0) * width), at(target, i0), i1 - i0, width, lead))


@_part
def forward_pass(
    kernels, layers, depth, parameters, batch, by_rows, m, lead, work, keep_probs, highest, dropping,
    step_key, masks, thread, threads, parts, counters,
):  # fmt: skip
    """Z, A and H of every layer into the work buffer. With `dropping`, units are dropped by `masks`, which
    are drawn first where `step_key` is not below 0."""
    source = batch
    for layer in range(depth):
        n_prev, n, kernel, w, b, z, a, h, _, mask, joint = row_of(layers, layer)
        for part in range(thread, parts, threads):
            r0, r1, c0, c1 = region(n, m, part, parts, joint)
            rows, columns, block = r1 - r0, c1 - c0, r0 * lead + c0
            if rows <= 0 or columns <= 0:
                continue
            padded = lead - c0 if c1 == m else columns
            W, Z, A = at(parameters, w + r0 * n_prev), at(work, z * lead + block), at(work, a * lead + block)
            if layer == 0 and by_rows:
                examples = at(batch, c0 * n_prev)
                gemm(kernels[GEMM], (0, 1), (rows, columns, n_prev), W, n_prev, examples, n_prev, Z, lead)
            else:
                multiply(kernels, W, 0, n_prev, at(source, c0), Z, lead, n_prev, rows, columns, padded)
            call(kernels[kernel], (Z, A, at(parameters, b + r0), lead, rows, columns))
            if dropping and h != a:
                M = at(masks, mask * lead + block)
                if step_key >= 0:
                    key = _subkey(step_key, layer + 1)
                    call(kernels[DRAW_MASK], (M, lead, rows, columns, key, highest[layer], c0 * n + r0, n))
                call(
                    kernels[DROP], (A, at(work, h * lead + block), M, lead, rows, columns, keep_probs[layer])
                )
        source = at(work, (h if dropping else a) * lead)
        meet(counters, threads)


@_part
def backward_pass(
    kernels, layers, depth, parameters, Y, weights, total, m, lead, work, keep_probs, dropping, masks,
    settings, thread, threads, parts, counters, partial,
):  # fmt: skip
    """dJ/dZ of every layer, penalties aside. Returns the sum of the examples' losses over `total`.

    Each layer's values are in the work buffer from the forward pass.   Y (n[L], m), weights (m,)
    """
    _, n, kernel, _, _, z, a, _, d, _, _ = row_of(layers, depth - 1)
    for part in range(thread, parts, threads):
        c0, c1 = share(m, part, parts)
        loss = 0.0
        for first in range(c0, c1, SUMMED_ALONE):
            A, D, few = at(work, a * lead + first), at(work, d * lead + first), min(SUMMED_ALONE, c1 - first)
            loss += call_for_number(
                kernels[LOSS], (A, at(Y, first), at(weights, first), D, lead, n, few, total, settings)
            )
        partial[8 * part] = loss
        if c1 > c0:
            D, Z, A = at(work, d * lead + c0), at(work, z * lead + c0), at(work, a * lead + c0)
            call(kernels[kernel + 1], (D, Z, A, lead, n, c1 - c0))
    meet(counters, threads)
    for layer in range(depth - 1, 0, -1):
        below, n, _, w, _, _, _, _, above, _, _ = row_of(layers, layer)
        _, _, kernel, _, _, z, a, h, d, mask, joint = row_of(layers, layer - 1)
        for part in range(thread, parts, threads):
            r0, r1, c0, c1 = region(below, m, part, parts, joint)
            rows, columns, block = r1 - r0, c1 - c0, r0 * lead + c0
            if rows <= 0 or columns <= 0:
                continue
            padded = lead - c0 if c1 == m else columns
            D = at(work, d * lead + block)
            W, D_above = at(parameters, w + r0), at(work, above * lead + c0)
            multiply(kernels, W, 1, below, D_above, D, lead, n, rows, columns, padded)
            if dropping and h != a:
                M = at(masks, mask * lead + block)
                call(kernels[DROP_IN_PLACE], (D, M, lead, rows, columns, keep_probs[layer - 1]))
            Z, A = at(work, z * lead + block), at(work, a * lead + block)
            call(kernels[kernel + 1], (D, Z, A, lead, rows, columns))
        meet(counters, threads)
    cost = 0.0
    for part in range(parts):
        cost += partial[8 * part]
    return cost / total


@_part
def weight_gradient(
    kernels, layers, layer, gradient, batch, by_rows, m, lead, work, dropping, r0, r1, c0, c1
):
    """dW[r0:r1, c0:c1] of one layer into `gradient`, penalties aside."""
    n_prev, _, _, w, _, _, _, _, d, _, _ = row_of(layers, layer)
    rows, columns = r1 - r0, c1 - c0
    if rows <= 0 or columns <= 0:
        return
    D, out = at(work, (d + r0) * lead), at(gradient, w + r0 * n_prev + c0)
    if layer == 0 and by_rows:
        gemm(kernels[GEMM], (0, 0), (rows, columns, m), D, lead, at(batch, c0), n_prev, out, n_prev)
        return
    below = at(batch, c0 * lead)
    if layer > 0:
        before = at(layers, (layer - 1) * LAYER_COLUMNS)
        below = at(work, ((before[7] if dropping else before[6]) + c0) * lead)
    if rows * columns * m <= LOOPS_UP_TO:
        call(kernels[ADD_PRODUCTS], (D, lead, below, lead, out, n_prev, m, rows, columns))
    else:
        gemm(kernels[GEMM], (0, 1), (rows, columns, m), D, lead, below, lead, out, n_prev)


def cost_and_gradient(
    kernels, layers, depth, parameters, gradient, batch, by_rows, Y, weights, total, m, work, keep_probs,
    highest, dropping, step_key, masks, l2, l1, settings, counters, partial,
):  # fmt: skip
    """The cost of one mini-batch; its gradient into `gradient`. One thread."""
    forward_pass(
        kernels, layers, depth, parameters, batch, by_rows, m, m, work, keep_probs, highest, dropping,
        step_key, masks, 0, 1, 1, counters,
    )  # fmt: skip
    cost = backward_pass(
        kernels, layers, depth, parameters, Y, weights, total, m, m, work, keep_probs, dropping, masks,
        settings, 0, 1, 1, counters, partial,
    )  # fmt: skip
    for layer in range(depth):
        n_prev, n, _, w, b, _, _, _, d, _, _ = row_of(layers, layer)
        weight_gradient(
            kernels, layers, layer, gradient, batch, by_rows, m, m, work, dropping, 0, n, 0, n_prev
        )
        call(kernels[ROW_SUMS], (at(work, d * m), m, at(gradient, b), n, m))
        if l2 > 0 or l1 > 0:
            W, dW = at(parameters, w), at(gradient, w)
            cost += call_for_number(kernels[PENALTY], (W, dW, n * n_prev, l2 / total, l1 / total))
    return cost


@_part
def update_block(kernels, parameters, slots, length, gradient, start, size, rate, weight_decay, constants):
    """One step of the optimizer on a part of the flat vectors, which are `length` long."""
    W, first, second = at(parameters, start), at(slots, start), at(slots, start + length)
    call(kernels[UPDATE], (W, first, second, at(gradient, start), size, rate, weight_decay, constants))


def run_steps(
    thread, threads, parts, counters, partial, kernels, layers, depth,
    parameters, slots, length, gradient, X, Y, weights, weighted, order, ordered,
    examples, inputs, outputs, batch_size, epoch_steps, first_step, rates, steps, t, seed_key, first_epoch,
    cost_sums, weight_sums, norms, work, by_rows, batch_X, batch_Y, batch_weights,
    keep_probs, highest, dropping, draws_masks, masks, l2, l1, settings, optimizer_settings, constants,
    constants_each, weight_decay, max_norm, clip_norm, outcome,
):  # fmt: skip
    """See `contract.Engine.run_epochs`. outcome (3,): steps done, t, whether every cost was finite; sums and
    norms are per epoch."""
    denormals = flush_denormals()
    held_start, held_m = -1, -1
    last_of_call = first_step + steps - 1
    own_constants = at(constants, thread * constants_each)
    # What needs nothing between a gradient and its update is updated all at once where a cache holds it all.
    at_once = parts == 1 and weight_decay == 0 and clip_norm == 0 and length <= UPDATED_AT_ONCE
    finite, done = True, 0
    while done < steps:
        step = first_step + done
        epoch = step // epoch_steps
        number = step - epoch * epoch_steps
        start = number * batch_size
        m = min(batch_size, examples - start)
        lead = leading(m)
        # A batch that is the same as the last one need not be fetched again.
        if ordered or start != held_start or m != held_m:
            first = epoch * examples + start if ordered else start
            for part in range(thread, parts, threads):
                i0, i1 = share(m, part, parts)
                if ordered or not by_rows:
                    gather(kernels, X, inputs, order, ordered, first, i0, i1, batch_X, by_rows, lead)
                gather(kernels, Y, outputs, order, ordered, first, i0, i1, batch_Y, 0, lead)
                if weighted:
                    gather(kernels, weights, 1, order, ordered, first, i0, i1, batch_weights, 0, lead)
            meet(counters, threads)
            held_start, held_m = start, m
        batch = at(batch_X, 0) if ordered or not by_rows else at(X, start * inputs)
        total = float(m)
        if weighted:
            total = 0.0
            for i in range(m):
                total += np.float64(batch_weights[i])
            if total == 0:
                meet(counters, threads)
                done += 1
                continue
        step_key = -1
        if draws_masks:
            step_key = _subkey(_subkey(seed_key, first_epoch + epoch), number)
        forward_pass(
            kernels, layers, depth, parameters, batch, by_rows, m, lead, work, keep_probs, highest, dropping,
            step_key, masks, thread, threads, parts, counters,
        )  # fmt: skip
        cost = backward_pass(
            kernels, layers, depth, parameters, batch_Y, batch_weights, total, m, lead, work, keep_probs,
            dropping, masks, settings, thread, threads, parts, counters, partial,
        )  # fmt: skip
        if not np.isfinite(cost):
            if thread == 0:
                norms[epoch] = np.nan
            finite = False
            break
        t += 1
        if kernels[CONSTANTS]:
            call(kernels[CONSTANTS], (own_constants, t, optimizer_settings))
        rate = rates[done]
        wants_norm = number == epoch_steps - 1 or step == last_of_call or clip_norm > 0 or weighted
        for part in range(thread, parts, threads):
            penalty, square = 0.0, 0.0
            for layer in range(depth):
                n_prev, n, _, w, b, _, _, _, d, _, _ = row_of(layers, layer)
                r0, r1, c0, c1 = region(n, n_prev, part, parts, 0)
                chunk = max(8, CACHED // max(1, c1 - c0))
                for r in range(r0, r1, chunk):
                    r_end = min(r + chunk, r1)
                    weight_gradient(
                        kernels, layers, layer, gradient, batch, by_rows, m, lead, work, dropping, r, r_end,
                        c0, c1,
                    )  # fmt: skip
                    # Whole rows lie one behind the other, and are one piece.
                    pieces, size = r_end - r, c1 - c0
                    if size == n_prev:
                        pieces, size = 1, pieces * size
                    for piece in range(pieces):
                        begin = w + (r + piece) * n_prev + c0
                        W, dW = at(parameters, begin), at(gradient, begin)
                        if l2 > 0 or l1 > 0:
                            penalty += call_for_number(
                                kernels[PENALTY], (W, dW, size, l2 / total, l1 / total)
                            )
                        if wants_norm and not at_once:
                            square += call_for_number(kernels[SQUARES], (dW, size))
                        if clip_norm == 0 and not at_once:
                            update_block(
                                kernels, parameters, slots, length, gradient, begin, size, rate, weight_decay,
                                own_constants,
                            )  # fmt: skip
                r0, r1 = share(n, part, parts)
                if r1 > r0:
                    D, db = at(work, (d + r0) * lead), at(gradient, b + r0)
                    call(kernels[ROW_SUMS], (D, lead, db, r1 - r0, m))
                    if wants_norm and not at_once:
                        square += call_for_number(kernels[SQUARES], (db, r1 - r0))
                    if clip_norm == 0 and not at_once:
                        update_block(
                            kernels, parameters, slots, length, gradient, b + r0, r1 - r0, rate, 0.0,
                            own_constants,
                        )  # fmt: skip
            if at_once:
                if wants_norm:
                    square = call_for_number(kernels[SQUARES], (gradient, length))
                update_block(
                    kernels, parameters, slots, length, gradient, 0, length, rate, 0.0, own_constants
                )
            partial[8 * part + 1] = penalty
            partial[8 * part + 2] = square
        meet(counters, threads)
        penalty, square = 0.0, 0.0
        for part in range(parts):
            penalty += partial[8 * part + 1]
            square += partial[8 * part + 2]
        norm = np.sqrt(square)
        if clip_norm > 0 or max_norm > 0:
            factor = _clip_scale(norm, clip_norm) if clip_norm > 0 else 1.0
            for part in range(thread, parts, threads):
                for layer in range(depth):
                    n_prev, n, _, w, b, _, _, _, _, _, _ = row_of(layers, layer)
                    r0, r1 = share(n, part, parts)
                    if r1 <= r0:
                        continue
                    begin, size = w + r0 * n_prev, (r1 - r0) * n_prev
                    if clip_norm > 0:
                        call(kernels[SCALE], (at(gradient, begin), size, factor))
                        call(kernels[SCALE], (at(gradient, b + r0), r1 - r0, factor))
                        update_block(
                            kernels, parameters, slots, length, gradient, begin, size, rate, weight_decay,
                            own_constants,
                        )  # fmt: skip
                        update_block(
                            kernels, parameters, slots, length, gradient, b + r0, r1 - r0, rate, 0.0,
                            own_constants,
                        )  # fmt: skip
                    if max_norm > 0:
                        call(kernels[LIMIT_ROWS], (at(parameters, begin), r1 - r0, n_prev, max_norm))
            meet(counters, threads)
        if thread == 0:
            cost_sums[epoch] += (cost + penalty) * total
            weight_sums[epoch] += total
            norms[epoch] = norm
        done += 1
    restore_denormals(denormals)
    if thread == 0:
        outcome[0] = done
        outcome[1] = t
        outcome[2] = finite


def pre_activations(
    kernels, layers, depth, parameters, X, out, work, by_rows, batch_X, chunk, start, stop, keep_probs,
    highest, counters,
):  # fmt: skip
    """Z[L] of the rows start ... stop into `out`, `chunk` rows at a time.   X (m, n[0]), out (m, n[L])"""
    inputs = layers[0]
    last = at(layers, (depth - 1) * LAYER_COLUMNS)
    n, z = last[1], last[5]
    for first in range(start, stop, chunk):
        m = min(chunk, stop - first)
        lead = leading(m)
        if not by_rows:
            gather(kernels, X, inputs, counters, 0, first, 0, m, batch_X, 0, lead)
        batch = at(X, first * inputs) if by_rows else at(batch_X, 0)
        forward_pass(
            kernels, layers, depth, parameters, batch, by_rows, m, lead, work, keep_probs, highest, 0, -1,
            work, 0, 1, 1, counters,
        )  # fmt: skip
        call(kernels[TRANSPOSE], (at(work, z * lead), at(out, first * n), n, lead, m))


DRIVERS = {
    run_steps: Arguments("nnnidiinppnppppninnnnnnndnnnndddpnpppdinnpxxpdpnxxxi"),
    cost_and_gradient: Arguments("iinpppnppxnpdinnpxxpid", returns=True),
    pre_activations: Arguments("iinppppnpnnndii"),
}

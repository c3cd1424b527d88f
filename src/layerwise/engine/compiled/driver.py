"""The drivers: whole steps of training in one compiled call, for any program.

A driver has no formula in it. The network comes as data, a table with a row for each layer, and the loops
and BLAS come as a table of addresses (see `kernels`). Nothing is allocated inside the loop over steps.

    layers[l] = (n_prev, n, kernel, W start, b start, Z start, A start, H start, D start, mask start, joint)

The first two are widths, `kernel` the number of the activation's forward kernel (its backward kernel is the
next), then come positions in the flat vector, and positions, per example, in the work buffer: Z the
pre-activation (A itself where it need not be kept), A = g(Z), H = A after dropout (A itself where the layer
drops nothing), D = dJ/dZ. The last is the position, per example, of a mask in `masks`, where they are given.

As in the note, a layer's values are (units, examples). Only the mini-batch itself, to which `batch` points,
lies `by_rows` (examples, inputs) where the first product is left to BLAS.

Several threads may run one step together: each calls the same driver with its own number. A layer's work
is cut into `parts`, whatever the number of threads, and thread t does the parts t, t + threads, ...; so the
bits do not depend on how many threads there are. Between one layer and the next they `meet`.
"""

from __future__ import annotations

import numba
import numpy as np

from layerwise.engine.compiled.calls import at, call, call_for_number, gemm
from layerwise.engine.compiled.formula import compile_formula
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
# Losses that are added up in their own precision, before they are added to the others in double precision.
SUMMED_ALONE = 256

_subkey = compile_formula(subkey, None)
_clip_scale = compile_formula(clip_scale, "float64")


def _part(function):
    """A part of a driver, compiled with it."""
    return numba.njit(named_apart(function), inline="always", error_model="numpy")


@_part
def multiply(kernels, P, p, flipped, step, S, s, out, o, m, inner, r0, r1, c0, c1):
    """out[r0:r1, c0:c1] = (P S)[r0:r1, c0:c1].

    S (inner, m), out (n, m); P (n, inner), or flipped (inner, n). `step` is the distance
    from one row of P, as it lies, to the next.
    """
    rows, columns = r1 - r0, c1 - c0
    if rows <= 0 or columns <= 0:
        return
    row_step, column_step = (1, step) if flipped else (step, 1)
    here = at(P, p + r0 * row_step)
    if rows * columns * inner <= LOOPS_UP_TO:
        call(
            kernels[MULTIPLY_ADD],
            (
                here,
                row_step,
                column_step,
                at(S, s + c0),
                m,
                at(out, o + r0 * m + c0),
                m,
                inner,
                rows,
                columns,
            ),
        )
    else:
        gemm(
            kernels[GEMM], (flipped, 0), (rows, columns, inner), here, step, at(S, s + c0), m,
            at(out, o + r0 * m + c0), m,
        )  # fmt: skip


@_part
def gather(kernels, source, width, order, first, i0, i1, target, by_rows, m):
    """The examples i0 ... i1 of a mini-batch, from source (examples, width) to target, of which they are rows
    or columns: source[order[first + i]], or as they stand where there is no order."""
    if i1 <= i0:
        return
    if order.size:
        place = at(target, i0 * width) if by_rows else at(target, i0)
        kernel = kernels[GATHER_ROWS] if by_rows else kernels[GATHER_COLUMNS]
        call(kernel, (at(source, 0), at(order, first + i0), place, i1 - i0, width, m))
    else:
        call(kernels[TAKE_COLUMNS], (at(source, (first + i0) * width), at(target, i0), i1 - i0, width, m))


@_part
def forward_pass(
    kernels, layers, parameters, batch, by_rows, m, work, keep_probs, highest, step_key, masks,
    thread, threads, parts, counters,
):  # fmt: skip
    """Z, A and H of every layer into the work buffer. Units are dropped where there are `masks`, which are
    drawn first where `step_key` is not below 0."""
    dropping = masks.size > 0
    source = 0
    for layer in range(layers.shape[0]):
        n_prev, n, kernel, w, b, z, a, h, _, mask, joint = layers[layer]
        for part in range(thread, parts, threads):
            r0, r1, c0, c1 = region(n, m, part, parts, joint)
            if r1 <= r0 or c1 <= c0:
                continue
            if layer > 0:
                multiply(
                    kernels,
                    parameters,
                    w,
                    0,
                    n_prev,
                    work,
                    source * m,
                    work,
                    z * m,
                    m,
                    n_prev,
                    r0,
                    r1,
                    c0,
                    c1,
                )
            elif by_rows:
                gemm(
                    kernels[GEMM], (0, 1), (r1 - r0, c1 - c0, n_prev),
                    at(parameters, w + r0 * n_prev), n_prev, at(batch, c0 * n_prev), n_prev,
                    at(work, z * m + r0 * m + c0), m,
                )  # fmt: skip
            else:
                multiply(kernels, parameters, w, 0, n_prev, batch, 0, work, z * m, m, n_prev, r0, r1, c0, c1)
            block = r0 * m + c0
            call(
                kernels[kernel],
                (
                    at(work, z * m + block),
                    at(work, a * m + block),
                    at(parameters, b + r0),
                    m,
                    r1 - r0,
                    c1 - c0,
                ),
            )
            if dropping and h != a:
                its_mask = at(masks, mask * m + block)
                if step_key >= 0:
                    key, first = _subkey(step_key, layer + 1), c0 * n + r0
                    call(
                        kernels[DRAW_MASK],
                        (its_mask, m, r1 - r0, c1 - c0, key, highest[layer], first, n),
                    )
                call(
                    kernels[DROP],
                    (
                        at(work, a * m + block), at(work, h * m + block), its_mask, m, r1 - r0, c1 - c0,
                        keep_probs[layer],
                    ),
                )  # fmt: skip
        source = h if dropping else a
        meet(counters, threads)


@_part
def backward_pass(
    kernels, layers, parameters, Y, weights, total, m, work, keep_probs, masks, settings,
    thread, threads, parts, counters, partial,
):  # fmt: skip
    """dJ/dZ of every layer, penalties aside. Returns the sum of the examples' losses over `total`.

    Each layer's values are in the work buffer from the forward pass.   Y (n[L], m), weights (m,)
    """
    depth = layers.shape[0]
    _, n, kernel, _, _, z, a, _, d, _, _ = layers[depth - 1]
    for part in range(thread, parts, threads):
        c0, c1 = share(m, part, parts)
        loss = 0.0
        for first in range(c0, c1, SUMMED_ALONE):
            loss += call_for_number(
                kernels[LOSS],
                (
                    at(work, a * m + first), at(Y, first), at(weights, first), at(work, d * m + first), m, n,
                    min(SUMMED_ALONE, c1 - first), total, at(settings, 0),
                ),
            )  # fmt: skip
        partial[8 * part] = loss
        if c1 > c0:
            call(
                kernels[kernel + 1],
                (at(work, d * m + c0), at(work, z * m + c0), at(work, a * m + c0), m, n, c1 - c0),
            )
    meet(counters, threads)
    for layer in range(depth - 1, 0, -1):
        below, n, _, w, _, _, _, _, above, _, _ = layers[layer]
        _, _, kernel, _, _, z, a, h, d, mask, joint = layers[layer - 1]
        for part in range(thread, parts, threads):
            r0, r1, c0, c1 = region(below, m, part, parts, joint)
            if r1 <= r0 or c1 <= c0:
                continue
            multiply(kernels, parameters, w, 1, below, work, above * m, work, d * m, m, n, r0, r1, c0, c1)
            block = r0 * m + c0
            if masks.size > 0 and h != a:
                call(
                    kernels[DROP_IN_PLACE],
                    (
                        at(work, d * m + block), at(masks, mask * m + block), m, r1 - r0, c1 - c0,
                        keep_probs[layer - 1],
                    ),
                )  # fmt: skip
            call(
                kernels[kernel + 1],
                (
                    at(work, d * m + block),
                    at(work, z * m + block),
                    at(work, a * m + block),
                    m,
                    r1 - r0,
                    c1 - c0,
                ),
            )
        meet(counters, threads)
    cost = 0.0
    for part in range(parts):
        cost += partial[8 * part]
    return cost / total


@_part
def weight_gradient(kernels, layers, layer, gradient, batch, by_rows, m, work, dropping, r0, r1, c0, c1):
    """dW[r0:r1, c0:c1] of one layer into `gradient`, penalties aside."""
    n_prev, _, _, w, _, _, _, _, d, _, _ = layers[layer]
    height, width = r1 - r0, c1 - c0
    if height <= 0 or width <= 0:
        return
    delta, out = at(work, d * m + r0 * m), at(gradient, w + r0 * n_prev + c0)
    if layer == 0 and by_rows:
        gemm(kernels[GEMM], (0, 0), (height, width, m), delta, m, at(batch, c0), n_prev, out, n_prev)
    else:
        source = at(batch, c0 * m)
        if layer > 0:
            below = layers[layer - 1, 7] if dropping else layers[layer - 1, 6]
            source = at(work, below * m + c0 * m)
        if height * width * m <= LOOPS_UP_TO:
            call(kernels[ADD_PRODUCTS], (delta, m, source, m, out, n_prev, m, height, width))
        else:
            gemm(kernels[GEMM], (0, 1), (height, width, m), delta, m, source, m, out, n_prev)


def cost_and_gradient(
    kernels, layers, parameters, gradient, batch, by_rows, Y, weights, total, m, work, keep_probs, highest,
    step_key, masks, l2, l1, settings, counters, partial,
):  # fmt: skip
    """The cost of one mini-batch; its gradient into `gradient`. One thread."""
    forward_pass(
        kernels, layers, parameters, batch, by_rows, m, work, keep_probs, highest, step_key, masks,
        0, 1, 1, counters,
    )  # fmt: skip
    cost = backward_pass(
        kernels, layers, parameters, Y, weights, total, m, work, keep_probs, masks, settings,
        0, 1, 1, counters, partial,
    )  # fmt: skip
    for layer in range(layers.shape[0]):
        n_prev, n, _, w, b, _, _, _, d, _, _ = layers[layer]
        dropping = masks.size > 0
        weight_gradient(kernels, layers, layer, gradient, batch, by_rows, m, work, dropping, 0, n, 0, n_prev)
        call(kernels[ROW_SUMS], (at(work, d * m), m, at(gradient, b), n, m))
        if l2 > 0 or l1 > 0:
            cost += call_for_number(
                kernels[PENALTY], (at(parameters, w), at(gradient, w), n * n_prev, l2 / total, l1 / total)
            )
    return cost


@_part
def update_block(kernels, parameters, slots, gradient, start, size, rate, weight_decay, constants):
    """One step of the optimizer on a part of the flat vector."""
    length = parameters.size
    call(
        kernels[UPDATE],
        (
            at(parameters, start), at(slots, start), at(slots, start + length), at(gradient, start), size,
            rate, weight_decay, at(constants, 0),
        ),
    )  # fmt: skip


def run_steps(
    thread, threads, parts, counters, partial, kernels,
    layers, parameters, slots, gradient, X, Y, weights, order, examples, inputs, outputs, batch_size,
    epoch_steps, first_step, rates, t, seed_key, first_epoch, cost_sums, weight_sums, norms,
    work, by_rows, batch_X, batch_Y, batch_weights, keep_probs, highest, draws_masks, masks,
    l2, l1, settings, optimizer_settings, constants, weight_decay, max_norm, clip_norm,
):  # fmt: skip
    """See `contract.Engine.run_epochs`. Returns (steps done, t, finite); sums and norms are per epoch."""
    depth = layers.shape[0]
    held_start, held_m = -1, -1
    last_of_call = first_step + rates.size - 1
    in_place = order.size == 0
    for done in range(rates.size):
        step = first_step + done
        epoch = step // epoch_steps
        number = step - epoch * epoch_steps
        start = number * batch_size
        m = min(batch_size, examples - start)
        # A batch that is the same as the last one need not be fetched again.
        if not in_place or start != held_start or m != held_m:
            first = start if in_place else epoch * examples + start
            for part in range(thread, parts, threads):
                i0, i1 = share(m, part, parts)
                if not (by_rows and in_place):
                    gather(kernels, X, inputs, order, first, i0, i1, batch_X, by_rows, m)
                gather(kernels, Y, outputs, order, first, i0, i1, batch_Y, False, m)
                if weights.size:
                    gather(kernels, weights, 1, order, first, i0, i1, batch_weights, False, m)
            meet(counters, threads)
            held_start, held_m = start, m
        batch = at(X, start * inputs) if by_rows and in_place else at(batch_X, 0)
        total = float(m)
        if weights.size:
            total = 0.0
            for i in range(m):
                total += np.float64(batch_weights[i])
            if total == 0:
                meet(counters, threads)
                continue
        step_key = -1
        if draws_masks:
            step_key = _subkey(_subkey(seed_key, first_epoch + epoch), number)
        forward_pass(
            kernels, layers, parameters, batch, by_rows, m, work, keep_probs, highest, step_key, masks,
            thread, threads, parts, counters,
        )  # fmt: skip
        cost = backward_pass(
            kernels, layers, parameters, batch_Y, batch_weights, total, m, work, keep_probs, masks, settings,
            thread, threads, parts, counters, partial,
        )  # fmt: skip
        if not np.isfinite(cost):
            if thread == 0:
                norms[epoch] = np.nan
            return done, t, False
        t += 1
        own_constants = at(constants, thread * (constants.size // threads))
        if kernels[CONSTANTS]:
            call(kernels[CONSTANTS], (at(own_constants, 0), t, at(optimizer_settings, 0)))
        rate = rates[done]
        wants_norm = number == epoch_steps - 1 or step == last_of_call or clip_norm > 0 or weights.size > 0
        dropping = masks.size > 0
        for part in range(thread, parts, threads):
            penalty, square = 0.0, 0.0
            for layer in range(depth):
                n_prev, n, _, w, b, _, _, _, d, _, _ = layers[layer]
                r0, r1, c0, c1 = region(n, n_prev, part, parts, 0)
                chunk = max(8, CACHED // max(1, c1 - c0))
                for r in range(r0, r1, chunk):
                    r_end = min(r + chunk, r1)
                    weight_gradient(
                        kernels, layers, layer, gradient, batch, by_rows, m, work, dropping, r, r_end, c0, c1
                    )
                    # Whole rows lie one behind the other, and are one piece.
                    pieces, size = r_end - r, c1 - c0
                    if size == n_prev:
                        pieces, size = 1, pieces * size
                    for piece in range(pieces):
                        begin = w + (r + piece) * n_prev + c0
                        if l2 > 0 or l1 > 0:
                            penalty += call_for_number(
                                kernels[PENALTY],
                                (at(parameters, begin), at(gradient, begin), size, l2 / total, l1 / total),
                            )
                        if wants_norm:
                            square += call_for_number(kernels[SQUARES], (at(gradient, begin), size))
                        if clip_norm == 0:
                            update_block(
                                kernels, parameters, slots, gradient, begin, size, rate, weight_decay,
                                own_constants,
                            )  # fmt: skip
                r0, r1 = share(n, part, parts)
                if r1 > r0:
                    call(kernels[ROW_SUMS], (at(work, d * m + r0 * m), m, at(gradient, b + r0), r1 - r0, m))
                    if wants_norm:
                        square += call_for_number(kernels[SQUARES], (at(gradient, b + r0), r1 - r0))
                    if clip_norm == 0:
                        update_block(
                            kernels, parameters, slots, gradient, b + r0, r1 - r0, rate, 0.0, own_constants
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
                    n_prev, n, _, w, b, _, _, _, _, _, _ = layers[layer]
                    r0, r1 = share(n, part, parts)
                    if r1 <= r0:
                        continue
                    begin, size = w + r0 * n_prev, (r1 - r0) * n_prev
                    if clip_norm > 0:
                        call(kernels[SCALE], (at(gradient, begin), size, factor))
                        call(kernels[SCALE], (at(gradient, b + r0), r1 - r0, factor))
                        update_block(
                            kernels,
                            parameters,
                            slots,
                            gradient,
                            begin,
                            size,
                            rate,
                            weight_decay,
                            own_constants,
                        )
                        update_block(
                            kernels, parameters, slots, gradient, b + r0, r1 - r0, rate, 0.0, own_constants
                        )
                    if max_norm > 0:
                        call(kernels[LIMIT_ROWS], (at(parameters, begin), r1 - r0, n_prev, max_norm))
            meet(counters, threads)
        if thread == 0:
            cost_sums[epoch] += (cost + penalty) * total
            weight_sums[epoch] += total
            norms[epoch] = norm
    return rates.size, t, True


def pre_activations(
    kernels, layers, parameters, X, out, work, by_rows, batch_X, chunk, start, stop, keep_probs, highest,
    counters,
):  # fmt: skip
    """Z[L] of the rows start ... stop into `out`, `chunk` rows at a time.

    X (m, n[0]) and out (m, n[L]) lie flat.
    """
    depth, inputs = layers.shape[0], layers[0, 0]
    n, z = layers[depth - 1, 1], layers[depth - 1, 5]
    for first in range(start, stop, chunk):
        m = min(chunk, stop - first)
        if not by_rows:
            gather(kernels, X, inputs, counters[:0], first, 0, m, batch_X, False, m)
        batch = at(X, first * inputs) if by_rows else at(batch_X, 0)
        forward_pass(
            kernels, layers, parameters, batch, by_rows, m, work, keep_probs, highest, -1, work[:0],
            0, 1, 1, counters,
        )  # fmt: skip
        call(kernels[TRANSPOSE], (at(work, z * m), at(out, first * n), n, m))

"""The passes over one mini-batch, for any network: forward, and backward to dJ/dZ of each layer.

There is no formula here. The network comes as data, a table with a row for each layer, and the loops and BLAS
come as a table of addresses (see `kernels`).

    layers[l] = (n_prev, n, kernel, W start, b start, Z start, A start, H start, D start, mask start, joint,
                 first, whole, step, together)

The first two are widths, `kernel` the number of the activation's forward kernel (its backward kernel is the
next, then come those where units are dropped). Then come positions in the flat vector, and positions,
per example, in the work buffer: Z the pre-activation (A itself where neither Z nor its room is needed), A =
g(Z), H = A after dropout, in its place unless units belong together, D = dJ/dZ. Then come the position, per
example, of a given mask in `masks`, and whether a layer's units belong together. Where these are some units
of a layer: the number of the first, and of all. Then how far apart the rows of W are, n_prev unless these are
some columns of it, and whether they are learnt together where they lie one behind the other.

As in the note, a layer's values are (units, examples), rows `lead` numbers apart (see `leading`), and so is
the mini-batch, to which `batch` points. All is worked out up to the end of a row, in whole registers: what
lies there behind the last example are numbers of no use, but for D, which is 0, so that sums may go over
them.

Several threads may go through one batch together, each calling with its own number. The work is cut into
`parts`, whatever the number of threads, and thread t does the parts t, t + threads, ...; so the bits do not
depend on how many threads there are. A batch is cut in one of two ways:

    sliced       each part has some of the examples, and does all of both passes on them
    not sliced   each part has some units of a layer, or examples where these are more; between one layer and
                 the next the threads `meet`

In a third way each part is a network of its own, and the passes see one part: `hidden_units`.
"""

from __future__ import annotations

import numpy as np

from layerwise.engine.compiled import layout
from layerwise.engine.compiled.calls import at, call, call_for_number, gemm
from layerwise.engine.compiled.formula import compile_formula
from layerwise.engine.compiled.kernels import (
    DRAW_AND_DROP,
    DROP,
    DROP_BACK,
    FETCH_ROWS,
    GATHER_COLUMNS,
    GEMM,
    LOSS,
    MULTIPLY_ADD,
    OWN_PRODUCTS_UP_TO,
    TAKE_COLUMNS,
    TOTAL,
)
from layerwise.engine.compiled.layout import LAYER_COLUMNS
from layerwise.engine.compiled.naming import only_for_compiled_code
from layerwise.engine.compiled.team import meet, region, share, turns_of
from layerwise.formulas.randomness import mask_places as _mask_places
from layerwise.formulas.randomness import subkey

# Inputs up to which the next mini-batch is asked for ahead; longer rows are read along, which processors
# foresee. Examples that caches hold are not asked for at all.
FETCHED_AHEAD, BEYOND_CACHES = 2**7, 2**19

_subkey, mask_places = compile_formula(subkey, None), compile_formula(_mask_places, None)


def driver_part(function):
    """A part of a driver, compiled with it."""
    return only_for_compiled_code(function, inline="never", error_model="numpy")


leading = driver_part(layout.leading)


@driver_part
def padded_end(start, stop, m, lead):
    """Where the examples start ... stop end, with what is worked out behind the last of all."""
    return lead if stop == m and stop > start else stop


@driver_part
def row_of(layers, layer):
    """The numbers of one layer but the last four; see above."""
    row = at(layers, layer * LAYER_COLUMNS)
    return row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10]


@driver_part
def units_of(layers, layer):
    """(the number of a layer's first unit here, all its units)"""
    row = at(layers, layer * LAYER_COLUMNS)
    return row[11], row[12]


@driver_part
def step_of(layers, layer):
    """The distance between the rows of a layer's W."""
    return at(layers, layer * LAYER_COLUMNS)[13]


@driver_part
def together_of(layers, layer):
    """Whether the rows of a layer's W are learnt together where they lie one behind the other."""
    return at(layers, layer * LAYER_COLUMNS)[14] != 0


@driver_part
def summed(partial, place, parts):
    """The sum over the parts of what each left at this place."""
    total = 0.0
    for part in range(parts):
        total += partial[8 * part + place]
    return total


@driver_part
def place_of(step, epoch_steps, batch_size, examples):
    """(its epoch, its number there, its first example, its examples) of a step."""
    epoch = step // epoch_steps
    number = step - epoch * epoch_steps
    start = number * batch_size
    return epoch, number, start, min(batch_size, examples - start)


@driver_part
def diverged(cost, thread, norms, epoch):
    """Whether the cost is not finite; the epoch's gradient norm is not known then."""
    if np.isfinite(cost):
        return False
    if thread == 0:
        norms[epoch] = np.nan
    return True


@driver_part
def hand_over(outcome, thread, done, t, finite):
    """How a call ended: see `driver.run_steps`."""
    if thread == 0:
        outcome[0] = done
        outcome[1] = t
        outcome[2] = finite


@driver_part
def total_weight(weights, weighted, m):
    """What the weights of a mini-batch come to: of each example 1 where they are not given."""
    if not weighted:
        return float(m)
    total = 0.0
    for i in range(m):
        total += np.float64(weights[i])
    return total


@driver_part
def step_key_of(seed_key, epoch, step):
    """What a step's masks are drawn with."""
    return _subkey(_subkey(seed_key, epoch), step)


@driver_part
def multiply(kernels, P, flipped, step, S, out, lead, inner, rows, columns, padded, room):
    """out (rows, columns) = P S.   P (rows, inner), or flipped (inner, rows); S (inner, columns)

    `step` is the distance from one row of P, as it lies, to the next. Rows of S and of out are `lead` apart,
    and so wide that `padded` columns are worked out: whole registers, what is too much being of no use, but
    0 where it is 0 in S.
    """
    if rows * columns * inner <= kernels[OWN_PRODUCTS_UP_TO]:
        row_step, column_step = (1, step) if flipped else (step, 1)
        call(
            kernels[MULTIPLY_ADD],
            (P, row_step, column_step, S, lead, out, lead, inner, rows, padded, 1, room),
        )
    else:
        gemm(kernels[GEMM], (flipped, 0), (rows, padded, inner), P, step, S, lead, out, lead)


@driver_part
def gather(kernels, source, width, order, ordered, first, i0, i1, target, lead):
    """The examples i0 ... i1 of a mini-batch, from source (examples, width) into the columns of target:
    source[order[first + i]], or as they stand where they are not `ordered`."""
    if i1 <= i0:
        return
    place = at(target, i0)
    if ordered:
        call(kernels[GATHER_COLUMNS], (source, at(order, first + i0), place, i1 - i0, width, lead))
    else:
        call(kernels[TAKE_COLUMNS], (at(source, (first + i0) * width), place, i1 - i0, width, lead))


@driver_part
def fetches_ahead(examples, inputs):
    """Whether memory is to bring the next mini-batch while this one is worked on."""
    return inputs <= FETCHED_AHEAD and examples * inputs >= BEYOND_CACHES


@driver_part
def fetch_next(
    kernels, X, inputs, Y, outputs, order, first, batch_size, examples, next_start, part, parts
):  # fmt: skip
    """Ask for one part's examples of the mini-batch that starts at `next_start`, in an order of which it has
    the numbers from `first` on."""
    i0, i1 = share(min(batch_size, examples - next_start), part, parts)
    if i1 > i0:
        coming = at(order, first + i0)
        call(kernels[FETCH_ROWS], (X, coming, i1 - i0, inputs))
        call(kernels[FETCH_ROWS], (Y, coming, i1 - i0, outputs))


@driver_part
def copy(whole, own, size, back):
    """own[:size] = whole[:size], or `back`."""
    if back:
        for i in range(size):
            whole[i] = own[i]
    else:
        for i in range(size):
            own[i] = whole[i]


@driver_part
def add_inputs(kernels, W, n_prev, batch, lead, n, c0, c1, wide, sums, room):
    """Add W[:, c0:c1] times these inputs of the batch to the sums (n, lead) of their slice, which they begin
    where they are its first."""
    S, its, fresh = at(batch, c0 * lead), at(sums, c0 // wide * n * lead), c0 % wide == 0
    call(kernels[MULTIPLY_ADD], (at(W, c0), n_prev, 1, S, lead, its, lead, c1 - c0, n, lead, fresh, room))


@driver_part
def add_up(sums, size, slices, start, Z, step, rows, columns):
    """Z (rows, columns) = the sum over the slices of their sums, each `size` numbers, from `start` on."""
    for j in range(rows):
        row, its = at(Z, j * step), at(sums, start + j * step)
        for i in range(columns):
            row[i] = its[i]
        for number in range(1, slices):
            more = at(its, number * size)
            for i in range(columns):
                row[i] += more[i]


@driver_part
def forward_pass(
    kernels, layers, bottom, top, parameters, batch, m, lead, work, keep_probs, highest, dropping,
    step_key, first_example, masks, thread, threads, parts, sliced, counters, room, slices, sums,
):  # fmt: skip
    """Z, A and H of the layers from `bottom` to below `top` into the work buffer. With `dropping`, units are
    dropped, by masks that are drawn where `step_key` is not below 0, else by `masks`; `first_example` is the
    number, in the mini-batch, of the first example here.

    batch: what is below the layer at the bottom. Where that layer's products were made before, its `slices`
    are not 0, and `sums` (slices, n, lead) come to them.
    """
    source, turns = batch, turns_of(thread, threads, parts)
    for layer in range(bottom, top):
        n_prev, n, kernel, w, b, z, a, h, _, mask, joint = row_of(layers, layer)
        step = step_of(layers, layer)
        for turn in range(turns):
            part = thread + turn * threads
            r0, r1, c0, c1 = region(n, m, part, parts, joint or sliced)
            rows, columns, block = r1 - r0, c1 - c0, r0 * lead + c0
            if rows <= 0 or columns <= 0:
                continue
            padded = padded_end(c0, c1, m, lead) - c0
            W, Z, A = at(parameters, w + r0 * step), at(work, z * lead + block), at(work, a * lead + block)
            if slices and layer == bottom:
                add_up(sums, n * lead, slices, block, Z, lead, rows, padded)
            else:
                multiply(kernels, W, 0, step, at(source, c0), Z, lead, n_prev, rows, columns, padded, room)
            biases, H = at(parameters, b + r0), at(work, h * lead + block)
            keep_prob, key, first, places = keep_probs[layer], 0, 0, 0
            drops = dropping and keep_prob < 1
            draws = drops and step_key >= 0
            if draws:
                key, (unit, units) = _subkey(step_key, layer + 1), units_of(layers, layer)
                places = mask_places(units)
                first = (first_example + c0) * places + r0 + unit
            drawn = lead, rows, padded, key, highest[layer], first, places, keep_prob
            if draws and kernels[kernel + 2]:
                call(kernels[kernel + 2], (Z, A, biases, *drawn))
                continue
            call(kernels[kernel], (Z, A, biases, lead, rows, padded))
            if drops and h != a:
                for row in range(rows):
                    copy(at(A, row * lead), at(H, row * lead), padded, False)
            if draws:
                call(kernels[DRAW_AND_DROP], (H, *drawn))
            elif drops:
                call(kernels[DROP], (H, at(masks, mask * lead + block), lead, rows, padded, keep_prob))
        source = at(work, (h if dropping else a) * lead)
        if not sliced:
            meet(counters, threads)


@driver_part
def loss_pass(
    kernels, layers, depth, Y, weights, total, m, lead, work, losses, settings, thread, threads, parts,
    sliced, counters, partial,
):  # fmt: skip
    """dJ/dZ of the last layer, and the losses, of which the sum of each part's goes into partial[8 * part].

    The layer's values are in the work buffer from the forward pass.   Y (n[L], m), weights, losses (m,)
    """
    _, n, kernel, _, _, z, a, _, d, _, _ = row_of(layers, depth - 1)
    for turn in range(turns_of(thread, threads, parts)):
        part = thread + turn * threads
        c0, c1 = share(m, part, parts)
        partial[8 * part] = 0.0
        if c1 > c0:
            D, Z, A = at(work, d * lead + c0), at(work, z * lead + c0), at(work, a * lead + c0)
            padded, its_losses = padded_end(c0, c1, m, lead) - c0, at(losses, c0)
            call(
                kernels[LOSS],
                (A, at(Y, c0), at(weights, c0), D, its_losses, lead, n, c1 - c0, padded, total, settings),
            )
            partial[8 * part] = call_for_number(kernels[TOTAL], (its_losses, c1 - c0))
            call(kernels[kernel + 1], (D, Z, A, lead, n, padded))
    if not sliced:
        meet(counters, threads)


@driver_part
def backward_pass(
    kernels, layers, bottom, top, parameters, m, lead, work, keep_probs, dropping, thread, threads, parts,
    sliced, counters, room,
):  # fmt: skip
    """dJ/dZ of the layers below `top`, of which it is known, down to `bottom`, penalties aside."""
    turns = turns_of(thread, threads, parts)
    for layer in range(top, bottom, -1):
        below, n, _, w, _, _, _, _, above, _, _ = row_of(layers, layer)
        _, _, kernel, _, _, z, a, h, d, _, joint = row_of(layers, layer - 1)
        step, keep_prob = step_of(layers, layer), keep_probs[layer - 1]
        drops = dropping and keep_prob < 1
        for turn in range(turns):
            part = thread + turn * threads
            r0, r1, c0, c1 = region(below, m, part, parts, joint or sliced)
            rows, columns, block = r1 - r0, c1 - c0, r0 * lead + c0
            if rows <= 0 or columns <= 0:
                continue
            padded = padded_end(c0, c1, m, lead) - c0
            D = at(work, d * lead + block)
            W, D_above = at(parameters, w + r0), at(work, above * lead + c0)
            multiply(kernels, W, 1, step, D_above, D, lead, n, rows, columns, padded, room)
            Z, A, H = at(work, z * lead + block), at(work, a * lead + block), at(work, h * lead + block)
            if drops and kernels[kernel + 3]:
                call(kernels[kernel + 3], (D, Z, H, lead, rows, padded, keep_prob))
                continue
            if drops:
                call(kernels[DROP_BACK], (D, H, lead, rows, padded, keep_prob))
            call(kernels[kernel + 1], (D, Z, A, lead, rows, padded))
        if not sliced:
            meet(counters, threads)

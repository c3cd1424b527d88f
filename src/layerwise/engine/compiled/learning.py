"""What a step learns: the gradient of a layer piece by piece, each used while a cache holds it.

Parts of the drivers, as in `batch`. A piece is made; it gets the slope of the penalties; its numbers are
squared for the gradient's norm, where that is wanted; and the optimizer changes the weights by it, unless
something waits for all of the gradient.
"""

from __future__ import annotations

from layerwise.engine.compiled.batch import (
    add_inputs,
    driver_part,
    row_of,
    step_of,
    together_of,
)
from layerwise.engine.compiled.calls import at, call, call_for_number
from layerwise.engine.compiled.gradient import in_panels_of, weight_gradient
from layerwise.engine.compiled.kernels import (
    ADD,
    CONSTANTS,
    LIMIT_ROWS,
    PENALTY,
    ROW_SUMS,
    SCALE,
    SQUARES,
    UPDATE,
)
from layerwise.engine.compiled.layout import CACHED, FEWEST_ROWS
from layerwise.engine.compiled.team import gradient_region, share, slices_of


@driver_part
def make_constants(kernels, constants, t, settings):
    """What the optimizer needs at step t besides its settings, if anything."""
    if kernels[CONSTANTS]:
        call(kernels[CONSTANTS], (constants, t, settings))


@driver_part
def update_block(kernels, parameters, slots, length, dW, start, size, rate, weight_decay, constants):
    """One step of the optimizer on a part of the flat vectors, which are `length` long, of which the gradient
    is dW (size,)."""
    W, first, second = at(parameters, start), at(slots, start), at(slots, start + length)
    call(kernels[UPDATE], (W, first, second, dW, size, rate, weight_decay, constants))


@driver_part
def learn_piece(
    kernels, parameters, slots, length, gradient, dW, start, size, parts, sliced, l2, l1, wants_norm, updates,
    rate, weight_decay, constants, penalty, square,
):  # fmt: skip
    """Use dW (size,), the gradient of the parameters from `start` on; where each part of a `sliced` batch has
    its own, `length` numbers apart, they are added up in dW first. Returns the penalty and the sum of squares
    with what comes to them.   l2, l1: lambda / m"""
    if sliced:
        for part in range(1, parts):
            call(kernels[ADD], (dW, at(gradient, part * length + start), size))
    if l2 > 0 or l1 > 0:
        penalty += call_for_number(kernels[PENALTY], (at(parameters, start), dW, size, l2, l1))
    if wants_norm:
        square += call_for_number(kernels[SQUARES], (dW, size))
    if updates:
        update_block(kernels, parameters, slots, length, dW, start, size, rate, weight_decay, constants)
    return penalty, square


@driver_part
def learn_layer(
    kernels, layers, layer, parameters, slots, length, gradient, at_hand, whole, batch, lead, work, dropping,
    part, parts, sliced, l2, l1, wants_norm, with_biases, counts_biases, updates, rate, weight_decay,
    constants, room, ahead, goes_on, sums, in_panels, penalty, square,
):  # fmt: skip
    """Make and use one part of a layer's gradient, which was made before where the batch is `sliced`. What is
    below the layer may lie `in_panels`, see `gradient.lay_panels_below`.

    The pieces are made in `gradient` where the `whole` is held, else one after the other `at_hand`. With
    `ahead`, once a piece of the first layer is learnt, the next step's products with it are added to `sums`,
    if a step follows: `goes_on`. The biases are learnt `with_biases`, and their squares count with
    `counts_biases`. Returns the penalty and the sum of squares with what comes to them.
    """
    n_prev, n, _, w, b, _, _, _, d, _, _ = row_of(layers, layer)
    apart, together = step_of(layers, layer), together_of(layers, layer)
    r0, r1, c0, c1 = gradient_region(n, n_prev, part, parts)
    high, broad = r1 - r0, c1 - c0
    if high * broad > CACHED:
        high = max(FEWEST_ROWS, CACHED // broad)
    goes_ahead, wide = ahead > 0 and layer == 0, 1
    if goes_ahead:
        wide, _, c0, c1 = slices_of(n_prev, ahead, part, parts)
        r0, r1, high, broad = 0, n, n, ahead
    r = r0
    while r < r1:
        r_end, c = min(r + high, r1), c0
        while c < c1:
            c_end, begin = min(c + broad, c1), w + r * apart + c
            made, step = (at(gradient, begin), apart) if whole else (at_hand, c_end - c)
            if not sliced:
                weight_gradient(
                    kernels, layers, layer, made, step, batch, lead, work, dropping, r, r_end, c, c_end, 0,
                    lead, in_panels, room,
                )  # fmt: skip
            pieces, size = r_end - r, c_end - c
            if together and size == apart:
                # Whole rows lie one behind the other, and are one piece.
                pieces, size = 1, pieces * size
            for piece in range(pieces):
                penalty, square = learn_piece(
                    kernels, parameters, slots, length, gradient, at(made, piece * step),
                    begin + piece * apart, size, parts, sliced, l2, l1, wants_norm, updates, rate,
                    weight_decay, constants, penalty, square,
                )  # fmt: skip
            if goes_ahead and goes_on:
                W = at(parameters, w)
                add_inputs(kernels, W, n_prev, batch, lead, n, c, c_end, wide, sums, room)
            c = c_end
        r = r_end
    r0, r1 = share(n, part, parts)
    if with_biases and r1 > r0:
        begin = b + r0
        db = at(gradient, begin) if whole else at_hand
        if not sliced:
            call(kernels[ROW_SUMS], (at(work, (d + r0) * lead), lead, db, r1 - r0, lead))
        penalty, square = learn_piece(
            kernels, parameters, slots, length, gradient, db, begin, r1 - r0, parts, sliced, 0.0, 0.0,
            wants_norm and counts_biases, updates, rate, 0.0, constants, penalty, square,
        )  # fmt: skip
    return penalty, square


@driver_part
def learn_part(
    kernels, layers, depth, parameters, slots, length, gradient, at_hand, whole, at_once, batch, lead, work,
    dropping, part, parts, sliced, leaves, repeats, l2, l1, wants_norm, clips, rate, weight_decay, constants,
    room, ahead, goes_on, sums, in_panels,
):  # fmt: skip
    """One part of all layers' gradients. With `at_once` all of it is made before it is used. What is below
    the layers from `in_panels` on lies so where that pays. From the second layer's biases on, another part
    may learn it for one that `leaves` it to that; or this one `repeats` what another learns, and leaves its
    penalty and squares to that. Returns the penalty and the sum of squares."""
    penalty, square, updates = 0.0, 0.0, not (clips or at_once)
    for layer in range(min(depth, 2) if leaves else depth):
        counts, counts_biases = not (repeats and layer > 1), layer == 0 or not (leaves or repeats)
        its_in_panels = layer >= in_panels and in_panels_of(kernels, layers, layer, parts, lead)
        with_biases, wants_its = counts_biases or repeats, wants_norm and counts and not at_once
        its_penalty, its_square = learn_layer(
            kernels, layers, layer, parameters, slots, length, gradient, at_hand, whole, batch, lead, work,
            dropping, part, parts, sliced, l2, l1, wants_its, with_biases, counts_biases, updates, rate,
            weight_decay, constants, room, ahead, goes_on, sums, its_in_panels, penalty, square,
        )  # fmt: skip
        if counts:
            penalty, square = its_penalty, its_square
    if at_once:
        _, n, _, _, b, _, _, _, _, _, _ = row_of(layers, depth - 1)
        if wants_norm:
            _, _, _, _, repeated, _, _, _, _, _, _ = row_of(layers, min(1, depth - 1))
            square = call_for_number(kernels[SQUARES], (gradient, repeated if repeats else b + n))
        update_block(kernels, parameters, slots, length, gradient, 0, b + n, rate, 0.0, constants)
    return penalty, square


@driver_part
def clip_and_limit(
    kernels, layers, depth, parameters, slots, length, gradient, part, parts, clips, factor, rate,
    weight_decay, constants, max_norm,
):  # fmt: skip
    """What waits for all of a gradient, for one part of each layer's rows: with `clips`, the update by
    `factor` times the gradient; then the weights' rows held to `max_norm`, if that is not 0."""
    for layer in range(depth):
        n_prev, n, _, w, b, _, _, _, _, _, _ = row_of(layers, layer)
        r0, r1 = share(n, part, parts)
        if r1 <= r0:
            continue
        begin, size = w + r0 * n_prev, (r1 - r0) * n_prev
        if clips:
            for start, count, decay in ((begin, size, weight_decay), (b + r0, r1 - r0, 0.0)):
                its = at(gradient, start)
                call(kernels[SCALE], (its, count, factor))
                update_block(kernels, parameters, slots, length, its, start, count, rate, decay, constants)
        if max_norm > 0:
            call(kernels[LIMIT_ROWS], (at(parameters, begin), r1 - r0, n_prev, max_norm))

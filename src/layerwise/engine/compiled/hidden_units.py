"""A network cut by the units of its first hidden layer: each part is a network of its own.

What leads to a unit and what leads from it nobody else needs, so a part learns by itself; what the parts come
to in the second layer is added up. So a core reads of what the others have changed that and next to nothing
else: rows, then columns of weights, as in Shoeybi et al. 2019, "Megatron-LM", section 3.

A part has a copy of its parameters, where they lie together, and no other core's next to them. The second
layer's biases and the layers above are in every part, and learn the same in each, so that the threads meet
once in a step. Where a call is too short for copies the parameters stay in place; those above are learnt by
the first part, when all have met a second time.

A driver of its own, and its parts. The tables of the parts' layers come from `layer_table`.
"""

from __future__ import annotations

import numpy as np

from layerwise.engine.compiled.batch import (
    backward_pass,
    copy,
    diverged,
    driver_part,
    fetch_next,
    fetches_ahead,
    forward_pass,
    gather,
    hand_over,
    leading,
    loss_pass,
    multiply,
    padded_end,
    place_of,
    row_of,
    step_key_of,
    step_of,
    summed,
    together_of,
    total_weight,
    units_of,
)
from layerwise.engine.compiled.calls import at, flush_denormals, restore_denormals
from layerwise.engine.compiled.layout import LAYER_COLUMNS, LOSS_ROWS, OWN_VECTORS, ROOM, UPDATED_AT_ONCE
from layerwise.engine.compiled.learning import learn_part, make_constants
from layerwise.engine.compiled.team import meet, turns_of


@driver_part
def copy_share(layers, its_layers, whole, length, own, part, back):
    """What a part has of a vector with a number for each of `length` parameters into the part's own, or
    `back` from there, where of what is in every part the first's counts."""
    n_prev, n, _, w, b, _, _, _, _, _, _ = row_of(its_layers, 0)
    _, above, _, w_above, b_above, _, _, _, _, _, _ = row_of(its_layers, 1)
    _, _, _, W, B, _, _, _, _, _, _ = row_of(layers, 0)
    _, _, _, W_above, B_above, _, _, _, _, _, _ = row_of(layers, 1)
    first, units = units_of(its_layers, 0)
    copy(at(whole, W + first * n_prev), at(own, w), n * n_prev, back)
    copy(at(whole, B + first), at(own, b), n, back)
    for j in range(above):
        copy(at(whole, W_above + j * units + first), at(own, w_above + j * n), n, back)
    if part == 0 or not back:
        copy(at(whole, B_above), at(own, b_above), length - B_above, back)


@driver_part
def copy_shares(layers, layers_each, parts, whole, slots, remembers, length, own, own_length, part, back):
    """The same of the parameters and of each of the optimizer's slots, which lie behind them in `own`."""
    its_layers, whole_layers = at(layers, part * layers_each), at(layers, parts * layers_each)
    copy_share(whole_layers, its_layers, whole, length, own, part, back)
    for slot in range(remembers):
        its = at(own, (slot + 1) * own_length)
        copy_share(whole_layers, its_layers, at(slots, slot * length), length, its, part, back)


@driver_part
def vectors_of(part, parameters, slots, length, own, own_length):
    """(parameters, slots, their length) that a part works on: its own, or the whole network's."""
    if own_length == 0:
        return parameters, slots, length
    its = at(own, part * OWN_VECTORS * own_length)
    return its, at(its, own_length), own_length


@driver_part
def sums_above(kernels, layers, parameters, m, lead, work, dropping, sums, room):
    """What a part comes to in the second layer, without the biases: W[2] H[1] into sums (n[2], lead)."""
    n_prev, n, _, w, _, _, _, _, _, _, _ = row_of(layers, 1)
    _, _, _, _, _, _, a, h, _, _, _ = row_of(layers, 0)
    W, below = at(parameters, w), at(work, (h if dropping else a) * lead)
    padded = padded_end(0, m, m, lead)
    multiply(kernels, W, 0, step_of(layers, 1), below, sums, lead, n_prev, n, m, padded, room)


def run_hidden_units(
    thread, threads, parts, layers_each, remembers, own, own_length, lead_each, work_each,
    counters, partial, kernels, layers, depth, parameters, slots, length, gradient, gradient_each, X, Y,
    weights, weighted, order, ordered, examples, inputs, outputs, batch_size, epoch_steps, first_step, rates,
    steps, t, seed_key, first_epoch, cost_sums, weight_sums, norms, work, losses, batches, batch_each,
    batch_Y, batch_weights, rooms, keep_probs, highest, dropping, draws_masks, masks, l2, l1, settings,
    optimizer_settings, constants, constants_each, weight_decay, max_norm, clip_norm, ahead, sums, outcome,
):  # fmt: skip
    """`driver.run_steps` cut by hidden units, without what waits for all of a gradient, and without products
    made ahead.

    `layers` has a table for each part, `layers_each` numbers apart, and then the whole network's; `own` the
    parameters and slots of each part, vectors of `own_length`, or nothing where that is 0. Each thread has a
    mini-batch, losses and values of its own: `batch_each`, rows of `lead_each` and `work_each` numbers
    apart.
    """
    denormals = flush_denormals()
    last_of_call = first_step + steps - 1
    turns = turns_of(thread, threads, parts)
    in_place, sums_each = own_length == 0, layers[LAYER_COLUMNS + 1] * lead_each
    batch_X, batch_Y = at(batches, thread * batch_each), at(batch_Y, thread * outputs * lead_each)
    batch_weights = at(batch_weights, thread * lead_each * weighted)
    work = at(work, thread * work_each)
    losses, own_losses = at(losses, thread * LOSS_ROWS * lead_each), at(partial, 8 * thread)
    own_constants, room = at(constants, thread * constants_each), at(rooms, thread * ROOM)
    at_hand = at(gradient, thread * gradient_each)
    fetches = ordered and fetches_ahead(examples, inputs)
    at_once = weight_decay == 0 and together_of(layers, 1) and own_length <= UPDATED_AT_ONCE
    for turn in range(0 if in_place else turns):
        part = thread + turn * threads
        its, _, _ = vectors_of(part, parameters, slots, length, own, own_length)
        copy_shares(
            layers, layers_each, parts, parameters, slots, remembers, length, its, own_length, part, False
        )
    finite, done, held = True, 0, -1
    while done < steps:
        step = first_step + done
        epoch, number, start, m = place_of(step, epoch_steps, batch_size, examples)
        lead = leading(m)
        # A batch that is the same as the last one need not be fetched again.
        if ordered or start != held:
            first = epoch * examples + start if ordered else start
            gather(kernels, X, inputs, order, ordered, first, 0, m, batch_X, lead)
            gather(kernels, Y, outputs, order, ordered, first, 0, m, batch_Y, lead)
            if weighted:
                gather(kernels, weights, 1, order, ordered, first, 0, m, batch_weights, lead)
            held = start
            if fetches:
                fetch_next(
                    kernels, X, inputs, Y, outputs, order, first + m, batch_size, examples, start + m, thread,
                    threads,
                )  # fmt: skip
        total = total_weight(batch_weights, weighted, m)
        if total == 0:
            done += 1
            continue
        step_key = -1
        if draws_masks:
            step_key = step_key_of(seed_key, first_epoch + epoch, number)
        # In two places by turns: the other may still be read.
        its_sums, size = at(sums, (t & 1) * parts * sums_each), layers[LAYER_COLUMNS + 1] * lead
        for turn in range(turns):
            part = thread + turn * threads
            its_layers = at(layers, part * layers_each)
            its, _, _ = vectors_of(part, parameters, slots, length, own, own_length)
            forward_pass(
                kernels, its_layers, 0, 1, its, batch_X, m, lead, work, keep_probs, highest, dropping,
                step_key, 0, masks, 0, 1, 1, 1, counters, room, 0, sums,
            )  # fmt: skip
            sums_above(kernels, its_layers, its, m, lead, work, dropping, at(its_sums, part * size), room)
        meet(counters, threads)
        its_layers = at(layers, thread * layers_each)
        its, _, _ = vectors_of(thread, parameters, slots, length, own, own_length)
        forward_pass(
            kernels, its_layers, 1, depth, its, batch_X, m, lead, work, keep_probs, highest, dropping,
            step_key, 0, masks, 0, 1, 1, 1, counters, room, parts, its_sums,
        )  # fmt: skip
        loss_pass(
            kernels, its_layers, depth, batch_Y, batch_weights, total, m, lead, work, losses, settings, 0, 1,
            1, 1, counters, own_losses,
        )  # fmt: skip
        cost = own_losses[0] / total
        if diverged(cost, thread, norms, epoch):
            finite = False
            break
        t += 1
        make_constants(kernels, own_constants, t, optimizer_settings)
        wants_norm = number == epoch_steps - 1 or step == last_of_call or weighted
        backward_pass(
            kernels, its_layers, 1, depth - 1, its, m, lead, work, keep_probs, dropping, 0, 1, 1, 1,
            counters, room,
        )  # fmt: skip
        if in_place:
            meet(counters, threads)
        for turn in range(turns):
            part = thread + turn * threads
            its_layers = at(layers, part * layers_each)
            its, its_slots, its_length = vectors_of(part, parameters, slots, length, own, own_length)
            leaves, repeats = in_place and part > 0, part > 0 and not in_place
            backward_pass(
                kernels, its_layers, 0, 1, its, m, lead, work, keep_probs, dropping, 0, 1, 1, 1,
                counters, room,
            )  # fmt: skip
            penalty, square = learn_part(
                kernels, its_layers, depth, its, its_slots, its_length, at(gradient, part * gradient_each),
                at_hand, at_once, at_once, batch_X, lead, work, dropping, 0, 1, 0, leaves, repeats,
                l2 / total, l1 / total, wants_norm, False, rates[done], weight_decay, own_constants, room, 0,
                False, sums, depth,
            )  # fmt: skip
            partial[8 * part + 1] = penalty
            partial[8 * part + 2] = square
        if wants_norm or l2 > 0 or l1 > 0:
            meet(counters, threads)
            cost += summed(partial, 1, parts)
            if thread == 0:
                norms[epoch] = np.sqrt(summed(partial, 2, parts))
        if thread == 0:
            cost_sums[epoch] += cost * total
            weight_sums[epoch] += total
        done += 1
    for turn in range(0 if in_place else turns):
        part = thread + turn * threads
        its, _, _ = vectors_of(part, parameters, slots, length, own, own_length)
        copy_shares(
            layers, layers_each, parts, parameters, slots, remembers, length, its, own_length, part, True
        )
    restore_denormals(denormals)
    hand_over(outcome, thread, done, t, finite)

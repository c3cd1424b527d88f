"""A step cut by examples, where each thread has a copy of the network.

Each part makes the gradient of its examples, and each thread adds up all of these and changes its own copy by
them, in the same way. So the threads meet once in a step, and read of each other a gradient and nothing else:
of a small network and many examples that is the least. As processes do it that share no memory, see
Sergeev & Del Balso 2018, "Horovod".

A driver of its own.
"""

from __future__ import annotations

import numpy as np

from layerwise.engine.compiled.batch import (
    add_up,
    backward_pass,
    copy,
    diverged,
    fetch_next,
    fetches_ahead,
    forward_pass,
    gather,
    hand_over,
    leading,
    loss_pass,
    place_of,
    step_key_of,
    summed,
    total_weight,
)
from layerwise.engine.compiled.calls import at, flush_denormals, restore_denormals
from layerwise.engine.compiled.gradient import gradients
from layerwise.engine.compiled.layout import LOSS_ROWS, OWN_VECTORS, ROOM, UPDATED_AT_ONCE
from layerwise.engine.compiled.learning import learn_part, make_constants
from layerwise.engine.compiled.team import meet, share, turns_of


def run_copies(
    thread, threads, parts, remembers, own, own_length, lead_each, work_each, counters, partial,
    kernels, layers, depth, parameters, slots, length, gradient, gradient_each, X, Y, weights, weighted,
    order, ordered, examples, inputs, outputs, batch_size, epoch_steps, first_step, rates, steps, t, seed_key,
    first_epoch, cost_sums, weight_sums, norms, work, losses, batches, batch_each, batch_Y, batch_weights,
    rooms, keep_probs, highest, dropping, draws_masks, masks, l2, l1, settings, optimizer_settings,
    constants, constants_each, weight_decay, max_norm, clip_norm, ahead, sums, outcome,
):  # fmt: skip
    """`driver.run_steps` cut by examples, without what waits for all of a gradient, masks that are given, and
    products made ahead.

    `own` has the parameters and slots of each thread, vectors of `own_length`, and `gradient` vectors of
    `gradient_each`: for every second step one of each part, and the sums of each thread. Each part has its
    inputs and targets, `batch_each` and rows of `lead_each` numbers apart, and each thread the weights of the
    mini-batch, values and losses: rows of `lead_each` and `work_each` numbers apart.
    """
    denormals = flush_denormals()
    last_of_call = first_step + steps - 1
    turns = turns_of(thread, threads, parts)
    its = at(own, thread * OWN_VECTORS * own_length)
    its_slots, added = at(its, own_length), at(gradient, (2 * parts + thread) * gradient_each)
    batch_weights = at(batch_weights, thread * lead_each * weighted)
    work = at(work, thread * work_each)
    losses = at(losses, thread * LOSS_ROWS * lead_each)
    own_constants, room = at(constants, thread * constants_each), at(rooms, thread * ROOM)
    fetches = ordered and fetches_ahead(examples, inputs)
    at_once = weight_decay == 0 and length <= UPDATED_AT_ONCE
    copy(parameters, its, length, False)
    for slot in range(remembers):
        copy(at(slots, slot * length), at(its_slots, slot * own_length), length, False)
    finite, done, held = True, 0, -1
    while done < steps:
        step = first_step + done
        epoch, number, start, m = place_of(step, epoch_steps, batch_size, examples)
        first = epoch * examples + start if ordered else start
        # A batch that is the same as the last one need not be fetched again.
        fresh = ordered or start != held
        if fresh and weighted:
            gather(kernels, weights, 1, order, ordered, first, 0, m, batch_weights, leading(m))
        total = total_weight(batch_weights, weighted, m)
        if total == 0:
            # Its weights lie where those of the batch before did.
            done, held = done + 1, -1
            continue
        step_key = -1
        if draws_masks:
            step_key = step_key_of(seed_key, first_epoch + epoch, number)
        # In two places by turns: the other may still be read.
        place = t & 1
        for turn in range(turns):
            part = thread + turn * threads
            i0, i1 = share(m, part, parts)
            few, lead = i1 - i0, leading(i1 - i0)
            its_X, its_Y = at(batches, part * batch_each), at(batch_Y, part * outputs * lead_each)
            its_losses = at(partial, 8 * part + place)
            made = at(gradient, (place * parts + part) * gradient_each)
            if few <= 0:
                its_losses[0] = 0.0
                for i in range(length):
                    made[i] = 0
                continue
            if fresh:
                gather(kernels, X, inputs, order, ordered, first + i0, 0, few, its_X, lead)
                gather(kernels, Y, outputs, order, ordered, first + i0, 0, few, its_Y, lead)
            if fetches:
                fetch_next(
                    kernels, X, inputs, Y, outputs, order, first + m, batch_size, examples, start + m, part,
                    parts,
                )  # fmt: skip
            forward_pass(
                kernels, layers, 0, depth, its, its_X, few, lead, work, keep_probs, highest, dropping,
                step_key, i0, masks, 0, 1, 1, 1, counters, room, 0, sums,
            )  # fmt: skip
            loss_pass(
                kernels, layers, depth, its_Y, at(batch_weights, i0), total, few, lead, work, losses,
                settings, 0, 1, 1, 1, counters, its_losses,
            )  # fmt: skip
            backward_pass(
                kernels, layers, 0, depth - 1, its, few, lead, work, keep_probs, dropping, 0, 1, 1, 1,
                counters, room,
            )  # fmt: skip
            gradients(kernels, layers, depth, made, its_X, lead, work, dropping, 0, lead, room)
        held = start
        meet(counters, threads)
        cost = summed(partial, place, parts) / total
        if diverged(cost, thread, norms, epoch):
            finite = False
            break
        t += 1
        make_constants(kernels, own_constants, t, optimizer_settings)
        made = at(gradient, place * parts * gradient_each)
        add_up(made, gradient_each, parts, 0, added, length, 1, length)
        wants_norm = number == epoch_steps - 1 or step == last_of_call or weighted
        penalty, square = learn_part(
            kernels, layers, depth, its, its_slots, own_length, added, added, True, at_once, batches, m, work,
            dropping, 0, 1, 1, False, False, l2 / total, l1 / total, wants_norm, False, rates[done],
            weight_decay, own_constants, room, 0, False, sums, depth,
        )  # fmt: skip
        if thread == 0:
            cost_sums[epoch] += (cost + penalty) * total
            weight_sums[epoch] += total
            norms[epoch] = np.sqrt(square)
        done += 1
    if thread == 0:
        copy(parameters, its, length, True)
        for slot in range(remembers):
            copy(at(slots, slot * length), at(its_slots, slot * own_length), length, True)
    restore_denormals(denormals)
    hand_over(outcome, thread, done, t, finite)

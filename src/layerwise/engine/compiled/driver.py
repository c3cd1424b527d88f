"""The drivers: whole steps of training in one compiled call, for any program.

A driver has no formula in it: see `batch`, whose passes it puts one after the other. Nothing is allocated
inside the loop over steps.

Several threads may run one step together: each calls the same driver with its own number, and they `meet`
where one needs what the others did.
"""

from __future__ import annotations

import numpy as np

from layerwise.engine.compiled.batch import (
    add_inputs,
    backward_pass,
    diverged,
    fetch_next,
    fetches_ahead,
    forward_pass,
    gather,
    hand_over,
    leading,
    loss_pass,
    padded_end,
    place_of,
    row_of,
    step_key_of,
    summed,
    total_weight,
)
from layerwise.engine.compiled.calls import at, call, call_for_number, flush_denormals, restore_denormals
from layerwise.engine.compiled.formula import compile_formula
from layerwise.engine.compiled.gradient import gradients, lay_panels_below
from layerwise.engine.compiled.kernels import (
    PENALTY,
    TRANSPOSE,
)
from layerwise.engine.compiled.layout import LAYER_COLUMNS, ROOM, UPDATED_AT_ONCE
from layerwise.engine.compiled.learning import clip_and_limit, learn_part, make_constants
from layerwise.engine.compiled.team import meet, share, slices_of, turns_of
from layerwise.formulas.optimizers import clip_scale

_clip_scale = compile_formula(clip_scale, "float64")


def cost_and_gradient(
    kernels, layers, depth, parameters, gradient, batch, Y, weights, total, m, work, losses, keep_probs,
    highest, dropping, step_key, l2, l1, settings, counters, partial, room,
):  # fmt: skip
    """The cost of one mini-batch; its gradient into `gradient`. One thread."""
    forward_pass(
        kernels, layers, 0, depth, parameters, batch, m, m, work, keep_probs, highest, dropping, step_key, 0,
        work, 0, 1, 1, 0, counters, room, 0, work,
    )  # fmt: skip
    loss_pass(
        kernels, layers, depth, Y, weights, total, m, m, work, losses, settings, 0, 1, 1, 0, counters, partial
    )
    backward_pass(
        kernels, layers, 0, depth - 1, parameters, m, m, work, keep_probs, dropping, 0, 1, 1, 0, counters,
        room,
    )  # fmt: skip
    cost = partial[0] / total
    gradients(kernels, layers, depth, gradient, batch, m, work, dropping, 0, m, room)
    if l2 > 0 or l1 > 0:
        for layer in range(depth):
            n_prev, n, _, w, _, _, _, _, _, _, _ = row_of(layers, layer)
            W, dW = at(parameters, w), at(gradient, w)
            cost += call_for_number(kernels[PENALTY], (W, dW, n * n_prev, l2 / total, l1 / total))
    return cost


def run_steps(
    thread, threads, parts, sliced, counters, partial, kernels, layers, depth,
    parameters, slots, length, gradient, gradient_each, X, Y, weights, weighted, order, ordered,
    examples, inputs, outputs, batch_size, epoch_steps, first_step, rates, steps, t, seed_key, first_epoch,
    cost_sums, weight_sums, norms, work, losses, batches, batch_each, batch_Y, batch_weights, rooms,
    keep_probs, highest, dropping, draws_masks, masks, l2, l1, settings, optimizer_settings, constants,
    constants_each, weight_decay, max_norm, clip_norm, ahead, sums, outcome,
):  # fmt: skip
    """See `contract.Engine.run_epochs`. outcome (3,): steps done, t, whether every cost was finite; sums and
    norms are per epoch.

    batch_each: 0, or the distance in `batches` from the inputs that one thread gathers for itself to those of
    the next.

    ahead: 0, or inputs of the first layer that are worked on at once where every step has the same batch, too
    large for a cache: while they are there, their part of the next step's products is made as well, with the
    weights that this step just made. So memory brings the batch once in a step, not twice. The products are
    in `sums` (slices, n[1], lead), those of each slice of the inputs apart; a call's first step has to make
    its own.
    """
    denormals = flush_denormals()
    held_start, held_m = -1, -1
    last_of_call = first_step + steps - 1
    turns = turns_of(thread, threads, parts)
    alone, batch_X = batch_each > 0, at(batches, thread * batch_each)
    own_constants, room = at(constants, thread * constants_each), at(rooms, thread * ROOM)
    at_hand = at(gradient, thread * gradient_each)
    # What needs nothing between a gradient and its update is updated all at once where a cache holds it all.
    at_once = parts == 1 and ahead == 0 and weight_decay == 0 and clip_norm == 0 and length <= UPDATED_AT_ONCE
    # Otherwise a piece of the gradient is made and used at once, and the whole of it is never held.
    whole = at_once or sliced or clip_norm > 0
    fetches = ordered and fetches_ahead(examples, inputs)
    slices = 0
    if ahead:
        _, slices, _, _ = slices_of(inputs, ahead, 0, 1)
    finite, done = True, 0
    while done < steps:
        step = first_step + done
        epoch, number, start, m = place_of(step, epoch_steps, batch_size, examples)
        lead = leading(m)
        # A batch that is the same as the last one need not be fetched again.
        if ordered or start != held_start or m != held_m:
            first = epoch * examples + start if ordered else start
            if alone:
                gather(kernels, X, inputs, order, ordered, first, 0, m, batch_X, lead)
            for turn in range(turns):
                part = thread + turn * threads
                i0, i1 = share(m, part, parts)
                if not alone:
                    gather(kernels, X, inputs, order, ordered, first, i0, i1, batch_X, lead)
                gather(kernels, Y, outputs, order, ordered, first, i0, i1, batch_Y, lead)
                if weighted:
                    gather(kernels, weights, 1, order, ordered, first, i0, i1, batch_weights, lead)
            if weighted or not (sliced or alone):
                meet(counters, threads)
            held_start, held_m = start, m
            if fetches:
                # While this batch is worked on, memory brings the next one.
                fetch_next(
                    kernels, X, inputs, Y, outputs, order, first + m, batch_size, examples, start + m, thread,
                    threads,
                )  # fmt: skip
        if ahead and done == 0:
            for turn in range(turns):
                part = thread + turn * threads
                wide, _, c0, c1 = slices_of(inputs, ahead, part, parts)
                for c in range(c0, c1, ahead):
                    add_inputs(
                        kernels, at(parameters, layers[3]), inputs, batch_X, lead, layers[1], c,
                        min(c + ahead, c1), wide, sums, room,
                    )  # fmt: skip
            meet(counters, threads)
        total = total_weight(batch_weights, weighted, m)
        if total == 0:
            meet(counters, threads)
            done += 1
            continue
        step_key = -1
        if draws_masks:
            step_key = step_key_of(seed_key, first_epoch + epoch, number)
        forward_pass(
            kernels, layers, 0, depth, parameters, batch_X, m, lead, work, keep_probs, highest, dropping,
            step_key, 0, masks, thread, threads, parts, sliced, counters, room, slices, sums,
        )  # fmt: skip
        loss_pass(
            kernels, layers, depth, batch_Y, batch_weights, total, m, lead, work, losses, settings, thread,
            threads, parts, sliced, counters, partial,
        )  # fmt: skip
        backward_pass(
            kernels, layers, 0, depth - 1, parameters, m, lead, work, keep_probs, dropping, thread,
            threads, parts, sliced, counters, room,
        )  # fmt: skip
        if sliced:
            # Each part's own gradient, of its own examples; they are added up below.
            for turn in range(turns):
                part = thread + turn * threads
                e0, e1 = share(m, part, parts)
                e1, own = padded_end(e0, e1, m, lead), at(gradient, part * length)
                gradients(kernels, layers, depth, own, batch_X, lead, work, dropping, e0, e1, room)
            meet(counters, threads)
        cost = summed(partial, 0, parts) / total
        if diverged(cost, thread, norms, epoch):
            finite = False
            break
        t += 1
        make_constants(kernels, own_constants, t, optimizer_settings)
        rate = rates[done]
        wants_norm = number == epoch_steps - 1 or step == last_of_call or clip_norm > 0 or weighted
        # In panels it is no longer what the next step needs: values are made anew, but a batch may stay.
        in_panels = depth if sliced or ahead > 0 else 1 - ordered
        if in_panels < depth and lay_panels_below(
            kernels, layers, depth, in_panels, batch_X, alone, lead, work, dropping, thread, threads, parts,
            room,
        ):  # fmt: skip
            meet(counters, threads)
        for turn in range(turns):
            part = thread + turn * threads
            penalty, square = learn_part(
                kernels, layers, depth, parameters, slots, length, gradient, at_hand, whole, at_once, batch_X,
                lead, work, dropping, part, parts, sliced, False, False, l2 / total, l1 / total, wants_norm,
                clip_norm > 0, rate, weight_decay, own_constants, room, ahead, done + 1 < steps, sums,
                in_panels,
            )  # fmt: skip
            partial[8 * part + 1] = penalty
            partial[8 * part + 2] = square
        meet(counters, threads)
        penalty, norm = summed(partial, 1, parts), np.sqrt(summed(partial, 2, parts))
        if clip_norm > 0 or max_norm > 0:
            factor = _clip_scale(norm, clip_norm) if clip_norm > 0 else 1.0
            for turn in range(turns):
                part = thread + turn * threads
                clip_and_limit(
                    kernels, layers, depth, parameters, slots, length, gradient, part, parts, clip_norm > 0,
                    factor, rate, weight_decay, own_constants, max_norm,
                )  # fmt: skip
            meet(counters, threads)
        if thread == 0:
            cost_sums[epoch] += (cost + penalty) * total
            weight_sums[epoch] += total
            norms[epoch] = norm
        done += 1
    restore_denormals(denormals)
    hand_over(outcome, thread, done, t, finite)


def outputs(
    kernels, layers, depth, parameters, X, out, work, batch_X, chunk, start, stop, keep_probs, highest,
    counters, room,
):  # fmt: skip
    """A[L] of the rows start ... stop into `out`, `chunk` rows at a time.   X (m, n[0]), out (m, n[L])"""
    inputs = layers[0]
    last = at(layers, (depth - 1) * LAYER_COLUMNS)
    n, a = last[1], last[6]
    for first in range(start, stop, chunk):
        m = min(chunk, stop - first)
        lead = leading(m)
        gather(kernels, X, inputs, counters, 0, first, 0, m, batch_X, lead)
        forward_pass(
            kernels, layers, 0, depth, parameters, batch_X, m, lead, work, keep_probs, highest, 0, -1, 0,
            work, 0, 1, 1, 0, counters, room, 0, work,
        )  # fmt: skip
        call(kernels[TRANSPOSE], (at(work, a * lead), at(out, first * n), n, lead, m))


def outputs_of_few(given, X, out, rows):
    """`outputs` of a few rows, at once. `given` is the address of `outputs` and then all that it takes but X,
    out and the rows; X and out are where those arrays keep their addresses. To hand over fifteen arguments
    from Python takes as long as the arithmetic of a row."""
    call(
        given[0],
        (
            given[1], given[2], given[3], given[4], X[0], out[0], given[5], given[6], max(rows, 1), 0, rows,
            given[7], given[8], given[9], given[10],
        ),
    )  # fmt: skip

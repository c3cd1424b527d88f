"""The driver of networks side by side: whole epochs of LANES networks of one shape in one compiled call.

All have the same examples, steps and rates; each has its own start and its own order. A mini-batch is worked
through some examples at a time, so few that what is known of them stays in the first cache; the gradient is
added up over them. The table of layers is that of `batch`; positions count registers, not numbers.
"""

from __future__ import annotations

from layerwise.engine.compiled.batch import row_of
from layerwise.engine.compiled.calls import at, call, flush_denormals, restore_denormals
from layerwise.engine.compiled.kernels import (
    CONSTANTS,
    GATHER_LANES,
    LANE_PENALTIES,
    LANE_SQUARES,
    LANE_TOTALS,
    LOSS,
    MULTIPLY_LANES,
    TAKE_LANES,
    UPDATE,
)
from layerwise.engine.compiled.layout import TOGETHER


def run_lanes(
    kernels, lanes, layers, depth, parameters, slots, length, gradient, X, Y, order, ordered, examples,
    inputs, outputs, batch_size, block, epochs, epoch_steps, rates, t, cost_sums, norms, costs,
    work, losses, batch_X, batch_Y, zeros, ones, l2, l1, settings, optimizer_settings, constants,
    weight_decay,
):  # fmt: skip
    """`epochs` epochs of all networks.   parameters, gradient (length, lanes); slots (slots, length, lanes);
    order (epochs, examples, lanes); rates (epochs * epoch_steps,); cost_sums,
    norms (epochs, lanes); zeros, ones (block, lanes); work: `block` registers for each row of a layer"""
    denormals = flush_denormals()
    for step in range(epochs * epoch_steps):
        epoch = step // epoch_steps
        number = step - epoch * epoch_steps
        start = number * batch_size
        m = min(batch_size, examples - start)
        total = float(m)
        for i in range(length * lanes):
            gradient[i] = 0
        for first in range(0, m, block):
            few = min(block, m - first)
            padded = (few + TOGETHER - 1) // TOGETHER * TOGETHER
            if ordered:
                its = at(order, (epoch * examples + start + first) * lanes)
                call(kernels[GATHER_LANES], (X, its, batch_X, few, inputs, block))
                call(kernels[GATHER_LANES], (Y, its, batch_Y, few, outputs, block))
            else:
                place = start + first
                call(kernels[TAKE_LANES], (at(X, place * inputs), batch_X, few, inputs, block))
                call(kernels[TAKE_LANES], (at(Y, place * outputs), batch_Y, few, outputs, block))
            source = at(batch_X, 0)
            for layer in range(depth):
                n_prev, n, kernel, w, b, z, a, _, _, _, _ = row_of(layers, layer)
                W, B = at(parameters, w * lanes), at(parameters, b * lanes)
                Z, A = at(work, z * block * lanes), at(work, a * block * lanes)
                call(
                    kernels[MULTIPLY_LANES],
                    (W, n_prev, 1, source, block, 1, B, 1, 0, Z, block, n_prev, n, padded),
                )
                call(kernels[kernel], (Z, A, zeros, block * lanes, n, padded * lanes))
                source = A
            _, n, kernel, _, _, z, a, _, d, _, _ = row_of(layers, depth - 1)
            D, Z = at(work, d * block * lanes), at(work, z * block * lanes)
            call(
                kernels[LOSS],
                (
                    source, batch_Y, ones, D, losses, block * lanes, n, few * lanes, padded * lanes, total,
                    settings,
                ),
            )  # fmt: skip
            call(kernels[LANE_TOTALS], (losses, at(costs, 0), few))
            call(kernels[kernel + 1], (D, Z, source, block * lanes, n, padded * lanes))
            for layer in range(depth - 1, -1, -1):
                n_prev, n, _, w, b, _, _, _, d, _, _ = row_of(layers, layer)
                D, below = at(work, d * block * lanes), at(batch_X, 0)
                if layer > 0:
                    _, _, kernel, _, _, z, a, _, d_below, _, _ = row_of(layers, layer - 1)
                    below, D_below = at(work, a * block * lanes), at(work, d_below * block * lanes)
                    W, Z = at(parameters, w * lanes), at(work, z * block * lanes)
                    call(
                        kernels[MULTIPLY_LANES],
                        (W, 1, n_prev, D, block, 1, zeros, 0, 0, D_below, block, n, n_prev, padded),
                    )
                    call(kernels[kernel + 1], (D_below, Z, below, block * lanes, n_prev, padded * lanes))
                dW, db = at(gradient, w * lanes), at(gradient, b * lanes)
                call(
                    kernels[MULTIPLY_LANES],
                    (D, block, 1, below, 1, block, dW, n_prev, 1, dW, n_prev, few, n, n_prev),
                )
                call(kernels[MULTIPLY_LANES], (D, block, 1, ones, 0, 0, db, 1, 0, db, 1, few, n, 1))
        if l2 > 0 or l1 > 0:
            for lane in range(lanes):
                costs[lane] /= total
            for layer in range(depth):
                n_prev, n, _, w, _, _, _, _, _, _, _ = row_of(layers, layer)
                W, dW = at(parameters, w * lanes), at(gradient, w * lanes)
                call(kernels[LANE_PENALTIES], (W, dW, at(costs, 0), n * n_prev, l2 / total, l1 / total))
            for lane in range(lanes):
                costs[lane] *= total
        for lane in range(lanes):
            cost_sums[epoch * lanes + lane] += costs[lane]
            costs[lane] = 0.0
        if number == epoch_steps - 1:
            call(kernels[LANE_SQUARES], (gradient, at(norms, epoch * lanes), length))
        t += 1
        if kernels[CONSTANTS]:
            call(kernels[CONSTANTS], (constants, t, optimizer_settings))
        rate, slot = rates[step], length * lanes
        if weight_decay == 0:
            second = at(slots, slot)
            call(kernels[UPDATE], (parameters, slots, second, gradient, slot, rate, 0.0, constants))
            continue
        for layer in range(depth):
            n_prev, n, _, w, b, _, _, _, _, _, _ = row_of(layers, layer)
            for position, size, decay in ((w, n * n_prev, weight_decay), (b, n, 0.0)):
                begin = position * lanes
                call(
                    kernels[UPDATE],
                    (
                        at(parameters, begin), at(slots, begin), at(slots, slot + begin), at(gradient, begin),
                        size * lanes, rate, decay, constants,
                    ),
                )  # fmt: skip
    restore_denormals(denormals)

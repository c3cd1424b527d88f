"""The gradient of a layer's weights and biases, of dJ/dZ and what is below the layer; penalties aside.

Parts of the drivers, as in `batch`.
"""

from __future__ import annotations

from layerwise.engine.compiled.batch import driver_part, row_of
from layerwise.engine.compiled.calls import at, call, gemm
from layerwise.engine.compiled.kernels import (
    ADD_PRODUCTS,
    GEMM,
    LAY_PANELS,
    MULTIPLY_ADD,
    OWN_PRODUCTS_UP_TO,
    ROW_SUMS,
)
from layerwise.engine.compiled.layout import BY_LANES, CACHED, IN_PANELS, LAYER_COLUMNS, ROOM, TRANSPOSING
from layerwise.engine.compiled.team import gradient_region

# Rows and columns of a gradient from which on it may pay to transpose what is below the layer. It does where
# the examples are at most so many times as many as the rows, for what is saved is to add up the lanes of each
# sum, once for all examples; or where no cache holds what is below, which all rows are multiplied with.
TRANSPOSED_ROWS, TRANSPOSED_COLUMNS, EXAMPLES_TO_ROWS = 16, 16, 10
# Rows that are transposed together, at most.
LARGEST_PANEL = 48


@driver_part
def below_of(layers, layer, batch, lead, work, dropping):
    """What a layer's weights are multiplied with, (n_prev, lead)."""
    if layer == 0:
        return batch
    before = at(layers, (layer - 1) * LAYER_COLUMNS)
    return at(work, (before[7] if dropping else before[6]) * lead)


@driver_part
def is_transposed(n, n_prev, lead):
    """Whether a gradient of weights is made of transposed values: by the layer, not by the part, for sums of
    another order have other bits."""
    transposed = n >= TRANSPOSED_ROWS and n_prev >= TRANSPOSED_COLUMNS
    return transposed and (lead <= EXAMPLES_TO_ROWS * n or n_prev * lead > CACHED)


@driver_part
def in_panels_of(kernels, layers, layer, parts, lead):
    """Whether what is below a layer is laid in panels before its gradient is made: where a part has several
    pieces, each of which would transpose it."""
    n_prev, n, _, _, _, _, _, _, _, _, _ = row_of(layers, layer)
    r0, r1, c0, c1 = gradient_region(n, n_prev, 0, parts)
    several = c1 - c0 == n_prev and (r1 - r0) * n_prev > CACHED
    ours = n * n_prev * lead <= kernels[OWN_PRODUCTS_UP_TO] and lead * LARGEST_PANEL <= ROOM
    return several and ours and is_transposed(n, n_prev, lead)


@driver_part
def lay_panels_below(
    kernels, layers, depth, lowest, batch, alone, lead, work, dropping, thread, threads, parts, room
):
    """Lay in panels, in place, what is below the layers from the `lowest` on, where that pays: each thread a
    share of it, or all of a batch that it has `alone`. Whether threads must meet then."""
    shared = False
    for layer in range(lowest, depth):
        if not in_panels_of(kernels, layers, layer, parts, lead):
            continue
        n_prev, below = layers[layer * LAYER_COLUMNS], below_of(layers, layer, batch, lead, work, dropping)
        part, of = (0, 1) if layer == 0 and alone else (thread, threads)
        call(kernels[LAY_PANELS], (below, lead, n_prev, part, of, room))
        shared |= of > 1
    return shared


@driver_part
def weight_gradient(
    kernels, layers, layer, out, out_step, batch, lead, work, dropping, r0, r1, c0, c1, e0, e1, in_panels,
    room,
):  # fmt: skip
    """dW[r0:r1, c0:c1] of one layer from the columns e0 ... e1 of examples into `out`, penalties aside. What
    is below the layer may lie `in_panels`: then it is all its columns and all examples."""
    n_prev, n, _, _, _, _, _, _, d, _, _ = row_of(layers, layer)
    rows, columns, m = r1 - r0, c1 - c0, e1 - e0
    if rows <= 0 or columns <= 0:
        return
    D = at(work, (d + r0) * lead + e0)
    below = at(below_of(layers, layer, batch, lead, work, dropping), c0 * lead + e0)
    if rows * columns * m <= kernels[OWN_PRODUCTS_UP_TO]:
        way = TRANSPOSING if is_transposed(n, n_prev, lead) else BY_LANES
        way = IN_PANELS if in_panels else way
        call(
            kernels[ADD_PRODUCTS],
            (D, lead, below, lead, out, out_step, m, rows, columns, way, kernels[MULTIPLY_ADD], room),
        )
    else:
        gemm(kernels[GEMM], (0, 1), (rows, columns, m), D, lead, below, lead, out, out_step)


@driver_part
def gradients(kernels, layers, depth, out, batch, lead, work, dropping, e0, e1, room):
    """The gradient of all parameters from the columns e0 ... e1 of examples into `out`, penalties aside."""
    for layer in range(depth):
        n_prev, n, _, w, b, _, _, _, d, _, _ = row_of(layers, layer)
        weight_gradient(
            kernels, layers, layer, at(out, w), n_prev, batch, lead, work, dropping, 0, n, 0, n_prev, e0, e1,
            False, room,
        )  # fmt: skip
        call(kernels[ROW_SUMS], (at(work, d * lead + e0), lead, at(out, b), n, e1 - e0))

"""A network with one hidden layer cut by its hidden units: each part is a network of its own.

What leads to a unit and what leads from it nobody else needs, so a part learns by itself, from parameters
that lie together; what the parts come to at the outputs is added up. The last biases are in every part, and
learn the same in each. So a core waits for the others' outputs, and for nothing else that they have changed:
rows, then columns of weights, as in Shoeybi et al. 2019, "Megatron-LM", section 3.

These are parts of the drivers, as in `batch`. The parts' tables of layers come from `layer_table`.
"""

from __future__ import annotations

from layerwise.engine.compiled.batch import add_up, driver_part, padded_end, row_of, units_of
from layerwise.engine.compiled.calls import at, call


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
def copy_share(layers, its_layers, whole, own, part, back):
    """What a part has of a vector with a number for each parameter into the part's own, or `back` from there,
    where the first part's last biases count."""
    n_prev, n, _, w, b, _, _, _, _, _, _ = row_of(its_layers, 0)
    _, outputs, _, w_out, b_out, _, _, _, _, _, _ = row_of(its_layers, 1)
    _, _, _, W, B, _, _, _, _, _, _ = row_of(layers, 0)
    _, _, _, W_out, B_out, _, _, _, _, _, _ = row_of(layers, 1)
    first, units = units_of(its_layers, 0)
    copy(at(whole, W + first * n_prev), at(own, w), n * n_prev, back)
    copy(at(whole, B + first), at(own, b), n, back)
    for j in range(outputs):
        copy(at(whole, W_out + j * units + first), at(own, w_out + j * n), n, back)
    if part == 0 or not back:
        copy(at(whole, B_out), at(own, b_out), outputs, back)


@driver_part
def copy_shares(layers, layers_each, parts, whole, slots, remembers, length, own, own_length, part, back):
    """The same of the parameters and of each of the optimizer's slots, which lie behind them in `own`."""
    its_layers, whole_layers = at(layers, part * layers_each), at(layers, parts * layers_each)
    copy_share(whole_layers, its_layers, whole, own, part, back)
    for slot in range(remembers):
        its = at(own, (slot + 1) * own_length)
        copy_share(whole_layers, its_layers, at(slots, slot * length), its, part, back)


@driver_part
def output_layer(kernels, layers, layer, parameters, m, lead, work, sums, size, parts):
    """Z and A of the last layer from what each part came to: sums (parts, size), in each (n[L], lead)."""
    _, n, kernel, _, b, z, a, _, _, _, _ = row_of(layers, layer)
    Z, A, padded = at(work, z * lead), at(work, a * lead), padded_end(0, m, m, lead)
    add_up(sums, size, parts, 0, Z, lead, n, padded)
    call(kernels[kernel], (Z, A, at(parameters, b), lead, n, padded))

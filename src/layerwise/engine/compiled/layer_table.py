"""The network as a driver is given it: see the module `batch` for the table's columns."""

from __future__ import annotations

import numpy as np

from layerwise.engine.compiled.kernels import ACTIVATIONS_FROM
from layerwise.engine.compiled.layout import LAYER_COLUMNS, PADDED_TO
from layerwise.engine.contract import Program
from layerwise.formulas.activations import ACTIVATIONS

# Units of a part are a multiple of so many: products take eight rows at a time, or half as many.
UNITS_TOGETHER = 4


def trained_activations(program: Program) -> tuple[str, ...]:
    """Those of each layer in training: the output layer's is left out where the loss is taken of the
    pre-activation and so includes it."""
    activations = program.architecture.activations
    if program.objective.formula.of == "pre-activation":
        return (*activations[:-1], "identity")
    return activations


def layer_table(
    program: Program, activations: tuple[str, ...], names: tuple[str, ...], *, training: bool
) -> np.ndarray:
    """A row for each layer; `names` are the activations in the order of their kernels."""
    architecture = program.architecture
    table = np.empty((architecture.depth, LAYER_COLUMNS), dtype=np.int64)
    position = mask = 0
    for layer, n_prev, n, _ in architecture.layers():
        activation = activations[layer - 1]
        W, b = architecture.blocks[2 * layer - 2], architecture.blocks[2 * layer - 1]
        a = d = position
        position += n
        z = h = a
        if ACTIVATIONS[activation].needs == "input" or not ACTIVATIONS[activation].elementwise:
            z, position = position, position + n
        joint = not ACTIVATIONS[activation].elementwise
        # Values after dropout stand where those before did, unless these are needed, of units that stay too.
        if training and program.keep_probs[layer - 1] < 1 and joint:
            h, position = position, position + n
        if training:
            d, position = position, position + n
        kernel = ACTIVATIONS_FROM + 4 * names.index(activation)
        table[layer - 1] = (n_prev, n, kernel, W.start, b.start, z, a, h, d, mask, joint, 0, n, n_prev, 1)
        mask += n
    return table


def tables_of_parts(
    table: np.ndarray, parts: int, *, in_place: bool, together: bool
) -> tuple[np.ndarray, int]:
    """The tables of layers of each part of a network, which has some of the first layer's units, and behind
    them that of the whole network, `table`; and the length of a part's parameters, whole registers, or 0
    where they stay `in_place`, among the network's.

    together: whether its columns of the second layer's weights are learnt in one. Where they may be in place
    as well they are learnt row by row, so that squares are added up in one order.
    """
    inputs, units, above = int(table[0, 0]), int(table[0, 1]), int(table[1, 1])
    groups, tables, most = -(-units // UNITS_TOGETHER), [], 0
    for part in range(parts):
        start, stop = (min(groups * number // parts * UNITS_TOGETHER, units) for number in (part, part + 1))
        its, n = table.copy(), stop - start
        # Its values and masks stand where the whole network has them.
        its[0, 5:10] += start
        its[0, 1] = its[1, 0] = n
        its[0, 11] = start
        its[1, 14] = together
        if in_place:
            its[0, 3:5] += start * inputs, start
            its[1, 3] += start
        else:
            # As if there were no others.
            others = units - n
            its[0, 4] -= others * inputs
            its[1, 3] -= others * (inputs + 1)
            its[1, 4] -= others * (inputs + 1 + above)
            its[2:, 3:5] -= others * (inputs + 1 + above)
            its[1, 13] = n
        tables.append(its)
        most = max(most, n)
    if in_place:
        return np.array([*tables, table]), 0
    length = int(table[-1, 4] + table[-1, 1]) - (units - most) * (inputs + 1 + above)
    return np.array([*tables, table]), whole_registers(length)


def whole_registers(numbers: int) -> int:
    """So many numbers, or a few more."""
    return -(-numbers // PADDED_TO) * PADDED_TO


def work_width(layers: np.ndarray) -> int:
    """Numbers per example that the layers of such a table need."""
    return int((layers[:, 5:9].max(axis=1) + layers[:, 1]).max())

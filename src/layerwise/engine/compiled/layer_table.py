"""The network as a driver is given it: see the module `batch` for the table's columns."""

from __future__ import annotations

import numpy as np

from layerwise.engine.compiled.kernels import ACTIVATIONS_FROM
from layerwise.engine.compiled.layout import LAYER_COLUMNS
from layerwise.engine.contract import Program
from layerwise.formulas.activations import ACTIVATIONS


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
        if ACTIVATIONS[activation].needs == "input":
            z, position = position, position + n
        if training and program.keep_probs[layer - 1] < 1:
            h, position = position, position + n
        if training:
            d, position = position, position + n
        kernel = ACTIVATIONS_FROM + 2 * names.index(activation)
        joint = not ACTIVATIONS[activation].elementwise
        table[layer - 1] = (n_prev, n, kernel, W.start, b.start, z, a, h, d, mask, joint)
        mask += n
    return table


def work_width(layers: np.ndarray) -> int:
    """Numbers per example that the layers of such a table need."""
    return int((layers[:, 5:9].max(axis=1) + layers[:, 1]).max())

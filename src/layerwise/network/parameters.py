"""Parameters as one flat vector with named views, and how they start."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from layerwise.errors import InputError, nearest
from layerwise.formulas.initializers import INITIALIZERS
from layerwise.formulas.randomness import generator_at
from layerwise.network.architecture import Architecture


def named_views(vector: np.ndarray, architecture: Architecture) -> dict[str, np.ndarray]:
    """{"W1": (n[1], n[0]), "b1": (n[1], 1), ...}: views, so that writing to one writes to the vector."""
    return {block.name: vector[block.slice].reshape(block.shape) for block in architecture.blocks}


def flat_vector(arrays: Mapping[str, np.ndarray], architecture: Architecture, dtype=np.float64) -> np.ndarray:
    """The named arrays end to end: (parameter_count,).

    Raises InputError for a missing name or a wrong shape.
    """
    vector = np.empty(architecture.parameter_count, dtype=dtype)
    for block in architecture.blocks:
        if block.name not in arrays:
            raise InputError(f"parameter {block.name} is missing; found {', '.join(arrays)}")
        array = np.asarray(arrays[block.name])
        if array.shape != block.shape:
            raise InputError(f"parameter {block.name} has shape {array.shape}; expected {block.shape}")
        vector[block.slice] = array.ravel()
    return vector


def initial_parameters(
    architecture: Architecture,
    initialization: str = "he",
    *,
    scale: float | None = None,
    seed: int = 0,
    dtype=np.float64,
) -> np.ndarray:
    """The flat vector at the start: weights by the named initializer, biases 0.

    `scale` overrides the initializer's own standard deviation. The draws are float64 whatever the dtype, so
    that single and double precision start at the same place. Raises InputError for an unknown name.
    """
    if initialization not in INITIALIZERS:
        raise InputError(
            f"unknown initialization {initialization!r}; {nearest(initialization, INITIALIZERS)}"
        )
    initializer = INITIALIZERS[initialization]
    generator = generator_at(seed, "initialization")
    vector = np.zeros(architecture.parameter_count, dtype=dtype)
    for block in architecture.blocks:
        if block.is_weight:
            n, n_prev = block.shape
            vector[block.slice] = initializer.draw(n_prev, n, generator, scale).ravel()
    return vector

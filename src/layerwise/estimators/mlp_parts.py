"""The parameters of a drop-in in scikit-learn's shapes: how they start, and how they lie in the flat vector.

scikit-learn's `coefs_[l]` is (n_prev, n), the transpose of this package's W. The arrays handed out are views
of the flat vector, so what a user writes into them is what the network uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from layerwise.errors import InputError
from layerwise.formulas.initializers import glorot_limit
from layerwise.network.architecture import Architecture
from layerwise.network.parameters import flat_vector, initial_parameters

LARGEST_SEED = 2**31 - 1
THEIR_NAMES = {"sigmoid": "logistic"}
OUR_NAMES = {theirs: ours for ours, theirs in THEIR_NAMES.items()}


def drawn_start(architecture: Architecture, random: np.random.RandomState, dtype: str) -> np.ndarray:
    """The flat vector as scikit-learn's networks start: the same draws in the same order."""
    # scikit-learn's one activation, of all hidden layers, decides for the output layer too.
    hidden = architecture.activations[0] if architecture.depth > 1 else "relu"
    vector = np.empty(architecture.parameter_count, dtype=dtype)
    start = 0
    for n_prev, n in pairwise(architecture.sizes):
        limit = glorot_limit(n_prev, n, hidden)
        bias, end = start + n_prev * n, start + n_prev * n + n
        # What random.uniform(-limit, limit) makes of the same draws, coefs first.
        drawn = random.random_sample(end - start)
        drawn *= 2 * limit
        drawn -= limit
        # scikit-learn draws coefs (n_prev, n) by rows; the vector holds W, its transpose, by rows.
        vector[start:bias].reshape(n, n_prev)[:] = drawn[: n_prev * n].reshape(n_prev, n).T
        vector[bias:end] = drawn[n_prev * n :]
        start = end
    return vector


def named_start(
    architecture: Architecture,
    initialization: str,
    scale: float | None,
    random: np.random.RandomState,
    dtype: str,
) -> np.ndarray:
    """The flat vector by one of the package's own initializations, biases 0, from one draw of `random`."""
    seed = int(random.randint(LARGEST_SEED))
    return initial_parameters(architecture, initialization, scale=scale, seed=seed, dtype=dtype)


def parts_of(vector: np.ndarray, architecture: Architecture) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """(coefs, intercepts): views of the vector, (n_prev, n) and (n,) for each layer."""
    blocks = architecture.blocks
    coefs = [vector[block.slice].reshape(block.shape).T for block in blocks[::2]]
    return coefs, [vector[block.slice] for block in blocks[1::2]]


def vector_of(
    coefs: Sequence[np.ndarray], intercepts: Sequence[np.ndarray], architecture: Architecture, dtype: str
) -> np.ndarray:
    """The flat vector that holds these coefficients. Raises InputError for shapes that do not fit."""
    named = {}
    for layer, (coef, intercept) in enumerate(zip(coefs, intercepts, strict=True), start=1):
        named[f"W{layer}"] = np.asarray(coef).T
        named[f"b{layer}"] = np.asarray(intercept).reshape(-1, 1)
    return flat_vector(named, architecture, dtype)


def sizes_of(coefs: Sequence[np.ndarray]) -> tuple[int, ...]:
    """n[0], n[1], ..., n[L] of a network with these coefficients. Raises InputError if two do not chain."""
    shapes = [np.shape(coef) for coef in coefs]
    for left, right in pairwise(shapes):
        if left[1] != right[0]:
            raise InputError(f"coefs_ have the shapes {shapes}; each must begin where the one before ends")
    return (shapes[0][0], *(shape[1] for shape in shapes))

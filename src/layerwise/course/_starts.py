"""How the course's networks start: weights from NumPy's legacy generator, layer by layer; biases 0."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from layerwise.formulas.initializers import INITIALIZERS


def drawn_parameters(sizes: Sequence[int], initializer: str, seed: int) -> dict[str, np.ndarray]:
    """{"W1", "b1", ...}: what `np.random.seed(seed)` and one `np.random.randn(n[l], n[l-1])` a layer give,
    times the scale of the named initializer of `layerwise.formulas.initializers`. The global generator
    stays as it is.
    """
    legacy = np.random.RandomState(seed)
    parameters = {}
    for layer, (n_prev, n) in enumerate(pairwise(sizes), start=1):
        parameters[f"W{layer}"] = INITIALIZERS[initializer].draw(n_prev, n, legacy)
        parameters[f"b{layer}"] = np.zeros((n, 1))
    return parameters

"""The one network of the note, [LINEAR -> RELU] x (L - 1) -> LINEAR -> SIGMOID, of any size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from layerwise.network.architecture import Architecture


def relu_network(sizes: Sequence[int]) -> Architecture:
    """The architecture with n[0], n[1], ..., n[L] units."""
    return Architecture(tuple(sizes), ("relu",) * (len(sizes) - 2) + ("sigmoid",))


def network_of(parameters: Mapping[str, np.ndarray]) -> Architecture:
    """The architecture that these parameters belong to."""
    weights = [value.shape for name, value in parameters.items() if name.startswith("W")]
    return relu_network([weights[0][1], *(n for n, _ in weights)])

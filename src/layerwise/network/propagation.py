"""The reference network: forward and backward through every layer, as the note writes them.

Arrays have shape (features, examples): a column is an example.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from layerwise.formulas.activations import ACTIVATIONS, activation_backward
from layerwise.formulas.regularizers import inverted_dropout


class LayerCache(NamedTuple):
    """What the forward pass of one layer keeps: A_prev (n_prev, m), W, Z and A = g(Z) (n, m), its dropout."""

    A_prev: np.ndarray
    W: np.ndarray
    Z: np.ndarray
    A: np.ndarray
    activation: str
    dropout: Dropout | None


class Dropout(NamedTuple):
    """The mask of one layer in one pass: which units are kept (n, m), and with what probability."""

    kept: np.ndarray
    keep_prob: float


def linear_forward(A_prev, W, b):
    """Z = W A_prev + b.   A_prev (n_prev, m), W (n, n_prev), b (n, 1)  ->  Z (n, m)   (the note, figure 3)"""
    return W @ A_prev + b


def linear_backward(dZ, A_prev, W):
    """dW = dZ A_prev' / m,  db = mean of dZ over examples,  dA_prev = W' dZ   (the note, figure 8)."""
    m = dZ.shape[1]
    return W.T @ dZ, dZ @ A_prev.T / m, dZ.mean(axis=1, keepdims=True)


def forward(
    X: np.ndarray,
    parameters: Mapping[str, np.ndarray],
    activations: Sequence[str],
    dropouts: Sequence[Dropout | None] | None = None,
) -> list[LayerCache]:
    """[LINEAR -> ACTIVATION] x L.   X (n[0], m)  ->  a cache per layer; the last one's A is the output.

    `dropouts` has a mask for each layer that drops units, after its activation, and None for the others.
    """
    caches: list[LayerCache] = []
    A_prev = X
    for layer, activation in enumerate(activations, start=1):
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        Z = linear_forward(A_prev, W, b)
        A = ACTIVATIONS[activation].function(Z)
        dropout = dropouts[layer - 1] if dropouts is not None else None
        caches.append(LayerCache(A_prev, W, Z, A, activation, dropout))
        A_prev = A if dropout is None else inverted_dropout(A, dropout.kept, dropout.keep_prob)
    return caches


def backward(dZ: np.ndarray, caches: Sequence[LayerCache]) -> dict[str, np.ndarray]:
    """From the cost's derivative at the last pre-activation, dZ (n[L], m), to {"dW1", "db1", ...}.

    dZ is of the sum over examples; the mean is taken where dW and db are, as in the note.
    """
    grads: dict[str, np.ndarray] = {}
    for layer in range(len(caches), 0, -1):
        cache = caches[layer - 1]
        dA_prev, grads[f"dW{layer}"], grads[f"db{layer}"] = linear_backward(dZ, cache.A_prev, cache.W)
        if layer > 1:
            below = caches[layer - 2]
            if below.dropout is not None:
                dA_prev = inverted_dropout(dA_prev, below.dropout.kept, below.dropout.keep_prob)
            dZ = activation_backward(below.activation, dA_prev, below.Z, below.A)
    return grads

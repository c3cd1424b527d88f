"""The flat cache tuples of the course, for any depth, as what the network's own layers keep.

    without dropout (Z1, A1, W1, b1, Z2, A2, W2, b2, ..., ZL, AL, WL, bL)
    with dropout    (Z1, D1, A1, W1, b1, Z2, D2, A2, W2, b2, ..., ZL, AL, WL, bL)

A[l] stands there as the next layer sees it: after dropout. D[l] is boolean and says which units were kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from layerwise.course import _arguments as check
from layerwise.errors import InputError
from layerwise.network.propagation import Dropout, LayerCache


def flat_cache(caches: Sequence[LayerCache], parameters) -> tuple[np.ndarray, ...]:
    """The tuple of the course from the network's caches."""
    flat: list[np.ndarray] = []
    for layer, cache in enumerate(caches, start=1):
        seen = caches[layer].A_prev if layer < len(caches) else cache.A
        masks = [] if cache.dropout is None else [cache.dropout.kept]
        flat += [cache.Z, *masks, seen, cache.W, parameters[f"b{layer}"]]
    return tuple(flat)


def cache_names(cache: Sequence[Any], name: str = "cache") -> list[str]:
    """What each part of one of the course's caches is called: "W of cache" for the linear and the activation
    cache of one layer, "A2 of cache" for the flat tuple of a network. Without a name, "W" and "A2" alone."""
    of = f" of {name}" if name else ""
    if len(cache) == 3:
        return [f"{part}{of}" for part in ("A_prev", "W", "b")]
    if len(cache) == 2:
        return [f"{part}{of}" for part in ("the linear_cache", "Z")]
    masked = any(np.asarray(part).dtype == bool for part in cache)
    depth = (len(cache) + masked) // (4 + masked)
    kinds = ["ZDAWb" if masked and layer < depth else "ZAWb" for layer in range(1, depth + 1)]
    return [f"{kind}{layer}{of}" for layer, of_layer in enumerate(kinds, start=1) for kind in of_layer]


def layer_caches(X: np.ndarray, cache: Any, keep_prob: float | None) -> list[LayerCache]:
    """The network's caches from the tuple of the course: with dropout where a `keep_prob` is given.

    Raises InputError where the tuple has another length or its arrays do not fit X or each other.
    """
    found = len(cache) if isinstance(cache, tuple | list) else None
    per_layer, last = (4, 0) if keep_prob is None else (5, 1)
    if not found or (found + last) % per_layer:
        form = "Z, A, W, b" if keep_prob is None else "Z, D, A, W, b"
        shown = f"a tuple of {found}" if found is not None else f"a {type(cache).__name__}"
        raise InputError(
            f"cache is {shown}; expected {per_layer} arrays a layer ({form})"
            + (", and no D for the last layer" if last else "")
        )
    depth = (found + last) // per_layer
    caches, A_prev = [], X
    for layer in range(1, depth + 1):
        part = list(cache[per_layer * (layer - 1) : per_layer * layer])
        kept = part.pop(1) if len(part) == 5 else None
        Z, A, W, b = (
            check.matrix(f"{name}{layer} of the cache", a) for name, a in zip("ZAWb", part, strict=True)
        )
        expected = {"W": (Z.shape[0], A_prev.shape[0]), "b": (Z.shape[0], 1), "Z": (len(W), X.shape[1])}
        for name, array in (("W", W), ("b", b), ("Z", Z)):
            if array.shape != expected[name]:
                below = "X" if layer == 1 else f"A{layer - 1}"
                raise InputError(
                    f"{name}{layer} of the cache has shape {array.shape}; expected {expected[name]}, "
                    f"as {below} has shape {A_prev.shape} and Z{layer} {Z.shape}"
                )
        check.same_shape(f"A{layer} of the cache", A, f"Z{layer}", Z)
        dropout = None
        if kept is not None and keep_prob is not None:
            mask = check.matrix(f"D{layer} of the cache", kept)
            check.same_shape(f"D{layer} of the cache", mask, f"Z{layer}", Z)
            dropout = Dropout(mask != 0, keep_prob)
        caches.append(LayerCache(A_prev, W, Z, A, "sigmoid" if layer == depth else "relu", dropout))
        A_prev = A
    return caches

"""The same network as other people write it: other layouts, other names, one flat vector."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from planted_bugs.network import Network, Parameters

STYLES = ("course", "rows", "columns_named", "torch", "theta", "flat")

_NAMES = {
    "course": ("W{}", "b{}", 1),
    "rows": ("W{}", "b{}", 1),
    "columns_named": ("weight_{}", "bias_{}", 0),
    "torch": ("layers.{}.weight", "layers.{}.bias", 0),
}


class Style:
    """Turns (W, b) pairs into what the person's functions take, and back.

    course: W1 (n, n_prev), b1 (n, 1). rows: W1 (n_prev, n), b1 (n,). columns_named: weight_0 (n, n_prev),
    bias_0 (n,). torch: layers.0.weight (n, n_prev), layers.0.bias (n,). theta: Theta1 (n, 1 + n_prev), the
    bias its first column. flat: one vector.
    """

    def __init__(self, kind: str, network: Network) -> None:
        self.kind = kind
        self.shapes = [(n, prev) for prev, n in pairwise(network.spec.sizes)]

    def names(self, layer: int) -> tuple[str, str]:
        """The names of the weights and of the biases of a layer (1, 2, ...)."""
        if self.kind == "flat":
            return "theta", "theta"
        if self.kind == "theta":
            return f"Theta{layer}", f"Theta{layer}"
        weight, bias, first = _NAMES[self.kind]
        return weight.format(layer - 1 + first), bias.format(layer - 1 + first)

    def wrap(self, parameters: Parameters) -> Any:
        if self.kind == "flat":
            return np.concatenate([np.ravel(array) for pair in parameters for array in pair])
        if self.kind == "theta":
            return {f"Theta{i}": np.hstack([b, W]) for i, (W, b) in enumerate(parameters, start=1)}
        wrapped = {}
        for layer, (W, b) in enumerate(parameters, start=1):
            weight, bias = self.names(layer)
            wrapped[weight] = W.T.copy() if self.kind == "rows" else W
            wrapped[bias] = b if self.kind == "course" else b.reshape(-1)
        return wrapped

    def unwrap(self, theta: Any) -> Parameters:
        if self.kind == "flat":
            return self._cut(np.asarray(theta))
        if self.kind == "theta":
            return [(theta[name][:, 1:], theta[name][:, :1]) for name in sorted(theta, key=_number)]
        pairs = []
        for layer in range(1, len(self.shapes) + 1):
            weight, bias = (np.asarray(theta[name]) for name in self.names(layer))
            pairs.append((weight.T if self.kind == "rows" else weight, bias.reshape(-1, 1)))
        return pairs

    def _cut(self, vector: np.ndarray) -> Parameters:
        pairs, start = [], 0
        for n, prev in self.shapes:
            W = vector[start : start + n * prev].reshape(n, prev)
            b = vector[start + n * prev : start + n * prev + n].reshape(n, 1)
            pairs.append((W, b))
            start += n * prev + n
        return pairs

    def cost(self, network: Network) -> Callable[[Any], float]:
        """The person's cost: a closure over the data."""
        X, Y = network.X, network.Y  # as in a notebook, where the functions see the data

        def cost(theta: Any) -> float:
            assert X.shape[1] == Y.shape[1]
            return network.cost(self.unwrap(theta))

        return cost


def _number(name: str) -> int:
    return int(re.findall(r"\d+", name)[-1])

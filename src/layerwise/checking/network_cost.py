"""The cost of layerwise's own networks, along many lines at once.

When one entry of W[l] or b[l] moves, only row i of Z[l] does:

    Z[l]_i + t A[l-1]_j        (t alone for b)

so the layers before it need no second look, and the next layer changes by one outer product. Many such moves
are laid side by side as further columns and go forward together, in chunks on several threads.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from layerwise.checking.functions import CostFunction
from layerwise.checking.given import Form, layer_number
from layerwise.checking.ladder import LineValues
from layerwise.formulas.activations import ACTIVATIONS
from layerwise.formulas.losses import mean_over_examples
from layerwise.formulas.regularizers import inverted_dropout, l1_penalty, l2_penalty
from layerwise.network.architecture import Architecture
from layerwise.network.objective import Objective, cost, losses_of, penalty
from layerwise.network.propagation import Dropout, forward

Arrays = Mapping[str, np.ndarray]
NUMBERS_AT_ONCE = 2**18


@dataclass(frozen=True)
class NetworkProblem:
    """A network's cost over fixed examples: X (n[0], m), Y (n[L], m), weights (m,) or None, all float64, and
    the mask of each layer that drops units."""

    architecture: Architecture
    objective: Objective
    X: np.ndarray
    Y: np.ndarray
    weights: np.ndarray | None
    dropouts: Sequence[Dropout | None]

    def cost(self, parameters: Arrays) -> float:
        """J, by the reference formulas."""
        return cost(
            self.objective, parameters, self.architecture, self.X, self.Y, self.weights, self.dropouts
        )

    @property
    def m(self) -> float:
        """The examples, or the sum of their weights: what penalties are divided by."""
        return float(self.Y.shape[1] if self.weights is None else self.weights.sum())


class NetworkCost(CostFunction):
    """See `CostFunction`; lines of single entries go forward together."""

    def __init__(self, problem: NetworkProblem, form: Form, theta: Arrays) -> None:
        super().__init__(problem.cost, form, theta)
        self.problem = problem
        self._caches = forward(problem.X, self.theta, problem.architecture.activations, problem.dropouts)
        self._penalty = penalty(problem.objective, self.theta, problem.m)

    def at(self, theta: Arrays) -> NetworkCost:
        """The same network at other parameters, with a count of its own."""
        return NetworkCost(self.problem, self.form, theta)

    def along_entries(self, name: str, entries: np.ndarray) -> LineValues:
        """See `CostFunction.along_entries`."""
        activations = self.problem.architecture.activations
        if not all(ACTIVATIONS[activation].elementwise for activation in activations[:-1]):
            return super().along_entries(name, entries)

        def values(which: np.ndarray, steps: np.ndarray) -> np.ndarray:
            self.evaluations += len(which)
            chunks = list(self._chunks(len(which)))
            if len(chunks) == 1:
                return self._moved(name, entries[which], steps)
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                parts = pool.map(lambda at: self._moved(name, entries[which[at]], steps[at]), chunks)
                return np.concatenate(list(parts))

        return values

    def _chunks(self, count: int) -> Iterator[slice]:
        widest = max(self.problem.architecture.sizes[1:])
        size = max(1, NUMBERS_AT_ONCE // (widest * self.problem.Y.shape[1]))
        return (slice(start, start + size) for start in range(0, count, size))

    def _moved(self, name: str, entries: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """J where each of these entries alone has moved by its step.   entries, steps (k,) -> (k,)"""
        with np.errstate(all="ignore"):
            layer, problem = layer_number(name) or 1, self.problem
            cache, k = self._caches[layer - 1], len(entries)
            rows, columns = np.unravel_index(entries, self.theta[name].shape)
            is_weight = name.startswith("W")
            inputs = cache.A_prev[columns] if is_weight else np.ones((k, problem.Y.shape[1]))
            moved = cache.Z[rows] + steps[:, None] * inputs
            if layer == problem.architecture.depth:
                Z = np.repeat(cache.Z[:, None, :], k, axis=1)
                Z[rows, np.arange(k)] = moved
            else:
                Z = self._next_layer(layer, rows, moved)
            data = self._data_cost(Z.reshape(len(Z), -1), layer, k)
            return data + self._penalty + (self._penalty_moved(name, entries, steps) if is_weight else 0.0)

    def _next_layer(self, layer: int, rows: np.ndarray, moved: np.ndarray) -> np.ndarray:
        """Z of the next layer, (n, k, m), after these rows of this layer's Z became `moved` (k, m)."""
        cache, after = self._caches[layer - 1], self._caches[layer]
        A = ACTIVATIONS[cache.activation].function(moved)
        change = A - cache.A[rows]
        if cache.dropout is not None:
            change = inverted_dropout(change, cache.dropout.kept[rows], cache.dropout.keep_prob)
        return after.Z[:, None, :] + after.W[:, rows, None] * change

    def _data_cost(self, Z: np.ndarray, layer: int, k: int) -> np.ndarray:
        """The mean loss of each of k copies of the examples, from Z (n, k m) of the layer after `layer`, or
        of the last."""
        problem, depth = self.problem, self.problem.architecture.depth
        for number in range(min(layer + 1, depth), depth + 1):
            cache = self._caches[number - 1]
            A = ACTIVATIONS[cache.activation].function(Z)
            if number == depth:
                break
            if cache.dropout is not None:
                A = inverted_dropout(A, np.tile(cache.dropout.kept, (1, k)), cache.dropout.keep_prob)
            following = number + 1
            Z = self.theta[f"W{following}"] @ A + self.theta[f"b{following}"]
        losses = losses_of(problem.objective, Z, A, np.tile(problem.Y, (1, k))).reshape(k, -1)
        return np.array([mean_over_examples(row, problem.weights) for row in losses])

    def _penalty_moved(self, name: str, entries: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """What the penalties change by.   (k,)"""
        objective, m = self.problem.objective, self.problem.m
        before = self.theta[name].reshape(-1)[entries]
        after = before + steps
        return (
            l2_penalty(after, objective.l2 / m)
            - l2_penalty(before, objective.l2 / m)
            + (l1_penalty(after, objective.l1 / m) - l1_penalty(before, objective.l1 / m))
        )

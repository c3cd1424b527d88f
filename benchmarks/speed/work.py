"""One work that every contestant does: network, loss, optimizer, mini-batches, steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from layerwise.engine import Program
from layerwise.network.architecture import Architecture, plain_architecture
from layerwise.network.objective import Objective, cost
from layerwise.network.parameters import initial_parameters, named_views

# What an output activation is trained with.
LOSSES = {"sigmoid": "binary_cross_entropy", "softmax": "softmax_cross_entropy", "identity": "squared_error"}

# Weights (n, n_prev) and bias (n,) of each layer.
Layers = list[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Work:
    """One line of the table.

    kind: "fit" (train one network), "seeds" (train `seeds` networks, as parallel as the threads allow) or
        "predict" (outputs of `rows` rows).
    batch: examples in a mini-batch, 0 for all of them; mini-batches are shuffled anew in every epoch, the
        last may be smaller.
    epochs: in one timed fit, which begins at the start that all contestants share.
    goal: how many times faster than the fastest peer layerwise is to be; for a regularized work, how many
        times as long as without it may take.
    share_goal: the part of the BLAS peak to be reached.
    """

    key: str
    title: str
    sizes: tuple[int, ...]
    data: str
    rows: int
    output: str
    kind: str = "fit"
    hidden: str = "relu"
    optimizer: str = "adam"
    rate: float = 0.001
    batch: int = 0
    epochs: int = 1
    initialization: str = "he"
    l2: float = 0.0
    dropout: float = 0.0
    seeds: int = 1
    goal: float | None = None
    share_goal: float | None = None
    dtype: str = "float32"

    @property
    def batch_size(self) -> int:
        return min(self.batch or self.rows, self.rows)

    @property
    def steps_per_epoch(self) -> int:
        return -(-self.rows // self.batch_size)

    @property
    def steps(self) -> int:
        """Steps of one timed fit, of one network."""
        return self.steps_per_epoch * self.epochs

    @property
    def loss(self) -> str:
        return LOSSES[self.output]

    @property
    def is_regularized(self) -> bool:
        return bool(self.l2 or self.dropout)

    @cached_property
    def architecture(self) -> Architecture:
        return plain_architecture(self.sizes[0], self.sizes[1:-1], self.sizes[-1], self.hidden, self.output)

    def program(self, seed: int = 0) -> Program:
        return Program(
            self.architecture,
            Objective(self.loss, l2=self.l2),
            optimizer=self.optimizer,
            dropout=(self.dropout,) * (self.architecture.depth - 1) if self.dropout else (),
            dtype=self.dtype,
            seed=seed,
        )

    @property
    def flops(self) -> int:
        """Floating-point operations of the matrix products of one timed run: 2 for each multiply and add.

        Training: forward A W', backward D' A, and D W for every layer but the first. Predicting: forward.
        """
        products = [n_prev * n for n_prev, n in zip(self.sizes, self.sizes[1:], strict=False)]
        forward = 2 * self.rows * sum(products)
        if self.kind == "predict":
            return forward
        return (2 * forward + 2 * self.rows * sum(products[1:])) * self.epochs * self.seeds

    def start_vector(self, seed: int = 0) -> np.ndarray:
        """The parameters at the start, as layerwise's flat vector."""
        return initial_parameters(self.architecture, self.initialization, seed=seed, dtype=self.dtype)

    def start(self, seed: int = 0) -> Layers:
        """The same start, layer by layer."""
        return self.layers_of(self.start_vector(seed))

    def layers_of(self, vector: np.ndarray) -> Layers:
        views = named_views(vector, self.architecture)
        depth = self.architecture.depth
        return [(views[f"W{layer}"], views[f"b{layer}"].ravel()) for layer in range(1, depth + 1)]

    def cost_of(self, layers: Layers, X: np.ndarray, Y: np.ndarray) -> float:
        """The mean loss of all examples, without dropout and penalty, in float64 by the reference network."""
        parameters: dict[str, np.ndarray] = {}
        for layer, (W, b) in enumerate(layers, start=1):
            parameters[f"W{layer}"] = np.asarray(W, dtype=np.float64)
            parameters[f"b{layer}"] = np.asarray(b, dtype=np.float64).reshape(-1, 1)
        objective = Objective(self.loss)
        X, Y = X.T.astype(np.float64), Y.T.astype(np.float64)
        return cost(objective, parameters, self.architecture, X, Y)

    def plain(self) -> Work:
        """The same without dropout and L2."""
        return replace(self, l2=0.0, dropout=0.0)

    def regularized(self) -> Work:
        """The same with dropout 0.2 in every hidden layer and L2."""
        return replace(
            self,
            key=f"{self.key}-regularized",
            title=f"{self.title}, dropout 0.2 and L2",
            l2=0.1,
            dropout=0.2,
            goal=1.1,
            share_goal=None,
        )

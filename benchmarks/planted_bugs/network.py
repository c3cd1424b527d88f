"""A plain NumPy network, written for this benchmark alone, whose back-propagation can be broken at any point.

Nothing of layerwise is used here: a mistake shared with the checker could not show.

Arrays have shape (features, examples) inside; `styles.py` turns them into other people's layouts and names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from scipy.special import erf, expit

Parameters = list[tuple[np.ndarray, np.ndarray]]
"""(W (n, n_prev), b (n, 1)) of each layer, the first layer first."""


def _normal_density(z):
    return np.exp(-z * z / 2) / np.sqrt(2 * np.pi)


# name -> (g(z), g'(z))
ACTIVATIONS: dict[str, tuple[Callable, Callable]] = {
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
    "leaky_relu": (lambda z: np.where(z > 0, z, 0.01 * z), lambda z: np.where(z > 0, 1.0, 0.01)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sigmoid": (expit, lambda z: expit(z) * expit(-z)),
    "elu": (lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))), lambda z: np.exp(np.minimum(z, 0))),
    "gelu": (
        lambda z: z * (1 + erf(z / np.sqrt(2))) / 2,
        lambda z: (1 + erf(z / np.sqrt(2))) / 2 + z * _normal_density(z),
    ),
    "softplus": (lambda z: np.logaddexp(0, z), expit),
    "silu": (lambda z: z * expit(z), lambda z: expit(z) * (1 + z * expit(-z))),
    "abs": (np.abs, np.sign),
    "identity": (lambda z: z, np.ones_like),
}


@dataclass(frozen=True)
class Spec:
    """A network and its data: sizes (inputs first), examples, penalty lambda, chance to keep a unit, ..."""

    sizes: tuple[int, ...] = (4, 5, 3, 1)
    hidden: str = "relu"
    loss: str = "binary"
    m: int = 7
    penalty: float = 0.0
    keep_prob: float = 1.0
    weighted: bool = False
    summed: bool = False
    seed: int = 0
    weight_scale: float = 1.0
    input_scale: float = 1.0


@dataclass
class Run:
    """What one pass computed; lists over the layers, index 0 being the inputs."""

    parameters: Parameters
    Z: list[np.ndarray]
    A: list[np.ndarray]
    unmasked: list[np.ndarray]
    delta: list[np.ndarray | None] = field(default_factory=list)
    error: list[np.ndarray | None] = field(default_factory=list)


Hook = Callable[["Network", Run, int, np.ndarray], np.ndarray]


def _softmax(Z):
    exp = np.exp(Z - Z.max(axis=0))
    return exp / exp.sum(axis=0)


@dataclass
class Network:
    """The network of a spec with its data. `hooks` name the points where back-propagation is broken:

    "output" dZ of the last layer; "derivative" g'(Z); "mask" D / keep_prob; "back" the weights by which dZ
    goes back; "error" dZ of a hidden layer; "input" what dZ is multiplied with; "weight", "bias" a finished
    gradient.
    """

    spec: Spec
    X: np.ndarray
    Y: np.ndarray
    masks: list[np.ndarray]
    weights: np.ndarray

    @classmethod
    def drawn(cls, spec: Spec, data_seed: int | None = None) -> Network:
        """The data, masks and weights of examples of the spec's seed; `data_seed` draws another batch."""
        rng = np.random.default_rng([spec.seed, 1, 0 if data_seed is None else data_seed])
        outputs, m = spec.sizes[-1], spec.m
        X = rng.normal(size=(spec.sizes[0], m)) * spec.input_scale
        if spec.loss == "softmax":
            Y = np.eye(outputs)[:, rng.integers(outputs, size=m)]
        elif spec.loss in ("binary", "squared_sigmoid"):
            Y = (rng.random((outputs, m)) < 0.4).astype(float)
        else:
            Y = rng.normal(size=(outputs, m)) * 1.5
        masks = [(rng.random((n, m)) < spec.keep_prob) / spec.keep_prob for n in spec.sizes[1:-1]]
        weights = rng.uniform(0.3, 2.0, size=(1, m)) if spec.weighted else np.ones((1, m))
        return cls(spec, X, Y, masks, weights)

    def other_batch(self, seed: int = 1) -> Network:
        """The same network on other examples."""
        other = Network.drawn(self.spec, seed)
        return replace(self, X=other.X, Y=other.Y, weights=other.weights)

    def parameters(self) -> Parameters:
        """A point to check at, biases included."""
        rng = np.random.default_rng([self.spec.seed, 2])
        sizes, scale = self.spec.sizes, self.spec.weight_scale
        return [
            (rng.normal(size=(n, prev)) / np.sqrt(prev) * scale, rng.normal(size=(n, 1)) * 0.3 * scale)
            for prev, n in pairwise(sizes)
        ]

    @property
    def depth(self) -> int:
        return len(self.spec.sizes) - 1

    @property
    def divisor(self) -> float:
        """By what a sum over the examples is divided."""
        return 1.0 if self.spec.summed else float(self.spec.m)

    def forward(self, parameters: Parameters) -> Run:
        g = ACTIVATIONS[self.spec.hidden][0]
        run = Run(parameters, [self.X], [self.X], [self.X])
        for layer, (W, b) in enumerate(parameters, start=1):
            Z = W @ run.A[-1] + b
            A = Z if layer == self.depth else g(Z)
            run.Z.append(Z)
            run.unmasked.append(A)
            run.A.append(A if layer == self.depth else A * self.masks[layer - 1])
        return run

    def cost(self, parameters: Parameters) -> float:
        """The mean (or sum) of the examples' losses and lambda / 2m times the squares of the weights."""
        Z, Y = self.forward(parameters).Z[-1], self.Y
        if self.spec.loss == "binary":
            losses = np.logaddexp(0, Z) - Y * Z
        elif self.spec.loss == "softmax":
            top = Z.max(axis=0)
            losses = np.log(np.exp(Z - top).sum(axis=0, keepdims=True)) + top - (Y * Z).sum(axis=0)
        elif self.spec.loss == "squared":
            losses = (Z - Y) ** 2 / 2
        elif self.spec.loss == "squared_sigmoid":
            losses = (expit(Z) - Y) ** 2 / 2
        else:
            gap = np.abs(Z - Y)
            losses = np.where(gap <= 1, gap**2 / 2, gap - 0.5)
        squares = sum(float((W**2).sum()) for W, _ in parameters)
        return float((self.weights * losses).sum() + self.spec.penalty / 2 * squares) / self.divisor

    def _output_error(self, Z: np.ndarray) -> np.ndarray:
        Y = self.Y
        if self.spec.loss == "binary":
            error = expit(Z) - Y
        elif self.spec.loss == "softmax":
            error = _softmax(Z) - Y
        elif self.spec.loss == "squared":
            error = Z - Y
        elif self.spec.loss == "squared_sigmoid":
            error = (expit(Z) - Y) * expit(Z) * expit(-Z)
        else:
            error = np.clip(Z - Y, -1, 1)
        return error * self.weights

    def gradient(
        self, parameters: Parameters, hooks: dict[tuple[str, int], Hook] | None = None
    ) -> Parameters:
        """(dW, db) of each layer. `hooks` maps (point, layer) to a function that spoils what is there."""
        hooks = hooks or {}

        def at(point: str, layer: int, value: np.ndarray) -> np.ndarray:
            hook = hooks.get((point, layer))
            return value if hook is None else hook(self, run, layer, value)

        run = self.forward(parameters)
        run.delta = [None] * (self.depth + 1)
        run.error = [None] * (self.depth + 1)
        derivative = ACTIVATIONS[self.spec.hidden][1]
        dZ = at("output", self.depth, self._output_error(run.Z[-1]))
        gradients: Parameters = []
        for layer in range(self.depth, 0, -1):
            W, _ = parameters[layer - 1]
            run.delta[layer] = dZ
            dW = dZ @ at("input", layer, run.A[layer - 1]).T / self.divisor
            dW = dW + self.spec.penalty / self.divisor * W
            db = dZ.sum(axis=1, keepdims=True) / self.divisor
            gradients.insert(0, (at("weight", layer, dW), at("bias", layer, db)))
            if layer > 1:
                dA = at("back", layer - 1, W).T @ dZ
                run.error[layer - 1] = dA
                dA = dA * at("mask", layer - 1, self.masks[layer - 2])
                dZ = at("error", layer - 1, dA * at("derivative", layer - 1, derivative(run.Z[layer - 1])))
        return gradients

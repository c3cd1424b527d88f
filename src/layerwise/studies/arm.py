"""One model of an experiment: its network and how it is trained; and the examples it is given."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from layerwise.engine import Program
from layerwise.network.architecture import Architecture, plain_architecture
from layerwise.network.objective import Objective
from layerwise.network.turned_inputs import TurnedInputs, turned_inputs


@dataclass(frozen=True, eq=False)
class Examples:
    """Training and test examples of a binary task: X (m, n[0]), Y (m, 1) of 0 and 1, rows contiguous.

    `source` says in a few words where they come from.
    """

    X: np.ndarray
    Y: np.ndarray
    X_test: np.ndarray
    Y_test: np.ndarray
    source: str

    @classmethod
    def of(cls, X: Any, y: Any, X_test: Any, y_test: Any, source: str) -> Examples:
        """From X (m, n[0]) and labels (m,) of any number type."""
        return cls(_rows(X), _rows(y), _rows(X_test), _rows(y_test), source)

    def of_type(self, dtype: str) -> Examples:
        """The same examples in another precision; these themselves where they have it."""
        if self.X.dtype == dtype:
            return self
        X, Y, X_test, Y_test = (array.astype(dtype) for array in (self.X, self.Y, self.X_test, self.Y_test))
        return Examples(X, Y, X_test, Y_test, self.source)

    @property
    def baseline_cost(self) -> float:
        """The entropy of the training labels: the cost of a model that ignores its input."""
        share = float(self.Y.mean())
        return -sum(p * float(np.log(p)) for p in (share, 1 - share) if p > 0)

    @property
    def baseline_accuracy(self) -> float:
        """The accuracy in training of a model that ignores its input."""
        share = float(self.Y.mean())
        return max(share, 1 - share)

    @cached_property
    def digest(self) -> str:
        """Equal for equal examples, in any process."""
        digest = hashlib.sha256()
        for array in (self.X, self.Y, self.X_test, self.Y_test):
            digest.update(repr(array.shape).encode() + array.tobytes())
        return digest.hexdigest()

    @cached_property
    def turned(self) -> TurnedInputs:
        """The inputs to train on in fewer coordinates; where there are more inputs than examples."""
        return turned_inputs(self.X.T)


def _rows(array: Any) -> np.ndarray:
    array = np.asarray(array, dtype=np.float64)
    return np.ascontiguousarray(array[:, None] if array.ndim == 1 else array)


@dataclass(frozen=True)
class Arm:
    """A network [LINEAR -> RELU] x (L - 1) -> LINEAR -> SIGMOID and its training.

    key: a short name. model: its name in the note's table. sizes: n[0], ..., n[L]. initialization: the name
    of an initializer. rate: learning rate. epochs: passes over the data. batch_size: None for all examples
    at once. lambd: the note's name for the strength of the L2 penalty. keep_prob: of each hidden unit.
    fixed_masks: draw the dropout masks once and use them in every pass, as the course's code does.
    own_order: shuffle by layerwise's generator rather than NumPy's legacy one, which is faster.
    dtype: the precision it is trained in.
    """

    key: str
    model: str
    sizes: tuple[int, ...]
    initialization: str
    rate: float
    epochs: int
    optimizer: str = "gd"
    batch_size: int | None = None
    lambd: float = 0.0
    keep_prob: float = 1.0
    fixed_masks: bool = False
    own_order: bool = False
    dtype: str = "float64"
    momentum: float = 0.9
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    @property
    def architecture(self) -> Architecture:
        return plain_architecture(self.sizes[0], self.sizes[1:-1], self.sizes[-1], "relu", "sigmoid")

    def program(self, seed: int = 0) -> Program:
        """What one step does; `seed` is that of dropout masks drawn afresh."""
        architecture = self.architecture
        return Program(
            architecture,
            Objective("binary_cross_entropy", l2=self.lambd),
            self.optimizer,
            momentum=self.momentum,
            beta1=self.beta1,
            beta2=self.beta2,
            epsilon=self.epsilon,
            dropout=(1 - self.keep_prob,) * (architecture.depth - 1) if self.keep_prob < 1 else (),
            dtype=self.dtype,
            seed=seed,
        )

    @property
    def on_other_seeds(self) -> Arm:
        """The same arm where no published figure is to be met: masks and orders drawn anew, and fast,
        in single precision."""
        return self.but(fixed_masks=False, own_order=True, dtype="float32")

    def but(self, **changes: Any) -> Arm:
        """The same arm with some fields changed."""
        return replace(self, **changes)

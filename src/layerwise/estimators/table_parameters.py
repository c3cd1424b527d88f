"""The parameters of both estimators for tables, what may stand in them, and what they make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from layerwise.engine import ENGINE_NAMES, Program
from layerwise.errors import InputError, nearest
from layerwise.estimators.expected import (
    CLASS_WEIGHT,
    FLAG,
    OPTIONAL_COUNT,
    OPTIONAL_SHARE,
    OPTIONAL_STRENGTH,
    SHARE,
    Expected,
    is_whole,
    require,
)
from layerwise.formulas.initializers import INITIALIZERS
from layerwise.network.architecture import plain_architecture
from layerwise.network.objective import Objective
from layerwise.tables.encoding import SCALINGS
from layerwise.training import Recipe


def _is_hidden(value: Any) -> bool:
    return isinstance(value, list | tuple | np.ndarray) and all(is_whole(size) for size in value)


# What the program and the recipe do not check themselves.
EXPECTED: dict[str, Expected] = {
    "hidden": Expected(_is_hidden, "a sequence of integers, such as (64, 32)"),
    "class_weight": CLASS_WEIGHT,
    "label_smoothing": OPTIONAL_SHARE,
    "validation_fraction": SHARE,
    "max_categories": Expected(lambda value: is_whole(value) and value >= 2, "an integer of at least 2"),
    "initialization_scale": OPTIONAL_STRENGTH,
    "shuffle": FLAG,
    "reproducible": FLAG,
    "threads": OPTIONAL_COUNT,
}


class TableParameters(BaseEstimator):
    """The parameters, checked. `TabularClassifier` says what they mean."""

    _monitors: tuple[str, ...]

    def _output(self, n_outputs: int) -> tuple[str, str]:
        """(loss, output activation) of a classifier or of a regressor."""
        raise NotImplementedError

    def __init__(
        self,
        *,
        hidden: Sequence[int] = (128, 64),
        activation: str | Sequence[str] = "silu",
        initialization: str = "he",
        initialization_scale: float | None = None,
        loss: str = "auto",
        delta: float = 1.0,
        optimizer: str = "adamw",
        learning_rate: float = 0.003,
        schedule: str = "cosine",
        schedule_factor: float | None = None,
        schedule_every: int | None = None,
        warm_up: float = 0.0,
        momentum: float = 0.9,
        beta1: float = 0.9,
        beta2: float = 0.95,
        epsilon: float = 1e-8,
        batch_size: int = 64,
        epochs: int = 200,
        l2: float = 0.0,
        l1: float = 0.0,
        weight_decay: float | None = None,
        dropout: float | Sequence[float] = 0.15,
        max_norm: float = 0.0,
        clip_norm: float = 0.0,
        label_smoothing: float | None = None,
        class_weight: str | dict | None = None,
        shuffle: bool = True,
        patience: int | None = 40,
        min_delta: float = 0.0,
        monitor: str = "cost",
        validation_fraction: float = 0.1,
        scaling: str = "robust",
        max_categories: int = 32,
        seed: int = 0,
        engine: str = "auto",
        dtype: str = "float32",
        threads: int | None = None,
        reproducible: bool = False,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.initialization = initialization
        self.initialization_scale = initialization_scale
        self.loss = loss
        self.delta = delta
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.schedule_factor = schedule_factor
        self.schedule_every = schedule_every
        self.warm_up = warm_up
        self.momentum = momentum
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.batch_size = batch_size
        self.epochs = epochs
        self.l2 = l2
        self.l1 = l1
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.max_norm = max_norm
        self.clip_norm = clip_norm
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.shuffle = shuffle
        self.patience = patience
        self.min_delta = min_delta
        self.monitor = monitor
        self.validation_fraction = validation_fraction
        self.scaling = scaling
        self.max_categories = max_categories
        self.seed = seed
        self.engine = engine
        self.dtype = dtype
        self.threads = threads
        self.reproducible = reproducible

    def check_parameters(self) -> None:
        """Raise InputError for any parameter out of range, before there is any data."""
        require(vars(self), EXPECTED)
        self._recipe()
        self._program(n_inputs=1, n_outputs=3)
        for name, choices in (
            ("initialization", INITIALIZERS),
            ("engine", ENGINE_NAMES),
            ("scaling", SCALINGS),
            ("monitor", self._monitors),
        ):
            value = getattr(self, name)
            if not isinstance(value, str) or value not in choices:
                raise InputError(f"unknown {name} {value!r}; {nearest(str(value), choices)}")

    def _recipe(self) -> Recipe:
        return Recipe(
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            schedule=self.schedule,
            schedule_factor=self.schedule_factor,
            schedule_every=self.schedule_every,
            warm_up=self.warm_up,
            shuffle=self.shuffle,
            patience=self.patience,
            min_delta=self.min_delta,
        )

    def _program(self, n_inputs: int, n_outputs: int) -> Program:
        loss, output_activation = self._output(n_outputs)
        hidden = tuple(self.hidden)
        dropout = self.dropout if isinstance(self.dropout, Sequence) else (self.dropout,) * len(hidden)
        return Program(
            plain_architecture(n_inputs, hidden, n_outputs, self.activation, output_activation),
            Objective(loss, l2=self.l2, l1=self.l1, delta=self.delta),
            optimizer=self.optimizer,
            momentum=self.momentum,
            beta1=self.beta1,
            beta2=self.beta2,
            epsilon=self.epsilon,
            weight_decay=self.weight_decay,
            dropout=tuple(dropout),
            max_norm=self.max_norm,
            clip_norm=self.clip_norm,
            dtype=self.dtype,
            seed=self.seed,
            reproducible=bool(self.reproducible),
        )

"""What the loop learns after each epoch of rows that are not trained on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

import numpy as np

from layerwise.engine import Engine

Validate = Callable[[np.ndarray], Mapping[str, float]]


@runtime_checkable
class Turnable(Protocol):
    """A validation that says which rows X (rows, n[0]) it puts through a network, and does the same with
    another network and what stands for these rows there."""

    X: np.ndarray

    def __call__(self, parameters: np.ndarray) -> Mapping[str, float]:
        """As the loop's `validate`."""

    def on(self, engine: Engine, X: np.ndarray) -> Validate:
        """The same with this engine, and X in place of the rows."""

"""Small runs of the loop, and a validation that says what a test wrote down for it."""

from __future__ import annotations

from typing import Any

import numpy as np

from layerwise.engine import Program, TrainingState, build_engine
from layerwise.network.architecture import Architecture
from layerwise.network.objective import Objective
from layerwise.network.parameters import initial_parameters
from layerwise.training import Data, Recipe, Result, train

REGRESSION = Architecture((3, 4, 1), ("tanh", "identity"))
# With tanh, identity and squared error: code that the tests of the engines have compiled too.
OPTIMIZER = "classical_momentum"


def regression_program(**settings: Any) -> Program:
    """tanh, then one output and squared error, in float64 unless said."""
    defaults = {"optimizer": OPTIMIZER, "dtype": "float64", "seed": 3}
    return Program(REGRESSION, Objective("squared_error", l2=settings.pop("l2", 0.0)), **defaults | settings)


def regression_data(rows: int = 40, seed: int = 0, dtype: str = "float64") -> Data:
    """A curve of three features with a little noise."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(rows, 3))
    Y = np.sin(X @ [[1.0], [0.5], [-1.0]]) + 0.1 * random.normal(size=(rows, 1))
    return Data(X.astype(dtype), Y.astype(dtype))


def run(
    recipe: Recipe,
    program: Program | None = None,
    data: Data | None = None,
    *,
    engine: str = "numpy",
    start: np.ndarray | None = None,
    **how: Any,
) -> Result:
    """Train the small regression, or another program on other data, from its own start or from `start`."""
    program = program or regression_program()
    if data is None:
        data = regression_data(dtype=program.dtype)
    if start is None:
        start = initial_parameters(program.architecture, "xavier", seed=program.seed)
    state = TrainingState.start(start, program)
    return train(build_engine(program, engine), state, data, recipe, **how)


class Scripted:
    """A validation that returns the scores written down, one an epoch, and remembers what it was shown."""

    def __init__(self, scores, name: str = "validation_cost") -> None:
        self.scores, self.name = list(scores), name
        self.shown: list[np.ndarray] = []

    def __call__(self, parameters: np.ndarray) -> dict[str, float]:
        self.shown.append(parameters.copy())
        return {self.name: self.scores[len(self.shown) - 1]}


# How the tests read regression data from a Parquet file, in blocks of 30 rows.
PARQUET = {"inputs": ["a", "b", "c"], "targets": ["y"], "dtype": "float64", "block_rows": 30}

"""A network fitted to arrays: what is the same whatever the examples were made from."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerwise.engine import Program, TrainingState, build_engine
from layerwise.errors import TrainingError
from layerwise.network.parameters import initial_parameters
from layerwise.training import Data, Recipe, Result, train
from layerwise.training.validation import Validate


@dataclass
class FittedNetwork:
    """A program and the parameters that training found for it. Rows are examples; `engine` is a name."""

    program: Program
    parameters: np.ndarray
    engine: str = "auto"

    def pre_activations(self, X: np.ndarray) -> np.ndarray:
        """Z[L] of each row.   X (m, n[0]) of the program's dtype -> (m, n[L])"""
        return build_engine(self.program, self.engine).pre_activations(self.parameters, X)

    def outputs(self, X: np.ndarray) -> np.ndarray:
        """A[L] of each row.   X (m, n[0]) -> (m, n[L])"""
        return build_engine(self.program, self.engine).outputs(self.parameters, X)


def fit_network(
    program: Program,
    recipe: Recipe,
    data: Data,
    *,
    initialization: str,
    initialization_scale: float | None,
    engine: str,
    make_validate: Any = None,
    callbacks: Sequence[Any] = (),
) -> tuple[FittedNetwork, Result]:
    """Start, train and keep the best. `make_validate(engine)` gives the loop its validation, or None.

    Without callbacks to show progress, a log message says when compiling comes first.
    Raises TrainingError where the cost is not finite in the very first epoch, so that there is nothing to
    keep; where it becomes so later, warns and keeps the best epoch.
    """
    worker = build_engine(program, engine)
    if not worker.is_compiled(recipe.batch_rows(len(data.X))) and not callbacks:
        logging.getLogger("layerwise").warning(
            "compiling the training loop for this kind of network (some seconds, once; kept on disk)"
        )
    validate: Validate | None = make_validate(worker) if make_validate else None
    start = initial_parameters(
        program.architecture,
        initialization,
        scale=initialization_scale,
        seed=program.seed,
        dtype=program.dtype,
    )
    state = TrainingState.start(start, program)
    del start
    result = train(worker, state, data, recipe, validate=validate, callbacks=callbacks)
    if result.stopped == "diverged":
        advice = (
            f"lower the learning rate (now {recipe.learning_rate:g}), clip the gradient (clip_norm=1), "
            "or start smaller (initialization='he')"
        )
        if not len(result.history):
            raise TrainingError(f"training diverged: the cost was not finite in the first epoch; {advice}")
        warnings.warn(
            f"training diverged: {result.reason}; epoch {result.best_epoch} is kept. To go on, {advice}",
            RuntimeWarning,
            stacklevel=3,
        )
    return FittedNetwork(program, result.parameters, engine), result

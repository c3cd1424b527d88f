"""Training pictures on as many coordinates as there are of them, where the steps stay the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from layerwise.formulas.optimizers import OPTIMIZERS
from layerwise.network.parameters import flat_vector, named_views
from layerwise.network.turned_inputs import TurnedInputs
from layerwise.studies.arm import Arm, Examples


@dataclass(frozen=True)
class TurnedTraining:
    """What is trained in place of an arm: the 12,288 inputs of 209 pictures become 209.

    arm, examples: of this training; its test examples are those of the arm and are not turned.
    """

    arm: Arm
    examples: Examples
    original: Arm
    turned: TurnedInputs

    def start(self, parameters: np.ndarray) -> np.ndarray:
        """The start in the turned coordinates.   Both are flat vectors, of `original` and of `arm`."""
        views = named_views(parameters, self.original.architecture)
        return self._flat(views | {"W1": self.turned.weights(views["W1"])}, self.arm)

    def back(self, start: np.ndarray, parameters: np.ndarray) -> np.ndarray:
        """The parameters of the original arm.   start: its start. parameters: where this training is."""
        views = named_views(parameters, self.arm.architecture)
        W1 = named_views(start, self.original.architecture)["W1"]
        return self._flat(views | {"W1": self.turned.weights_back(W1, views["W1"])}, self.original)

    @staticmethod
    def _flat(views: Mapping[str, np.ndarray], arm: Arm) -> np.ndarray:
        return flat_vector(views, arm.architecture, np.dtype(arm.dtype))


def turned_training(arm: Arm, examples: Examples) -> TurnedTraining | None:
    """None where it would not be the same training, or no less work. See `network.turned_inputs`."""
    rows, inputs = examples.X.shape
    if not OPTIMIZERS[arm.optimizer].linear or arm.lambd != 0 or inputs <= rows:
        return None
    trained_on = replace(examples, X=np.ascontiguousarray(examples.turned.X.T))
    return TurnedTraining(arm.but(sizes=(rows, *arm.sizes[1:])), trained_on, arm, examples.turned)

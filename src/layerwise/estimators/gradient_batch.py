"""An estimator's network and examples as its training sees them, for the check of its gradients."""

from __future__ import annotations

import copy
import warnings
from typing import Any, Protocol

import numpy as np
from sklearn.base import clone

from layerwise.checking import NetworkBatch
from layerwise.engine import Program

STANDING_STILL = 1e-30


class Estimator(Protocol):
    """What `gradient_batch` reads of an estimator."""

    engine: str

    def fit(self, X: Any, y: Any) -> Any: ...

    def set_params(self, **params: Any) -> Any: ...

    def _network_parts(self) -> tuple[Program, np.ndarray]: ...

    def _network_examples(
        self, X: Any, y: Any, sample_weight: Any
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]: ...


def gradient_batch(
    estimator: Estimator, is_fitted: bool, one_epoch: dict[str, Any], X: Any, y: Any, sample_weight: Any
) -> NetworkBatch:
    """The batch of a fitted estimator; one that is not fitted is taken at its start.

    For that a copy learns what it must of the table and of the classes, in `one_epoch` at a learning rate
    that moves nothing. The estimator itself stays as it is.
    """
    if is_fitted:
        model = copy.copy(estimator)
    else:
        model = clone(estimator).set_params(**one_epoch)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(X, y)
    program, parameters = model._network_parts()
    # A step of 1e-30 leaves its trace in biases that start at 0.
    parameters = np.where(np.abs(parameters) > np.sqrt(STANDING_STILL), parameters, 0)
    return NetworkBatch(program, parameters, *model._network_examples(X, y, sample_weight), estimator.engine)

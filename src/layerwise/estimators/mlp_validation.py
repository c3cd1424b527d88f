"""Held-out rows: what scikit-learn scores after each epoch to stop early, and the history tells."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from layerwise.engine import Engine, cost_of, output_activation
from layerwise.estimators.mlp_labels import decode
from layerwise.estimators.mlp_live import by_parts


class Held(NamedTuple):
    """Rows that are not trained on: X of the network's precision, targets Y (m, n[L]), weights (m,) or None.

    truth: what predictions are compared with, labels or values, (m,) or (m, outputs).
    """

    X: Any
    Y: np.ndarray
    truth: np.ndarray
    weights: np.ndarray | None


def cost_and_score(
    engine: Engine,
    vector: np.ndarray,
    held: Held,
    *,
    classes: np.ndarray | None,
    out_activation: str,
    averaged_outputs: int,
) -> tuple[float, float]:
    """(mean loss without penalties, accuracy or R2) of the held-out rows; `classes` None for a regression.

    A prediction that is not finite makes both NaN.
    """
    with np.errstate(all="ignore"):
        Z = by_parts(engine.pre_activations, vector, held.X)
        A = output_activation(engine.program, Z)
        cost = cost_of(engine.program, Z, held.Y, held.weights) / averaged_outputs
    if not np.isfinite(A).all():
        return float("nan"), float("nan")
    if classes is None:
        from sklearn.metrics import r2_score

        return cost, float(r2_score(held.truth, A, sample_weight=held.weights))
    right = decode(Z, classes, out_activation) == held.truth
    if right.ndim == 2:
        right = right.all(axis=1)
    return cost, float(np.average(right, weights=held.weights))

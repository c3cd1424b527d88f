"""What each layer looks like at the end of an epoch, seen on a small probe batch by the reference code."""

from __future__ import annotations

import numpy as np

from layerwise.network.architecture import Architecture
from layerwise.network.objective import Objective, output_backward
from layerwise.network.parameters import named_views
from layerwise.network.propagation import backward, forward

PROBE_ROWS = 64
SATURATED = 5.0


def layer_statistics(
    parameters: np.ndarray,
    before: np.ndarray,
    architecture: Architecture,
    objective: Objective,
    X: np.ndarray,
    Y: np.ndarray,
) -> dict[str, float]:
    """Per layer l, named layer<l>_<statistic>.   X (m, n[0]), Y (m, n[L]): the probe's rows.

    weight_norm: Frobenius norm of W. update_ratio: norm of the change of W since `before` (the start of the
    epoch) over weight_norm. gradient_norm, gradient_mean_abs: of dW on the probe. activation_mean,
    activation_std: of A. zero_fraction: the part of A that is exactly 0. dead_fraction: units that are 0 on
    every row. saturated_fraction: the part of Z beyond plus or minus 5. unit_spread, of layers of two units
    or more: how far the units' weights and biases are from those of their average unit, over their own size;
    0 where all units are the same one, about 1 for a random start.
    """
    views, earlier = named_views(parameters, architecture), named_views(before, architecture)
    with np.errstate(all="ignore"):
        caches = forward(X.T, views, architecture.activations)
        grads = backward(output_backward(objective, caches[-1], Y.T), caches)
        row: dict[str, float] = {}
        for layer, cache in enumerate(caches, start=1):
            W, dW = views[f"W{layer}"], grads[f"dW{layer}"]
            norm = float(np.linalg.norm(W))
            change = float(np.linalg.norm(W - earlier[f"W{layer}"]))
            zero = cache.A == 0
            statistics = {
                "weight_norm": norm,
                "update_ratio": change / norm if norm else float("inf") if change else 0.0,
                "gradient_norm": np.linalg.norm(dW),
                "gradient_mean_abs": np.abs(dW).mean(),
                "activation_mean": cache.A.mean(),
                "activation_std": cache.A.std(),
                "zero_fraction": zero.mean(),
                "dead_fraction": zero.all(axis=1).mean(),
                "saturated_fraction": (np.abs(cache.Z) > SATURATED).mean(),
            }
            if len(W) > 1:
                statistics["unit_spread"] = _unit_spread(W, views[f"b{layer}"])
            row |= {f"layer{layer}_{name}": float(value) for name, value in statistics.items()}
    return row


def _unit_spread(W: np.ndarray, b: np.ndarray) -> float:
    """||V - mean over units|| / ||V|| with V = [W b]; 0 where V is 0.   W (n, n_prev), b (n, 1)"""
    units = np.hstack([W, b])
    size = float(np.linalg.norm(units))
    return float(np.linalg.norm(units - units.mean(axis=0))) / size if size else 0.0

"""What shape the boundary of a network in the plane has."""

from __future__ import annotations

import numpy as np

from layerwise.engine import build_engine
from layerwise.studies.arm import Arm, Examples

SIDE = 200


def answers(arm: Arm, parameters: np.ndarray, examples: Examples) -> tuple[np.ndarray, np.ndarray]:
    """The class that the network gives to every point of a grid over the training data: points (n, 2), and
    booleans (SIDE, SIDE)."""
    low, high = examples.X.min(axis=0), examples.X.max(axis=0)
    axes = [np.linspace(low[k], high[k], SIDE) for k in (0, 1)]
    grid = np.ascontiguousarray(np.column_stack([axis.ravel() for axis in np.meshgrid(*axes)]))
    Z = build_engine(arm.program()).pre_activations(parameters, grid)
    return grid, (Z > 0).reshape(SIDE, SIDE)


def boundary_length(classes: np.ndarray) -> float:
    """How often neighbours on the grid differ, in sides of the grid: 1 for a line along an axis."""
    changes = (classes[1:] != classes[:-1]).sum() + (classes[:, 1:] != classes[:, :-1]).sum()
    return float(changes) / SIDE


def likeness_to_a_line(grid: np.ndarray, classes: np.ndarray) -> float:
    """The share of the grid on which the best straight line that logistic regression finds gives the same
    class; 1 for a network that gives one class only."""
    labels = classes.ravel()
    if labels.all() or not labels.any():
        return 1.0
    from sklearn.linear_model import LogisticRegression

    some = slice(None, None, 7)
    line = LogisticRegression(C=1e4).fit(grid[some], labels[some])
    return float((line.predict(grid) == labels).mean())

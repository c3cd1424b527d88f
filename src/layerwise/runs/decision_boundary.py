"""What a network of two columns answers all over the plane."""

from __future__ import annotations

from typing import Any

import numpy as np

from layerwise.report import Boundary
from layerwise.runs.scoring import predictor
from layerwise.runs.training_table import Rows
from layerwise.tables import Kind
from layerwise.tables.casting import to_numbers

GRID = 120


def decision_boundary(model: Any, rows: Rows, y: np.ndarray) -> Boundary | None:
    """The answers on a grid over the rows' two columns; None unless exactly two columns are used, both
    numbers. `y` (n,) is the rows' target as class index or value."""
    import polars as pl

    read = set(model.encoder_.columns)
    used = [column for column in model.profile_.used if column.name in read]
    if len(used) != 2 or any(column.kind != Kind.NUMBER for column in used):
        return None
    names = [column.name for column in used]
    points = np.column_stack([to_numbers(rows.frame[name])[0].to_numpy() for name in names])
    whole = np.isfinite(points).all(axis=1)
    if not whole.any():
        return None
    points, y = points[whole], y[whole]
    xs, ys = (_axis(points[:, k]) for k in range(2))
    grid = np.meshgrid(xs, ys)
    answers = predictor(model)(
        pl.DataFrame({name: values.ravel() for name, values in zip(names, grid, strict=True)})
    )
    surface = answers.reshape(len(ys), len(xs), *answers.shape[1:])
    if model.target_.task == "binary":
        surface = surface[..., 1]
    return Boundary(names[0], names[1], xs, ys, surface, points[:, 0], points[:, 1], y)


def _axis(values: np.ndarray) -> np.ndarray:
    low, high = float(values.min()), float(values.max())
    margin = 0.08 * (high - low) or 1.0
    return np.linspace(low - margin, high + margin, GRID)

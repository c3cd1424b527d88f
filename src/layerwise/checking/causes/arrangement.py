"""The right numbers in the wrong places: transposed, permuted, or another parameter's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.optimize import linear_sum_assignment

from layerwise.checking.causes.comparison import Comparison
from layerwise.checking.causes.naming import gradient_name, number, times
from layerwise.checking.causes.surroundings import Surroundings
from layerwise.checking.evidence import Cause

# Beyond this many rows or entries, finding the order costs more than it tells.
MOST_ROWS = 400
MOST_ENTRIES = 100_000


def transposed(comparison: Comparison, around: Surroundings) -> Cause | None:
    """A has the entries of N', whole or read in the other order."""
    c = comparison
    if c.A.ndim != 2 or min(c.A.shape) < 2 or not c.evidence.is_whole:
        return None
    N = c.known_N
    models = [
        (N.reshape(-1, order="F").reshape(N.shape), "was flattened column by column, not row by row"),
        (N.reshape(-1).reshape(N.shape, order="F"), "was cut column by column, not row by row"),
    ]
    if N.shape[0] == N.shape[1]:
        models.insert(0, (N.T, "is transposed"))
    for model, what in models:
        if (factor := _fits(c, model)) is not None:
            return Cause("transposed", None, f"{gradient_name(c.name)} {what}{_and_scaled(factor)}.")
    return None


def other_parameter(comparison: Comparison, around: Surroundings) -> Cause | None:
    """A is the gradient of another parameter, or theta itself."""
    c = comparison
    if c.A.size < 2 or not c.evidence.is_whole:
        return None
    for name, N in around.numeric.items():
        if name == c.name or N.size != c.A.size:
            continue
        turned = [N.reshape(c.A.shape)] + ([N.T.reshape(c.A.shape)] if N.ndim == 2 else [])
        for model in turned:
            if (factor := _fits(c, model)) is not None:
                return Cause(
                    "other-parameter",
                    None,
                    f"{gradient_name(c.name)} is the gradient of {name}, another parameter"
                    f"{_and_scaled(factor)}; an index is off.",
                )
    if (factor := _fits(c, c.theta)) is None:
        return None
    if abs(factor - 1) < 1e-6:
        return Cause("other-parameter", None, f"{gradient_name(c.name)} is {c.name} itself.")
    return Cause(
        "zero",
        None,
        f"{gradient_name(c.name)} is {number(factor)} times {c.name}: the penalty's part alone. The data's "
        "part is 0.",
    )


def permuted(comparison: Comparison, around: Surroundings) -> Cause | None:
    """A has the rows, the columns or the entries of N in another order."""
    c = comparison
    if c.A.size < 2 or not c.evidence.is_whole or not np.isfinite(c.A).all():
        return None
    for model, what in _orders(c):
        if (factor := _fits(c, model)) is not None:
            return Cause(
                "permuted",
                None,
                f"{gradient_name(c.name)} has the right {what} in the wrong order{_and_scaled(factor)}.",
            )
    return None


def _orders(c: Comparison) -> Iterator[tuple[np.ndarray, str]]:
    if c.A.ndim == 2:
        for axis, what in ((0, "rows"), (1, "columns")):
            if 1 < c.A.shape[axis] <= MOST_ROWS and c.A.shape[1 - axis] > 1:
                yield _reordered(c, axis), what
    if c.A.size <= MOST_ENTRIES and c.valid.all():
        model = np.empty(c.A.size)
        model[np.argsort(c.A, axis=None)] = np.sort(c.N, axis=None)
        yield model.reshape(c.A.shape), "entries"
    elif c.A.size == max(c.A.shape) <= MOST_ROWS:
        yield _reordered(c.as_column(), 0).reshape(c.A.shape), "entries"


def _reordered(c: Comparison, axis: int) -> np.ndarray:
    """N with its rows (axis 0) or columns in the order that brings it closest to A."""
    A, N, known = (array if axis == 0 else array.T for array in (c.A, c.N, c.valid))
    # |a - n|^2 over the entries of n that are known.
    distance = np.square(A) @ known.T - 2 * A @ N.T + np.square(N).sum(axis=1)
    _, order = linear_sum_assignment(distance)
    ordered = np.where(known, N, np.nan)[order]
    return ordered if axis == 0 else ordered.T


def _fits(c: Comparison, model: np.ndarray) -> float | None:
    """The f with A = f model, where there is one."""
    factor = c.factor(model)
    if factor == 0 or not c.is_explained_by(factor * model, factor):
        return None
    if c.A.size == 2 and abs(abs(factor) - 1) > 1e-6:
        return None
    return factor


def _and_scaled(factor: float) -> str:
    if abs(factor - 1) < 1e-4:
        return ""
    return " and has the wrong sign" if abs(factor + 1) < 1e-4 else f", and is {times(factor)}"

"""Sums over the wrong axis, and one number where there should be many."""

from __future__ import annotations

import numpy as np

from layerwise.checking.causes.comparison import Comparison
from layerwise.checking.causes.naming import gradient_name
from layerwise.checking.causes.surroundings import Surroundings
from layerwise.checking.evidence import Cause


def wrong_axis(comparison: Comparison, around: Surroundings) -> Cause | None:
    """A is a sum or mean of N along an axis, repeated; or has the sum of N, taken over another axis."""
    c = comparison
    if not c.evidence.is_whole or c.A.size < 2 or not np.isfinite(c.A).all():
        return None
    return _repeated(c, around) or _summed_over_units(c, around)


def _repeated(c: Comparison, around: Surroundings) -> Cause | None:
    axes = (
        [None] if c.A.size == max(c.A.shape) else [0, 1, None][: c.A.ndim] + ([None] if c.A.ndim > 1 else [])
    )
    for axis in axes:
        total = np.broadcast_to(c.known_N.sum(axis=axis, keepdims=True), c.A.shape)
        factor = c.factor(total)
        if factor == 0 or not c.is_explained_by(factor * total, factor):
            continue
        what = "rows" if axis == 0 else "columns" if axis == 1 else "entries"
        return Cause(
            "wrong-axis",
            None,
            f"All {what} of {gradient_name(c.name)} are the same{_what(c, axis, factor)}: it is summed "
            "over one axis "
            "too many and repeated.",
        )
    return None


def _what(c: Comparison, axis: int | None, factor: float) -> str:
    over = {0: "each column", 1: "each row", None: "all entries"}[axis]
    count = c.A.size if axis is None else c.A.shape[axis]
    if abs(factor - 1) < 1e-4:
        return f", the sum of {over} of the right gradient"
    if abs(factor * count - 1) < 1e-4:
        return f", the mean of {over} of the right gradient"
    return ""


def _summed_over_units(c: Comparison, around: Surroundings) -> Cause | None:
    """db summed over units instead of examples: wrong entries, right total. It needs as many of the one as of
    the other, which is how it goes unnoticed."""
    if not around.is_bias:
        return None
    examples = around.known.examples
    if examples is not None and examples != c.A.size:
        return None
    total, right = float(c.A[c.valid].sum()), float(c.N.sum())
    size = float(np.abs(c.N).sum())
    rounding = 4 * float(np.abs(c.noise).sum()) + 1e-9 * size
    # With softmax every gradient of the last biases adds up to 0: that says nothing.
    if (
        abs(right) < 1e-3 * size
        or abs(total - right) > rounding
        or rounding > 1e-4 * float(np.abs(c.D).sum())
    ):
        return None
    return Cause(
        "wrong-axis",
        None,
        f"The entries of {gradient_name(c.name)} are wrong and their sum is right: dZ is summed over the "
        "units, "
        "not over the examples.",
    )

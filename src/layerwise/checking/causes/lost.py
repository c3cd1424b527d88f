"""Gradients that lost their value: not finite, zero, or rounded to few digits."""

from __future__ import annotations

import numpy as np

from layerwise.checking.causes.comparison import Comparison
from layerwise.checking.causes.naming import gradient_name, number, sentence
from layerwise.checking.causes.surroundings import Surroundings
from layerwise.checking.evidence import Cause

# A value that passed through a type differs from the right one by about its precision, and not by much more.
PRECISIONS: dict[str, type[np.floating]] = {"half precision": np.float16, "single precision": np.float32}
ERRORS_ADD_UP = 3e4
UNEVEN = 30.0
# No floating-point type is so short that a gradient moves by more.
MOST_JUMP = 1e-2
SINGLE_JUMP = 3e-6
# A sum of terms that cancel is not 0 to the last place.
NOTHING = 1e-12


def non_finite(comparison: Comparison, around: Surroundings) -> Cause | None:
    """A holds NaN or infinity where the cost has a slope."""
    bad = comparison.valid & ~np.isfinite(comparison.A)
    if not bad.any():
        return None
    value = comparison.A[bad].flat[0]
    where = comparison.place(bad, comparison.valid) or " everywhere"
    return Cause(
        "non-finite",
        None,
        f"{gradient_name(comparison.name)} is {value}{where}, where the cost has a finite slope; look for a "
        "division by 0, a logarithm of 0 or an overflow.",
    )


def zero(comparison: Comparison, around: Surroundings) -> Cause | None:
    """A is 0 at every entry that is wrong."""
    c = comparison
    if not c.wrong.any() or np.any(np.abs(c.A[c.wrong]) > NOTHING * np.abs(c.N).max()):
        return None
    if c.wrong.sum() == 1 and c.valid.sum() > 1:
        return None
    where = c.place(c.wrong, c.valid & (c.N != 0))
    size = number(float(np.sqrt(np.mean(np.square(c.N[c.wrong])))))
    return Cause(
        "zero",
        0.0,
        f"{gradient_name(c.name)} is 0{where}, where the slopes of the cost are about {size}; it is not "
        "filled in, "
        "or something is multiplied by 0 on the way.",
    )


def stored_in_low_precision(comparison: Comparison, around: Surroundings) -> Cause | None:
    """Every entry of A is a number of a shorter type, and differs by no more than that type's rounding."""
    c = comparison
    A = c.A[c.valid]
    for name, dtype in PRECISIONS.items():
        with np.errstate(all="ignore"):
            is_short = np.array_equal(A.astype(dtype).astype(np.float64), A)
        if is_short and _is_rounding(c, float(np.finfo(dtype).eps)):
            return _low_precision(c, name)
    return None


def rounded_inside(comparison: Comparison, around: Surroundings) -> Cause | None:
    """A differs evenly, by what intermediate results in single precision leave. Nothing else is so small."""
    c = comparison
    if _is_rounding(c, float(np.finfo(np.float32).eps), add_up=30) and c.wrong.sum() > 1:
        return _low_precision(c, "single precision")
    return None


def is_slight(comparison: Comparison) -> bool:
    """Whether A is wrong by no more than half precision makes it, and evenly so."""
    return _is_rounding(comparison, float(np.finfo(np.float16).eps), add_up=1.5)


def slight(comparison: Comparison) -> Cause:
    """What is most likely of a gradient that is nearly right everywhere."""
    return _low_precision(comparison, "a short type such as float16")


def low_precision_seen(comparison: Comparison, noise: float) -> Cause | None:
    """The gradient function jumps by `noise` (relative) where its parameters move by less than that.

    Rounding leaves no entry alone; corners of the cost make jumps too, and a few wrong entries come from
    elsewhere.
    """
    if comparison.wrong.sum() <= comparison.valid.sum() / 2:
        return None
    size = float(np.linalg.norm(comparison.D) / np.linalg.norm(comparison.A[comparison.valid]))
    if not 1e-9 < noise < MOST_JUMP or not 0.02 * noise <= size <= 20 * noise:
        return None
    name = sentence(gradient_name(comparison.name))
    short = "single" if noise < SINGLE_JUMP else "half"
    return Cause(
        "low-precision",
        None,
        f"{name} moves in jumps of about {noise:.0e} of its size when the parameters move by less, "
        f"and is off by as much ({size:.0e}): something is kept in {short} precision.",
    )


def _is_rounding(c: Comparison, precision: float, add_up: float = ERRORS_ADD_UP) -> bool:
    """Whether the errors are small beside the gradient, in proportion to `precision`, and of one size."""
    if not c.valid.any():
        return False
    usual = float(np.sqrt(np.mean(np.square(c.A[c.valid]))))
    apart = np.abs(c.D[c.valid])
    if not usual or not np.isfinite(apart).all():
        return False
    error = float(np.sqrt(np.mean(np.square(apart)))) / usual
    even = apart.size < 4 or float(apart.max()) < UNEVEN * float(np.median(apart)) + 4 * precision * usual
    return error < min(add_up * precision, 1e-2) and (even or error < 4 * precision)


def _low_precision(c: Comparison, name: str) -> Cause:
    error = float(np.linalg.norm(c.D) / np.linalg.norm(c.A[c.valid]))
    return Cause(
        "low-precision",
        None,
        f"{gradient_name(c.name)} is right to {max(0, round(-np.log10(error)))} digits and no more: most "
        "likely it "
        f"was computed or stored in {name}. Keep everything in float64 while checking.",
    )

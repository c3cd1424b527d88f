"""Gradients that are a multiple of the right one: a constant forgotten or used twice, a sign, an average."""

from __future__ import annotations

import numpy as np

from layerwise.checking.causes.comparison import Comparison
from layerwise.checking.causes.naming import gradient_name, number, times
from layerwise.checking.causes.numbers import EXAMPLES, Factor
from layerwise.checking.causes.surroundings import Surroundings
from layerwise.checking.evidence import Cause


def sign_flipped(comparison: Comparison, around: Surroundings) -> Cause | None:
    """A = -N at every entry that is wrong."""
    c = comparison
    if not c.is_explained_by(np.where(c.wrong, -c.N, c.N)):
        return None
    where = c.place(c.wrong, c.valid & (c.N != 0))
    return Cause(
        "sign-flipped",
        -1.0,
        f"{gradient_name(c.name)} has the right size and the wrong sign{where}.",
    )


def scaled(comparison: Comparison, around: Surroundings) -> Cause | None:
    """A = f N at every entry that is wrong, with one f; f the number of examples: not averaged.

    A single wrong entry always has a factor: there f must be a number that means something.
    """
    c = comparison
    factor = c.factor(c.N, c.wrong)
    if factor == 0 or not c.is_explained_by(np.where(c.wrong, factor * c.N, c.N), factor):
        return None
    reading = around.reading(factor)
    if c.wrong.sum() == 1 and reading is None:
        return None
    return scale_cause(c, factor, reading, around, c.place(c.wrong, c.valid & (c.N != 0)))


def scale_cause(
    c: Comparison, factor: float, reading: Factor | None, around: Surroundings, where: str = ""
) -> Cause:
    """The cause of a factor."""
    text = f"{gradient_name(c.name)} is {times(factor)}{where}"
    if reading is not None and reading.is_examples:
        return Cause(
            "not-averaged",
            factor,
            f"{text}, and {number(abs(factor))} is {reading.meaning}: it is a sum where the cost is an "
            "average; "
            "divide by the number of examples.",
        )
    known = around.known.examples
    if known is not None and abs(factor * known - 1) < 1e-5:
        text += f", and {number(known)} is {EXAMPLES}: it is averaged twice, or the cost is a sum"
    elif reading is not None and reading.says_more:
        text += f", and {number(abs(factor))} is {reading.meaning}"
    return Cause("scaled", factor, f"{text}.")


def data_part_scaled(comparison: Comparison, around: Surroundings) -> Cause | None:
    """A = f N + (1 - f) p theta: the data's part is f times too large, the penalty's p theta is right."""
    c = comparison
    N, theta, A = c.N[c.valid], c.theta[c.valid], c.A[c.valid]
    if N.size < 4 or not np.any(theta) or not np.isfinite(A).all():
        return None
    (factor, rest), *_ = np.linalg.lstsq(np.column_stack([N, theta]), A, rcond=None)
    if factor == 1 or not c.is_explained_by(factor * c.N + rest * c.theta, factor):
        return None
    penalty, reading = rest / (1 - factor), around.reading(float(factor))
    if penalty <= 0 or reading is None:
        return None
    if abs(factor + 1) < 1e-4:
        return Cause(
            "sign-flipped",
            -1.0,
            f"{gradient_name(c.name)}'s data part has the wrong sign; its penalty has the right one.",
        )
    cause = scale_cause(c, float(factor), reading, around)
    text = cause.explanation.replace(" is ", "'s data part is ", 1)
    return cause._replace(
        explanation=f"{text} Its penalty, {number(float(penalty))} times {c.name}, is right."
    )

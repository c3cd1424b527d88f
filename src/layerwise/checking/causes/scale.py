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

    A single wrong entry always has a factor: there f must be a number that means something; beside
    right ones, no mere fraction.
    """
    c = comparison
    factor = c.factor(c.N, c.wrong)
    if factor == 0 or not c.is_explained_by(np.where(c.wrong, factor * c.N, c.N), factor):
        return None
    reading = around.reading(factor)
    if c.wrong.sum() == 1 and (reading is None or (c.valid.sum() > 1 and reading.is_any_fraction)):
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

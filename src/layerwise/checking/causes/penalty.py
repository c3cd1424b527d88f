"""A term in proportion to the parameter that is missing or too much: L2, or L1."""

from __future__ import annotations

import numpy as np

from layerwise.checking.causes.comparison import Comparison
from layerwise.checking.causes.naming import gradient_name, number
from layerwise.checking.causes.surroundings import Surroundings
from layerwise.checking.evidence import Cause

CLOSE = 1e-4


def penalty_term(comparison: Comparison, around: Surroundings) -> Cause | None:
    """A = N + e theta (L2) or N + e sign(theta) (L1) at every entry that is wrong: e below 0 is missing.

    A single entry always fits some e: there e must be the cost's own penalty.
    """
    c = comparison
    for shown, term in ((c.name, c.theta), (f"sign({c.name})", np.sign(c.theta))):
        where = c.wrong & (term != 0)
        size = float(term[where] @ term[where])
        if not size:
            continue
        excess = float(c.D[where] @ term[where]) / size
        if not c.is_explained_by(np.where(c.wrong, c.N + excess * term, c.N)):
            continue
        if c.wrong.sum() == 1 and not _is_own(excess, around):
            continue
        return _cause(c, around, excess, shown, c.place(c.wrong, c.valid & (term != 0)))
    return None


def _is_own(excess: float, around: Surroundings) -> bool:
    """Whether this is how strong the cost's penalty is, or may be from the numbers the caller uses."""
    strengths = [around.penalty] if around.penalty is not None else around.known.penalties()
    return any(p > 0 and abs(abs(excess) - p) <= CLOSE * p for p in strengths)


def _cause(c: Comparison, around: Surroundings, excess: float, term: str, where: str) -> Cause:
    name = gradient_name(c.name)
    if excess < 0:
        text = f"{name} lacks {number(-excess)} times {term}{where}"
    else:
        text = f"{name} has {number(excess)} times {term} too much{where}"
    return Cause(
        "missing-penalty" if excess < 0 else "extra-penalty", None, f"{text}: {_reason(around, excess)}."
    )


def _reason(around: Surroundings, excess: float) -> str:
    """What became of the penalty, from how strong it is in the cost."""
    own = around.penalty
    if around.is_bias and excess > 0:
        return "the penalty is added to a bias, which the cost does not penalise"
    if own is None:
        return "the penalty's part is " + ("forgotten, or too small" if excess < 0 else "too large")
    if own <= 0:
        return "a penalty that the cost does not have"
    share = 1 + excess / own
    if abs(share) < CLOSE:
        return f"the penalty of the cost, {number(own / 2)} times the sum of the squares, is forgotten"
    reading = around.reading(share)
    meaning = f" ({reading.meaning})" if reading is not None and reading.says_more else ""
    return f"its penalty is {number(share)} times{meaning} the {number(own)} that belongs there"

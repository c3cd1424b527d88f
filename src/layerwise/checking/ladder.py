"""Three steps along a line: the slope extrapolated to step 0, and what may be wrong with it.

A line is phi(t) = J(theta + t v); its slope at 0 is the derivative of J along v. Central differences at h,
h/2 and h/4 are extrapolated (Richardson 1911; Ridders 1982):

    D(h) = (phi(h) - phi(-h)) / 2h            error c2 h^2 + c4 h^4 + ...
    R = (4 D(h/2) - D(h)) / 3                 error of order h^4
    S = (16 R(h/2) - R(h)) / 15               error of order h^6

A corner of the cost inside the step shows in the gap between the one-sided slopes,

    g(h) = (phi(h) - 2 phi(0) + phi(-h)) / h

which goes to 0 with h where the cost is smooth, and to the difference of the two slopes at a corner.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

EPSILON = float(np.finfo(np.float64).eps)
RUNGS = np.array([[1.0], [0.5], [0.25]])
# The most that one unit of noise in each value can come to, over h: in D(h/4), in S, and in the gap.
NOISE_OF_DIFFERENCE = 4.0
NOISE_OF_SLOPE = 7.0
NOISE_OF_GAP = 50.0
# Farther than this from its limit, an extrapolation says nothing.
ASYMPTOTIC = 0.01
# Differences apart by so many times their noise are no accident of rounding.
ROUGH = 100.0

LineValues = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(which lines (k,), steps t (k,)) -> phi (k,)."""


@dataclass(frozen=True)
class Lines:
    """`count` lines through one point where the cost is `here`, each value known to within `noise`.

    `grain` (count,): the spacing of floating-point numbers along each line, in units of t.
    """

    values: LineValues
    count: int
    here: float
    noise: float
    grain: np.ndarray


class Ladder(NamedTuple):
    """Of each line, all (lines,): the slope S; the plain difference D(h); what truncation and rounding may
    come to in S; whether the differences converge as those of a smooth cost do, or are far from it; whether
    there is a corner, and the slopes on its two sides; whether every value is that of the line's origin."""

    slope: np.ndarray
    plain: np.ndarray
    truncation: np.ndarray
    noise: np.ndarray
    converges: np.ndarray
    rough: np.ndarray
    corner: np.ndarray
    left: np.ndarray
    right: np.ndarray
    flat: np.ndarray

    @property
    def error(self) -> np.ndarray:
        """A bound of the slope's error."""
        return self.truncation + self.noise


def climb(lines: Lines, which: np.ndarray, h: np.ndarray) -> Ladder:
    """The steps h, h/2, h/4 along the lines `which`: six evaluations each.   which, h (k,)"""
    steps = h * RUNGS
    plus, minus = (np.stack([lines.values(which, sign * step) for step in steps]) for sign in (1, -1))
    with np.errstate(all="ignore"):
        D = (plus - minus) / (2 * steps)
        R = (4 * D[1:] - D[:-1]) / 3
        S = (16 * R[1] - R[0]) / 15
        largest = np.maximum(np.abs(plus).max(axis=0), np.abs(minus).max(axis=0))
        unit = np.maximum(lines.noise, EPSILON * np.maximum(largest, abs(lines.here)))
        gap, gap_error, left, right = _gap(lines.here, plus, minus, steps, unit)
        is_gap = np.abs(gap) > gap_error
        turns = np.maximum(np.abs(np.diff(left, axis=0)[0]), np.abs(np.diff(right, axis=0)[0]))
        corner = is_gap & (turns < 0.25 * np.abs(gap))
        noise = NOISE_OF_SLOPE * unit / h + np.abs(S) * lines.grain[which] / h
        truncation = np.abs(S - R[1])
        apart, near = np.abs(np.diff(D, axis=0)), ASYMPTOTIC * np.abs(S)
        wobble = 3 * NOISE_OF_DIFFERENCE * unit / h
        settles = apart[1] <= np.minimum(apart[0] / 2, near) + wobble
        converges = settles & (np.abs(gap) <= NOISE_OF_GAP * unit / h + near) & ~is_gap & np.isfinite(S)
        rough = (apart[1] > near + ROUGH * wobble) | ~np.isfinite(S)
        # A corner too slight to be told from noise shifts the slope by half its gap at most. A shorter step
        # betters what rounding does not explain of it.
        slight = np.where(is_gap, 0, np.abs(gap) / 2)
        is_rounding = np.abs(gap) <= NOISE_OF_GAP * unit / h
        noise = noise + np.where(is_rounding, slight, 0)
        truncation = truncation + np.where(is_rounding, 0, slight)
        flat = (plus == lines.here).all(axis=0) & (minus == lines.here).all(axis=0)
    return Ladder(S, D[0], truncation, noise, converges, rough, corner, left[1], right[1], flat)


def _gap(here, plus, minus, steps, unit):
    """The gap extrapolated to step 0, a bound of its error, and the one-sided slopes (2, lines), each from
    two neighbouring rungs."""
    right, left = (plus - here) / steps, (here - minus) / steps
    right, left = 2 * right[1:] - right[:-1], 2 * left[1:] - left[:-1]
    first = right - left
    gap = (8 * first[1] - first[0]) / 7
    return gap, 2 * (NOISE_OF_GAP * unit / steps[0] + np.abs(gap - first[1])), left, right

"""The slope of a cost along many lines at once, with a bound of its error, and the corners it meets.

A line is phi(t) = J(theta + t v); its slope at 0 is the derivative of J along v. Central differences at h, h/2
and h/4 are extrapolated to h = 0 (Richardson 1911; Ridders 1982):

    D(h) = (phi(h) - phi(-h)) / 2h            error c2 h^2 + c4 h^4 + ...
    R = (4 D(h/2) - D(h)) / 3                 error of order h^4
    S = (16 R(h/2) - R(h)) / 15               error of order h^6

Truncation is estimated by what the last extrapolation changed, rounding from the noise of the cost; h moves,
line by line, until both together are small. A corner of the cost inside the step shows in the gap

    g(h) = (phi(h) - 2 phi(0) + phi(-h)) / h

which goes to 0 with h where the cost is smooth, and to the difference of the two one-sided slopes at a corner.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

EPSILON = float(np.finfo(np.float64).eps)
FIRST_STEP = 2.0**-7
ROUNDS = 12
PILOTS = 5
# An error this small against the usual slope is good enough; the bound is several times the error itself.
ACCEPTED = 1e-10
# What one unit of noise in each value may come to in S, in the gap, and in a one-sided slope, over h.
NOISE_OF_SLOPE = 7.0
NOISE_OF_GAP = 50.0
SHORT_OF_A_CORNER = 1e-8
GROW, SHRINK = 64.0, 1 / 64
CORNER_SHRINK = 1 / 16

LineValues = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(which lines (k,), steps t (k,)) -> phi (k,)."""


class Slopes(NamedTuple):
    """Of each line, all (lines,): the slope, a bound of its error, whether a corner lies inside the step, the
    slopes on its two sides, and the step used. A slope that could not be had is NaN and its error infinite."""

    slope: np.ndarray
    error: np.ndarray
    corner: np.ndarray
    left: np.ndarray
    right: np.ndarray
    step: np.ndarray


class Ladder(NamedTuple):
    """What three steps say of each line."""

    slope: np.ndarray
    truncation: np.ndarray
    noise: np.ndarray
    has_gap: np.ndarray
    left: np.ndarray
    right: np.ndarray
    flat: np.ndarray

    @property
    def error(self) -> np.ndarray:
        return self.truncation + self.noise


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


def slopes_of(lines: Lines, scale: float) -> Slopes:
    """The slope of every line; the steps start from `scale`, a length over which the cost may change.

    A few lines go first, and the others start from the step that those found good.
    """
    tracker = _Tracker(lines)
    first = scale * FIRST_STEP
    pilots = np.unique(np.linspace(0, lines.count - 1, PILOTS).astype(int))
    tracker.measure(pilots, np.full(len(pilots), first))
    moving = pilots[tracker.best.slope[pilots] != 0]
    if moving.size:
        first = float(np.median(tracker.best.step[moving]))
    others = np.setdiff1d(np.arange(lines.count), pilots)
    tracker.measure(others, np.full(len(others), first))
    return tracker.settled()


def central_differences(lines: Lines, step: float) -> Slopes:
    """The plain central difference at one fixed step, as in the note; its error as the ladder estimates it."""
    which = np.arange(lines.count)
    steps = np.full(lines.count, step)
    values = lines.values
    plus, minus = values(which, steps), values(which, -steps)
    with np.errstate(all="ignore"):
        slope = (plus - minus) / (2 * step)
        ladder = _ladder(lines, which, steps, (plus, minus))
        error = np.abs(slope - ladder.slope) + ladder.noise
        corner = ladder.has_gap & (error > ACCEPTED * np.abs(slope))
    error[~np.isfinite(slope)] = np.inf
    return Slopes(slope, error, corner, ladder.left, ladder.right, steps)


class _Tracker:
    """The best slope found so far for each line, and the rounds that better it."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        nothing = np.full(lines.count, np.nan)
        self.best = Slopes(
            nothing.copy(),
            np.full(lines.count, np.inf),
            np.zeros(lines.count, dtype=bool),
            nothing.copy(),
            nothing.copy(),
            np.full(lines.count, FIRST_STEP),
        )

    def measure(self, which: np.ndarray, steps: np.ndarray) -> None:
        """Better the lines `which`, round by round, from these steps, until each is good or cannot be bettered."""
        worse = np.zeros(len(which), dtype=int)
        for _ in range(ROUNDS):
            if not which.size:
                return
            steps = self._representable(which, steps)
            with np.errstate(all="ignore"):
                ladder = _ladder(self.lines, which, steps)
                better = self._keep(which, steps, ladder)
                worse = np.where(better & ~ladder.flat, 0, worse + 1)
                moved = steps * _factor(ladder)
                open_ = (self.best.error[which] > ACCEPTED * self._usual_slope()) & (worse < 3) & (moved != steps)
            which, steps, worse = which[open_], moved[open_], worse[open_]

    def _representable(self, which: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """Powers of two, so that theta + h is exact wherever theta has the bits for it."""
        smallest = np.maximum(8 * self.lines.grain[which], 2.0**-300)
        return 2.0 ** np.ceil(np.log2(np.clip(steps, smallest, 2.0**300)))

    def _usual_slope(self) -> float:
        """The root mean square of the slopes known so far."""
        known = self.best.slope[np.isfinite(self.best.slope)]
        largest = float(np.abs(known).max(initial=0.0))
        return largest * float(np.sqrt(np.mean(np.square(known / largest)))) if largest else 0.0

    def settled(self) -> Slopes:
        """The best slopes; a corner counts only where no step short of it gave a good slope."""
        best = self.best
        good = best.error <= SHORT_OF_A_CORNER * np.maximum(np.abs(best.slope), self._usual_slope())
        return best._replace(corner=best.corner & ~good)

    def _keep(self, which: np.ndarray, steps: np.ndarray, ladder: Ladder) -> np.ndarray:
        """Take over what is better than before. Returns where it was."""
        best = self.best
        smooth = np.isfinite(ladder.slope) & np.isfinite(ladder.error) & ~ladder.has_gap
        better = smooth & (ladder.error < best.error[which])
        chosen = which[better]
        best.slope[chosen], best.error[chosen] = ladder.slope[better], ladder.error[better]
        best.step[chosen] = steps[better]
        # The corner nearest to the line's origin is the one that the smallest step met.
        cornered = ladder.has_gap
        best.corner[which[cornered]] = True
        best.left[which[cornered]], best.right[which[cornered]] = ladder.left[cornered], ladder.right[cornered]
        return better | cornered


def _factor(ladder: Ladder) -> np.ndarray:
    """By how much each step should change: towards the length where truncation and rounding are alike."""
    balance = np.clip((ladder.noise / np.maximum(ladder.truncation, 1e-300)) ** 0.2, SHRINK, GROW)
    factor = np.where(ladder.truncation > ladder.noise, np.minimum(balance, 0.5), np.maximum(balance, 2.0))
    factor = np.where(ladder.has_gap, CORNER_SHRINK, factor)
    return np.where(np.isfinite(ladder.error), factor, CORNER_SHRINK)


def _ladder(
    lines: Lines,
    which: np.ndarray,
    h: np.ndarray,
    known: tuple[np.ndarray, np.ndarray] | None = None,
) -> Ladder:
    """The three steps h, h/2, h/4 of the lines `which`."""
    plus, minus = np.empty((3, len(which))), np.empty((3, len(which)))
    for rung in range(3):
        step = h / 2**rung
        if rung == 0 and known is not None:
            plus[0], minus[0] = known
        else:
            plus[rung], minus[rung] = lines.values(which, step), lines.values(which, -step)
    steps = h / np.array([[1.0], [2.0], [4.0]])
    D = (plus - minus) / (2 * steps)
    R = (4 * D[1:] - D[:-1]) / 3
    S = (16 * R[1] - R[0]) / 15
    largest = np.maximum(np.abs(plus).max(axis=0), np.abs(minus).max(axis=0))
    unit = np.maximum(lines.noise, EPSILON * np.maximum(largest, abs(lines.here)))
    noise = NOISE_OF_SLOPE * unit / h + np.abs(S) * lines.grain[which] / h
    gap, gap_error, left, right = _gap(lines.here, plus, minus, steps, unit)
    agree = np.maximum(np.abs(left[0] - left[1]), np.abs(right[0] - right[1])) < 0.25 * np.abs(gap)
    has_gap = agree & (np.abs(gap) > gap_error)
    # A corner too slight to be told from noise shifts the slope by half its gap at most.
    noise += np.abs(gap) / 2
    flat = (plus == lines.here).all(axis=0) & (minus == lines.here).all(axis=0)
    # Near a corner that is not yet inside every rung, R and S may agree by chance; D never does.
    truncation = np.maximum(np.abs(S - R[1]), np.abs(R[1] - R[0]) / 15)
    return Ladder(S, truncation, noise, has_gap, left[1], right[1], flat)


def _gap(here, plus, minus, steps, unit):
    """The gap between the one-sided slopes extrapolated to step 0, the bound of its error, and those slopes
    (2, lines), each from two neighbouring rungs."""
    right, left = (plus - here) / steps, (here - minus) / steps
    right, left = 2 * right[1:] - right[:-1], 2 * left[1:] - left[:-1]
    first = right - left
    gap = (8 * first[1] - first[0]) / 7
    error = NOISE_OF_GAP * unit / steps[0] + np.abs(gap - first[1])
    return gap, 2 * error, left, right

"""The slope of a cost along many lines, each with the step that suits it.

Truncation grows with the step and rounding falls with it; both are estimated on each line (`ladder`), and the
step moves until the two together are small. It is shortened where a corner, or anything else that is not
smooth, lies inside it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from layerwise.checking.ladder import Ladder, Lines, climb

FIRST_STEP = 2.0**-7
SMALLEST, LARGEST = 2.0**-300, 2.0**300
ROUNDS = 12
FRUITLESS_ROUNDS = 3
PILOTS = 5
# An error this small against the usual slope is good enough; the bound is several times the error itself.
ACCEPTED = 1e-10
# With a slope this good, a corner met by a longer step does not matter.
SHORT_OF_A_CORNER = 1e-8
CLEAR = 1e-7
# Doubted slopes are asked for again at steps so much shorter, until so many converge, so often at most.
OPINION, OPINIONS, MOST_OPINIONS = 1 / 8, 2, 8
# Between here and so many times the parameters' size there may be corners that rounding hides.
FAR = 8.0
GROW, SHRINK, SHRINK_AT_CORNER = 64.0, 1 / 64, 1 / 16


class Slopes(NamedTuple):
    """Of each line, all (lines,): the slope, a bound of its error, whether there is a corner at the line's
    origin, as far as rounding lets one see, the slopes on its two sides, and the step that was used.
    Where no slope could be had it is NaN and its error infinite."""

    slope: np.ndarray
    error: np.ndarray
    corner: np.ndarray
    left: np.ndarray
    right: np.ndarray
    step: np.ndarray


def slopes_of(lines: Lines, scale: float, accepted: float = ACCEPTED) -> Slopes:
    """The slope of every line. The steps begin with a share of `scale`, a length over which the cost may
    change, and move until the error is `accepted` against the usual slope, or cannot be bettered.

    A few lines go first, and the others begin with the step that those found good.
    """
    search, first = _Search(lines, accepted), scale * FIRST_STEP
    pilots = np.linspace(0, lines.count - 1, int(np.clip(lines.count // 3, 1, PILOTS))).astype(int)
    search.run(pilots, np.full(len(pilots), first))
    moving = pilots[np.isfinite(search.best.slope[pilots]) & (search.best.slope[pilots] != 0)]
    if moving.size:
        first = float(np.median(search.best.step[moving]))
    others = np.setdiff1d(np.arange(lines.count), pilots)
    search.run(others, np.full(len(others), first))
    return search.result()


def second_opinion(
    lines: Lines, which: np.ndarray, claimed: np.ndarray, first: Slopes, scale: float
) -> Slopes:
    """The slopes of the doubted lines `which` again, with steps 8 and 64 times shorter and none far beyond
    `scale`, the usual size of the parameters; shorter still where those do not converge, as long as rounding
    leaves something to be told.

    A shorter step sees less of what is not smooth, and more rounding. It has the last word where it excludes
    the first slope, and where it does not exclude `claimed` (lines,): nobody is accused on the word of a long
    step alone.
    """
    again = Slopes(*(array.copy() for array in first))
    start, converged = np.minimum(first.step, FAR / OPINION * scale), np.zeros(len(which), dtype=int)
    for number in range(1, MOST_OPINIONS + 1):
        steps = _powers_of_two(start[which] * OPINION**number, lines.grain[which])
        ladder = climb(lines, which, steps)
        with np.errstate(all="ignore"):
            excludes = np.abs(ladder.slope - again.slope[which]) > ladder.error + again.error[which]
            allows = np.abs(ladder.slope - claimed[which]) <= ladder.error
        takes = ladder.converges & (excludes | allows)
        chosen = which[takes]
        again.slope[chosen], again.error[chosen] = ladder.slope[takes], ladder.error[takes]
        again.step[chosen] = steps[takes]
        _note_corners(again, which, ladder)
        converged += ladder.converges
        goes_on = (converged < OPINIONS) & (ladder.noise < np.abs(claimed - first.slope)[which])
        which, converged = which[goes_on], converged[goes_on]
        if not which.size:
            break
    return again


def _note_corners(slopes: Slopes, which: np.ndarray, ladder: Ladder) -> None:
    """Keep the two slopes at each corner: from the shortest step that still shows them clearly."""
    clear = ladder.noise <= CLEAR * np.abs(ladder.right - ladder.left)
    takes = ladder.corner & (clear | ~slopes.corner[which])
    slopes.corner[which[ladder.corner]] = True
    slopes.left[which[takes]], slopes.right[which[takes]] = ladder.left[takes], ladder.right[takes]


def central_differences(lines: Lines, step: float) -> Slopes:
    """The plain central difference at one fixed step, as in the note, with its error."""
    steps = np.full(lines.count, float(step))
    ladder = climb(lines, np.arange(lines.count), steps)
    error = np.abs(ladder.plain - ladder.slope) + ladder.error
    error[~np.isfinite(error)] = np.inf
    return Slopes(ladder.plain, error, ladder.corner, ladder.left, ladder.right, steps)


class _Search:
    """The best slope found so far for each line, and the rounds that better it."""

    def __init__(self, lines: Lines, accepted: float) -> None:
        self.lines, self.accepted = lines, accepted
        nothing, n = np.full(lines.count, np.nan), lines.count
        self.best = Slopes(
            nothing.copy(),
            np.full(n, np.inf),
            np.zeros(n, dtype=bool),
            nothing.copy(),
            nothing.copy(),
            np.full(n, 1.0),
        )
        self.too_long = np.full(n, np.inf)

    def run(self, which: np.ndarray, steps: np.ndarray) -> None:
        """Better these lines, from these steps, until each is good or cannot be bettered."""
        fruitless = np.zeros(len(which), dtype=int)
        for _ in range(ROUNDS):
            if not which.size:
                return
            steps = _powers_of_two(steps, self.lines.grain[which])
            ladder = climb(self.lines, which, steps)
            self._remember_too_long(which, steps, ladder)
            better = self._keep(which, steps, ladder)
            fruitless = np.where(better & ~ladder.flat, 0, fruitless + 1)
            moved = self._moved(which, steps, ladder)
            good = self.best.error[which] <= self.accepted * self._usual_slope()
            goes_on = ~good & (fruitless < FRUITLESS_ROUNDS) & (moved != steps)
            which, steps, fruitless = which[goes_on], moved[goes_on], fruitless[goes_on]

    def _remember_too_long(self, which: np.ndarray, steps: np.ndarray, ladder: Ladder) -> None:
        """Keep the shortest step that was too long; what a longer one seemed to show was chance."""
        chance = which[ladder.rough & (self.best.step[which] > steps)]
        self.best.slope[chance], self.best.error[chance] = np.nan, np.inf
        self.too_long[which] = np.where(
            ladder.converges, self.too_long[which], np.minimum(self.too_long[which], steps)
        )

    def _keep(self, which: np.ndarray, steps: np.ndarray, ladder: Ladder) -> np.ndarray:
        """Take over what is better than before. Returns where there was something new."""
        best = self.best
        better = ladder.converges & (ladder.error < best.error[which])
        chosen = which[better]
        best.slope[chosen], best.error[chosen] = ladder.slope[better], ladder.error[better]
        best.step[chosen] = steps[better]
        _note_corners(best, which, ladder)
        # As long as nothing converges the search goes on to shorter steps.
        return better | ~np.isfinite(best.error[which])

    def _moved(self, which: np.ndarray, steps: np.ndarray, ladder: Ladder) -> np.ndarray:
        """The steps of the next round: towards the length where truncation and rounding are alike."""
        with np.errstate(all="ignore"):
            balance = np.clip((ladder.noise / np.maximum(ladder.truncation, 1e-300)) ** 0.2, SHRINK, GROW)
        longer = ladder.noise > ladder.truncation
        factor = np.where(longer, np.maximum(balance, 2.0), np.minimum(balance, 0.5))
        moved = steps * np.where(ladder.converges, factor, SHRINK_AT_CORNER)
        # Nothing is learnt at or beyond a step that was too long.
        return np.where(moved >= self.too_long[which], np.maximum(self.too_long[which] / 4, steps), moved)

    def _usual_slope(self) -> float:
        """The root mean square of the slopes known so far."""
        known = self.best.slope[np.isfinite(self.best.slope)]
        largest = float(np.abs(known).max(initial=0.0))
        return largest * float(np.sqrt(np.mean(np.square(known / largest)))) if largest else 0.0

    def result(self) -> Slopes:
        """The best slopes; a corner counts only where no step short of it gave a good slope."""
        best = self.best
        good = best.error <= SHORT_OF_A_CORNER * np.maximum(np.abs(best.slope), self._usual_slope())
        return best._replace(corner=best.corner & ~good)


def _powers_of_two(steps: np.ndarray, grain: np.ndarray) -> np.ndarray:
    """Steps rounded up to powers of two, so that theta + h is exact wherever theta has the bits for it."""
    return 2.0 ** np.ceil(np.log2(np.clip(steps, np.maximum(8 * grain, SMALLEST), LARGEST)))

"""The note's difference as its epsilon goes from large to small."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from layerwise.checking.check import Request
from layerwise.checking.evidence import relative_difference
from layerwise.checking.measuring import Measuring

STEPS = tuple(float(f"{digits}e{power}") for power in range(0, -14, -1) for digits in (1, 0.3))[:-1]
MOST_ENTRIES = 500


@dataclass(frozen=True)
class Sweep:
    """`differences[i]` is ||A - N|| / (||A|| + ||N||) with central differences at `steps[i]`; `chosen` that
    with a step for each entry. `entries` were measured, evenly spread where there are many. `noise` is the
    size of the rounding errors of the cost."""

    steps: tuple[float, ...]
    differences: tuple[float, ...]
    chosen: float
    tolerance: float
    entries: int
    noise: float

    @property
    def best_step(self) -> float:
        """The step at which the difference is smallest."""
        return self.steps[int(np.argmin(self.differences))]

    def passing(self) -> tuple[float, float] | None:
        """(smallest, largest) of the steps around the best at which the difference passes, or None."""
        best = int(np.argmin(self.differences))
        if not self.differences[best] <= self.tolerance:
            return None
        first = last = best
        while first > 0 and self.differences[first - 1] <= self.tolerance:
            first -= 1
        while last + 1 < len(self.steps) and self.differences[last + 1] <= self.tolerance:
            last += 1
        return self.steps[last], self.steps[first]


def sweep_request(request: Request) -> Sweep:
    """Central differences of the whole vector at each of `STEPS`; kinks are not left out, as in the note."""
    cost, A = request.cost, request.gradient
    here = cost.first_look()
    generator = np.random.default_rng(request.seed)
    measuring = Measuring.start(cost, here, request.tolerance, None, generator)
    chosen = _entries({name: array.size for name, array in A.items()})
    analytic = np.concatenate([A[name].astype(np.float64).reshape(-1)[at] for name, at in chosen.items()])
    differences = []
    for step in STEPS:
        numeric = []
        for name, at in chosen.items():
            values, which = cost.along_entries(name, at), np.arange(len(at))
            size = np.full(len(at), step)
            numeric.append((values(which, size) - values(which, -size)) / (2 * step))
        differences.append(relative_difference(analytic, np.nan_to_num(np.concatenate(numeric))))
    best, right = [], []
    for name, at in chosen.items():
        given = A[name].astype(np.float64).reshape(-1)[at]
        slopes = measuring.entries(name, at, given)
        known = np.isfinite(slopes.slope) & ~slopes.corner
        best.append(slopes.slope[known])
        right.append(given[known])
    cost.check()
    return Sweep(
        STEPS,
        tuple(differences),
        relative_difference(np.concatenate(right), np.concatenate(best)),
        request.tolerance,
        len(analytic),
        measuring.noise,
    )


def _entries(sizes: dict[str, int]) -> dict[str, np.ndarray]:
    """Flat indices of the entries of each parameter to measure: all, or some of each, evenly spread."""
    total = sum(sizes.values())
    if total <= MOST_ENTRIES:
        return {name: np.arange(size) for name, size in sizes.items()}
    counts = {name: min(size, max(8, MOST_ENTRIES * size // total)) for name, size in sizes.items()}
    return {name: np.linspace(0, sizes[name] - 1, count).astype(int) for name, count in counts.items()}

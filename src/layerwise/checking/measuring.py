"""Numeric gradients of one cost: of single entries, and along random directions of many."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from layerwise.checking.evidence import Arrays, ParameterEvidence
from layerwise.checking.ladder import Lines, LineValues
from layerwise.checking.rounding import noise_of
from layerwise.checking.slopes import (
    ACCEPTED,
    FIRST_STEP,
    Slopes,
    central_differences,
    second_opinion,
    slopes_of,
)

NOISE_DIRECTIONS = 2
# An entry is doubted, and measured again, where it is off by more than this share of the tolerance.
DOUBT = 0.1
# Biases of 1e-30 say nothing of the length over which the cost changes; the weights beside them do.
SMALLEST_SHARE = 1e-3
# How good the slope along a direction need be, against the tolerance.
SHARE_OF_TOLERANCE = 0.01
SHARE_OF_ENTRIES = 0.1


class MovableCost(Protocol):
    """A cost at theta, and along lines through it."""

    theta: dict[str, np.ndarray]

    def along_entries(self, name: str, entries: np.ndarray) -> LineValues: ...

    def along_directions(self, name: str, entries: np.ndarray, directions: np.ndarray) -> LineValues: ...

    def along_everything(self, direction: Arrays) -> Callable[[np.ndarray], np.ndarray]: ...


class Corner(NamedTuple):
    """An entry where the cost has a corner: the slopes on its two sides, and the gradient that was given."""

    name: str
    index: tuple[int, ...]  # type: ignore[assignment]
    left: float
    right: float
    analytic: float


@dataclass(frozen=True)
class Measuring:
    """Measures slopes of `cost`, which is `here` at theta, with rounding errors of size `noise`.

    `scales` has the usual size of each parameter; `step` fixes the step of every difference, None chooses one
    for each entry; `usual` is the size of the cost, at theta or as far off as the parameters are large.
    """

    cost: MovableCost
    here: float
    noise: float
    tolerance: float
    scales: Mapping[str, float]
    step: float | None = None
    usual: float = 0.0

    @classmethod
    def start(
        cls,
        cost: MovableCost,
        here: float,
        tolerance: float,
        step: float | None,
        generator: np.random.Generator,
    ) -> Measuring:
        """With the noise of the cost measured along random directions."""
        noise, usual, scales = 0.0, abs(here), scales_of(cost.theta)
        for _ in range(NOISE_DIRECTIONS):
            direction = {
                name: scales[name] * random_direction(generator, array.shape)
                for name, array in cost.theta.items()
            }
            values = cost.along_everything(direction)
            noise = max(noise, noise_of(values, 1.0))
            far = np.abs(values(np.ones(1)))
            usual = max(usual, float(far[0]) if np.isfinite(far[0]) else 0.0)
        return cls(cost, here, noise, tolerance, scales, step, usual)

    def entries(
        self, name: str, entries: np.ndarray, analytic: np.ndarray, accepted: float = ACCEPTED
    ) -> Slopes:
        """The slopes along single entries of a parameter; doubted ones are measured twice.

        entries (k,), flat indices; analytic (k,), what they are compared with; accepted, as in `slopes_of`.
        """
        theta = self.cost.theta[name]
        grain = np.spacing(np.abs(theta.reshape(-1)[entries]))
        lines = Lines(self.cost.along_entries(name, entries), len(entries), self.here, self.noise, grain)
        if self.step is not None:
            return central_differences(lines, self.step)
        slopes = slopes_of(lines, self.scales[name], accepted)
        with np.errstate(all="ignore"):
            off = np.abs(analytic - slopes.slope)
            known = np.where(np.isfinite(slopes.slope), slopes.slope, 0)
            usual = np.linalg.norm(known) / np.sqrt(len(known))
            doubted = (off > slopes.error) & (off > DOUBT * self.tolerance * usual) & ~slopes.corner
        which = np.flatnonzero(doubted)
        return second_opinion(lines, which, analytic, slopes, self.scales[name]) if which.size else slopes

    def directions(
        self, name: str, entries: np.ndarray, directions: np.ndarray, step: float | None = None
    ) -> Slopes:
        """The slopes along directions in which many entries move, from this step if one is known to be good.

        entries (k,), flat indices; directions (lines, k).
        """
        grain = np.zeros(len(directions))
        values = self.cost.along_directions(name, entries, directions)
        lines = Lines(values, len(directions), self.here, self.noise, grain)
        scale = self.scales[name] / np.sqrt(len(entries)) if step is None else step / FIRST_STEP
        return slopes_of(lines, scale, self.tolerance * SHARE_OF_TOLERANCE)

    def evidence(
        self, name: str, analytic: np.ndarray, places: tuple[np.ndarray, ...] | None = None
    ) -> tuple[ParameterEvidence, list[Corner]]:
        """All entries of a parameter, or those in the rows and columns `places`, measured.

        `analytic` is the whole gradient of the parameter, in the caller's precision.
        """
        theta = self.cost.theta[name]
        index = np.ix_(*places) if places else ...
        entries = np.arange(theta.size).reshape(theta.shape)[index]
        value, given = theta[index], analytic[index]
        A = given.astype(np.float64)
        # Some entries of a large parameter stand for it: the tolerance is all they need to be good for.
        accepted = ACCEPTED if places is None else self.tolerance * SHARE_OF_ENTRIES
        slopes = self.entries(name, entries.reshape(-1), A.reshape(-1), accepted)
        trusted = np.isfinite(slopes.slope) & np.isfinite(slopes.error) & ~slopes.corner
        corners = [
            Corner(
                name,
                tuple(int(i) for i in np.unravel_index(entries.reshape(-1)[k], theta.shape)),
                float(slopes.left[k]),
                float(slopes.right[k]),
                float(A.reshape(-1)[k]),
            )
            for k in np.flatnonzero(slopes.corner)
        ]
        shape = entries.shape
        return (
            ParameterEvidence(
                name,
                value,
                A,
                slopes.slope.reshape(shape),
                slopes.error.reshape(shape),
                trusted.reshape(shape),
                self.tolerance,
                given.dtype,
                theta.shape,
                places,
            ),
            corners,
        )


def scales_of(theta: Arrays) -> dict[str, float]:
    """The usual size of each parameter's entries: their root mean square, and not far below the largest of
    these; 1 where all are 0."""
    sizes = {name: _root_mean_square(array) for name, array in theta.items()}
    largest = max(sizes.values())
    return {name: max(size, SMALLEST_SHARE * largest) or 1.0 for name, size in sizes.items()}


def _root_mean_square(array: np.ndarray) -> float:
    largest = float(np.abs(array).max(initial=0.0))
    return largest * float(np.sqrt(np.mean(np.square(array / largest)))) if largest else 0.0


def random_direction(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Random signs with sizes from 0.5 to 1.5: no entry is overlooked, and no two errors cancel for long."""
    return generator.choice([-1.0, 1.0], shape) * generator.uniform(0.5, 1.5, shape)

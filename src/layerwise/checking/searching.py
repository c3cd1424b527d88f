"""Large parameters: whether anything is wrong, from a few random directions, and then where, by halving."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from layerwise.checking.evidence import ParameterEvidence
from layerwise.checking.measuring import Corner, Measuring, random_direction

DIRECTIONS = 3
MEAN_SQUARE = 13 / 12  # of a direction's entries: uniform sizes from 0.5 to 1.5
SAMPLE = 64
FEW = 16
LOCATED = 8
MOST_TESTS = 400


class LargeParameter(NamedTuple):
    """What is known of a parameter that is too large to measure entry by entry.

    `difference` estimates the relative difference of the whole, from directions; `evidence` has the entries
    that were measured, None where the directions left no doubt; `resolution` as in `ParameterCheck`.
    """

    difference: float
    resolution: float
    evidence: ParameterEvidence | None
    corners: list[Corner]


class Test(NamedTuple):
    """What a few directions say of some entries; `step` is one that suited them."""

    apart: float
    error: float
    wrong: bool
    at_corner: bool
    step: float


def examine(
    measuring: Measuring, name: str, analytic: np.ndarray, generator: np.random.Generator
) -> LargeParameter:
    """Compare a large parameter's gradient with slopes along random directions, and look closer if they
    differ: first at rows and columns spread over it, then for single wrong entries."""
    A = analytic.astype(np.float64).reshape(-1)
    everything = np.arange(A.size)
    size = float(np.linalg.norm(A))
    if not np.isfinite(size):
        evidence, corners = measuring.evidence(
            name, analytic, _spread(analytic.shape, np.flatnonzero(~np.isfinite(A)))
        )
        return LargeParameter(np.inf, 0.0, evidence, corners)
    test = _test(measuring, name, A, everything, generator, DIRECTIONS)
    difference = test.apart / (2 * size) if size else float(test.apart > 0)
    resolution = test.error / size if size else 0.0
    if not (test.wrong or test.at_corner):
        return LargeParameter(difference, resolution, None, [])
    evidence, corners = measuring.evidence(name, analytic, _spread(analytic.shape, everything[:0]))
    if not evidence.is_wrong():
        located = _located(measuring, name, A, generator, test.step)
        if located.size:
            evidence, more = measuring.evidence(name, analytic, _spread(analytic.shape, located))
            corners = list(dict.fromkeys([*corners, *more]))
    return LargeParameter(difference, resolution, evidence, corners)


def _test(
    measuring: Measuring,
    name: str,
    A: np.ndarray,
    entries: np.ndarray,
    generator: np.random.Generator,
    count: int,
    step: float | None = None,
) -> Test:
    """Compare the slopes along `count` random directions of these entries, from this step if one is known."""
    directions = random_direction(generator, (count, len(entries)))
    slopes = measuring.directions(name, entries, directions, step)
    apart = np.abs(directions @ A[entries] - slopes.slope)
    allowed = slopes.error + measuring.tolerance * 2 * np.linalg.norm(A[entries])
    wrong = bool((~slopes.corner & (apart > allowed)).any())
    usable = np.isfinite(slopes.slope)
    if not usable.any():
        return Test(0.0, np.inf, False, bool(slopes.corner.any()), float(slopes.step[0]))
    typical = float(np.sqrt(np.mean(np.square(apart[usable])) / MEAN_SQUARE))
    error, used = float(slopes.error[usable].max()), float(np.median(slopes.step))
    return Test(typical, error, wrong, bool(slopes.corner.any()), used)


def _located(
    measuring: Measuring, name: str, A: np.ndarray, generator: np.random.Generator, step: float
) -> np.ndarray:
    """Up to a few wrong entries, by halving what a test finds wrong or cannot tell for a corner.

    One direction is enough for a half: no direction overlooks a single wrong entry.
    """
    found: list[int] = []
    pending = [(np.arange(A.size), step)]
    for _ in range(MOST_TESTS):
        if not pending or len(found) == LOCATED:
            break
        entries, step = pending.pop()
        if len(entries) == 1:
            found.append(int(entries[0]))
            continue
        for half in np.array_split(entries, 2):
            # A direction of fewer entries is shorter, and the cost changes over a longer way.
            longer = step * np.sqrt(len(entries) / len(half))
            test = _test(measuring, name, A, half, generator, 1, longer)
            if test.wrong or test.at_corner:
                pending.append((half, test.step))
    return np.array(sorted(found), dtype=int)


def sampled(measuring: Measuring, name: str, analytic: np.ndarray) -> ParameterEvidence:
    """A few entries of a parameter that directions found right."""
    return measuring.evidence(name, analytic, _spread(analytic.shape, np.array([], dtype=int), FEW))[0]


def _spread(shape: tuple[int, ...], wanted: np.ndarray, most: int = SAMPLE) -> tuple[np.ndarray, ...]:
    """For each axis some indices, evenly spread and with those of the `wanted` flat entries; at most `most`
    entries at their crossings, where the wanted ones allow it."""
    wanted = wanted[:LOCATED]
    axes = [n for n in shape if n > 1]
    share = max(2, int(most ** (1 / max(len(axes), 1))))
    places = []
    for n, index in zip(shape, np.unravel_index(wanted, shape), strict=True):
        count = min(n, max(share - len(set(index.tolist())), 2))
        even = np.linspace(0, n - 1, count).astype(int)
        places.append(np.unique(np.concatenate([even, index])).astype(int))
    return tuple(places)

"""Gradients of another moment: a cache never renewed, parameters before or after an update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from layerwise.checking.causes.experiment import gradient_at, moved, shaken, slope_along
from layerwise.checking.causes.naming import gradient_name, number, sentence
from layerwise.checking.evidence import Cause, Probes

Arrays = Mapping[str, np.ndarray]
MOVE = 0.2
FIRST_RATE = 1e-4
FITS = 1e-4
DIRECTIONS = 4
# The length of the way is free: one or two entries fit it by chance.
FEWEST_ENTRIES = 4
MOST_STEPS = 12
# Slopes no farther apart than this are one.
STILL = 1e-9


def never_moves(name: str, probes: Probes) -> Cause | None:
    """The gradient function gives the same at other parameters, or still gives the previous call's answer."""
    if probes.gradient is None:
        return None
    points = (probes.theta, shaken(probes.theta, MOVE, 1), shaken(probes.theta, MOVE, 2))
    answers = [gradient_at(probes, point) for point in (*points, points[2])]
    if any(answer is None for answer in answers):
        return None
    first, second, third, again = (answer[name] for answer in answers if answer is not None)
    same = np.array_equal(first, second) and np.array_equal(second, third)
    if same and np.any(first) and _moves(name, points, probes):
        text = "is the same at other parameters: it comes from a cache that is not renewed"
    elif not np.array_equal(third, again) and np.allclose(third, second):
        text = "is that of the parameters given before: it reads its cache before the forward pass fills it"
    else:
        return None
    return Cause("stale", None, f"{gradient_name(name)} {text}.")


def _moves(name: str, points: Sequence[Arrays], probes: Probes) -> bool:
    """Whether the cost's own gradient differs from place to place: that of a straight line does not."""
    if probes.cost is None:
        return True
    rng = np.random.default_rng(0)
    direction = {name: rng.normal(size=points[0][name].shape)}
    slopes, errors = zip(*(slope_along(probes.cost, point, direction) for point in points), strict=True)
    return bool(np.ptp(slopes) > 3 * max(errors) + STILL * max(map(abs, slopes)))


def drawn_anew(name: str, probes: Probes) -> Cause | None:
    """The gradient function gives another answer at the same parameters."""
    answers = [gradient_at(probes, probes.theta) for _ in range(2)]
    if any(answer is None for answer in answers):
        return None
    first, again = (answer[name] for answer in answers if answer is not None)
    if np.allclose(first, again, rtol=1e-6, atol=1e-9 * float(np.abs(first).max(initial=0))):
        return None
    return Cause(
        "stale",
        None,
        f"{sentence(gradient_name(name))} is another at each call: a batch or a mask is drawn anew in it, "
        "where the cost holds its own fixed.",
    )


def another_point(analytic: Arrays, numeric: Arrays, probes: Probes) -> Cause | None:
    """A is the right gradient at theta + s A (before an update by A) or at theta + s N (after one).

    The length s is where the slope along A - N becomes that of A; then other directions must agree.
    """
    if probes.cost is None or sum(part.size for part in analytic.values()) < FEWEST_ENTRIES:
        return None
    gap = {key: analytic[key] - numeric[key] for key in analytic}
    size = _norm(gap)
    rng = np.random.default_rng(0)
    checks = [{key: rng.normal(size=part.shape) for key, part in gap.items()} for _ in range(DIRECTIONS)]
    for towards, when in (
        (analytic, "before the update of the parameters"),
        (numeric, "after an update of the parameters"),
    ):
        found = _rate(analytic, gap, towards, probes)
        # Rates are round numbers; a corner of the cost beside the place may shift what is found.
        for rate in [] if found is None else [found, float(f"{found:.2g}")]:
            there = moved(probes.theta, towards, rate)
            misses = [abs(_excess(analytic, direction, there, probes)) for direction in checks]
            if max(misses) < 10 * FITS * size:
                return Cause(
                    "stale",
                    None,
                    f"The gradient is right for other parameters: theta {'+' if rate > 0 else '-'} "
                    f"{number(abs(rate))} times "
                    f"{'itself' if towards is analytic else 'the gradient'}. It was taken {when}.",
                )
    return None


def _norm(arrays: Arrays) -> float:
    return float(np.sqrt(sum(np.square(part).sum() for part in arrays.values())))


def _excess(analytic: Arrays, direction: Arrays, there: Arrays, probes: Probes) -> float:
    assert probes.cost is not None
    slope, error = slope_along(probes.cost, there, direction)
    wanted = sum(float(np.sum(analytic[key] * direction[key])) for key in direction)
    return slope - wanted if np.isfinite(error) else float("inf")


def _rate(analytic: Arrays, gap: Arrays, towards: Arrays, probes: Probes) -> float | None:
    """The s at which the slope along A - N is what A says, by secants; None where they find none."""

    def excess(rate: float) -> float:
        return _excess(analytic, gap, moved(probes.theta, towards, rate), probes)

    length = _norm(towards)
    if not length:
        return None
    # One unit moves the parameters by as much as they are, whatever the scale of the cost.
    unit = (_norm(probes.theta) or 1.0) / length
    here, near = excess(0.0), excess(FIRST_RATE * unit)
    if near == here or not np.isfinite(near) or not np.isfinite(here):
        return None
    guess = -here * FIRST_RATE * unit / (near - here)
    if not 1e-9 < abs(guess) / unit < 1e6:
        return None
    before, now = (0.0, here), (guess, excess(guess))
    for _ in range(MOST_STEPS):
        if abs(now[1]) < FITS / 10 * abs(here) or now[1] == before[1] or not np.isfinite(now[1]):
            break
        step = now[0] - now[1] * (now[0] - before[0]) / (now[1] - before[1])
        before, now = now, (step, excess(step))
    return now[0] if abs(now[1]) < FITS * abs(here) else None

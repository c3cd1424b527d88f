"""Asking the caller's functions at other parameters: slopes of the cost, values and noise of the gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from layerwise.checking.evidence import Probes
from layerwise.checking.ladder import Lines
from layerwise.checking.rounding import noise_of
from layerwise.checking.slopes import slopes_of

Arrays = Mapping[str, np.ndarray]
EPSILON = float(np.finfo(np.float64).eps)
# The steps at which the gradient is looked at for jumps: those of single precision, and of half.
JUMP_STEPS = (1e-6, 2e-4)
JUMP_POINTS = 5


def slope_along(cost: Callable[[Arrays], float], theta: Arrays, direction: Arrays) -> tuple[float, float]:
    """(slope of the cost at theta along the direction, bound of its error); infinite where there is none."""

    def values(steps: np.ndarray) -> np.ndarray:
        return np.array([cost(moved(theta, direction, step)) for step in steps.tolist()])

    length = float(np.sqrt(sum(np.square(part).sum() for part in direction.values())))
    if length == 0:
        return 0.0, 0.0
    size = max(
        (float(np.abs(theta[name][part != 0]).max(initial=0)) for name, part in direction.items()), default=0
    )
    scale = max(size, 1.0) / length
    here = float(values(np.zeros(1))[0])
    lines = Lines(
        lambda which, steps: values(steps),
        1,
        here,
        noise_of(values, scale),
        np.array([EPSILON * size / length]),
    )
    found = slopes_of(lines, scale)
    if not np.isfinite(found.slope[0]):
        return 0.0, float("inf")
    return float(found.slope[0]), float(found.error[0])


def moved(theta: Arrays, direction: Arrays, step: float) -> dict[str, np.ndarray]:
    """theta + step * direction, as copies."""
    return {
        name: array + step * direction[name] if name in direction else array.copy()
        for name, array in theta.items()
    }


def gradient_at(probes: Probes, theta: Arrays) -> dict[str, np.ndarray] | None:
    """The caller's gradient at theta; None where there is no function, or it fails there."""
    if probes.gradient is None:
        return None
    try:
        gradient = probes.gradient(theta)
    except Exception:  # the caller's code may do anything at a point it was not written for
        return None
    return gradient if all(np.isfinite(array).all() for array in gradient.values()) else None


def shaken(theta: Arrays, size: float, seed: int = 0) -> dict[str, np.ndarray]:
    """theta with every entry moved by about `size` of its parameter's usual size."""
    rng = np.random.default_rng(seed)
    return {
        name: array
        + size * max(float(np.abs(array).mean()), 1e-3) * rng.choice([-1.0, 1.0], size=array.shape)
        for name, array in theta.items()
    }


def jumps_of_gradient(probes: Probes, name: str) -> list[float]:
    """How much, relative to its size, the gradient of a parameter moves without reason, for each step.

    Over steps s, 2s, ... along a random direction a smooth gradient is a straight line to within s^2; what
    its second differences have beyond that is rounding inside the caller's function.
    """
    found = []
    for step in JUMP_STEPS:
        line = [gradient_at(probes, shaken(probes.theta, step * k)) for k in range(1, JUMP_POINTS + 1)]
        if any(gradient is None for gradient in line):
            return []
        values = np.stack([np.ravel(gradient[name]) for gradient in line if gradient is not None])
        size = float(np.linalg.norm(values[0]))
        jumps = np.linalg.norm(np.diff(values, n=2, axis=0), axis=1) / np.sqrt(6)
        smooth = 10 * step**2
        found.append(max(0.0, float(np.median(jumps)) / size - smooth) if size else 0.0)
    return found

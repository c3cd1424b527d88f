"""Which function stands where an activation's derivative belongs, from its values at a few places."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from layerwise.formulas.activations import ACTIVATIONS

CLOSE = 1e-6

Values = np.ndarray


def derivative_named(z: Values, values: Values) -> str | None:
    """The activation whose derivative has these values at z; None where none of ours has."""
    for name, activation in ACTIVATIONS.items():
        if activation.derivative is not None and _agree(
            activation.derivative(z, activation.function(z)), values
        ):
            return name
    return None


def mistake_named(z: Values, used: Values, right: str | None) -> str:
    """What the values used in the place of g'(z) are, as the end of "it takes ..."."""
    if _agree(np.ones_like(z), used):
        return "1: the derivative is missing"
    if not np.any(used):
        return "0"
    if right is not None:
        activation = ACTIVATIONS[right]
        a = activation.function(z)
        assert activation.derivative is not None
        derivative = activation.derivative
        tries: list[tuple[Callable[[], Values], str]] = [
            (lambda: derivative(a, activation.function(a)), f"{right}'s derivative at A instead of Z"),
            (lambda: derivative(z, z), f"{right}'s derivative with Z in the place of A"),
            (lambda: derivative(a, a), f"{right}'s derivative with A in the place of Z"),
            (lambda: a, f"{right} itself"),
            (lambda: derivative(z, a) ** 2, f"{right}'s derivative twice"),
            (lambda: -derivative(z, a), f"{right}'s derivative with the wrong sign"),
            (lambda: 1 - a, "1 - A"),
        ]
        for values, text in tries:
            with np.errstate(all="ignore"):
                if _agree(values(), used):
                    return text
    if (other := derivative_named(z, used)) is not None:
        return f"the derivative of {other}"
    pairs = ", ".join(f"{value:.3g} at {place:.3g}" for place, value in zip(z, used, strict=True))
    return f"other values ({pairs})"


def _agree(values: Values, wanted: Values) -> bool:
    with np.errstate(all="ignore"):
        return bool(np.all(np.abs(values - wanted) <= CLOSE * max(1.0, float(np.abs(wanted).max()))))

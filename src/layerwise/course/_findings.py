"""A finding of `layerwise.course.check` in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from layerwise.course._differences import Difference

NAMED = 4
"""Outputs that are named where the same is true of many."""


def in_words(found: Sequence[Difference], examples: Sequence[int]) -> str:
    """One sentence for what one output shows over the cases, with so many examples m in each: a factor that
    follows m, or the first case's words."""
    factors = np.array([difference.factor for difference in found])
    if not np.isfinite(factors).all():
        return next((difference.text for difference in found if difference.text), "differs")
    m = np.array(examples, dtype=float)
    sign = "has the wrong sign and " if (factors < 0).all() else ""
    sizes = np.abs(factors)

    def all_are(value) -> bool:
        return bool(np.allclose(sizes, value, rtol=1e-5))

    if all_are(1.0):
        return "has the wrong sign" if (factors < 0).all() else "has the wrong sign in some cases"
    if all_are(m):
        return f"{sign}is m times too large: the 1/m is missing"
    if all_are(1 / m):
        return f"{sign}is m times too small: 1/m is taken twice, or where it does not belong"
    if (m > 1).all() and all_are(m / (m - 1)):
        return f"{sign}is divided by m - 1, expected m"
    for value, words in (
        (1 / np.log(2), "the logarithm is log2"),
        (1 / np.log(10), "the logarithm is log10"),
    ):
        if all_are(value):
            return f"{sign}is {value:.4g} times the right one: {words}, expected the natural one"
    if all_are(sizes[0]):
        size = sizes[0]
        return (
            f"{sign}is {size:.6g} times too large" if size > 1 else f"{sign}is {1 / size:.6g} times too small"
        )
    number = next((difference.text for difference in found if difference.text), "")
    return number or f"{sign}is {sizes.min():.4g} to {sizes.max():.4g} times the right one, by the case"


def together(said: Mapping[str, str]) -> list[str]:
    """A sentence for each thing that is said, with the names of all outputs it is said of."""
    names: dict[str, list[str]] = defaultdict(list)
    for name, words in said.items():
        names[words].append(name)
    return [
        f"each of {listed(of_these)} {words}" if len(of_these) > 1 else f"{of_these[0]} {words}"
        for words, of_these in names.items()
    ]


def listed(names: list[str]) -> str:
    """ "a", "a and b", "a, b, c, d and 3 more"."""
    if len(names) > NAMED:
        return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def error_in_words(error: BaseException, given: Iterable[tuple[str, Any]], often: str) -> str:
    """What was raised, how often, and the arguments that were given, as (name, value)."""
    shapes = ", ".join(
        f"{name} {np.shape(value)}"
        if isinstance(value, np.ndarray)
        else f"{name} {type(value).__name__}"
        if isinstance(value, dict | tuple | list)
        else f"{name}={value!r}"
        for name, value in given
    )
    message = str(error).partition("\n")[0]
    said = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return f"it raises {said}{often}   (given {shapes})"

"""What a parameter may be, as a test and in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np

from layerwise.errors import InputError


class Expected(NamedTuple):
    """`holds(value)` is true for what may be there; `words` follow "expected"."""

    holds: Callable[[Any], bool]
    words: str


def is_real(value: Any) -> bool:
    # Plain numbers first: asking an abstract class costs ten times as much, and there are thirty parameters.
    return type(value) in (float, int) or (isinstance(value, Real) and not isinstance(value, bool))


def is_whole(value: Any) -> bool:
    return type(value) is int or (isinstance(value, Integral) and not isinstance(value, bool))


def is_flag(value: Any) -> bool:
    return isinstance(value, bool | np.bool_)


COUNT = Expected(lambda value: is_whole(value) and value >= 1, "an integer of at least 1")
FLAG = Expected(is_flag, "True or False")
STRENGTH = Expected(lambda value: is_real(value) and 0 <= value < np.inf, "a finite number of at least 0")
POSITIVE = Expected(lambda value: is_real(value) and 0 < value < np.inf, "a finite number above 0")
SHARE = Expected(lambda value: is_real(value) and 0 <= value < 1, "a number of at least 0 and below 1")
OPTIONAL_COUNT = Expected(
    lambda value: value is None or COUNT.holds(value), "None or an integer of at least 1"
)
OPTIONAL_SHARE = Expected(
    lambda value: value is None or SHARE.holds(value), "None or a number of at least 0 and below 1"
)
OPTIONAL_STRENGTH = Expected(
    lambda value: value is None or STRENGTH.holds(value), "None or a finite number of at least 0"
)


def _is_class_weight(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(STRENGTH.holds(weight) for weight in value.values())
    return value is None or (isinstance(value, str) and value == "balanced")


CLASS_WEIGHT = Expected(
    _is_class_weight, "None, 'balanced', or a dictionary of labels and their weights of at least 0"
)
# Of several outputs each may have a dictionary of its own.
CLASS_WEIGHTS = Expected(
    lambda value: (
        CLASS_WEIGHT.holds(value) or (isinstance(value, list) and all(map(_is_class_weight, value)))
    ),
    CLASS_WEIGHT.words,
)


def require(values: Mapping[str, Any], expected: Mapping[str, Expected]) -> None:
    """Raise InputError for the first of the values that is not what is expected of its name."""
    for name, what in expected.items():
        if name in values and not what.holds(values[name]):
            raise InputError(f"{name} is {values[name]!r}; expected {what.words}")

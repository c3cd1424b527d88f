"""scikit-learn's random numbers at less cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

_idle: list[np.random.RandomState] = []


@contextmanager
def random_numbers(random_state: Any) -> Iterator[np.random.RandomState]:
    """The generator that scikit-learn's `check_random_state` gives, for the time of the block.

    A new RandomState asks the operating system for entropy, which a seed then throws away: 120 microseconds.
    One that is at hand is seeded in 2.
    """
    if not isinstance(random_state, Integral):
        yield check_random_state(random_state)
        return
    try:
        generator = _idle.pop()
    except IndexError:
        generator = np.random.RandomState()
    generator.seed(int(random_state))
    try:
        yield generator
    finally:
        _idle.append(generator)

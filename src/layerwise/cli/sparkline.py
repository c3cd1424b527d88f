"""A curve in one line of text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

BLOCKS = "▁▂▃▄▅▆▇█"
PLAIN = "_.-=*#"


def sparkline(values: Sequence[float], width: int = 60, *, unicode: bool = True) -> str:
    """One character for each value, or for the mean of a run of values where there are more than `width`.

    The lowest is the lowest block, the highest the highest; a value that is not finite is a space.
    """
    letters = BLOCKS if unicode else PLAIN
    values = list(values)
    if len(values) > width:
        edges = [round(k * len(values) / width) for k in range(width + 1)]
        values = [_mean(values[start:stop]) for start, stop in pairwise(edges)]
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return " " * len(values)
    low, high = min(finite), max(finite)
    if low == high:
        return "".join(letters[0] if math.isfinite(value) else " " for value in values)
    top = len(letters) - 1
    return "".join(
        letters[round((value - low) / (high - low) * top)] if math.isfinite(value) else " "
        for value in values
    )


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return sum(finite) / len(finite) if finite else math.nan

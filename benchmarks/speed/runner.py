"""What a contestant brings for one work: something that runs, on the clock, and shows what it came to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Runner(NamedTuple):
    """`run` does the whole work, from the shared start, and returns when it is done; it alone is timed.

    `read` turns what `run` returned into NumPy: for "fit" the layers (W (n, n_prev), b (n,)), for "seeds" a
    list of such layers, for "predict" the outputs (rows, n[L]).
    `part` is the part of the work that one run does; 1 but for a contestant too slow for the whole.
    `here` is whether it works in this process, so that its processor time can be told.
    """

    run: Callable[[], Any]
    read: Callable[[Any], Any]
    part: float = 1.0
    here: bool = True


# A contestant may write a work in several ways, by name; the way that is fastest in a short trial runs.
Ways = dict[str, Callable[[], Runner]]


def epoch_orders(rows: int, epochs: int, generator: np.random.Generator) -> np.ndarray:
    """A fresh order of the examples for every epoch: (epochs, rows) int32."""
    plain = np.tile(np.arange(rows, dtype=np.int32), (epochs, 1))
    return generator.permuted(plain, axis=1)

"""Learning-rate schedules: what the rate is multiplied by at a time in the run.

`progress` is the part of the run that is done, from 0 to 1, and `epoch` the same in epochs (2.5 is half
way through the third). Scalars, or arrays of one shape. Warm-up multiplies any schedule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


def constant(progress, epoch):
    """1."""
    return np.ones_like(np.asarray(progress, dtype=float))


def step(progress, epoch, *, factor=0.5, every=10):
    """factor^floor(epoch / every): falls by `factor` every `every` epochs."""
    return factor ** np.floor(np.asarray(epoch, dtype=float) / every)


def exponential(progress, epoch, *, factor=0.95):
    """factor^epoch."""
    return factor ** np.asarray(epoch, dtype=float)


def cosine(progress, epoch):
    """(1 + cos(pi progress)) / 2, from 1 to 0. Source: Loshchilov & Hutter 2017, one period."""
    return 0.5 * (1.0 + np.cos(np.pi * np.asarray(progress, dtype=float)))


def cyclic(progress, epoch):
    """(1 - cos(2 pi log2(1 + 15 progress))) / 2: four rises and falls, each twice as long as the last.

    Source: Holzmüller et al. 2024 (RealMLP), "coslog4".
    """
    return 0.5 * (1.0 - np.cos(2.0 * np.pi * np.log2(1.0 + 15.0 * np.asarray(progress, dtype=float))))


def one_cycle(progress, epoch, *, rise=0.3, start=0.04, end=4e-6):
    """Up from `start` to 1 in the first `rise` of the run, then down to `end`, each on a cosine.

    0 < rise < 1. Source: Smith & Topin 2019, with the cosine and the divisors (25, 1e4) of fastai.
    """
    progress = np.asarray(progress, dtype=float)
    up = start + (1.0 - start) * 0.5 * (1.0 - np.cos(np.pi * np.minimum(progress / rise, 1.0)))
    down = end + (1.0 - end) * 0.5 * (1.0 + np.cos(np.pi * np.maximum(progress - rise, 0.0) / (1.0 - rise)))
    return np.where(progress < rise, up, down)


def warm_up(epoch, epochs):
    """min(1, epoch / epochs), from just above 0: a linear start over the first `epochs` epochs.

    Source: Goyal et al. 2017. `epochs` = 0 means none.
    """
    if epochs == 0:
        return np.ones_like(np.asarray(epoch, dtype=float))
    return np.minimum(1.0, np.asarray(epoch, dtype=float) / epochs)


class Plateau(NamedTuple):
    """What `reduce_on_plateau` remembers: the lowest score, epochs since, the factor in force."""

    best: float = np.inf
    waited: int = 0
    factor: float = 1.0


def reduce_on_plateau(state: Plateau, score: float, *, factor=0.5, patience=5, threshold=1e-4) -> Plateau:
    """The state after an epoch whose score (lower is better) is given.

    The factor falls when the score has not gone below best * (1 - threshold) for more than `patience` epochs.
    """
    margin = threshold * abs(state.best) if np.isfinite(state.best) else 0.0
    if score < state.best - margin:
        return Plateau(score, 0, state.factor)
    if state.waited >= patience:
        return Plateau(state.best, 0, state.factor * factor)
    return Plateau(state.best, state.waited + 1, state.factor)


SCHEDULES: dict[str, Callable] = {
    "constant": constant,
    "step": step,
    "exponential": exponential,
    "cosine": cosine,
    "cyclic": cyclic,
    "one_cycle": one_cycle,
}
PLATEAU = "plateau"
SCHEDULE_NAMES = (*SCHEDULES, PLATEAU)

"""The pace of a run: calls of the engine so short that progress shows and Ctrl-C is heard soon."""

from __future__ import annotations

import time

from layerwise.engine import Engine

SECONDS_PER_CALL = 0.2
# Steps of the first call, while nothing is known of their time.
FIRST_STEPS = 16
# Rows in the orders of the epochs that one call does: 8 MiB.
LARGEST_ORDER = 2**20


def fitting(done: int, seconds: float, so_far: int) -> int:
    """How many to do in the next call, where so many took so long: about SECONDS_PER_CALL worth of them."""
    return max(1, min(int(done * SECONDS_PER_CALL / max(seconds, 1e-6)), 4 * so_far))


def seconds_to_compile(engine: Engine, rows: int) -> float:
    """Compile what the engine needs for mini-batches of so many examples, and say how long it took: once on a
    machine, and no part of a run."""
    start = time.perf_counter()
    engine.compile(rows)
    return time.perf_counter() - start

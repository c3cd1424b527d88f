"""How each work would go on more cores than there are, from a model whose constants are measured here.

    T(c) = A / p + U / min(p b, B) + k t      p = min(c, P)

A: a step on one thread but for what the optimizer moves: its products above all. U: bytes that the optimizer
moves; b: the bytes a second that one core moves, B: all of them together, both measured on arrays that no
cache holds where the network is that large. k: how often the threads meet in a step, t: what a meeting takes.
P: the parts that the work can be cut into: a layer is cut along its longer side in pieces of 16 or more, a
small step into two or four by its examples or first hidden layer, or not at all.
B is that of the cores of this machine: with more memory channels it is more.
"""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numba import njit
from threadpoolctl import threadpool_limits

from layerwise.engine import at_most
from layerwise.engine.compiled.cutting import FEW_PARTS, SMALL_STEP, cuts_by_copies, hidden_parts
from layerwise.engine.compiled.pool import Team
from layerwise.engine.compiled.team import NARROWEST, meet
from speed.contestants.layerwise_engine import fit
from speed.examples import examples_of
from speed.surroundings import processors
from speed.work import Work
from speed.works import WORKS

CORES = (1, 2, 4, 8, 16, 32)
REPEATS = 7
EPOCHS = {"moons-64": 200, "circles": 500, "simplechains": 300, "breast-cancer": 100, "cats": 30}
ROWS = {"digits": 12_800, "wide": 2_048}
# How often the optimizer reads or writes a number for each parameter: W, the gradient and slots, twice each.
TOUCHES = {"gd": 4, "adam": 8}
LARGEST_CACHE = 2**25


def _works() -> list[Work]:
    keys = (*EPOCHS, *ROWS)
    found = {work.key: work for work in WORKS}
    return [
        replace(found[key], epochs=EPOCHS.get(key, 1), rows=ROWS.get(key, found[key].rows)) for key in keys
    ]


def _median_seconds(run, repeats: int = REPEATS) -> float:
    run()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def bandwidth(threads: int, size: int = 2**24) -> float:
    """Bytes a second that so many threads read and write, each an array of `size` numbers of its own."""
    arrays = [np.ones(size, dtype=np.float32) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        seconds = _median_seconds(
            lambda: list(pool.map(lambda array: np.multiply(array, 1.0, out=array), arrays))
        )
    return 2 * 4 * size * threads / seconds


@njit(nogil=True)
def _meetings(counters, threads, count):
    for _ in range(count):
        meet(counters, threads)


def meeting(threads: int, count: int = 20_000) -> float:
    """Seconds that one meeting of so many threads takes."""
    team = Team()
    seconds = _median_seconds(
        lambda: team.run(threads, lambda thread, counters: _meetings(counters, threads, count))
    )
    return seconds / count


def parts_of(work: Work) -> int:
    """The cores that the widest layers of a step can be cut for; 1 where it is not cut."""
    program, rows = work.program(0), work.batch_size
    small = rows * work.architecture.parameter_count < SMALL_STEP
    if cuts_by_copies(program, rows):
        return 2 if small else FEW_PARTS
    with at_most(1):
        whatever_the_threads = hidden_parts(program, rows)
    if whatever_the_threads > 1 or small:
        return max(whatever_the_threads, hidden_parts(program, rows))
    widest = max(max(n, work.batch_size) for n in work.sizes[1:])
    return max(1, widest // NARROWEST)


def meetings_of(work: Work, cores: int) -> int:
    """How often the threads meet in a step that is cut for so many cores."""
    program, rows = work.program(0), work.batch_size
    once = cuts_by_copies(program, rows) or hidden_parts(program, rows) > 1
    return 1 if once and cores <= FEW_PARTS else 2 * work.architecture.depth + 2


def seconds_per_step(work: Work, threads: int) -> float:
    with threadpool_limits(threads, user_api="blas"):
        (make,) = fit(work, examples_of(work), threads).values()
        return _median_seconds(make().run) / work.steps


def measure(threads: int) -> tuple[object, list[str]]:
    """The constants, each work on one core and on two, and what the model says of more."""
    available = len(processors())
    one_core, all_cores = bandwidth(1), bandwidth(available)
    meets = meeting(2) if available > 1 else float("nan")
    lines = [
        f"one core moves {one_core / 1e9:.1f} GB/s, {available} together {all_cores / 1e9:.1f}; "
        f"two threads meet in {meets * 1e6:.2f} µs",
        "microseconds per step; measured with 1 and 2 threads, the others by the model",
        f"  {'':58s} " + " ".join(f"{count:>9d}" for count in CORES) + "   model for 2",
    ]
    measured = {"bandwidth": [one_core, all_cores], "meeting": meets, "works": {}}
    for work in _works():
        alone = seconds_per_step(work, 1)
        beside = seconds_per_step(work, 2) if available > 1 else float("nan")
        moved = 4 * TOUCHES[work.optimizer] * work.architecture.parameter_count
        in_memory = moved > LARGEST_CACHE
        update = moved / one_core if in_memory else 0.0

        def model(cores: int, work=work, alone=alone, moved=moved, update=update) -> float:
            parts = min(cores, parts_of(work))
            if parts == 1:
                return alone
            shared = moved / min(parts * one_core, all_cores) if update else 0.0
            return (alone - update) / parts + shared + meetings_of(work, parts) * meets

        row = [alone, beside, *(model(count) for count in CORES[2:])]
        lines.append(
            f"  {work.title:58s} "
            + " ".join(f"{seconds * 1e6:9.1f}" for seconds in row)
            + f"   {model(2) * 1e6:9.1f}, cut into {parts_of(work)} at most"
        )
        measured["works"][work.key] = row
    return measured, lines

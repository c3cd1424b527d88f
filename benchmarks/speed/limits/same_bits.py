"""Whether a fit gives the same bits again, and with another number of threads, and what that costs."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from layerwise.engine import Batches, TrainingState, build_engine
from speed.examples import examples_of
from speed.limits.measured_process import run_python
from speed.surroundings import processors
from speed.work import Work
from speed.works import WORKS

PAIRS = 11
WORK_ROWS = {"breast-cancer": 569, "cats": 209, "digits": 2_560, "wide": 512}

_CODE = """
import hashlib, json
from speed.contestants.layerwise_training import fit
from speed.examples import examples_of
from speed.limits.same_bits import works
from speed.surroundings import stay_on

stay_on({threads})
digests = {{}}
for work in works():
    for runner in (make() for make in fit(work, examples_of(work), {threads}).values()):
        digests[work.key] = hashlib.sha256(runner.run().parameters.tobytes()).hexdigest()
print(json.dumps(digests))
"""


def works():
    return [replace(work, rows=WORK_ROWS[work.key], epochs=2) for work in WORKS if work.key in WORK_ROWS]


def measure(threads: int) -> tuple[object, list[str]]:
    """Digests of the parameters after a few steps, from processes of their own."""
    counts = [count for count in sorted({1, 2, threads}) if count <= len(processors())]
    found = {
        count: [run_python(_CODE.format(threads=count), count).said for _ in range(2)] for count in counts
    }
    lines = ["the same bits"]
    for work in works():
        again = all(first[work.key] == second[work.key] for first, second in found.values())
        alike = len({digests[work.key] for pair in found.values() for digests in pair}) == 1
        of_threads = f"with {' and '.join(map(str, counts))} threads alike: {'yes' if alike else 'no'}"
        lines.append(f"  {work.title:64s} again: {'yes' if again else 'no'}; {of_threads}")
    lines.append("reproducible=True, times as long as without")
    costs = {work.key: {count: cost_of_reproducible(work, count) for count in counts} for work in works()}
    for work in works():
        ratios = ", ".join(f"{cost:.3f} with {count}" for count, cost in costs[work.key].items())
        lines.append(f"  {work.title:64s} {ratios} threads")
    return {"digests": {str(count): pair for count, pair in found.items()}, "reproducible": costs}, lines


def cost_of_reproducible(work: Work, threads: int) -> float:
    """How many times as long steps take whose bits do not depend on the threads; median of turns in pairs."""
    examples = examples_of(work)
    runs = []
    for reproducible in (False, True):
        program = replace(work.program(), reproducible=reproducible)
        engine, state = build_engine(program), TrainingState.start(work.start_vector(), program)
        batches = Batches(examples.X, examples.Y, None, None, work.batch_size)
        rates = np.full((work.epochs, work.steps_per_epoch), work.rate)
        runs.append((engine, state, batches, rates))
    ratios = []
    with threadpool_limits(threads, user_api="blas"):
        for _ in range(PAIRS + 1):
            seconds = []
            for engine, state, batches, rates in runs:
                started = time.perf_counter()
                engine.run_epochs(state, batches, 0, rates)
                seconds.append(time.perf_counter() - started)
            ratios.append(seconds[1] / seconds[0])
    return statistics.median(ratios[1:])

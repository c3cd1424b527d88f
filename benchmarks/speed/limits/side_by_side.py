"""Fits in Python threads side by side: together they should take no longer than one alone."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from speed.contestants.layerwise_training import fit
from speed.examples import examples_of
from speed.runner import Runner
from speed.surroundings import processors
from speed.works import WORKS

REPEATS = 5
EPOCHS = {"moons-64": 400, "breast-cancer": 200, "digits": 1}
ROWS = {"digits": 6_000}


def _seconds(runners: list[Runner]) -> float:
    with ThreadPoolExecutor(len(runners)) as pool:
        started = time.perf_counter()
        list(pool.map(lambda runner: runner.run(), runners))
        return time.perf_counter() - started


def measure(threads: int) -> tuple[object, list[str]]:
    """Seconds of one fit alone and of one in each processor's thread, medians, BLAS as the process has it."""
    together = len(processors())
    measured = {}
    lines = [f"fits side by side in {together} Python threads, beside one fit alone (1 is no loss at all)"]
    for key, epochs in EPOCHS.items():
        found = next(work for work in WORKS if work.key == key)
        work = replace(found, epochs=epochs, rows=ROWS.get(key, found.rows))
        examples = examples_of(work)
        runners = [make() for _ in range(together) for make in fit(work, examples, threads).values()]
        for runner in runners:
            runner.run()
        alone, beside = [], []
        for _ in range(REPEATS):
            alone.append(_seconds(runners[:1]))
            beside.append(_seconds(runners))
        one, all_of_them = statistics.median(alone), statistics.median(beside)
        measured[key] = {"alone": alone, "side by side": beside}
        lines.append(f"  {work.title:58s} {one:7.3f} s alone, {all_of_them:7.3f} s: {all_of_them / one:.2f}")
    return measured, lines

"""Memory beyond the data: what a fit adds to a process that already holds them."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from speed.limits.measured_process import run_python
from speed.work import Work
from speed.works import WORKS

# Rows, so that a copy of the data would show.
ROWS = {"digits": 60_000, "wide": 20_000}
# How many numbers each remembers for a parameter is part of it: none, one, two.
OPTIMIZERS = ("gd", "momentum", "adam")
GOAL = 3.0

_CODE = """
import json, numpy as np
from layerwise.engine import TrainingState, allowed_threads, build_engine
from layerwise.training import Data, Recipe, train
from speed.limits.measured_process import forget_greatest_memory, greatest_memory, held_memory
from speed.limits.memory import work_of
from dataclasses import replace

def fit(work, X, Y, start):
    program = work.program()
    state = TrainingState.start(start, program)
    recipe = Recipe(epochs=work.epochs, batch_size=work.batch, learning_rate=work.rate)
    train(build_engine(program), state, Data(X, Y), recipe, statistics=False)

work = work_of({key!r}, {optimizer!r})
X = np.ones((work.rows, work.sizes[0]), np.float32)
Y = np.zeros((work.rows, work.sizes[-1]), np.float32)
Y[:, 0] = 1
# A small fit first, and a look at how many threads there are: compiled code, and what the libraries take,
# are there before the measurement.
small = replace(work, rows=64, batch=32, sizes=(8, 8, 8, work.sizes[-1]))
fit(small, X[:64, :8].copy(), Y[:64].copy(), small.start_vector())
start = work.start_vector()
allowed_threads()
build_engine(work.program()).compile(work.batch)
forget_greatest_memory()
before = held_memory()
fit(work, X, Y, start)
print(json.dumps(greatest_memory() - before))
"""


def work_of(key: str, optimizer: str) -> Work:
    found = next(work for work in WORKS if work.key == key)
    return replace(found, rows=ROWS[key], epochs=1, optimizer=optimizer)


def measure(threads: int) -> tuple[object, list[str]]:
    """Bytes beyond the data, beside `GOAL` times the parameters and one mini-batch."""
    measured = {}
    lines = [f"memory beyond the data (goal: below {GOAL:g} times the parameters and one mini-batch)"]
    for key, optimizer in product(ROWS, OPTIMIZERS):
        work = work_of(key, optimizer)
        # Of two: where the first process had to compile, the fit finds memory that the compiler left.
        code = _CODE.format(key=key, optimizer=optimizer)
        beyond = max(run_python(code, threads).said for _ in range(2))
        parameters = 4 * work.architecture.parameter_count
        batch = 4 * work.batch_size * (work.sizes[0] + work.sizes[-1])
        times = (beyond - batch) / parameters
        measured[f"{key}, {optimizer}"] = {
            "beyond": beyond, "parameters": parameters, "batch": batch, "times": times,
        }  # fmt: skip
        lines.append(
            f"  {list(work.sizes)}, {optimizer}: {beyond / 1e6:.1f} MB; "
            f"parameters {parameters / 1e6:.1f} MB, mini-batch {batch / 1e6:.1f} MB: {times:.1f} times"
        )
    return measured, lines

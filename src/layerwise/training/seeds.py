"""One network with many seeds: the same training again and again, from other starts and in other orders.

Small networks are trained side by side, as many at once as a register of the processor holds: what a loop
does for one network it then does for all of them in the same time.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from layerwise.engine import (
    Batches,
    LaneState,
    Program,
    SideBySide,
    TrainingState,
    allowed_threads,
    build_engine,
    build_side_by_side,
)
from layerwise.errors import InputError
from layerwise.formulas.schedules import PLATEAU
from layerwise.training.history import History, epoch_columns, time_columns
from layerwise.training.interrupt import StopOnInterrupt
from layerwise.training.loop import is_finite, train
from layerwise.training.pace import fitting
from layerwise.training.passes import Data
from layerwise.training.recipe import Recipe
from layerwise.training.result import Result, reason_of

# Rows in the orders of the epochs that one call does, of all networks: 1 MiB.
LARGEST_ORDERS = 2**17
# Epochs of the first call, while nothing is known of their time.
FIRST_EPOCHS = 16


def train_seeds(
    program: Program,
    seeds: Sequence[int],
    starts: Sequence[np.ndarray],
    data: Data,
    recipe: Recipe,
    *,
    engine: str = "auto",
) -> list[Result]:
    """Run the recipe with each seed of the program from its start, a flat vector; a Result for each.

    The orders of the examples and the steps are those that `train` has for that seed, and so are the results
    to rounding; they do not depend on the other seeds, or on the number of threads. As many threads are used
    as the engine may use. A network that diverges is trained once more by itself, to say when. Ctrl-C ends
    all after the steps at hand. Nothing is kept of what is not the last epoch: no validation, no statistics.
    Raises InputError where seeds and starts are not as many, or there are no examples.
    """
    if len(seeds) != len(starts):
        raise InputError(f"there are {len(seeds)} seeds and {len(starts)} starts; expected one for each")
    if len(data.X) == 0:
        raise InputError("there are no examples to train on; expected at least one row")
    alone = data.weights is not None or recipe.patience is not None or recipe.schedule == PLATEAU
    groups = None if alone else build_side_by_side(program, seeds, engine)

    interrupt = StopOnInterrupt()

    def by_itself(number: int) -> Result:
        own = replace(program, seed=seeds[number])
        state = TrainingState.start(starts[number], own)
        built = build_engine(own, engine)
        return train(built, state, data, recipe, statistics=False, interrupt=interrupt)

    with interrupt, ThreadPoolExecutor(allowed_threads()) as pool:
        if groups is None:
            return list(pool.map(by_itself, range(len(seeds))))
        first = 0
        members: list[tuple[SideBySide, Sequence[np.ndarray]]] = []
        for group in groups:
            members.append((group, starts[first : first + len(group.seeds)]))
            first += len(group.seeds)
        results = pool.map(
            lambda member: _train_group(member[0], member[1], data, recipe, interrupt), members
        )
        found = [result for of_group in results for result in of_group]
        return [by_itself(number) if result is None else result for number, result in enumerate(found)]


def _train_group(
    group: SideBySide,
    starts: Sequence[np.ndarray],
    data: Data,
    recipe: Recipe,
    interrupt: StopOnInterrupt,
) -> list[Result | None]:
    """The recipe with each of the group's seeds; None for a network that diverged."""
    started = time.perf_counter()
    state, rows = group.start(starts), len(data.X)
    size = recipe.batch_rows(rows)
    steps = -(-rows // size)
    histories = [History() for _ in starts]
    done, at_once, finite = 0, FIRST_EPOCHS, np.ones(len(starts), dtype=bool)
    largest = max(1, LARGEST_ORDERS // (rows * state.parameters.shape[1]))
    while done < recipe.epochs and not interrupt.asked:
        start, t = time.perf_counter(), state.t
        count = min(recipe.epochs - done, at_once, largest)
        rates = recipe.rates(np.arange(done, done + count), steps)
        orders = group.orders(rows, done, count) if recipe.shuffle and steps > 1 else None
        costs, norms = group.run_epochs(state, Batches(*data, orders, size), rates)
        seconds = time.perf_counter() - start
        finite &= np.isfinite(costs).all(axis=0)
        columns = epoch_columns(done, t, rates, costs.T, norms.T)
        columns |= time_columns(start - started, seconds, count, rows)
        for lane, history in enumerate(histories):
            own = {name: columns[name][lane] for name in ("cost", "gradient_norm")}
            history.extend(columns | own)
        done, at_once = done + count, fitting(count, seconds, at_once)
    stopped = "epochs" if done == recipe.epochs else "interrupted"
    return [
        _result(state, lane, history, stopped, started) if finite[lane] else None
        for lane, history in enumerate(histories)
    ]


def _result(state: LaneState, lane: int, history: History, stopped: str, started: float) -> Result | None:
    parameters, slots = state.parameters[:, lane].copy(), state.slots[:, :, lane].copy()
    if not is_finite(parameters):
        return None
    done = len(history)
    return Result(
        parameters=parameters,
        history=history,
        best_epoch=done,
        stopped=stopped,
        reason=reason_of(stopped, done),
        seconds=time.perf_counter() - started,
        state=TrainingState(parameters.copy(), slots, state.t),
    )

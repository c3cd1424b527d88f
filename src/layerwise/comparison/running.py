"""Doing the runs, beside each other, and stopping in good order."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Generator, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any, NamedTuple

from layerwise.comparison.compared_rows import ComparedRows
from layerwise.comparison.grid import Combination
from layerwise.comparison.one_run import run_once
from layerwise.comparison.run_store import comparison_run_key
from layerwise.comparison.worker_process import start_for
from layerwise.errors import InputError, TrainingError
from layerwise.persistence import FinishedRuns
from layerwise.training.interrupt import StopOnInterrupt

RUNS_OF_A_WORKER = 4


class Progress(NamedTuple):
    """Where a comparison stands.

    done of total runs, of which `reused` were found finished; seconds since the start; seconds_left as the
    runs so far let expect, None before the first; the run that ended last, by its combination, and how.
    """

    done: int
    total: int
    reused: int
    seconds: float
    seconds_left: float | None
    label: str = ""
    seed: int | None = None
    status: str = ""


class Task(NamedTuple):
    """One run to do: which combination, with which seed, and its key."""

    combination: int
    seed: int
    key: str


Records = dict[tuple[int, int], dict[str, Any]]


def run_all(
    rows: ComparedRows,
    chosen: Sequence[Combination],
    seeds: Sequence[int],
    *,
    jobs: int | None,
    store: FinishedRuns,
    progress: Callable[[Progress], object] | None = None,
) -> tuple[Records, bool]:
    """({(combination, seed): record}, whether Ctrl-C ended it before the last run).

    Seed by seed, so that what is done when it stops early can be compared in pairs. jobs as joblib takes it:
    processes, -1 for one a core, None for what `joblib.parallel_config` says and 1 without it.
    Raises InputError where a finished run cannot be written, TrainingError where a process was killed from
    outside; what was finished is kept then.
    """
    tasks = [
        Task(k, seed, comparison_run_key(rows.digest, combination.settings, seed))
        for seed in seeds
        for k, combination in enumerate(chosen)
    ]
    records: Records = {}
    waiting = []
    for task in tasks:
        record = store.get(task.key)
        if record is None:
            waiting.append(task)
        else:
            records[task.combination, task.seed] = record
    report = _Reporter(progress, len(tasks), len(records), chosen)
    report.start()
    interrupted = False
    results = _results(rows, chosen, waiting, jobs)
    try:
        for task, record in results:
            if record["status"] == "interrupted":
                interrupted = True
                break
            settings = chosen[task.combination].settings
            with StopOnInterrupt() as stop:
                # Written and counted, or neither: a Ctrl-C between the two waits.
                store.put(task.key, {**settings, "seed": task.seed}, record)
                records[task.combination, task.seed] = record
            report.ended(task, record)
            if stop.asked:
                interrupted = True
                break
    except KeyboardInterrupt:
        interrupted = True
    except BrokenProcessPool as error:
        raise TrainingError(
            f"a process that trained was ended from outside, as where memory runs out ({report.done:,} of "
            f"{len(tasks):,} runs are done); use fewer at a time (jobs)"
        ) from error
    finally:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "[0-9]+ tasks (which were|have been)", UserWarning)
            results.close()
    return records, interrupted


def _results(
    rows: ComparedRows, chosen: Sequence[Combination], waiting: Sequence[Task], jobs: int | None
) -> Generator[tuple[Task, dict[str, Any]], None, None]:
    """(task, record) as the runs end, in any order where there are several at a time."""
    from joblib import Parallel, delayed, effective_n_jobs

    parent = os.getpid()
    if effective_n_jobs(jobs) == 1 or len(waiting) < 2:
        for task in waiting:
            yield task, run_once(rows, chosen[task.combination].settings, task.seed, parent)
        return
    work = delayed(_numbered)
    calls = [work(task, rows, chosen[task.combination].settings, task.seed, parent) for task in waiting]
    try:
        parallel = Parallel(
            n_jobs=jobs, return_as="generator_unordered", batch_size=1, **_first_thing(parent)
        )
    except ValueError:
        # A backend that hands back nothing before all is done, such as Ray's, gets a few runs at a time, so
        # that those are kept.
        at_once = RUNS_OF_A_WORKER * effective_n_jobs(jobs)
        with Parallel(n_jobs=jobs, batch_size=1) as parallel:
            for first in range(0, len(calls), at_once):
                yield from parallel(calls[first : first + at_once])
        return
    yield from parallel(calls)


def _first_thing(parent: int) -> dict[str, Any]:
    """For joblib's own processes, what each does first; a cluster's live as the cluster says."""
    from joblib.parallel import LokyBackend, get_active_backend

    backend, _ = get_active_backend()
    return {"initializer": start_for, "initargs": (parent,)} if isinstance(backend, LokyBackend) else {}


def _numbered(task: Task, rows: ComparedRows, settings: Any, seed: int, parent: int) -> tuple[Task, Any]:
    return task, run_once(rows, settings, seed, parent)


def checked_jobs(jobs: Any) -> int | None:
    """`jobs` itself. Raises InputError for anything but None and a whole number other than 0."""
    if jobs is not None and (isinstance(jobs, bool) or not isinstance(jobs, int) or jobs == 0):
        raise InputError(f"jobs is {jobs!r}; expected a number of processes, or -1 for one on each core")
    return jobs


class _Reporter:
    """Tells somebody who wants to know how far it is."""

    def __init__(
        self, progress: Callable[[Progress], object] | None, total: int, reused: int, chosen: Any
    ) -> None:
        self.progress, self.total, self.reused, self.chosen = progress, total, reused, chosen
        self.done = reused
        self.started = time.perf_counter()

    def start(self) -> None:
        if self.progress is not None:
            self.progress(Progress(self.done, self.total, self.reused, 0.0, None))

    def ended(self, task: Task, record: dict[str, Any]) -> None:
        self.done += 1
        if self.progress is None:
            return
        seconds = time.perf_counter() - self.started
        left = seconds / (self.done - self.reused) * (self.total - self.done)
        label = self.chosen[task.combination].label
        where = Progress(
            self.done, self.total, self.reused, seconds, left, label, task.seed, record["status"]
        )
        self.progress(where)

"""Many runs beside each other, each kept when it is done, that Ctrl-C stops in good order."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from layerwise.persistence import FinishedRuns, run_key
from layerwise.studies.arm import Arm, Examples
from layerwise.studies.note_random import Seeds
from layerwise.training.interrupt import StopOnInterrupt

FORMAT = "layerwise-study-run"

SEEDS, GRID_RUNS, CLAIMS_TRIED = "seeds", "runs of the grid of learning rates", "claims"

Record = dict[str, Any]


class Task(NamedTuple):
    """One run to do: what it is known by, in JSON's types, and the work, which returns its record."""

    settings: Mapping[str, Any]
    work: Callable[[], Record]


class Unfinished(NamedTuple):
    """What Ctrl-C ended early: SEEDS, GRID_RUNS or CLAIMS_TRIED, how many of them are done, of how many."""

    what: str
    done: int
    planned: int

    def document(self) -> dict[str, Any]:
        """As it stands in results.json."""
        return {"of": self.what, "done": self.done, "planned": self.planned}


class Done(NamedTuple):
    """The records in the order of the tasks, None for those left undone; whether Ctrl-C asked to stop."""

    records: list[Record | None]
    stopped: bool


def task_settings(what: str, arm: Arm, examples: Examples, seeds: Seeds, record_every: int) -> dict[str, Any]:
    """What a run is known by: everything that decides its record."""
    return {
        "what": what,
        "arm": asdict(arm),
        "examples": examples.digest,
        "seeds": asdict(seeds),
        "record_every": record_every,
    }


def kept_runs(folder: str | os.PathLike[str] | None) -> FinishedRuns:
    """The finished runs of a study's folder. Raises InputError where there can be none."""
    return FinishedRuns(folder, FORMAT, lambda record: "roughness" in record or "score" in record)


def run_many(
    tasks: Sequence[Task],
    jobs: int,
    store: FinishedRuns,
    progress: Callable[[float], None] | None = None,
) -> Done:
    """Do the tasks in threads, `jobs` at a time (-1: one for each core).

    Runs found in the store are not done again; the others are put there as they end. The first Ctrl-C lets
    those under way finish and be kept; a second one gives them up. `progress` is told the share done.
    Raises InputError where a run cannot be written.
    """
    keys = [run_key(task.settings) for task in tasks]
    records = [store.get(key) for key in keys]
    waiting = [number for number, record in enumerate(records) if record is None]
    done = len(tasks) - len(waiting)
    with StopOnInterrupt() as stop:
        results = _results(tasks, waiting, jobs, stop)
        try:
            for number, record in results:
                if record is None:
                    continue
                # Written first: what a second Ctrl-C breaks off here is not counted.
                store.put(keys[number], tasks[number].settings, record)
                records[number] = record
                done += 1
                if progress is not None:
                    progress(done / len(tasks))
        except KeyboardInterrupt:
            results.close()
    return Done(records, stop.asked)


def _results(
    tasks: Sequence[Task], waiting: Sequence[int], jobs: int, stop: StopOnInterrupt
) -> Generator[tuple[int, Record | None], None, None]:
    """(number of the task, record) as the runs end."""
    from joblib import Parallel, delayed

    def work(number: int) -> tuple[int, Record | None]:
        return number, None if stop.asked else tasks[number].work()

    parallel = Parallel(n_jobs=jobs, prefer="threads", return_as="generator_unordered", batch_size=1)
    return parallel(delayed(work)(number) for number in waiting)

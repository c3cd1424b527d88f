"""The same experiment on many seeds: is its conclusion more than the luck of one?"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from layerwise.studies.arm import Arm, Examples
from layerwise.studies.arm_run import ArmRun, run_arm
from layerwise.studies.conclusions import FloatArray, Verdict, verdict_on
from layerwise.studies.many_runs import SEEDS, Record, Task, Unfinished, kept_runs, run_many, task_settings
from layerwise.studies.note_random import Seeds
from layerwise.studies.study import Study, rows_of

# Rows of the history of each repeat: enough for the rules, which take as long as a thousand steps for one.
ROWS = 15
Progress = Callable[[float], None]


class Repeat(NamedTuple):
    """One arm on one seed; accuracies are nan where it diverged."""

    train_accuracy: float
    test_accuracy: float
    roughness: float
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Repeats:
    """All arms on many seeds.

    runs: key of the arm -> its repeats in the order of the seeds, those that all arms have done. redrawn:
    whether each seed drew points of its own. fresh_masks: whether dropout drew its masks anew in each step,
    unlike the course's code. unfinished: where Ctrl-C ended it early, how far it came.
    """

    study: Study
    arms: tuple[Arm, ...]
    runs: dict[str, list[Repeat]]
    seconds: float
    redrawn: bool
    fresh_masks: bool
    unfinished: Unfinished | None = None

    @property
    def seeds(self) -> int:
        return len(next(iter(self.runs.values())))

    def values(self, key: str, name: str) -> FloatArray:
        """train_accuracy, test_accuracy or roughness of an arm: (seeds,)."""
        return np.array([getattr(run, name) for run in self.runs[key]], dtype=np.float64)

    @property
    def verdicts(self) -> list[Verdict]:
        """The note's conclusions, tried on these seeds."""
        return [
            verdict_on(
                conclusion,
                self.values(conclusion.better, f"{conclusion.split}_accuracy"),
                self.values(conclusion.worse, f"{conclusion.split}_accuracy"),
            )
            for conclusion in self.study.conclusions
        ]

    def rules(self, key: str) -> list[tuple[str, int]]:
        """How often each rule found something in an arm's runs, the most frequent first."""
        names = [rule for run in self.runs[key] for rule in run.rules if rule != "oscillates"]
        return sorted(
            ((name, names.count(name)) for name in set(names)), key=lambda pair: (-pair[1], pair[0])
        )

    def document(self) -> dict[str, Any]:
        """As it stands in results.json."""
        models = {arm.key: arm.model for arm in self.arms}
        return {
            "seeds": self.seeds,
            "seconds": self.seconds,
            "points_redrawn": self.redrawn,
            "dtype": self.arms[0].dtype,
            "dropout_masks": "fresh in each step" if self.fresh_masks else "as in the note",
            "rows": [
                {
                    "model": arm.model,
                    **{
                        f"{split}_accuracy": _spread(self.values(arm.key, f"{split}_accuracy"))
                        for split in ("train", "test")
                    },
                    "comments": dict(self.rules(arm.key)),
                }
                for arm in self.arms
            ],
            "conclusions": [
                {
                    "verdict": verdict.verdict,
                    "sentence": verdict.words(models, "en"),
                    "better": verdict.better,
                    "equal": verdict.equal,
                    "seeds": verdict.seeds,
                    "difference": _finite(verdict.difference),
                    "interval": [_finite(verdict.low), _finite(verdict.high)],
                }
                for verdict in self.verdicts
            ],
        }


def _spread(values: FloatArray) -> dict[str, Any]:
    known = values[np.isfinite(values)]
    if not len(known):
        return {"mean": None, "sd": None, "lowest": None, "highest": None, "values": []}
    return {
        "mean": float(known.mean()),
        "sd": float(known.std(ddof=1)) if len(known) > 1 else 0.0,
        "lowest": float(known.min()),
        "highest": float(known.max()),
        "values": [_finite(float(value)) for value in values],
    }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def repeat_study(
    study: Study,
    seeds: int,
    *,
    data: str | None = None,
    jobs: int = -1,
    arms: Sequence[Arm] | None = None,
    store: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Repeats:
    """Train every arm on `seeds` seeds, `jobs` at a time (-1: one for each core), through joblib.

    A seed decides the points where they are drawn, the start, the order and the dropout masks, alike for all
    arms. Dropout draws its masks anew in each step. All is trained in single precision, whatever that of the
    study. The work of a seed is the same for any number of jobs.
    store: a folder where each finished run is kept; the same call goes on from what is there. Ctrl-C ends it
    early with the seeds that are done, and `unfinished` says how many. Raises InputError where the store
    cannot be written.
    """
    started = time.perf_counter()
    first, second = (study.examples(data, Seeds.number(k).data).of_type("float32") for k in (0, 1))
    redrawn = not np.array_equal(first.X, second.X)
    chosen = list(arms or study.arms_for(first, data))
    fresh = any(arm.fixed_masks for arm in chosen)
    chosen = [arm.on_other_seeds for arm in chosen]

    def task(arm: Arm, k: int) -> Task:
        numbers = Seeds.number(k)
        record_every = max(1, arm.epochs // ROWS)

        def work() -> Record:
            examples = study.examples(data, numbers.data) if redrawn else first
            return _record(run_arm(arm, examples, numbers, record_every=record_every), examples)

        return Task(task_settings(study.name, arm, first, numbers, record_every), work)

    tasks = [task(arm, k) for k in range(seeds) for arm in chosen]
    done = run_many(tasks, jobs, kept_runs(store), progress)
    each = [done.records[k * len(chosen) : (k + 1) * len(chosen)] for k in range(seeds)]
    whole = [[_repeat(record) for record in of_seed if record is not None] for of_seed in each]
    whole = [repeats for repeats in whole if len(repeats) == len(chosen)]
    return Repeats(
        study,
        tuple(chosen),
        {arm.key: [repeats[i] for repeats in whole] for i, arm in enumerate(chosen)},
        time.perf_counter() - started,
        redrawn,
        fresh,
        Unfinished(SEEDS, len(whole), seeds) if done.stopped else None,
    )


def _record(run: ArmRun, examples: Examples) -> Record:
    """One run, reduced to what is compared, in JSON's types."""
    (row,) = rows_of([run], examples)
    lost = run.diverged is not None
    return {
        "train_accuracy": None if lost else run.train_accuracy,
        "test_accuracy": None if lost else run.test_accuracy,
        "roughness": _finite(row.roughness),
        "rules": ["diverges"] if lost else [finding.rule for finding in row.findings],
    }


def _repeat(record: Record) -> Repeat:
    train, test = (
        float("nan") if record[name] is None else float(record[name])
        for name in ("train_accuracy", "test_accuracy")
    )
    rough = float("inf") if record["roughness"] is None else float(record["roughness"])
    return Repeat(train, test, rough, tuple(record["rules"]))

"""The same experiment on many seeds: is its conclusion more than the luck of one?"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from layerwise.engine import fitting_threads
from layerwise.studies.arm import Arm, Examples
from layerwise.studies.arm_run import run_arm
from layerwise.studies.conclusions import FloatArray, Verdict, verdict_on
from layerwise.studies.note_random import Seeds
from layerwise.studies.study import Study, rows_of

COARSER = 4
Progress = Callable[[float], None]


class Repeat(NamedTuple):
    """One arm on one seed; accuracies are nan where it diverged."""

    train_accuracy: float
    test_accuracy: float
    roughness: float
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Repeats:
    """All arms on seeds 0 ... n - 1.

    runs: key of the arm -> its repeats in the order of the seeds. redrawn: whether each seed drew points of
    its own. fresh_masks: whether dropout drew its masks anew in each step, unlike the course's code.
    """

    study: Study
    arms: tuple[Arm, ...]
    runs: dict[str, list[Repeat]]
    seconds: float
    redrawn: bool
    fresh_masks: bool

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
    progress: Progress | None = None,
) -> Repeats:
    """Train every arm on `seeds` seeds, `jobs` at a time (-1: one for each core), through joblib.

    A seed decides the points where they are drawn, the start, the order and the dropout masks, alike for all
    arms. Dropout draws its masks anew in each step. The work of a seed is the same for any number of jobs.
    """
    from joblib import Parallel, delayed, effective_n_jobs

    started = time.perf_counter()
    examples = study.examples(data, Seeds.number(0).data)
    chosen = list(arms or study.arms_for(examples, data))
    fresh = any(arm.fixed_masks for arm in chosen)
    chosen = [arm.on_other_seeds for arm in chosen]
    tasks = [(arm, k) for k in range(seeds) for arm in chosen]
    at_once = max(1, effective_n_jobs(jobs)) * 4
    found: list[Repeat] = []
    with (
        fitting_threads(chosen[0].program(), chosen[0].batch_size or len(examples.X)),
        Parallel(n_jobs=jobs, prefer="threads") as parallel,
    ):
        for first in range(0, len(tasks), at_once):
            part = tasks[first : first + at_once]
            found += parallel(delayed(_repeat)(study, arm, k, data) for arm, k in part)
            if progress is not None:
                progress(len(found) / len(tasks))
    runs = {arm.key: found[i :: len(chosen)] for i, arm in enumerate(chosen)}
    other = study.examples(data, Seeds.number(1).data)
    redrawn = not np.array_equal(examples.X, other.X)
    return Repeats(study, tuple(chosen), runs, time.perf_counter() - started, redrawn, fresh)


def _repeat(study: Study, arm: Arm, k: int, data: str | None) -> Repeat:
    seeds = Seeds.number(k)
    examples = study.examples(data, seeds.data)
    return as_repeat(arm, examples, seeds, study.record_every * COARSER)


def as_repeat(arm: Arm, examples: Examples, seeds: Seeds, record_every: int) -> Repeat:
    """One run, reduced to what is compared."""
    run = run_arm(arm, examples, seeds, record_every=record_every)
    (row,) = rows_of([run], examples)
    rules = ("diverges",) if run.diverged else tuple(finding.rule for finding in row.findings)
    lost = run.diverged is not None
    return Repeat(
        float("nan") if lost else run.train_accuracy,
        float("nan") if lost else run.test_accuracy,
        row.roughness,
        rules,
    )

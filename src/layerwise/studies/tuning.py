"""Each model at its own best learning rate, so that none is ahead because the rate suits it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerwise.studies.arm import Arm, Examples
from layerwise.studies.arm_run import ArmRun, run_arm
from layerwise.studies.many_runs import (
    GRID_RUNS,
    Record,
    Task,
    Unfinished,
    kept_runs,
    run_many,
    task_settings,
)
from layerwise.studies.note_random import Seeds
from layerwise.studies.study import Row, Study, rows_of

RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
HELD_OUT = 0.2
AS_GOOD = 1e-6
GRIDS_SHARE = 0.9
"""Of all work, the part that the grid takes; the rest is the last run of each at its best rate."""


@dataclass(frozen=True)
class Tried:
    """One arm over the grid: (rate, score) in order; lower is better, inf where it diverged."""

    arm: Arm
    scores: tuple[tuple[float, float], ...]

    @property
    def best_rate(self) -> float:
        return min(self.scores, key=lambda pair: pair[1])[0]

    @property
    def any_will_do(self) -> bool:
        """Whether most rates do as well as the best one, as where nothing is learnt at any."""
        scores = np.array([score for _, score in self.scores])
        alike = scores <= scores.min() * (1 + AS_GOOD)
        return bool(np.isfinite(scores.min()) and 2 * alike.sum() > len(scores))

    @property
    def at_the_edge(self) -> bool:
        """Whether the best rate ends the grid, so that a better one may lie beyond."""
        return not self.any_will_do and self.best_rate in (self.scores[0][0], self.scores[-1][0])


@dataclass(frozen=True)
class Tuned:
    """Every arm at its own best rate, all in single precision. chosen_on: "train" (the cost in training) or
    "held out" (the cost on a fifth of the training examples, held out for this). judged_by: how many examples
    that cost is of. reached: epochs until the cost in training first was at most half the baseline's, or
    None."""

    study: Study
    tried: tuple[Tried, ...]
    rows: tuple[Row, ...]
    reached: tuple[int | None, ...]
    final_costs: tuple[float, ...]
    chosen_on: str
    judged_by: int
    seconds: float

    @property
    def arms(self) -> list[Arm]:
        """The arms with their best rates."""
        return [row.run.arm for row in self.rows]

    def document(self) -> dict[str, Any]:
        """As it stands in results.json."""
        rows = zip(self.tried, self.rows, self.reached, self.final_costs, strict=True)
        return {
            "chosen_on": self.chosen_on,
            "examples_judged_by": self.judged_by,
            "dtype": self.arms[0].dtype,
            "rates": list(RATES),
            "seconds": self.seconds,
            "rows": [
                {
                    **row.document(shape=self.study.shape),
                    "learning_rate": tried.best_rate,
                    "at_the_edge_of_the_grid": tried.at_the_edge,
                    "any_rate_will_do": tried.any_will_do,
                    "train_cost": final,
                    "epochs_to_half_the_baseline_cost": reached,
                    "grid": [[rate, score if np.isfinite(score) else None] for rate, score in tried.scores],
                }
                for tried, row, reached, final in rows
            ],
        }


def tune_study(
    study: Study,
    *,
    data: str | None = None,
    jobs: int = -1,
    rates: Sequence[float] = RATES,
    arms: Sequence[Arm] | None = None,
    store: str | os.PathLike[str] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Tuned | Unfinished:
    """Train every arm at every rate from the note's seeds, choose each one's best, and train it once more.

    The test examples have no say in the choice. Dropout draws its masks anew in each step. All runs are in
    single precision, whatever that of the study. store: a folder
    where each finished run of the grid is kept; the same call goes on from what is there. Ctrl-C ends it
    early, and then there is nothing to choose from yet: what is returned says how far it came. Raises
    InputError where the store cannot be written.
    """
    started = time.perf_counter()
    examples = study.examples(data, study.seeds.data).of_type("float32")
    chosen = [arm.on_other_seeds for arm in (arms or study.arms_for(examples, data))]
    on_train = study.tuned_on == "train"
    judged = examples if on_train else held_out(examples, study.seeds).of_type("float32")

    def task(arm: Arm) -> Task:
        record_every = max(1, arm.epochs // 50)
        settings = task_settings(f"{study.name}, tuned", arm, judged, study.seeds, record_every)
        return Task(settings, lambda: _scored(study, arm, judged, record_every))

    tasks = [task(arm.but(rate=rate)) for arm in chosen for rate in rates]
    done = run_many(
        tasks,
        jobs,
        kept_runs(store),
        None if progress is None else lambda share: progress(GRIDS_SHARE * share),
    )
    scores = [_score(record) for record in done.records if record is not None]
    if done.stopped:
        return Unfinished(GRID_RUNS, len(scores), len(tasks))
    tried = tuple(
        Tried(arm, tuple(zip(rates, scores[i * len(rates) : (i + 1) * len(rates)], strict=True)))
        for i, arm in enumerate(chosen)
    )
    runs = [
        run_arm(found.arm.but(rate=found.best_rate), examples, study.seeds, record_every=study.record_every)
        for found in tried
    ]
    if progress is not None:
        progress(1.0)
    return Tuned(
        study,
        tried,
        tuple(rows_of(runs, examples)),
        tuple(_reached(run, examples) for run in runs),
        tuple(_final(run, "train_cost") for run in runs),
        study.tuned_on,
        len(judged.X if on_train else judged.X_test),
        time.perf_counter() - started,
    )


def held_out(examples: Examples, seeds: Seeds) -> Examples:
    """Four fifths of the training examples to train on and one fifth to judge by."""
    order = np.random.RandomState(seeds.start).permutation(len(examples.X))
    rows = len(order) - round(HELD_OUT * len(order))
    kept, judged = order[:rows], order[rows:]
    X, Y = examples.X, examples.Y
    return Examples.of(X[kept], Y[kept], X[judged], Y[judged], examples.source)


def _scored(study: Study, arm: Arm, examples: Examples, record_every: int) -> Record:
    """What a run of the grid is judged by; None where it diverged."""
    run = run_arm(arm, examples, study.seeds, record_every=record_every)
    if run.diverged is not None:
        return {"score": None}
    score = _final(run, "train_cost" if study.tuned_on == "train" else "validation_cost")
    return {"score": score if np.isfinite(score) else None}


def _score(record: Record) -> float:
    return float("inf") if record["score"] is None else float(record["score"])


def _final(run: ArmRun, name: str) -> float:
    """The mean over the last twentieth of the history."""
    values = np.array(run.history.column(name), dtype=np.float64)
    value = float(values[-max(1, len(values) // 20) :].mean()) if len(values) else float("nan")
    return value if np.isfinite(value) else float("inf")


def _reached(run: ArmRun, examples: Examples) -> int | None:
    half = examples.baseline_cost / 2
    for row in run.history:
        if row["train_cost"] <= half:
            return int(row["epoch"])
    return None

"""Each model at its own best learning rate, so that none is ahead because the rate suits it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerwise.engine import fitting_threads
from layerwise.studies.arm import Arm, Examples
from layerwise.studies.arm_run import ArmRun, run_arm
from layerwise.studies.note_random import Seeds
from layerwise.studies.study import Row, Study, rows_of

RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
HELD_OUT = 0.2


@dataclass(frozen=True)
class Tried:
    """One arm over the grid: (rate, score) in order; lower is better, inf where it diverged."""

    arm: Arm
    scores: tuple[tuple[float, float], ...]

    @property
    def best_rate(self) -> float:
        return min(self.scores, key=lambda pair: pair[1])[0]

    @property
    def at_the_edge(self) -> bool:
        """Whether the best rate ends the grid, so that a better one may lie beyond."""
        return self.best_rate in (self.scores[0][0], self.scores[-1][0])


@dataclass(frozen=True)
class Tuned:
    """Every arm at its own best rate. chosen_on: "train" (the cost in training) or "held out" (the cost on a
    fifth of the training examples, held out for this). reached: epochs until the cost in training first was
    at most half the baseline's, or None."""

    study: Study
    tried: tuple[Tried, ...]
    rows: tuple[Row, ...]
    reached: tuple[int | None, ...]
    final_costs: tuple[float, ...]
    chosen_on: str
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
            "rates": list(RATES),
            "seconds": self.seconds,
            "rows": [
                {
                    **row.document(shape=self.study.shape),
                    "learning_rate": tried.best_rate,
                    "at_the_edge_of_the_grid": tried.at_the_edge,
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
    progress: Callable[[float], None] | None = None,
) -> Tuned:
    """Train every arm at every rate from the note's seeds, choose each one's best, and train it once more.

    The test examples have no say in the choice. Dropout draws its masks anew in each step.
    """
    from joblib import Parallel, delayed, effective_n_jobs

    started = time.perf_counter()
    examples = study.examples(data, study.seeds.data)
    chosen = [arm.on_other_seeds for arm in (arms or study.arms_for(examples, data))]
    judged = examples if study.tuned_on == "train" else held_out(examples, study.seeds)
    tasks = [(arm, rate) for arm in chosen for rate in rates]
    at_once, scores = max(1, effective_n_jobs(jobs)) * 2, []
    with (
        fitting_threads(chosen[0].program(), chosen[0].batch_size or len(examples.X)),
        Parallel(n_jobs=jobs, prefer="threads") as parallel,
    ):
        for first in range(0, len(tasks), at_once):
            part = tasks[first : first + at_once]
            scores += parallel(delayed(_score)(study, arm.but(rate=rate), judged) for arm, rate in part)
            if progress is not None:
                progress(0.9 * len(scores) / len(tasks))
        tried = tuple(
            Tried(arm, tuple(zip(rates, scores[i * len(rates) : (i + 1) * len(rates)], strict=True)))
            for i, arm in enumerate(chosen)
        )
        runs = [
            run_arm(
                found.arm.but(rate=found.best_rate), examples, study.seeds, record_every=study.record_every
            )
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
        time.perf_counter() - started,
    )


def held_out(examples: Examples, seeds: Seeds) -> Examples:
    """Four fifths of the training examples to train on and one fifth to judge by."""
    order = np.random.RandomState(seeds.start).permutation(len(examples.X))
    rows = len(order) - round(HELD_OUT * len(order))
    kept, judged = order[:rows], order[rows:]
    X, Y = examples.X, examples.Y
    return Examples.of(X[kept], Y[kept], X[judged], Y[judged], examples.source)


def _score(study: Study, arm: Arm, examples: Examples) -> float:
    run = run_arm(arm, examples, study.seeds, record_every=max(1, arm.epochs // 50))
    if run.diverged is not None:
        return float("inf")
    return _final(run, "train_cost" if study.tuned_on == "train" else "validation_cost")


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

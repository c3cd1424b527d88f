"""Training one arm of an experiment as the note's loops do, and what is written down of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from layerwise.engine import Engine, StepTotals, TrainingState, build_engine, cost_of
from layerwise.engine.threads import shared_processors
from layerwise.studies.arm import Arm, Examples
from layerwise.studies.note_random import Seeds, note_start
from layerwise.studies.steps import stepper
from layerwise.studies.turned_training import turned_training
from layerwise.training import History
from layerwise.training.statistics import PROBE_ROWS, layer_statistics

Watch = Callable[[float], None]


@dataclass
class ArmRun:
    """What training one arm left.

    start, parameters: the flat vectors before and after. costs: (iteration or epoch from 0, cost) as the
    note records it: of the step, with mini-batches of the epoch's last one. history: a row at each of these,
    see `run_arm`. diverged: the epoch in which a cost was no longer finite, or None.
    """

    arm: Arm
    start: np.ndarray
    parameters: np.ndarray
    costs: list[tuple[int, float]] = field(default_factory=list)
    history: History = field(default_factory=History)
    train_accuracy: float = float("nan")
    test_accuracy: float = float("nan")
    seconds: float = 0.0
    diverged: int | None = None


def run_arm(
    arm: Arm,
    examples: Examples,
    seeds: Seeds,
    *,
    record_every: int,
    statistics: bool = True,
    watch: Watch | None = None,
) -> ArmRun:
    """Train the arm from its legacy random start.

    It is trained in the arm's precision. Every `record_every` epochs, from the first, and in the last: the
    cost, and a row of the history with epoch (from 1), step, cost, learning_rate, gradient_norm, seconds, and
    where `statistics` is asked for train_cost (no penalty, no dropout), train_accuracy, validation_cost,
    validation_accuracy (of the test examples) and the statistics of the layers. `watch` is told the share
    done. Examples of more inputs than there are examples are trained on in fewer coordinates where that gives
    the same steps; everything that is told is of the inputs as they are.
    """
    started = time.perf_counter()
    examples = examples.of_type(arm.dtype)
    # What is measured between the steps is small work too: a second thread would wait more than it does.
    with shared_processors(1, with_blas=True):
        training = _Training(arm, examples, seeds)
        run = ArmRun(arm, training.start, training.start)
        marks = sorted({*range(0, arm.epochs, record_every), arm.epochs - 1})
        for mark, following in zip(marks, [*marks[1:], arm.epochs], strict=True):
            before = training.parameters
            totals = training.advance(mark, 1)
            if totals.finite:
                row = {
                    "epoch": mark + 1,
                    "step": training.state.t,
                    "cost": totals.mean_cost,
                    "learning_rate": arm.rate,
                    "gradient_norm": totals.gradient_norm,
                    "seconds": time.perf_counter() - started,
                }
                if statistics:
                    row |= _seen(training.engine, arm, training.parameters, before, examples)
                run.history.append(row)
                if mark % record_every == 0:
                    run.costs.append((mark, totals.mean_cost))
                if following > mark + 1:
                    totals = training.advance(mark + 1, following - mark - 1)
            if not totals.finite or not np.isfinite(training.state.parameters).all():
                run.diverged = mark + 1
                break
            if watch is not None:
                watch(following / arm.epochs)
        run.seconds = time.perf_counter() - started
        run.parameters = training.parameters
        run.train_accuracy = accuracy(training.engine, run.parameters, examples.X, examples.Y)
        run.test_accuracy = accuracy(training.engine, run.parameters, examples.X_test, examples.Y_test)
    return run


class _Training:
    """An arm while it is trained, in fewer coordinates where that gives the same steps.

    engine, start, parameters: those of the arm. program, state: those of what is trained.
    """

    def __init__(self, arm: Arm, examples: Examples, seeds: Seeds) -> None:
        self.engine = build_engine(arm.program(seed=seeds.mask))
        self.start = note_start(arm.architecture, arm.initialization, seeds.start).astype(arm.dtype)
        self.turned = turned_training(arm, examples)
        if self.turned is None:
            self.program, start, stepping = self.engine.program, self.start, self.engine
        else:
            arm, examples = self.turned.arm, self.turned.examples
            self.program, start = arm.program(seed=seeds.mask), self.turned.start(self.start)
            stepping = build_engine(self.program)
        self.state = TrainingState.start(start, self.program)
        self.steps = stepper(arm, stepping, examples, seeds)

    def advance(self, epoch: int, epochs: int) -> StepTotals:
        return self.steps.advance(self.state, epoch, epochs)

    @property
    def parameters(self) -> np.ndarray:
        """A copy of where it is, as a flat vector of the arm."""
        if self.turned is None:
            return self.state.parameters.copy()
        return self.turned.back(self.start, self.state.parameters)


def accuracy(engine: Engine, parameters: np.ndarray, X: np.ndarray, Y: np.ndarray) -> float:
    """The share of examples on the right side of probability 1/2."""
    return float(((engine.pre_activations(parameters, X) > 0) == (Y > 0.5)).mean())


def _seen(
    engine: Engine, arm: Arm, parameters: np.ndarray, before: np.ndarray, examples: Examples
) -> dict[str, Any]:
    program = engine.program
    row: dict[str, Any] = {}
    for name, X, Y in (
        ("train", examples.X, examples.Y),
        ("validation", examples.X_test, examples.Y_test),
    ):
        Z = engine.pre_activations(parameters, X)
        with np.errstate(all="ignore"):
            row[f"{name}_cost"] = cost_of(program, Z, Y)
        row[f"{name}_accuracy"] = float(((Z > 0) == (Y > 0.5)).mean())
    probe = np.linspace(0, len(examples.X) - 1, min(PROBE_ROWS, len(examples.X))).round().astype(int)
    return row | layer_statistics(
        parameters, before, arm.architecture, program.objective, examples.X[probe], examples.Y[probe]
    )

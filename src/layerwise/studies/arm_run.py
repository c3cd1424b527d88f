"""Training one arm of an experiment as the note's loops do, and what is written down of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from layerwise.engine import Engine, TrainingState, build_engine, cost_of, fitting_threads
from layerwise.studies.arm import Arm, Examples
from layerwise.studies.note_random import Seeds, note_start
from layerwise.studies.steps import stepper
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

    Every `record_every` epochs, from the first, and in the last: the cost, and a row of the history with
    epoch (from 1), step, cost, learning_rate, gradient_norm, seconds, and where `statistics` is asked for
    train_cost (no penalty, no dropout), train_accuracy, validation_cost, validation_accuracy (of the test
    examples) and the statistics of the layers. `watch` is told the share done.
    """
    program = arm.program(seed=seeds.mask)
    engine = build_engine(program)
    begin = note_start(arm.architecture, arm.initialization, seeds.start)
    state = TrainingState.start(begin, program)
    run = ArmRun(arm, begin, state.parameters)
    steps = stepper(arm, engine, examples, seeds)
    started = time.perf_counter()
    marks = sorted({*range(0, arm.epochs, record_every), arm.epochs - 1})
    with fitting_threads(program, min(arm.batch_size or len(examples.X), len(examples.X))):
        for mark, following in zip(marks, [*marks[1:], arm.epochs], strict=True):
            before = state.parameters.copy()
            totals = steps.advance(state, mark, 1)
            if totals.finite:
                row = {
                    "epoch": mark + 1,
                    "step": state.t,
                    "cost": totals.mean_cost,
                    "learning_rate": arm.rate,
                    "gradient_norm": totals.gradient_norm,
                    "seconds": time.perf_counter() - started,
                }
                if statistics:
                    row |= _seen(engine, arm, state.parameters, before, examples)
                run.history.append(row)
                if mark % record_every == 0:
                    run.costs.append((mark, totals.mean_cost))
                if following > mark + 1:
                    totals = steps.advance(state, mark + 1, following - mark - 1)
            if not totals.finite or not np.isfinite(state.parameters).all():
                run.diverged = mark + 1
                break
            if watch is not None:
                watch(following / arm.epochs)
        run.seconds = time.perf_counter() - started
        run.train_accuracy = accuracy(engine, state.parameters, examples.X, examples.Y)
        run.test_accuracy = accuracy(engine, state.parameters, examples.X_test, examples.Y_test)
    return run


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

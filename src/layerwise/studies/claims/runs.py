"""Runs that several claims look at, trained once in a process."""

from __future__ import annotations

from functools import cache

import numpy as np

from layerwise.studies.arm import Arm, Examples
from layerwise.studies.arm_run import ArmRun, run_arm
from layerwise.studies.note_random import Seeds
from layerwise.studies.plane_studies import (
    INITIALIZATION,
    OPTIMIZATION,
    REGULARIZATION,
    circles,
    field,
    moons,
)
from layerwise.studies.study import Study

EXAMPLES = {"initialization": circles, "regularization": field, "optimization": moons}
STUDIES = {study.name: study for study in (INITIALIZATION, REGULARIZATION, OPTIMIZATION)}


@cache
def examples_of(study: str) -> Examples:
    """The note's own draw; for regularization our generator's."""
    return EXAMPLES[study](None, None)


def arm_of(study: str, key: str) -> Arm:
    """An arm of a study, with dropout masks drawn anew in each step."""
    chosen: Study = STUDIES[study]
    (found,) = [arm for arm in chosen.arms if arm.key == key]
    return found.but(fixed_masks=False)


@cache
def trained(study: str, arm: Arm, seeds: Seeds | None = None) -> ArmRun:
    """The run of an arm from the note's seeds, recorded a hundred times."""
    every = max(1, arm.epochs // 100)
    return run_arm(arm, examples_of(study), seeds or STUDIES[study].seeds, record_every=every)


def column(run: ArmRun, name: str) -> np.ndarray:
    """A column of the run's history."""
    return np.array(run.history.column(name), dtype=np.float64)


def last(run: ArmRun, name: str) -> float:
    """The mean of a column's last five values."""
    return float(column(run, name)[-5:].mean())


def epochs_until(run: ArmRun, cost: float) -> float:
    """The first recorded epoch whose cost in training is at most so high; inf where there is none."""
    reached = np.flatnonzero(column(run, "train_cost") <= cost)
    return float(column(run, "epoch")[reached[0]]) if len(reached) else float("inf")

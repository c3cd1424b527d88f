"""What a study came to, ready to be printed, written down or drawn."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from layerwise._version import __version__
from layerwise.errors import InputError, nearest
from layerwise.studies.arm import Examples
from layerwise.studies.building import BUILDING
from layerwise.studies.gradient_study import Check, over_epsilons, run_gradient_study
from layerwise.studies.many_runs import Unfinished
from layerwise.studies.plane_studies import INITIALIZATION, OPTIMIZATION, REGULARIZATION
from layerwise.studies.repeats import Repeats, repeat_study
from layerwise.studies.study import Row, Study, run_study
from layerwise.studies.tables import Table, check_table, repeats_table, study_table, tuned_table
from layerwise.studies.tuning import Tuned, tune_study

GRADIENT_CHECKING = "gradient-checking"
TRAINED: dict[str, Study] = {
    study.name: study for study in (BUILDING, INITIALIZATION, REGULARIZATION, OPTIMIZATION)
}
STUDY_NAMES = ("building", "initialization", "regularization", GRADIENT_CHECKING, "optimization")
"""In the order of the note."""

Watch = Callable[[str, float], None]


@dataclass
class Outcome:
    """One study. rows: a Row for each model, or a Check each in gradient checking.

    data, seeds, tune: as it was asked for. epsilons: (epsilon, difference) of gradient checking. unfinished:
    where Ctrl-C ended the repeats or the tuning early, how far they came.
    """

    name: str
    rows: list[Row] | list[Check]
    seconds: float
    study: Study | None = None
    examples: Examples | None = None
    data: str | None = None
    seeds: int = 0
    tune: bool = False
    repeats: Repeats | None = None
    tuned: Tuned | None = None
    epsilons: list[tuple[float, float]] = field(default_factory=list)
    unfinished: Unfinished | None = None

    @property
    def trained(self) -> list[Row]:
        """The rows of models that were trained: none in gradient checking."""
        return [row for row in self.rows if isinstance(row, Row)]

    @property
    def checks(self) -> list[Check]:
        """The rows of gradient checking."""
        return [row for row in self.rows if isinstance(row, Check)]

    def tables(self, language: str = "en") -> list[Table]:
        """The note's table, then that of the seeds and that of the tuned rates where they were asked for."""
        if self.study is None:
            return [check_table(self.checks, language)]
        found = [study_table(self.trained, self.study.shape, language)]
        if self.repeats is not None:
            found.append(repeats_table(self.repeats, language))
        if self.tuned is not None:
            found.append(tuned_table(self.tuned, language))
        return found

    def document(self) -> dict[str, Any]:
        """What results.json holds."""
        found: dict[str, Any] = {"study": self.name, "layerwise_version": __version__}
        if self.study is None or self.examples is None:
            found["rows"] = [row.document() for row in self.checks]
            found["epsilons"] = [[epsilon, difference] for epsilon, difference in self.epsilons]
        else:
            found |= {
                "data": self.examples.source,
                "examples": {"train": len(self.examples.X), "test": len(self.examples.X_test)},
                "counted_in": self.study.unit + "s",
                "dtype": self.trained[0].run.arm.dtype,
                "rows": [row.document(shape=self.study.shape) for row in self.trained],
            }
        if self.unfinished is not None:
            found["unfinished"] = self.unfinished.document()
        if self.repeats is not None:
            found["repeats"] = self.repeats.document()
        if self.tuned is not None:
            found["tuned"] = self.tuned.document()
        return found | {"seconds": self.seconds}


def study(
    name: str,
    *,
    data: str | None = None,
    seeds: int = 0,
    tune: bool = False,
    jobs: int = -1,
    store: str | os.PathLike[str] | None = None,
    watch: Watch | None = None,
) -> Outcome:
    """Run the study of this name, one of STUDY_NAMES, from the note's own seeds.

    data: the course's file, for "regularization" and "building". seeds: repeat it on so many seeds as well.
    tune: also give each model its own best learning rate. store: a folder where the runs of both are kept, so
    that the same call goes on where it stopped; Ctrl-C ends them early with what is done, and `unfinished` of
    the outcome says how far they came. watch(what, share) is told how far it is.
    Raises InputError for an unknown name, data that cannot be read, or an option that the study has not.
    """
    check_call(name, data, seeds, tune)
    started = time.perf_counter()
    if name == GRADIENT_CHECKING:
        checks = run_gradient_study()
        return Outcome(name, checks, time.perf_counter() - started, epsilons=over_epsilons())
    chosen = TRAINED[name]
    examples, rows = run_study(chosen, data=data, watch=watch)
    outcome = Outcome(name, rows, time.perf_counter() - started, chosen, examples, data, seeds, tune)
    if seeds:
        told = None if watch is None else _told(watch, f"{seeds} seeds")
        repeats = repeat_study(chosen, seeds, data=data, jobs=jobs, store=store, progress=told)
        outcome.repeats, outcome.unfinished = repeats if repeats.seeds else None, repeats.unfinished
    if tune and outcome.unfinished is None:
        told = None if watch is None else _told(watch, "learning rates")
        tuned = tune_study(chosen, data=data, jobs=jobs, store=store, progress=told)
        if isinstance(tuned, Unfinished):
            outcome.unfinished = tuned
        else:
            outcome.tuned = tuned
    return outcome


def check_call(name: str, data: str | None, seeds: int, tune: bool) -> None:
    """Raise InputError unless there is such a study and it has these options."""
    if name not in STUDY_NAMES:
        raise InputError(f"unknown study {name!r}; {nearest(name, STUDY_NAMES)}")
    takers = {study.name: study.takes for study in TRAINED.values() if study.takes}
    if data is not None and name not in takers:
        takes = "; ".join(f"{taker} takes {what}" for taker, what in takers.items())
        raise InputError(f"the study {name} draws its own data and takes no file: {takes}")
    if seeds < 0:
        raise InputError(f"seeds is {seeds}; expected how many seeds to repeat the study on, at least 1")
    if name == GRADIENT_CHECKING and (seeds or tune):
        option = "--seeds" if seeds else "--tune"
        raise InputError(f"gradient checking trains nothing, so it has no {option}; leave it out")


def _told(watch: Watch, what: str) -> Callable[[float], None]:
    return lambda share: watch(what, share)

"""What came of comparing: every run, who is ahead, by how much, and whether that can be told."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layerwise.comparison.grid import Combination
from layerwise.comparison.main_effects import main_effects_frame
from layerwise.comparison.recipe import Winner, python_lines, shell_line
from layerwise.comparison.tabulation import (
    curves_frame,
    differences_frame,
    metrics_of,
    ranking,
    runs_frame,
    scores_on_test_rows,
    summary_frame,
)
from layerwise.comparison.verdict import Verdict, verdict
from layerwise.errors import InputError, nearest
from layerwise.runs.config import TrainConfig

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Comparison:
    """A grid of settings, each run with the same seeds on the same splits.

    combinations: what was compared.  seeds: what each was run with.  records: {(combination, seed): what the
    run left} for the runs that are finished.  metric: what ranks them, on the test rows.
    draws_test_rows: whether each seed has test rows of its own.  interrupted: whether Ctrl-C ended it early.
    config: how the rows were chosen.  notices: sentences about the data.
    """

    combinations: tuple[Combination, ...]
    seeds: tuple[int, ...]
    records: Mapping[tuple[int, int], Mapping[str, Any]] = field(repr=False)
    task: str
    metric: str
    config: TrainConfig = field(repr=False)
    draws_test_rows: bool = True
    interrupted: bool = False
    notices: tuple[str, ...] = ()

    @property
    def planned(self) -> int:
        """How many runs there are when all are done."""
        return len(self.combinations) * len(self.seeds)

    @cached_property
    def runs(self) -> pl.DataFrame:
        """One row per run: settings, seed, status ("done", "diverged", "failed", "broken"), reason, metrics
        on test, validation and training rows, epochs, seconds."""
        return runs_frame(self)

    @cached_property
    def curves(self) -> pl.DataFrame:
        """One row per run and epoch: cost, validation_cost and the validation metric."""
        return curves_frame(self)

    def summary(self) -> pl.DataFrame:
        """One row per combination, best first: mean and spread of each test metric, best epoch, seconds."""
        return self._summary

    def differences(self, metric: str | None = None) -> pl.DataFrame:
        """One row per pair of combinations: paired difference, 95% interval, p, and p for all pairs together.

        The corrected resampled t test (Nadeau & Bengio 2003) and Holm's correction (1979), as
        `layerwise.comparison.paired_differences` says. metric: another than the one that ranks.
        Raises InputError for a metric that the task does not have.
        """
        if metric is None or metric == self.metric:
            return self._differences
        return differences_frame(self, checked_metric(metric, self.task))

    def main_effects(self, metric: str | None = None) -> pl.DataFrame:
        """One row per value of each setting: its mean over all values of the other settings, and its paired
        difference to the setting's best value, with 95% interval, p, and p for all pairs together.

        Without rows where only one setting varies: then `summary` and `differences` say it. What is paired
        and counted: `layerwise.comparison.main_effects`. metric: another than the one that ranks.
        Raises InputError for a metric that the task does not have.
        """
        return main_effects_frame(self, checked_metric(metric or self.metric, self.task))

    @cached_property
    def _summary(self) -> pl.DataFrame:
        return summary_frame(self)

    @cached_property
    def _differences(self) -> pl.DataFrame:
        return differences_frame(self, self.metric)

    @cached_property
    def winner(self) -> Winner | None:
        """The combination with the best mean, with its recipe; None where no run gave a network."""
        best = ranking(self)[0]
        scores = scores_on_test_rows(self, best, self.metric)
        if not scores:
            return None
        combination = self.combinations[best]
        pairs = self.differences()
        untold = pairs.filter(
            (pairs["first"] == combination.label) & pairs["p"].is_not_null() & pairs["better"].is_null()
        )
        seed = next(iter(scores))
        return Winner(
            label=combination.label,
            settings=dict(combination.varied),
            metric=self.metric,
            score=sum(scores.values()) / len(scores),
            tied=tuple(untold["second"]),
            shell=shell_line(self.config, combination.settings, seed),
            python=python_lines(self.task, combination.settings, seed),
        )

    @cached_property
    def verdict(self) -> Verdict:
        """What it says, in sentences."""
        return verdict(self)

    @property
    def text(self) -> str:
        """The summary as a table, what can be told of it, and the winner's recipe."""
        from layerwise.comparison.plain_text import plain_text

        return plain_text(self)

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        from layerwise.comparison.page import notebook_fragment

        return notebook_fragment(self)

    def document(self) -> dict[str, Any]:
        """All of it for a program to read, in JSON's types; what results.json holds."""
        from layerwise.comparison.saved import document

        return document(self)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write results.json, runs.csv, summary.csv, differences.csv, main_effects.csv, curves.csv and
        comparison.html.

        Returns the path of the page. Raises InputError where the folder cannot be written or holds a
        results.json of something else.
        """
        from layerwise.comparison.saved import save

        return save(self, folder)


def checked_metric(metric: str | None, task: str) -> str:
    """The metric to rank by: accuracy or R² unless another is named. Raises InputError for an unknown one."""
    if metric is None:
        return "r2" if task == "regression" else "accuracy"
    known = metrics_of(task)
    if metric not in known:
        raise InputError(f"a {task} task has no metric {metric!r}; {nearest(metric, known)}")
    return metric


def checked_seeds(seeds: Any, first: int = 0) -> tuple[int, ...]:
    """The seeds: `first`, first + 1, ... for a number of them, or the ones listed. Raises InputError."""
    expected = "expected how many, at least 1, or a list of different whole numbers of at least 0"
    if isinstance(seeds, int) and not isinstance(seeds, bool):
        if seeds < 1:
            raise InputError(f"seeds is {seeds!r}; {expected}")
        return tuple(range(first, first + seeds))
    if isinstance(seeds, str) or not hasattr(seeds, "__iter__"):
        raise InputError(f"seeds is {seeds!r}; {expected}")
    listed = [seed.item() if hasattr(seed, "item") else seed for seed in seeds]
    wrong = [s for s in listed if isinstance(s, bool) or not isinstance(s, int) or s < 0]
    if wrong or not listed or len(set(listed)) < len(listed):
        raise InputError(f"seeds is {seeds!r}; {expected}")
    return tuple(listed)

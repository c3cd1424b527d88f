"""The records of a comparison as data frames: every run, the summary, the differences, the curves."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.comparison.paired_differences import LEVEL, holm, paired_difference
from layerwise.evaluation import HIGHER_IS_BETTER
from layerwise.evaluation.metrics import METRICS_OF
from layerwise.runs.options import as_typed

if TYPE_CHECKING:
    import polars as pl

    from layerwise.comparison.comparison import Comparison

SIDES = ("test", "validation", "train")
TIE_BREAKERS = {"regression": "rmse", "binary": "log_loss", "multiclass": "log_loss"}


def metrics_of(task: str) -> tuple[str, ...]:
    """The metrics that runs of this task are measured by."""
    return METRICS_OF["regression" if task == "regression" else "classification"]


def runs_frame(comparison: Comparison) -> pl.DataFrame:
    """One row per run: combination, varied settings as typed, seed, status, reason, metrics by split."""
    import polars as pl

    rows: list[dict[str, Any]] = []
    for k, combination in enumerate(comparison.combinations):
        for seed in comparison.seeds:
            record = comparison.records.get((k, seed))
            if record is None:
                continue
            row: dict[str, Any] = {"combination": combination.label}
            row |= {name: as_typed(value) for name, value in combination.varied.items()}
            row |= {"seed": seed, "status": record["status"], "reason": record["reason"]}
            for side in SIDES:
                scores = record["metrics"].get(side, {})
                row |= {f"{side}_{name}": scores.get(name) for name in metrics_of(comparison.task)}
            row |= {name: record[name] for name in ("best_epoch", "epochs", "parameters", "seconds")}
            rows.append(row)
    varied = list(comparison.combinations[0].varied)
    schema: dict[str, Any] = dict.fromkeys(["combination", *varied], pl.String)
    schema |= {"seed": pl.Int64, "status": pl.String, "reason": pl.String}
    schema |= {f"{side}_{name}": pl.Float64 for side in SIDES for name in metrics_of(comparison.task)}
    schema |= {"best_epoch": pl.Int64, "epochs": pl.Int64, "parameters": pl.Int64, "seconds": pl.Float64}
    return pl.DataFrame(rows, schema=schema)


def scores_on_test_rows(comparison: Comparison, k: int, metric: str) -> dict[int, float]:
    """{seed: value on the test rows} of a combination, for the runs that have one."""
    found = {}
    for seed in comparison.seeds:
        record = comparison.records.get((k, seed))
        if record is not None and record["metrics"].get("test", {}).get(metric) is not None:
            found[seed] = record["metrics"]["test"][metric]
    return found


def ranking(comparison: Comparison) -> list[int]:
    """The combinations from best to worst by their mean on the test rows.

    Equal means are told apart by the log loss (the RMSE), then by the order given. A combination with a
    failed run stands after all without: its mean speaks of the easier seeds alone.
    """

    def place(k: int) -> tuple[Any, ...]:
        failed = statuses(comparison, k)["failed"]
        scores = [_mean_turned(comparison, k, name) for name in (comparison.metric, tie_breaker)]
        return (np.isinf(scores[0]), failed, *scores, k)

    tie_breaker = TIE_BREAKERS[comparison.task]
    return sorted(range(len(comparison.combinations)), key=place)


def _mean_turned(comparison: Comparison, k: int, metric: str) -> float:
    """The mean, turned so that lower is better; infinite where there is none."""
    scores = list(scores_on_test_rows(comparison, k, metric).values())
    if not scores:
        return float("inf")
    mean = float(np.mean(scores))
    return -mean if HIGHER_IS_BETTER[metric] else mean


def statuses(comparison: Comparison, k: int) -> dict[str, int]:
    """How many runs of a combination were done, diverged and failed."""
    found = [record["status"] for (j, _), record in comparison.records.items() if j == k]
    return {
        "done": found.count("done"),
        "diverged": found.count("diverged"),
        "failed": found.count("failed") + found.count("broken"),
    }


def summary_frame(comparison: Comparison) -> pl.DataFrame:
    """One row per combination, best first: mean and spread (standard deviation) of each test metric.

    Columns: rank, combination, the varied settings, runs (with metrics), diverged, failed, <metric>_mean and
    <metric>_spread, and medians over the seeds: best_epoch, epochs, seconds (of training alone), parameters.
    """
    import polars as pl

    rows = []
    for rank, k in enumerate(ranking(comparison), start=1):
        combination = comparison.combinations[k]
        counts = statuses(comparison, k)
        row: dict[str, Any] = {"rank": rank, "combination": combination.label}
        row |= {name: as_typed(value) for name, value in combination.varied.items()}
        row |= {"runs": counts["done"] + counts["diverged"]}
        row |= {"diverged": counts["diverged"], "failed": counts["failed"]}
        for name in _metrics_first(comparison):
            scores = list(scores_on_test_rows(comparison, k, name).values())
            row[f"{name}_mean"] = float(np.mean(scores)) if scores else None
            row[f"{name}_spread"] = _spread(scores)
        for name in ("best_epoch", "epochs", "seconds", "parameters"):
            told = [
                record[name]
                for (j, _), record in comparison.records.items()
                if j == k and record[name] is not None
            ]
            row[name] = float(np.median(told)) if told else None
        rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


def _spread(scores: list[float]) -> float | None:
    """The standard deviation, 0 where equal values differ by rounding alone; None for fewer than two."""
    if len(scores) < 2:
        return None
    spread = float(np.std(scores, ddof=1))
    return spread if spread > 1e-12 * max(map(abs, scores)) else 0.0


def _metrics_first(comparison: Comparison) -> tuple[str, ...]:
    names = metrics_of(comparison.task)
    return (comparison.metric, *(name for name in names if name != comparison.metric))


def differences_frame(comparison: Comparison, metric: str) -> pl.DataFrame:
    """One row per pair of combinations, the better-ranked first: the paired difference on the test rows.

    Columns: metric, first, second, runs (seeds that both have), difference (first - second), spread, low and
    high (its 95% interval, on its own), p, p_holm (for all pairs together), better ("first" or "second" where
    p_holm is below 0.05, else null). See `paired_differences`.
    """
    import polars as pl

    rows: list[dict[str, Any]] = []
    for first, second in itertools.combinations(ranking(comparison), 2):
        a, b = scores_on_test_rows(comparison, first, metric), scores_on_test_rows(comparison, second, metric)
        both = [seed for seed in a if seed in b]
        row: dict[str, Any] = {
            "metric": metric,
            "first": comparison.combinations[first].label,
            "second": comparison.combinations[second].label,
        }
        if both:
            found = paired_difference(
                [a[seed] for seed in both],
                [b[seed] for seed in both],
                overlap=overlap_of_splits(comparison, (first, second)),
            )
            row |= {
                "runs": found.runs,
                "difference": found.mean,
                "spread": found.spread,
                "low": found.low,
                "high": found.high,
                "margin": found.margin,
                "p": found.p,
            }
        else:
            row |= {"runs": 0}
        rows.append(row)
    for row, p in zip(rows, holm([row.get("p") for row in rows]), strict=True):
        row["p_holm"] = p
        tells = p is not None and p < LEVEL
        ahead = (row.get("difference") or 0.0) > 0
        row["better"] = ("first" if ahead == HIGHER_IS_BETTER[metric] else "second") if tells else None
    schema: dict[str, Any] = {"metric": pl.String, "first": pl.String, "second": pl.String, "runs": pl.Int64}
    numbers = ("difference", "spread", "low", "high", "margin", "p", "p_holm")
    schema |= dict.fromkeys(numbers, pl.Float64) | {"better": pl.String}
    return pl.DataFrame(rows, schema=schema)


def overlap_of_splits(comparison: Comparison, combinations: Collection[int]) -> float:
    """Test rows over training rows of these combinations, where each seed draws its own test rows; 0 where
    they are the same."""
    if not comparison.draws_test_rows:
        return 0.0
    shares = [
        record["rows"]["test"] / record["rows"]["train"]
        for (k, _), record in comparison.records.items()
        if k in combinations and record["rows"].get("test")
    ]
    return float(np.mean(shares)) if shares else 0.0


def curves_frame(comparison: Comparison) -> pl.DataFrame:
    """One row per run and epoch (400 epochs of a run at most): cost and what validation said."""
    import polars as pl

    parts = []
    for (k, seed), record in sorted(comparison.records.items()):
        curve: Mapping[str, Any] = record["curve"]
        if curve:
            head = {
                "combination": [comparison.combinations[k].label] * len(curve["epoch"]),
                "seed": [seed] * len(curve["epoch"]),
            }
            numbers = {name: pl.Float64 for name in curve if name != "epoch"}
            parts.append(pl.DataFrame(head | dict(curve), schema_overrides=numbers))
    if not parts:
        return pl.DataFrame(schema={"combination": pl.String, "seed": pl.Int64, "epoch": pl.Int64})
    return pl.concat(parts, how="diagonal")

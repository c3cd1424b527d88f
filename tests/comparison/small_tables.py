"""Tables that train in a moment, and comparisons made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from layerwise.comparison import Comparison
from layerwise.comparison.grid import combinations
from layerwise.runs.config import TrainConfig

QUICK: dict[str, Any] = {"hidden": (4,), "epochs": 4, "engine": "numpy"}


def two_classes(rows: int = 90, seed: int = 3) -> tuple[pl.DataFrame, list[str]]:
    """(X, y): a number and a word, of which the number tells the class, mostly."""
    draw = np.random.default_rng(seed)
    number = draw.normal(size=rows)
    frame = pl.DataFrame({"number": number, "word": draw.choice(["a", "b", "c"], rows)})
    return frame, np.where(number + 0.5 * draw.normal(size=rows) > 0, "yes", "no").tolist()


def by_hand(
    scores: Mapping[str, Sequence[float | None]],
    *,
    metric: str = "accuracy",
    task: str = "binary",
    draws_test_rows: bool = True,
    seconds: Mapping[str, float] | None = None,
) -> Comparison:
    """A comparison of optimizers whose runs scored so; None for a run that failed."""
    chosen = combinations({"optimizer": list(scores)}, task=task)
    records = {
        (k, seed): record(score, metric, (seconds or {}).get(name, 2.0))
        for k, (name, each) in enumerate(scores.items())
        for seed, score in enumerate(each)
    }
    return Comparison(
        combinations=chosen,
        seeds=tuple(range(len(next(iter(scores.values()))))),
        records=records,
        task=task,
        metric=metric,
        config=TrainConfig(data="table.csv", target="y"),
        draws_test_rows=draws_test_rows,
    )


def record(score: float | None, metric: str = "accuracy", seconds: float = 2.0) -> dict[str, Any]:
    """What a run leaves, with this score on the test rows."""
    if score is None:
        empty: dict[str, Any] = dict.fromkeys(("best_epoch", "epochs", "parameters", "seconds"))
        reason = "the cost was not finite <in> the first epoch"
        return {"status": "failed", "reason": reason, "metrics": {}, "rows": {}, "curve": {}, **empty}
    return {
        "status": "done",
        "reason": "all 3 epochs were done",
        "metrics": {side: {metric: score} for side in ("train", "validation", "test")},
        "rows": {"train": 64, "validation": 16, "test": 20},
        "best_epoch": 2,
        "epochs": 3,
        "parameters": 13,
        "seconds": seconds,
        "curve": {"epoch": [1, 2, 3], "cost": [0.7, 0.6, 0.5], "validation_cost": [0.8, 0.7, 0.75]},
    }

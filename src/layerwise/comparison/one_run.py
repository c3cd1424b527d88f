"""One run of a comparison: a network trained and measured, and what is kept of it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from layerwise.comparison.compared_rows import ComparedRows
from layerwise.comparison.worker_process import working_for
from layerwise.engine import at_most
from layerwise.errors import LayerwiseError
from layerwise.estimators import TabularClassifier, TabularRegressor
from layerwise.evaluation import evaluate
from layerwise.runs.scoring import predictor
from layerwise.runs.training_table import Rows

MOST_POINTS = 400
CURVES = ("cost", "validation_cost", "validation_accuracy", "validation_r2")


def run_once(rows: ComparedRows, settings: Mapping[str, Any], seed: int, parent: int) -> dict[str, Any]:
    """Train with these settings and this seed, measure, and tell it in JSON's types.

    parent: the process that asked, see `worker_process`.
    status is "done", "diverged" (the best epoch before that was kept and measured), "failed" (no network;
    `reason` says why), "broken" (failed in a way that another try may not, such as a lack of memory) or
    "interrupted" (by Ctrl-C). Linear algebra has one thread, so that the bits do not depend on how many runs
    there are beside this one.
    """
    with working_for(parent), _one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            return _record(rows, settings, seed)
        except LayerwiseError as error:
            return _failure("failed", str(error))
        except Exception as error:
            return _failure("broken", f"{type(error).__name__}: {error}")


def _record(rows: ComparedRows, settings: Mapping[str, Any], seed: int) -> dict[str, Any]:
    sides = rows.split(seed, settings["validation_fraction"])
    kind = TabularRegressor if rows.task == "regression" else TabularClassifier
    model = kind(**{**settings, "seed": seed})
    train, held = sides["train"], sides.get("validation")
    if held is None:
        model.set_params(validation_fraction=0.0)
    model.fit(
        train.frame,
        train.target,
        X_val=None if held is None else held.frame,
        y_val=None if held is None else held.target,
        sample_weight=train.weights,
        sample_weight_val=None if held is None else held.weights,
        only=rows.only,
        target=rows.target,
    )
    result = model.result_
    interrupted = result.stopped == "interrupted"
    return {
        "status": result.stopped if interrupted or result.stopped == "diverged" else "done",
        "reason": result.reason,
        "metrics": {} if interrupted else {side: _metrics(model, part) for side, part in sides.items()},
        "rows": {side: part.frame.height for side, part in sides.items()},
        "best_epoch": result.best_epoch,
        "epochs": len(result.history),
        "parameters": int(model.network_.parameters.size),
        "seconds": round(result.seconds, 4),
        "curve": _curve(result.history, result.best_epoch),
    }


def _metrics(model: TabularClassifier | TabularRegressor, rows: Rows) -> dict[str, float]:
    y = model.target_.encode(rows.target)
    return evaluate(model.target_.task, y, predictor(model)(rows.frame), weights=rows.weights)


def _curve(history: Any, best_epoch: int) -> dict[str, list[float | None]]:
    """The curves at 400 epochs at most, evenly spread, the first, the best and the last among them."""
    epochs = len(history)
    spread = np.linspace(0, epochs - 1, min(epochs, MOST_POINTS)).round().astype(int)
    chosen = np.union1d(spread, [max(best_epoch - 1, 0)])
    curve: dict[str, list[float | None]] = {"epoch": [int(k) + 1 for k in chosen]}
    for name in CURVES:
        values = history.column(name)
        if any(value is not None for value in values):
            curve[name] = [_finite(values[k]) for k in chosen]
    return curve


def _finite(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _failure(status: str, reason: str) -> dict[str, Any]:
    return {
        "status": status,
        "reason": reason,
        "metrics": {},
        "rows": {},
        "best_epoch": None,
        "epochs": None,
        "parameters": None,
        "seconds": None,
        "curve": {},
    }


@contextmanager
def _one_thread() -> Iterator[None]:
    # Compiled code calls SciPy's BLAS: it is loaded before the libraries are listed.
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1), at_most(1):
        yield

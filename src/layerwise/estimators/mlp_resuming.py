"""A run of a stochastic solver as a snapshot, and going on from one to the same bits."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from layerwise.engine import TrainingState
from layerwise.formulas.schedules import Plateau
from layerwise.training.callback import tell
from layerwise.training.snapshot import Snapshot, run_identity

if TYPE_CHECKING:
    from layerwise.estimators.mlp_descent import Descent
    from layerwise.estimators.mlp_epochs import Rows

# What may differ in the run that goes on: how long it lasts, and how it is run and shown.
FREE = ("max_iter", "n_iter_no_change", "max_fun", "verbose", "warm_start", "statistics", "engine", "threads")
# What scikit-learn keeps on the estimator while it trains.
KEPT = (
    "n_iter_",
    "t_",
    "loss_",
    "loss_curve_",
    "best_loss_",
    "validation_scores_",
    "best_validation_score_",
    "_no_improvement_count",
)
PLAIN = (bool, int, float, str, list, tuple, type(None))


def restore_from(descent: Descent, state: TrainingState, callbacks: Sequence[Any]) -> Callable[[], Snapshot]:
    """Go on from the first snapshot that a callback has of this run; returns what takes snapshots of it."""
    if not any(hasattr(callback, "restore") for callback in callbacks):
        return lambda: snapshot_of(descent, state, {})
    settings = {
        name: value
        for name, value in descent.model.get_params(deep=False).items()
        if name not in FREE and isinstance(value, PLAIN)
    }
    identity = run_identity(descent.engine.program, settings, descent.vector, _arrays_of(descent.epochs.rows))
    found = [snapshot for snapshot in tell(callbacks, "restore", identity) if snapshot is not None]
    if found:
        _go_on(descent, state, found[0])
    return lambda: snapshot_of(descent, state, identity)


def snapshot_of(descent: Descent, state: TrainingState, identity: dict[str, Any]) -> Snapshot:
    """Where the run stands after an epoch."""
    name, keys, position, has_gauss, gauss = descent.random.get_state(legacy=True)
    arrays = {
        "parameters": descent.vector.copy(),
        "slots": state.slots.copy(),
        "order": descent._order.copy(),
        "random": np.array(keys),
    }
    if descent.best is not None:
        arrays["best_parameters"] = descent.best.copy()
    model, memory = descent.model, descent.memory
    document = {
        "t": state.t,
        "random": [name, int(position), int(has_gauss), float(gauss)],
        "learning_rate": float(memory.learning_rate),
        "plateau": list(memory.plateau),
        "best_epoch": descent.best_epoch,
        "kept": {name: getattr(model, name) for name in KEPT},
        "history": [dict(row) for row in model._history],
        "seconds": time.perf_counter() - descent.started,
    }
    return Snapshot(identity, arrays, document)


def _go_on(descent: Descent, state: TrainingState, snapshot: Snapshot) -> None:
    arrays, document = snapshot.arrays, snapshot.document
    descent.vector[:] = arrays["parameters"]
    np.copyto(state.slots, arrays["slots"])
    state.t = document["t"]
    descent._order = np.array(arrays["order"])
    descent.best = np.array(arrays["best_parameters"]) if "best_parameters" in arrays else None
    descent.best_epoch = document["best_epoch"]
    name, position, has_gauss, gauss = document["random"]
    descent.random.set_state((name, arrays["random"], position, has_gauss, gauss))
    descent.memory.learning_rate = document["learning_rate"]
    descent.memory.plateau = Plateau(*document["plateau"])
    for kept, value in document["kept"].items():
        setattr(descent.model, kept, value)
    descent.model._history.rows = [dict(row) for row in document["history"]]
    descent.started -= document["seconds"]
    if descent.model._no_improvement_count > descent.model.n_iter_no_change:
        descent.stopped = "patience"


def _arrays_of(rows: Rows) -> dict[str, Any]:
    """The training rows as arrays, the parts of a sparse matrix one by one."""
    arrays: dict[str, Any] = {"Y": rows.Y, "weights": rows.weights}
    if sparse.issparse(rows.X):
        return arrays | {name: getattr(rows.X, name) for name in ("data", "indices", "indptr")}
    return arrays | {"X": rows.X}

"""The solver "lbfgs": SciPy's L-BFGS-B over the engine's cost and gradient of all rows."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.optimize
from sklearn.exceptions import ConvergenceWarning

from layerwise.engine import Engine, build_engine
from layerwise.estimators.mlp_epochs import Rows, reported_loss
from layerwise.estimators.mlp_inputs import dense_parts
from layerwise.network.objective import penalty
from layerwise.network.parameters import named_views

if TYPE_CHECKING:
    from layerwise.estimators.mlp_network import MLPNetwork


class WholeCost:
    """J over all rows and its gradient, a part of the rows at a time where they are sparse.

    The mean of the parts' costs weighted by their rows is the cost of all, if one part bears the penalties.
    """

    def __init__(self, engine: Engine, engine_name: str, rows: Rows) -> None:
        self.engine, self.rows = engine, rows
        bare = replace(engine.program.objective, l2=0.0, l1=0.0)
        self.bare = build_engine(replace(engine.program, objective=bare), engine_name)

    def __call__(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """(J, gradient), float64.   theta (n,)"""
        vector = np.ascontiguousarray(theta, dtype=self.engine.program.dtype)
        cost, gradient, total = 0.0, np.zeros(theta.size), 0.0
        for part, X in dense_parts(self.rows.X):
            Y = np.ascontiguousarray(self.rows.Y[part])
            weights = None if self.rows.weights is None else self.rows.weights[part]
            weight = float(len(X) if weights is None else weights.sum(dtype=np.float64))
            if weight == 0:
                continue
            engine = self.bare if total else self.engine
            part_cost, part_gradient = engine.cost_and_gradient(vector, X, Y, weights)
            total += weight
            cost += part_cost * weight
            gradient += part_gradient * weight
        return cost / total, gradient / total


def minimize(
    model: MLPNetwork,
    engine: Engine,
    vector: np.ndarray,
    rows: Rows,
    score: Callable[[], tuple[float, float]] | None,
    averaged_outputs: int,
    callbacks: Sequence[Any] = (),
) -> None:
    """Minimise the cost from `vector`, changed in place; sets loss_ and n_iter_, fills the history."""
    whole, started = WholeCost(engine, model.engine, rows), time.perf_counter()
    architecture, objective = engine.program.architecture, engine.program.objective
    weight = float(rows.X.shape[0] if rows.weights is None else rows.weights.sum(dtype=np.float64))

    def reported(cost: float) -> float:
        if averaged_outputs == 1:
            return float(cost)
        penalties = penalty(objective, named_views(vector, architecture), weight)
        return float(reported_loss(cost, penalties, averaged_outputs))

    def after_iteration(intermediate_result: scipy.optimize.OptimizeResult) -> None:
        vector[:] = intermediate_result.x
        number = len(model._history) + 1
        row = {
            "epoch": number,
            "step": number,
            "cost": reported(intermediate_result.fun),
            "seconds": time.perf_counter() - started,
        }
        if model.verbose:
            print(f"Iteration {number}, loss = {row['cost']:.8f}")
        if score is not None:
            cost, value = score()
            row |= {"validation_cost": cost, f"validation_{model._score_name}": value}
        model._history.append(row)
        wishes = [getattr(callback, "on_epoch_end", _nothing)(row) for callback in callbacks]
        if any(wishes):
            raise StopIteration

    result = scipy.optimize.minimize(
        whole,
        vector.astype(np.float64),
        method="L-BFGS-B",
        jac=True,
        options={"maxfun": model.max_fun, "maxiter": model.max_iter, "gtol": model.tol},
        callback=after_iteration,
    )
    vector[:] = result.x
    model.loss_ = reported(result.fun)
    model.n_iter_ = min(int(result.nit), model.max_iter)
    # 99: a callback asked to stop.
    if result.status not in (0, 99):
        warnings.warn(
            f"lbfgs failed to converge after {result.nit} iteration(s) (status={result.status}):\n"
            f"{result.message}\n\nYou might also want to scale the data, or raise max_iter or max_fun.",
            ConvergenceWarning,
            stacklevel=5,
        )


def _nothing(*arguments: Any) -> None:
    return None

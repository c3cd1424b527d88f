"""The check of layerwise's own gradients: what an engine uses in training against the reference cost."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import numpy as np

from layerwise.checking.check import Request, positive
from layerwise.checking.given import read_theta
from layerwise.checking.network_cost import NetworkCost, NetworkProblem
from layerwise.engine import Batches, Program, StepTotals, TrainingState, build_engine
from layerwise.formulas.randomness import dropout_key, dropout_mask
from layerwise.network.parameters import named_views
from layerwise.network.propagation import Dropout

MOST_ROWS = 128
# A power of two, so that multiplying by it is exact, and so large that the parameters vanish beside the step.
RATE = 2.0**40
EPOCH, STEP = 0, 0
TOLERANCES = {"float64": 1e-7, "float32": 1e-4}


@dataclass(frozen=True)
class NetworkBatch:
    """A network and examples as its training sees them: flat parameters (n,), X (m, n[0]), Y (m, n[L]),
    weights (m,) or None, and the name of the engine."""

    program: Program
    parameters: np.ndarray
    X: np.ndarray
    Y: np.ndarray
    weights: np.ndarray | None
    engine: str = "auto"

    def thinned(self) -> NetworkBatch:
        """At most `MOST_ROWS` of the rows, evenly spread: as good for a check, and quicker."""
        if len(self.X) <= MOST_ROWS:
            return self
        rows = np.linspace(0, len(self.X) - 1, MOST_ROWS).astype(int)
        weights = None if self.weights is None else self.weights[rows]
        return replace(self, X=self.X[rows], Y=self.Y[rows], weights=weights)


def network_request(
    batch: NetworkBatch,
    *,
    tolerance: float | None = None,
    step: float | None = None,
    exhaustive: bool | None = None,
    seed: int = 0,
) -> Request:
    """The check of the gradient that the engine follows on these examples, its dropout mask held fixed.

    Without a tolerance it is 1e-7 for an engine in double precision and 1e-4 for one in single.
    """
    rows = len(batch.X)
    batch = _of_its_precision(batch.thinned())
    architecture, dtype = batch.program.architecture, batch.program.dtype
    tolerance = positive("tolerance", TOLERANCES[dtype] if tolerance is None else tolerance)
    followed = named_views(followed_gradient(batch), architecture)
    gradient = {name: array.astype(dtype) for name, array in followed.items()}
    notes = [] if len(batch.X) == rows else [f"Checked on {len(batch.X):,} of {rows:,} rows, evenly spread."]
    problem = problem_of(batch)
    constants = {"m": problem.m} | {f"keep_prob {p:g}": p for p in batch.program.keep_probs if p < 1}
    theta = named_views(batch.parameters.astype(np.float64), architecture)
    cost = NetworkCost(problem, read_theta(theta)[0], theta)
    return Request(cost, gradient, None, tolerance, step, constants, exhaustive, seed, notes)


def problem_of(batch: NetworkBatch) -> NetworkProblem:
    """The reference cost of the batch, in double precision, with the masks of `followed_gradient`."""
    program = batch.program
    return NetworkProblem(
        program.architecture,
        program.objective,
        np.ascontiguousarray(batch.X.T, dtype=np.float64),
        np.ascontiguousarray(batch.Y.T, dtype=np.float64),
        None if batch.weights is None else batch.weights.astype(np.float64),
        _masks(program, len(batch.X)),
    )


def _of_its_precision(batch: NetworkBatch) -> NetworkBatch:
    dtype = batch.program.dtype
    return replace(
        batch,
        parameters=np.ascontiguousarray(batch.parameters, dtype=dtype),
        X=np.ascontiguousarray(batch.X, dtype=dtype),
        Y=np.ascontiguousarray(batch.Y, dtype=dtype),
        weights=None if batch.weights is None else np.ascontiguousarray(batch.weights, dtype=dtype),
    )


def followed_gradient(batch: NetworkBatch) -> np.ndarray:
    """The gradient that one step of training follows, (n,) float64: with its dropout, before clipping.

    It is read off the step itself: plain gradient descent, W - rate dW, at a rate so large that dW keeps all
    its digits. So what is checked is what training runs, and not a second way to the same formulas.
    """
    program = replace(batch.program, optimizer="gd", weight_decay=0.0, max_norm=0.0, clip_norm=0.0)
    state = TrainingState.start(batch.parameters, program)
    batches = Batches(batch.X, batch.Y, batch.weights, None, len(batch.X))
    engine = build_engine(program, batch.engine)
    if not engine.is_compiled(len(batch.X)):
        logging.getLogger("layerwise").warning(
            "compiling a step of gradient descent for this kind of network (some seconds, once; kept on disk)"
        )
    engine.run_steps(state, batches, EPOCH, StepTotals(steps=STEP), np.array([RATE]))
    return (batch.parameters.astype(np.float64) - state.parameters.astype(np.float64)) / RATE


def _masks(program: Program, examples: int) -> list[Dropout | None]:
    """The masks of the step that `followed_gradient` takes."""
    key = dropout_key(program.seed, EPOCH)
    return [
        Dropout(dropout_mask(key, STEP, layer, n, examples, keep_prob), keep_prob) if keep_prob < 1 else None
        for (layer, _, n, _), keep_prob in zip(program.architecture.layers(), program.keep_probs, strict=True)
    ]

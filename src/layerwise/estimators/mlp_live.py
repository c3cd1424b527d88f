"""The network that a fitted drop-in predicts with."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from operator import is_
from typing import Any

import numpy as np
from scipy import sparse

from layerwise.engine import Check, Engine, Program, build_engine
from layerwise.estimators.mlp_inputs import as_rows, dense_parts
from layerwise.estimators.mlp_parts import parts_of

# How many forks lie between the first process and this one.
_forks = 0


def _count_fork() -> None:
    global _forks
    _forks += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)


class LiveNetwork:
    """A program, its parameters, and the views of them that users see as `coefs_` and `intercepts_`.

    An engine is for one thread at a time, so each thread that predicts gets one of its own. Engines are not
    pickled; the views are made anew.
    """

    def __init__(self, program: Program, vector: np.ndarray, engine_name: str) -> None:
        self.program = program
        self.vector = vector
        self.engine_name = engine_name
        self.coefs, self.intercepts = parts_of(vector, program.architecture)
        self._of_thread = threading.local()

    def __getstate__(self) -> tuple[Any, ...]:
        return self.program, self.vector, self.engine_name

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        program, vector, engine_name = state
        # A vector that was mapped from a file is not to be written to, and training writes in place.
        self.__init__(program, np.array(vector), engine_name)  # type: ignore[misc]

    def holds(self, coefs: Sequence[Any], intercepts: Sequence[Any]) -> bool:
        """Whether these are the very views, so that the vector says what they say."""
        if len(coefs) != len(self.coefs) or len(intercepts) != len(self.intercepts):
            return False
        return all(map(is_, self.coefs, coefs)) and all(map(is_, self.intercepts, intercepts))

    def engine(self) -> Engine:
        """This thread's engine; in a forked process another one, for threads do not survive a fork."""
        mine = self._of_thread.__dict__
        if mine.get("forks") != _forks:
            mine["engine"], mine["forks"] = build_engine(self.program, self.engine_name), _forks
        return mine["engine"]

    def takes(self, X: Any) -> bool:
        """Whether the engine is given this very array."""
        return type(X) is np.ndarray and X.dtype is self.vector.dtype and X.flags.c_contiguous

    def pre_activations(self, X: Any, check: Check | None = None) -> np.ndarray:
        """Z[L] of each row.   X (m, n[0]), dense or sparse, of any precision -> (m, n[L])

        An array that the network `takes` may be looked through by a `check`: see `contract.Engine`.
        """
        return self._by(self.engine().pre_activations, X, check)

    def outputs(self, X: Any, check: Check | None = None) -> np.ndarray:
        """A[L] of each row, likewise."""
        return self._by(self.engine().outputs, X, check)

    def _by(self, function: Callable[..., np.ndarray], X: Any, check: Check | None) -> np.ndarray:
        if self.takes(X):
            return function(self.vector, X, check)
        return by_parts(function, self.vector, as_rows(X, self.program.dtype))


_announced: set[tuple[Any, ...]] = set()


def announce_compiling(engine: Engine, rows: int) -> None:
    """Say in the log where the first fit of a kind of network takes seconds, by mini-batches of so many
    examples. Asked once for each kind."""
    program = engine.program
    kind = (
        engine.name,
        program.architecture,
        rows,
        program.objective.loss,
        program.optimizer,
        program.dtype,
    )
    if kind in _announced:
        return
    _announced.add(kind)
    if not engine.is_compiled(rows):
        logging.getLogger("layerwise").warning(
            "compiling the training loop for this kind of network (some seconds, once; kept on disk)"
        )


def by_parts(
    function: Callable[[np.ndarray, np.ndarray], np.ndarray], vector: np.ndarray, rows: Any
) -> np.ndarray:
    """An engine's function of parameters and rows, of rows (m, n[0]) dense or sparse, these a part at a
    time."""
    if not sparse.issparse(rows):
        return function(vector, rows)
    return np.concatenate([function(vector, dense) for _, dense in dense_parts(rows)])

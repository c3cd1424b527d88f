"""The fitted half of a drop-in: the network that predicts, is looked at, and is kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from layerwise.engine import Program
from layerwise.estimators.mlp_descent import OptimizerMemory
from layerwise.estimators.mlp_documents import document_of
from layerwise.estimators.mlp_inputs import (
    LARGE,
    NotPlain,
    as_rows,
    check_finite,
    checked_rows,
    dense_rows,
    has_seen,
)
from layerwise.estimators.mlp_live import LiveNetwork
from layerwise.estimators.mlp_parameters import (
    build_architecture,
    build_program,
    hidden_activations,
    hidden_sizes,
)
from layerwise.estimators.mlp_parts import OUR_NAMES, sizes_of, vector_of
from layerwise.estimators.seen_network import SeenNetwork, facts_of
from layerwise.estimators.thread_limit import held_to, threads_for
from layerwise.persistence import write_model
from layerwise.training.history import History

if TYPE_CHECKING:
    import polars as pl


class FittedMLP(SeenNetwork, BaseEstimator):
    """What training leaves, under scikit-learn's names, and what can be done with it."""

    hidden_layer_sizes: Any
    activation: Any
    solver: str
    engine: str
    threads: int | None
    reproducible: bool

    n_features_in_: int
    feature_names_in_: np.ndarray
    classes_: np.ndarray
    n_outputs_: int
    n_layers_: int
    out_activation_: str
    n_iter_: int
    t_: int
    loss_: float
    coefs_: list[np.ndarray]
    intercepts_: list[np.ndarray]
    loss_curve_: list[float]
    best_loss_: Any
    validation_scores_: Any
    best_validation_score_: Any
    _history: History
    _no_improvement_count: int
    _network: LiveNetwork
    _optimizer: OptimizerMemory

    # -- the fitted network ------------------------------------------------------------------------------

    def _use(self, network: LiveNetwork) -> None:
        self._network = network
        self.coefs_, self.intercepts_ = list(network.coefs), list(network.intercepts)

    def _live(self) -> LiveNetwork:
        """The network with the parameters that `coefs_` and `intercepts_` say. Raises NotFittedError."""
        known = vars(self)
        network = known.get("_network")
        if network is not None and network.holds(known["coefs_"], known["intercepts_"]):
            return network
        if "coefs_" not in known or "intercepts_" not in known:
            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet. Call 'fit' with appropriate "
                "arguments before using this estimator."
            )
        # Somebody has put other arrays there: they are the parameters now.
        program = self._program_of_parts(network)
        vector = vector_of(self.coefs_, self.intercepts_, program.architecture, program.dtype)
        self._use(LiveNetwork(program, vector, self.engine))
        return self._network

    def _program_of_parts(self, network: LiveNetwork | None) -> Program:
        sizes = sizes_of(self.coefs_)
        if network is not None and network.program.architecture.sizes == sizes:
            return network.program
        output = OUR_NAMES.get(self.out_activation_, self.out_activation_)
        hidden = hidden_activations(self.activation, len(sizes) - 2)
        single = all(np.asarray(coef).dtype == np.float32 for coef in self.coefs_)
        # Predictions need no loss: any that goes with every output activation will do.
        return build_program(
            vars(self) | {"dropout": 0.0},
            build_architecture(sizes, (*hidden, output)),
            "squared_error",
            "float32" if single else "float64",
            0,
        )

    def _pre_activations(self, X: Any) -> np.ndarray:
        """Z[L] of each row.   X (m, features) -> (m, n[L])"""
        return self._predicted(LiveNetwork.pre_activations, X)

    def _outputs(self, X: Any) -> np.ndarray:
        """A[L] of each row.   X (m, features) -> (m, n[L])"""
        return self._predicted(LiveNetwork.outputs, X)

    def _predicted(self, function: Callable[..., np.ndarray], X: Any) -> np.ndarray:
        # What is asked for is often one row, for which every call can be felt.
        live, threads = self._live(), self._threads()
        if type(X) is np.ndarray and X.size >= LARGE:
            with held_to(threads):
                return self._predicted_of_many(live, function, X)
        rows = checked_rows(self, X)
        if threads is None:
            return function(live, rows)
        with held_to(threads):
            return function(live, rows)

    def _predicted_of_many(
        self, live: LiveNetwork, function: Callable[..., np.ndarray], X: np.ndarray
    ) -> np.ndarray:
        """Looked through where it is worked on, so that memory brings it once; where something is wrong with
        it, scikit-learn's own checks say what."""
        if live.takes(X) and has_seen(self, X):
            with suppress(NotPlain):
                return function(live, X, check_finite)
        return function(live, checked_rows(self, X))

    def _threads(self) -> int | None:
        """Threads at most, for `held_to`."""
        if not self.reproducible:
            return self.threads
        return threads_for(self.threads, reproducible=True, engine=self.engine, solver=self.solver)

    @property
    def history_(self) -> pl.DataFrame:
        """The epochs as a Polars data frame, a row for each."""
        if "_history" not in vars(self):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute 'history_' before fit")
        return self._history.frame()

    # -- being looked at --------------------------------------------------------------------------------

    def _network_parts(self) -> tuple[Program, np.ndarray]:
        live = self._live()
        return live.program, live.vector

    def _network_rows(self, X: Any) -> np.ndarray:
        return dense_rows(as_rows(checked_rows(self, X), self._live().program.dtype), slice(None))

    def _planned_layers(self) -> list[tuple[int, str]]:
        hidden = hidden_sizes(self.hidden_layer_sizes)
        return list(zip(hidden, hidden_activations(self.activation, len(hidden)), strict=True))

    def _kept_epoch(self) -> int | None:
        scores = vars(self).get("validation_scores_")
        return int(np.argmax(scores)) + 1 if scores else None

    def _training_facts(self) -> list[str]:
        return facts_of(self._history.rows if "_history" in vars(self) else [], self._kept_epoch())

    # -- keeping ----------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `model.safetensors` and `model.json` into the folder `path`; `layerwise.load` reads them.

        The whole fitted estimator: what comes back predicts the same bits and trains on as it would have. A
        random_state that is a generator comes back as None. Raises NotFittedError, and InputError for labels
        or parameters that are no numbers, text or truth values, and where the folder cannot be written.
        """
        write_model(path, *document_of(self))

    def __getstate__(self) -> dict[str, Any]:
        if "coefs_" in vars(self):
            self._live()
        state = dict(super().__getstate__())
        # The network holds them; two copies would come back as two.
        if "_network" in state:
            del state["coefs_"], state["intercepts_"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "_network" in state:
            self._use(self._network)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

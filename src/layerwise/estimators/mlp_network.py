"""What the two drop-ins for scikit-learn's networks share: from arrays to a fitted network, and outputs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import train_test_split

from layerwise.checking import NetworkBatch
from layerwise.engine import Engine, Program, TrainingState, build_engine
from layerwise.errors import InputError
from layerwise.estimators import mlp_lbfgs
from layerwise.estimators.gradient_batch import STANDING_STILL, gradient_batch
from layerwise.estimators.mlp_descent import Descent, OptimizerMemory
from layerwise.estimators.mlp_epochs import Epochs, Rows
from layerwise.estimators.mlp_inputs import as_rows, checked_rows, checked_weights, dense_rows
from layerwise.estimators.mlp_live import LiveNetwork, announce_compiling
from layerwise.estimators.mlp_parameters import (
    build_architecture,
    build_program,
    build_recipe,
    check_parameters,
    hidden_activations,
    hidden_sizes,
    precision,
)
from layerwise.estimators.mlp_parts import (
    LARGEST_SEED,
    OUR_NAMES,
    drawn_start,
    named_start,
    sizes_of,
    vector_of,
)
from layerwise.estimators.mlp_random import random_numbers
from layerwise.estimators.mlp_validation import Held, cost_and_score
from layerwise.estimators.seen_network import SeenNetwork, facts_of
from layerwise.estimators.thread_limit import held_to
from layerwise.network.architecture import Architecture
from layerwise.training import Recipe
from layerwise.training.callback import tell
from layerwise.training.history import History

if TYPE_CHECKING:
    import polars as pl

AUTO_BATCH = 200
LEFT_BY_DESCENT = (
    "_optimizer",
    "loss_curve_",
    "best_loss_",
    "validation_scores_",
    "best_validation_score_",
)


class MLPNetwork(SeenNetwork, BaseEstimator):
    """scikit-learn's contract for its networks, kept by this package's engine.

    `MLPClassifier` says what the parameters mean. Everything that ends in `_` means what it means there.
    """

    # Parameters that this class reads itself; the constructors are the two classes' own.
    hidden_layer_sizes: Any
    activation: Any
    solver: str
    batch_size: Any
    learning_rate: str
    learning_rate_init: float
    power_t: float
    max_iter: int
    loss: str
    shuffle: bool
    random_state: Any
    tol: float
    verbose: Any
    warm_start: bool
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: float
    max_fun: int
    initialization: str | None
    initialization_scale: float | None
    schedule: str | None
    schedule_factor: float | None
    schedule_every: int | None
    dropout: Any
    statistics: bool
    engine: str
    dtype: Any
    threads: int | None

    # What training leaves.
    n_features_in_: int
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

    _losses: tuple[str, ...]
    _score_name: str

    # -- what a classifier and a regressor do each in its own way ----------------------------------------

    def _checked_targets(self, X: Any, y: Any, *, first: bool, incremental: bool) -> tuple[Any, np.ndarray]:
        """(X, y) checked together, and what y says of the classes kept."""
        raise NotImplementedError

    def _encoded(self, y: np.ndarray) -> np.ndarray:
        """y as the network's targets, (m, outputs)."""
        raise NotImplementedError

    def _counted(self, y: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
        """The rows' weights, (m,) or None, with those of their classes."""
        return weights

    def _output(self, y: np.ndarray) -> tuple[str, str]:
        """(loss, output activation), as formulas name them."""
        raise NotImplementedError

    def _smoothed(self, Y: np.ndarray) -> np.ndarray:
        """The targets that training sees."""
        return Y

    def _averaged_outputs(self) -> int:
        """n[L] where scikit-learn reports the loss averaged over the outputs, else 1."""
        return 1

    def _held_truth(self, y: np.ndarray) -> np.ndarray:
        """What predictions for held-out rows are compared with."""
        return y

    # -- fitting -----------------------------------------------------------------------------------------

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        *,
        incremental: bool,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        callbacks: Sequence[Any] = (),
    ) -> Any:
        values = vars(self)
        check_parameters(values, self._losses, incremental=incremental)
        hidden = hidden_sizes(self.hidden_layer_sizes)
        activations = hidden_activations(self.activation, len(hidden))
        recipe = build_recipe(values)
        tell(callbacks, "on_fit_begin", self)
        first = "coefs_" not in values or not (self.warm_start or incremental)
        X, y = self._checked_targets(X, y, first=first, incremental=incremental)
        weights = self._counted(y, checked_weights(sample_weight, X.shape[0]))
        loss, output = self._output(y)
        Y = self._encoded(y)
        dtype = precision(self.dtype, X.dtype, self.solver)
        if first:
            self.n_outputs_ = Y.shape[1]
        if first or "_history" not in values:
            self._history = History()
        architecture = build_architecture((X.shape[1], *hidden, Y.shape[1]), (*activations, output))
        given = (X_val, y_val, sample_weight_val)
        with random_numbers(self.random_state) as random:
            vector = (
                self._start(architecture, random, dtype) if first else self._going_on(architecture, dtype)
            )
            seed = int(random.randint(LARGEST_SEED)) if np.any(self.dropout) else 0
            program = build_program(values, architecture, loss, dtype, seed)
            self._use(LiveNetwork(program, vector, self.engine))
            rows, held = self._rows_and_held(X, y, Y, weights, random, dtype, given)
            with held_to(self.threads):
                stopped = self._train(program, vector, rows, held, random, recipe, callbacks, incremental)
        if (stopped == "diverged" and not self.early_stopping) or not np.isfinite(vector).all():
            raise InputError(
                "Solver produced non-finite parameter weights. The input data may contain large values and "
                "need to be preprocessed; or lower learning_rate_init, or give clip_norm=1."
            )
        tell(callbacks, "on_fit_end", self)
        return self

    def _start(self, architecture: Architecture, random: np.random.RandomState, dtype: str) -> np.ndarray:
        """The parameters before training, and what scikit-learn sets beside them."""
        self.n_iter_ = self.t_ = 0
        self.n_layers_ = architecture.depth + 1
        for name in LEFT_BY_DESCENT:
            if name in vars(self):
                delattr(self, name)
        if self.initialization is None:
            return drawn_start(architecture, random, dtype)
        return named_start(architecture, self.initialization, self.initialization_scale, random, dtype)

    def _going_on(self, architecture: Architecture, dtype: str) -> np.ndarray:
        """The parameters that training goes on from."""
        live = self._live()
        if live.program.architecture.sizes == architecture.sizes and live.program.dtype == dtype:
            return live.vector
        return vector_of(self.coefs_, self.intercepts_, architecture, dtype)

    def _rows_and_held(
        self,
        X: Any,
        y: np.ndarray,
        Y: np.ndarray,
        weights: np.ndarray | None,
        random: np.random.RandomState,
        dtype: str,
        given: tuple[Any, Any, Any],
    ) -> tuple[Rows, Held | None]:
        """The rows to train on, and those held out: `given` by the caller as X_val, y_val and their weights,
        else a part of X where training may stop early."""
        X_val, y_val, sample_weight_val = given
        if X_val is not None or y_val is not None:
            if X_val is None or y_val is None:
                raise InputError("X_val and y_val belong together; give both or neither")
            return self._rows(X, Y, weights, dtype), self._given_held(X_val, y_val, sample_weight_val, dtype)
        if not self.early_stopping or self.solver == "lbfgs":
            return self._rows(X, Y, weights, dtype), None
        # scikit-learn splits by class where there is one output, so not for three classes or more.
        kept, out = train_test_split(
            np.arange(X.shape[0]),
            random_state=random,
            test_size=self.validation_fraction,
            stratify=Y if Y.dtype == bool and Y.shape[1] == 1 else None,
        )
        if len(out) < 2:
            raise InputError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        parts = [None, None] if weights is None else [weights[kept], weights[out]]
        held = Held(
            as_rows(X[out], dtype),
            as_rows(Y[out], dtype),
            self._held_truth(y[out]),
            parts[1],
        )
        return self._rows(X[kept], Y[kept], parts[0], dtype), held

    def _rows(self, X: Any, Y: np.ndarray, weights: np.ndarray | None, dtype: str) -> Rows:
        counted = None if weights is None else weights.astype(dtype)
        return Rows(as_rows(X, dtype), as_rows(self._smoothed(Y), dtype), counted)

    def _given_held(self, X_val: Any, y_val: Any, sample_weight_val: Any, dtype: str) -> Held:
        raise NotImplementedError

    def _train(
        self,
        program: Program,
        vector: np.ndarray,
        rows: Rows,
        held: Held | None,
        random: np.random.RandomState,
        recipe: Recipe | None,
        callbacks: Sequence[Any],
        incremental: bool,
    ) -> str:
        """Change `vector` in place by the solver; why it stopped."""
        engine = build_engine(program, self.engine)
        score = self._scorer(engine, vector, held)
        if self.solver == "lbfgs":
            mlp_lbfgs.minimize(self, engine, vector, rows, score, self._averaged_outputs(), callbacks)
            return "converged"
        return self._descend(engine, vector, rows, random, recipe, score, callbacks, incremental)

    def _scorer(
        self, engine: Engine, vector: np.ndarray, held: Held | None
    ) -> Callable[[], tuple[float, float]] | None:
        if held is None:
            return None
        classes = getattr(self, "classes_", None)

        def score() -> tuple[float, float]:
            return cost_and_score(
                engine,
                vector,
                held,
                classes=classes,
                out_activation=self.out_activation_,
                averaged_outputs=self._averaged_outputs(),
            )

        return score

    def _descend(
        self,
        engine: Engine,
        vector: np.ndarray,
        rows: Rows,
        random: np.random.RandomState,
        recipe: Recipe | None,
        score: Callable[[], tuple[float, float]] | None,
        callbacks: Sequence[Any],
        incremental: bool,
    ) -> str:
        """Run a stochastic solver; why it stopped."""
        known = vars(self)
        if not incremental or "_optimizer" not in known or self._optimizer.slots.dtype != vector.dtype:
            slots = TrainingState.start(vector, engine.program).slots
            self._optimizer = OptimizerMemory(slots, float(self.learning_rate_init))
        if "loss_curve_" not in known:
            self.loss_curve_ = []
            self._no_improvement_count = 0
        if self.early_stopping and known.get("validation_scores_") is None:
            self.validation_scores_, self.best_validation_score_ = [], -np.inf
            self.best_loss_ = None
        elif not self.early_stopping and known.get("best_loss_") is None:
            self.validation_scores_ = self.best_validation_score_ = None
            self.best_loss_ = np.inf
        if not callbacks:
            announce_compiling(engine)
        count = rows.X.shape[0]
        size = AUTO_BATCH if self.batch_size == "auto" else int(self.batch_size)
        if self.batch_size != "auto" and size > count:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped",
                stacklevel=5,
            )
        epochs = Epochs(engine, rows, min(size, count), self._averaged_outputs())
        descent = Descent(self, engine, vector, self._optimizer, epochs, random, recipe, score, callbacks)
        descent.run(1 if incremental else self.max_iter, incremental=incremental)
        return descent.stopped

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

    def _pre_activations(self, X: Any) -> tuple[LiveNetwork, np.ndarray]:
        """(network, Z[L] of each row).   X (m, features) -> (m, n[L])"""
        network = self._live()
        rows = checked_rows(self, X)
        if self.threads is None:
            return network, network.pre_activations(rows)
        with held_to(self.threads):
            return network, network.pre_activations(rows)

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

    def _network_examples(
        self, X: Any, y: Any, sample_weight: Any
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        X, y = self._checked_targets(X, y, first=False, incremental=False)
        weights = self._counted(y, checked_weights(sample_weight, X.shape[0]))
        rows = self._rows(X, self._encoded(y), weights, self._live().program.dtype)
        return dense_rows(rows.X, slice(None)), rows.Y, rows.weights

    def network_batch(self, X: Any, y: Any, sample_weight: Any = None) -> NetworkBatch:
        """The network and these examples as training sees them: what `layerwise.check_gradients` asks for."""
        still = {"learning_rate_init": STANDING_STILL, "max_iter": 1, "early_stopping": False}
        return gradient_batch(self, "coefs_" in vars(self), still, X, y, sample_weight)

    def _planned_layers(self) -> list[tuple[int, str]]:
        hidden = hidden_sizes(self.hidden_layer_sizes)
        return list(zip(hidden, hidden_activations(self.activation, len(hidden)), strict=True))

    def _kept_epoch(self) -> int | None:
        scores = vars(self).get("validation_scores_")
        return int(np.argmax(scores)) + 1 if scores else None

    def _training_facts(self) -> list[str]:
        return facts_of(self._history.rows if "_history" in vars(self) else [], self._kept_epoch())

    # -- keeping ----------------------------------------------------------------------------------------

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

    def _check_stochastic(self) -> bool:
        """For `partial_fit`, which is there only for solvers that go by mini-batches."""
        if self.solver == "lbfgs":
            raise AttributeError(
                f"partial_fit is only available for stochastic optimizers. {self.solver} is not stochastic."
            )
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

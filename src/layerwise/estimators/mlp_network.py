"""What the two drop-ins for scikit-learn's networks share: from arrays to a fitted network."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from layerwise.checking import NetworkBatch
from layerwise.engine import Engine
from layerwise.errors import InputError
from layerwise.estimators import mlp_lbfgs
from layerwise.estimators.gradient_batch import STANDING_STILL, gradient_batch
from layerwise.estimators.mlp_descent import Descent, OptimizerMemory
from layerwise.estimators.mlp_epochs import Epochs, Rows
from layerwise.estimators.mlp_fitted import FittedMLP
from layerwise.estimators.mlp_inputs import as_rows, checked_weights, dense_rows, is_finite
from layerwise.estimators.mlp_live import LiveNetwork, announce_compiling
from layerwise.estimators.mlp_parameters import (
    build_architecture,
    build_program,
    build_recipe,
    check_parameters,
    dropout_rates,
    hidden_activations,
    hidden_sizes,
    precision,
)
from layerwise.estimators.mlp_parts import (
    LARGEST_SEED,
    drawn_start,
    named_start,
    vector_of,
)
from layerwise.estimators.mlp_random import random_numbers
from layerwise.estimators.mlp_validation import Held, cost_and_score
from layerwise.estimators.thread_limit import held_to
from layerwise.network.architecture import Architecture
from layerwise.training import Recipe
from layerwise.training.callback import listed, tell
from layerwise.training.history import History

AUTO_BATCH = 200
LEFT_BY_DESCENT = (
    "_optimizer",
    "loss_curve_",
    "best_loss_",
    "validation_scores_",
    "best_validation_score_",
)


class MLPNetwork(FittedMLP):
    """scikit-learn's contract for its networks, kept by this package's engine.

    `MLPClassifier` says what the parameters mean. Everything that ends in `_` means what it means there.
    """

    # Parameters that this class reads itself; the constructors are the two classes' own.
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
    dtype: Any

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
        callbacks = listed(callbacks)
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
            seed = int(random.randint(LARGEST_SEED)) if any(dropout_rates(self.dropout, len(hidden))) else 0
            program = build_program(values, architecture, loss, dtype, seed)
            self._use(LiveNetwork(program, vector, self.engine))
            rows, held = self._rows_and_held(X, y, Y, weights, random, dtype, given)
            with held_to(self._threads()):
                stopped = self._train(vector, rows, held, random, recipe, callbacks, incremental)
        diverged = stopped == "diverged" and not self.early_stopping
        if diverged or not (is_finite(vector) or np.isfinite(vector).all()):
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
        vector: np.ndarray,
        rows: Rows,
        held: Held | None,
        random: np.random.RandomState,
        recipe: Recipe | None,
        callbacks: Sequence[Any],
        incremental: bool,
    ) -> str:
        """Change `vector` in place by the solver; why it stopped."""
        engine = self._network.engine()
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
            slots = np.zeros((len(engine.program.rule.slots), vector.size), vector.dtype)
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
        count = rows.X.shape[0]
        size = AUTO_BATCH if self.batch_size == "auto" else int(self.batch_size)
        if self.batch_size != "auto" and size > count:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped",
                stacklevel=5,
            )
        if not callbacks:
            announce_compiling(engine, min(size, count))
        epochs = Epochs(engine, rows, min(size, count), self._averaged_outputs())
        descent = Descent(self, engine, vector, self._optimizer, epochs, random, recipe, score, callbacks)
        descent.run(1 if incremental else self.max_iter, incremental=incremental)
        return descent.stopped

    # -- as the check of gradients sees it -------------------------------------------------------------

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

    def _check_stochastic(self) -> bool:
        """For `partial_fit`, which is there only for solvers that go by mini-batches."""
        if self.solver == "lbfgs":
            raise AttributeError(
                f"partial_fit is only available for stochastic optimizers. {self.solver} is not stochastic."
            )
        return True

"""What both estimators for tables share: their parameters, preprocessing, fitting, predicting, keeping."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from layerwise.engine import ENGINE_NAMES, Engine, Program, cost_of, output_activation
from layerwise.errors import InputError, nearest
from layerwise.estimators.documents import document_of
from layerwise.estimators.fitted_network import fit_network
from layerwise.estimators.table_inputs import sample_weights, series_for
from layerwise.evaluation import evaluate
from layerwise.formulas.initializers import INITIALIZERS
from layerwise.network.architecture import plain_architecture
from layerwise.network.objective import Objective
from layerwise.persistence import write_model
from layerwise.tables import (
    Notice,
    TableEncoder,
    Target,
    frame_from,
    prepare_target,
    profile_table,
    split_rows,
)
from layerwise.tables.encoding import SCALINGS
from layerwise.training import Data, Recipe
from layerwise.training.loop import Validate

if TYPE_CHECKING:
    import polars as pl

ROWS_PER_PREDICTION = 65_536


class TableNetwork(BaseEstimator):
    """A network on a table. `TabularClassifier` says what the parameters mean."""

    task_: str

    def __init__(
        self,
        *,
        hidden: Sequence[int] = (128, 64),
        activation: str | Sequence[str] = "relu",
        initialization: str = "he",
        initialization_scale: float | None = None,
        loss: str = "auto",
        delta: float = 1.0,
        optimizer: str = "adamw",
        learning_rate: float = 0.003,
        schedule: str = "cosine",
        schedule_factor: float | None = None,
        schedule_every: int | None = None,
        warm_up: float = 0.0,
        momentum: float = 0.9,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        batch_size: int = 64,
        epochs: int = 100,
        l2: float = 0.0,
        l1: float = 0.0,
        weight_decay: float | None = None,
        dropout: float | Sequence[float] = 0.15,
        max_norm: float = 0.0,
        clip_norm: float = 0.0,
        label_smoothing: float = 0.0,
        class_weight: str | dict | None = None,
        shuffle: bool = True,
        patience: int | None = 20,
        min_delta: float = 0.0,
        monitor: str = "cost",
        validation_fraction: float = 0.2,
        scaling: str = "robust",
        max_categories: int = 32,
        seed: int = 0,
        engine: str = "auto",
        dtype: str = "float32",
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.initialization = initialization
        self.initialization_scale = initialization_scale
        self.loss = loss
        self.delta = delta
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.schedule_factor = schedule_factor
        self.schedule_every = schedule_every
        self.warm_up = warm_up
        self.momentum = momentum
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.batch_size = batch_size
        self.epochs = epochs
        self.l2 = l2
        self.l1 = l1
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.max_norm = max_norm
        self.clip_norm = clip_norm
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.shuffle = shuffle
        self.patience = patience
        self.min_delta = min_delta
        self.monitor = monitor
        self.validation_fraction = validation_fraction
        self.scaling = scaling
        self.max_categories = max_categories
        self.seed = seed
        self.engine = engine
        self.dtype = dtype

    # -- what the parameters mean ---------------------------------------------------------------------

    def check_parameters(self) -> None:
        """Raise InputError for any parameter out of range, before there is any data."""
        self._recipe()
        self._program(n_inputs=1, n_outputs=3)
        for name, value, choices in (
            ("initialization", self.initialization, INITIALIZERS),
            ("engine", self.engine, ENGINE_NAMES),
            ("scaling", self.scaling, SCALINGS),
            ("monitor", self.monitor, self._monitors),
        ):
            if value not in choices:
                raise InputError(f"unknown {name} {value!r}; {nearest(str(value), choices)}")
        for name, share in (
            ("validation_fraction", self.validation_fraction),
            ("label_smoothing", self.label_smoothing),
        ):
            if not 0 <= share < 1:
                raise InputError(f"{name} is {share!r}; expected at least 0 and below 1")
        if self.max_categories < 2:
            raise InputError(f"max_categories is {self.max_categories!r}; expected at least 2")
        if self.initialization_scale is not None and not 0 <= self.initialization_scale < np.inf:
            raise InputError(f"initialization_scale is {self.initialization_scale!r}; expected at least 0")

    def _recipe(self) -> Recipe:
        return Recipe(
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            schedule=self.schedule,
            schedule_factor=self.schedule_factor,
            schedule_every=self.schedule_every,
            warm_up=self.warm_up,
            shuffle=self.shuffle,
            patience=self.patience,
            min_delta=self.min_delta,
        )

    def _program(self, n_inputs: int, n_outputs: int) -> Program:
        loss, output_activation = self._output(n_outputs)
        hidden = tuple(self.hidden)
        dropout = self.dropout if isinstance(self.dropout, Sequence) else (self.dropout,) * len(hidden)
        return Program(
            plain_architecture(n_inputs, hidden, n_outputs, self.activation, output_activation),
            Objective(loss, l2=self.l2, l1=self.l1, delta=self.delta),
            optimizer=self.optimizer,
            momentum=self.momentum,
            beta1=self.beta1,
            beta2=self.beta2,
            epsilon=self.epsilon,
            weight_decay=self.weight_decay,
            dropout=tuple(dropout),
            max_norm=self.max_norm,
            clip_norm=self.clip_norm,
            dtype=self.dtype,
            seed=self.seed,
        )

    # -- what a classifier and a regressor do each in its own way ----------------------------------------

    _monitors: tuple[str, ...]

    def _task(self, y: pl.Series) -> str:
        """The task that this y sets."""
        raise NotImplementedError

    def _output(self, n_outputs: int) -> tuple[str, str]:
        """(loss, output activation)."""
        raise NotImplementedError

    def _targets(self, values: np.ndarray) -> np.ndarray:
        """The encoded target as the network sees it: (m, n[L]) of the estimator's dtype."""
        raise NotImplementedError

    def _prediction(self, A: np.ndarray) -> np.ndarray:
        """What the network's outputs (m, n[L]) say: probabilities (m, classes), or values (m,)."""
        raise NotImplementedError

    # -- fitting ------------------------------------------------------------------------------------

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight: Any = None,
        sample_weight_val: Any = None,
        groups: Any = None,
        only: Sequence[str] = (),
        target: Target | None = None,
        callbacks: Sequence[Any] = (),
    ) -> Any:
        """Learn the preprocessing from the training rows and train the network on them.

        Parameters
        ----------
        X : data frame (Polars, pandas, Arrow), dictionary of columns or 2-D array, (rows, columns)
            Columns may be numbers, booleans, categories, dates, and have missing values.
        y : (rows,)
            Labels, or values to predict.
        X_val, y_val : like X and y, optional
            Validation rows of your own. Without them `validation_fraction` of X is set aside.
        sample_weight : (rows,), optional
            How much each row counts, 0 or more.
        sample_weight_val : (validation rows,), optional
            The same for X_val.
        groups : (rows,), optional
            Rows of one group stay together when validation rows are set aside.
        only : sequence of str, optional
            Columns to use, all others are left out; one named here is used even if it looks like an
            identifier, free text or a copy of the target.
        target : Target, optional
            What is known of the labels beyond y: classes that other rows of the same table have. Without it
            the classes are those of y, each with two examples at least.
        callbacks : objects with any of on_train_begin, on_steps_end, on_epoch_end, on_train_end
            See `layerwise.training.Callback`.

        Raises
        ------
        InputError for a parameter out of range or data that cannot be used; TrainingError where the cost is
        not finite in the first epoch.
        """
        self.check_parameters()
        frame = frame_from(X)
        labels = series_for(y, "y", frame)
        notices: tuple[Notice, ...] = ()
        keep = labels.is_not_null().to_numpy()
        if target is None:
            target, keep, notices = prepare_target(labels.to_frame(), labels.name, self._task(labels))
        weights = sample_weights(sample_weight, frame.height)
        groups = None if groups is None else series_for(groups, "groups", frame).to_numpy()
        if not keep.all():
            frame, labels = frame.filter(keep), labels.filter(keep)
            weights = None if weights is None else weights[keep]
            groups = None if groups is None else groups[keep]
        self.target_ = target
        y_values = target.encode(labels)
        if X_val is not None:
            if y_val is None:
                raise InputError("X_val is given without y_val")
            held = frame_from(X_val)
            held_values = target.encode(series_for(y_val, "y_val", held))
            held_weights, rows = sample_weights(sample_weight_val, held.height), np.arange(frame.height)
        else:
            split = split_rows(
                frame.height,
                y=y_values,
                task=target.task,
                test=0.0,
                validation=self.validation_fraction,
                seed=self.seed,
                group=groups,
            )
            rows = split.train
            held, held_values = frame[split.validation], y_values[split.validation]
            held_weights = None if weights is None else weights[split.validation]
        training, values = frame[rows], y_values[rows]
        training_weights = None if weights is None else weights[rows]
        self.profile_ = profile_table(
            training.with_columns(labels[rows]), target=labels.name, only=only, task=target.task
        )
        self.encoder_ = TableEncoder.fit(
            training, self.profile_, scaling=self.scaling, max_categories=self.max_categories
        )
        self.notices_ = (*notices, *self.profile_.notices)
        self.feature_names_in_ = np.array(frame.columns, dtype=object)
        self.n_features_in_ = frame.width
        self._learn_target(values, training_weights)
        features = self._features(training)
        Y = self._targets(values)
        network, result = fit_network(
            self._program(features.shape[1], Y.shape[1]),
            replace(self._recipe(), monitor=f"validation_{self.monitor}" if len(held_values) else None),
            Data(features, self._smoothed(Y), self._counted(values, training_weights)),
            initialization=self.initialization,
            initialization_scale=self.initialization_scale,
            engine=self.engine,
            make_validate=self._validation(held, held_values, held_weights) if len(held_values) else None,
            callbacks=callbacks,
        )
        self.network_, self.result_ = network, result
        self.history_ = result.history.frame()
        self.training_: dict[str, Any] = {
            "best_epoch": result.best_epoch,
            "epochs": len(result.history),
            "stopped": result.stopped,
            "reason": result.reason,
            "seconds": round(result.seconds, 3),
        }
        return self

    def _learn_target(self, values: np.ndarray, weights: np.ndarray | None) -> None:
        """Keep what the network's output needs of the training rows' target."""

    def _smoothed(self, Y: np.ndarray) -> np.ndarray:
        return Y

    def _counted(self, values: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
        """The weights that training uses: (m,) of the estimator's dtype, or None."""
        return None if weights is None else weights.astype(self.dtype)

    def _features(self, frame: pl.DataFrame) -> np.ndarray:
        return self.encoder_.transform(frame, dtype=self.dtype)

    def _validation(self, frame: pl.DataFrame, values: np.ndarray, weights: np.ndarray | None) -> Any:
        """A function that makes, for an engine, the loop's `validate`."""
        X, Y = self._features(frame), self._targets(values)
        task = self.target_.task
        follows = "r2" if task == "regression" else "accuracy"
        names = dict.fromkeys([follows] if self.monitor == "cost" else [follows, self.monitor])

        def make_validate(engine: Engine) -> Validate:
            def validate(parameters: np.ndarray) -> dict[str, float]:
                with np.errstate(all="ignore"):
                    Z = engine.pre_activations(parameters, X)
                    row = {"validation_cost": cost_of(engine.program, Z, Y, weights)}
                    prediction = self._prediction(output_activation(engine.program, Z))
                if not np.isfinite(prediction).all():
                    return row | {f"validation_{name}": float("nan") for name in names}
                if tuple(names) == ("accuracy",):
                    right = prediction.argmax(axis=1) == values
                    return row | {"validation_accuracy": float(np.average(right, weights=weights))}
                scores = evaluate(task, values, prediction, weights=weights, metrics=tuple(names))
                return row | {f"validation_{name}": scores.get(name, float("nan")) for name in names}

            return validate

        return make_validate

    @property
    def best_epoch_(self) -> int:
        """The epoch whose parameters were kept, from 1."""
        return self.training_["best_epoch"]

    @property
    def n_iter_(self) -> int:
        """Epochs run."""
        return self.training_["epochs"]

    # -- predicting ---------------------------------------------------------------------------------

    def _predicted(self, X: Any) -> np.ndarray:
        """Probabilities or values of each row, a bounded number of rows at a time."""
        check_is_fitted(self, "network_")
        frame = frame_from(X)
        parts = [
            self._prediction(self.network_.outputs(self._features(part)))
            for part in frame.iter_slices(ROWS_PER_PREDICTION)
        ]
        if not parts:
            parts = [self._prediction(np.empty((0, self.network_.program.architecture.sizes[-1])))]
        return np.concatenate(parts)

    # -- keeping ------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `model.safetensors` and `model.json` into the folder `path`; `layerwise.load` reads them.

        Raises InputError where the folder cannot be written.
        """
        check_is_fitted(self, "network_")
        write_model(path, *document_of(self))

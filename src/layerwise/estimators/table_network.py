"""What both estimators for tables share: preprocessing, fitting, predicting, keeping."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from layerwise.checking import NetworkBatch
from layerwise.engine import Program
from layerwise.errors import InputError
from layerwise.estimators.documents import document_of
from layerwise.estimators.fitted_network import fit_network
from layerwise.estimators.gradient_batch import STANDING_STILL, gradient_batch
from layerwise.estimators.seen_network import SeenNetwork, facts_of
from layerwise.estimators.table_inputs import (
    Rows,
    sample_weights,
    series_for,
    table_like_trained,
    training_rows,
)
from layerwise.estimators.table_parameters import TableParameters
from layerwise.estimators.table_validation import Held, Validation
from layerwise.estimators.thread_limit import held_to, threads_for
from layerwise.persistence import write_model
from layerwise.tables import (
    Notice,
    TableEncoder,
    Target,
    prepare_target,
    profile_table,
    split_rows,
)
from layerwise.training import Data
from layerwise.training.callback import listed, tell

if TYPE_CHECKING:
    import polars as pl

ROWS_PER_PREDICTION = 65_536


class TableNetwork(SeenNetwork, TableParameters):
    """A network on a table, from fitting to keeping."""

    # -- what a classifier and a regressor do each in its own way ----------------------------------------

    def _task(self, y: pl.Series) -> str:
        """The task that this y sets."""
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
            the classes are those of y. A class of one example is trained on and not validated.
        callbacks : objects with any of on_train_begin, on_steps_end, on_epoch_end, on_train_end
            See `layerwise.training.Callback`.

        Raises
        ------
        InputError for a parameter out of range or data that cannot be used; TrainingError where the cost is
        not finite in the first epoch.
        """
        self.check_parameters()
        callbacks = listed(callbacks)
        tell(callbacks, "on_fit_begin", self)
        rows = training_rows(X, y, sample_weight, groups)
        notices: tuple[Notice, ...] = ()
        if target is None:
            self._check_labels(rows.labels)
            target, keep, notices = prepare_target(
                rows.labels.to_frame(), rows.labels.name, self._task(rows.labels), fewest=1
            )
        else:
            keep = rows.labels.is_not_null().to_numpy()
        self.target_ = target
        rows = rows.where(keep)
        self.feature_names_in_ = np.array(rows.frame.columns, dtype=object)
        self.n_features_in_ = rows.frame.width
        if X_val is None and y_val is None:
            training, held = self._split(rows)
        else:
            training, held = rows, self._given(X_val, y_val, sample_weight_val)
        self.profile_ = profile_table(
            training.frame.with_columns(training.labels),
            target=training.labels.name,
            only=only,
            task=target.task,
        )
        self.encoder_ = TableEncoder.fit(
            training.frame, self.profile_, scaling=self.scaling, max_categories=self.max_categories
        )
        self.notices_ = (*notices, *self.profile_.notices)
        with held_to(self._threads()):
            self._train(training, held, callbacks)
        tell(callbacks, "on_fit_end", self)
        return self

    def _split(self, rows: Rows) -> tuple[Rows, Rows | None]:
        """The rows to train on, and those set aside to choose the best epoch."""
        split = split_rows(
            rows.frame.height,
            y=self.target_.encode(rows.labels),
            task=self.target_.task,
            test=0.0,
            validation=self.validation_fraction,
            seed=self.seed,
            group=rows.groups,
        )
        return rows.at(split.train), rows.at(split.validation) if len(split.validation) else None

    def _given(self, X_val: Any, y_val: Any, sample_weight_val: Any) -> Rows:
        """The caller's own validation rows."""
        if X_val is None or y_val is None:
            raise InputError("X_val and y_val belong together; give both or neither")
        frame = table_like_trained(self, X_val)
        weights = sample_weights(sample_weight_val, frame.height, "sample_weight_val")
        return Rows(frame, series_for(y_val, "y_val", frame), weights, None)

    def _train(self, training: Rows, held: Rows | None, callbacks: Sequence[Any]) -> None:
        """Fit the network to the training rows and keep what became of it."""
        values = self.target_.encode(training.labels)
        self._learn_target(values, training.weights)
        features, Y = self._features(training.frame), self._targets(values)
        weights = self._counted(values, training.weights)
        validation = None if held is None else self._validation(held)
        network, result = fit_network(
            self._program(features.shape[1], Y.shape[1]),
            replace(self._recipe(), monitor=None if held is None else f"validation_{self.monitor}"),
            Data(features, self._smoothed(Y), None if weights is None else weights.astype(self.dtype)),
            initialization=self.initialization,
            initialization_scale=self.initialization_scale,
            engine=self.engine,
            make_validate=validation,
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

    def _check_labels(self, labels: pl.Series) -> None:
        """Raise InputError for a y that this kind of estimator cannot learn."""

    def _learn_target(self, values: np.ndarray, weights: np.ndarray | None) -> None:
        """Keep what the network's output needs of the training rows' target."""

    def _smoothed(self, Y: np.ndarray) -> np.ndarray:
        return Y

    def _counted(self, values: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
        """What each row counts in the cost, (m,) or None."""
        return weights

    def _features(self, frame: pl.DataFrame) -> np.ndarray:
        return self.encoder_.transform(frame, dtype=self.dtype)

    def _validation(self, rows: Rows) -> Validation:
        """What makes, for an engine, the loop's `validate`."""
        values = self.target_.encode(rows.labels)
        held = Held(
            X=self._features(rows.frame),
            Y=self._targets(values),
            values=values,
            weights=rows.weights,
            counted=self._counted(values, rows.weights),
        )
        follows = "r2" if self.target_.task == "regression" else "accuracy"
        metrics = dict.fromkeys([follows] if self.monitor == "cost" else [follows, self.monitor])
        return Validation(self.target_.task, held, tuple(metrics), self._prediction)

    @property
    def best_epoch_(self) -> int:
        """The epoch whose parameters were kept, from 1."""
        return self.training_["best_epoch"]

    @property
    def n_iter_(self) -> int:
        """Epochs run."""
        return self.training_["epochs"]

    def _threads(self) -> int | None:
        return threads_for(self.threads, reproducible=self.reproducible, engine=self.engine)

    # -- predicting ---------------------------------------------------------------------------------

    def _predicted(self, X: Any) -> np.ndarray:
        """Probabilities or values of each row, a bounded number of rows at a time."""
        check_is_fitted(self, "network_")
        frame = table_like_trained(self, X)
        with held_to(self._threads()):
            parts = [self.answers(self._features(part)) for part in frame.iter_slices(ROWS_PER_PREDICTION)]
        if not parts:
            parts = [self._prediction(np.empty((0, self.network_.program.architecture.sizes[-1])))]
        return np.concatenate(parts)

    def answers(self, features: np.ndarray) -> np.ndarray:
        """Probabilities (rows, classes) or values (rows,) of rows as `encoder_` makes them."""
        return self._prediction(self.network_.outputs(features))

    # -- being looked at -------------------------------------------------------------------------------

    def _network_parts(self) -> tuple[Program, np.ndarray]:
        check_is_fitted(self, "network_")
        return self.network_.program, self.network_.parameters

    def _network_rows(self, X: Any) -> np.ndarray:
        return self._features(table_like_trained(self, X))

    def _network_examples(
        self, X: Any, y: Any, sample_weight: Any
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        rows = training_rows(X, y, sample_weight, None)
        rows = rows.where(rows.labels.is_not_null().to_numpy())
        values = self.target_.encode(rows.labels)
        weights = self._counted(values, rows.weights)
        return self._features(rows.frame), self._smoothed(self._targets(values)), weights

    def network_batch(self, X: Any, y: Any, sample_weight: Any = None) -> NetworkBatch:
        """The network and these rows as training sees them: what `layerwise.check_gradients` asks for."""
        still = {"learning_rate": STANDING_STILL, "epochs": 1, "validation_fraction": 0.0}
        return gradient_batch(self, hasattr(self, "network_"), still, X, y, sample_weight)

    def _planned_layers(self) -> list[tuple[int, str]]:
        architecture = self._program(n_inputs=1, n_outputs=3).architecture
        return list(zip(architecture.sizes[1:-1], architecture.activations[:-1], strict=True))

    def _kept_epoch(self) -> int | None:
        known = getattr(self, "history_", None)
        return None if known is None or "validation_cost" not in known.columns else self.best_epoch_

    def _training_facts(self) -> list[str]:
        if not hasattr(self, "history_"):
            # One that was loaded: its history stays with the run.
            return [f"{self.n_iter_:,} epochs", f"epoch {self.best_epoch_:,} kept"]
        return facts_of(self.history_.to_dicts(), self._kept_epoch())

    # -- keeping ------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `model.safetensors` and `model.json` into the folder `path`; `layerwise.load` reads them.

        Raises InputError where the folder cannot be written.
        """
        check_is_fitted(self, "network_")
        write_model(path, *document_of(self))

    # -- what scikit-learn asks -----------------------------------------------------------------------

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.target_tags.required = True
        return tags

"""scikit-learn's networks by another engine: change one import, keep the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if

from layerwise.errors import InputError
from layerwise.estimators.mlp_inputs import (
    as_rows,
    checked_rows,
    checked_training_data,
    checked_weights,
)
from layerwise.estimators.mlp_labels import (
    check_same_classes,
    checked_labels,
    classes_of,
    decode,
    encode,
    first_classes,
)
from layerwise.estimators.mlp_network import MLPNetwork
from layerwise.estimators.mlp_parts import THEIR_NAMES
from layerwise.estimators.mlp_validation import Held
from layerwise.formulas.losses import smooth_labels


def _keep(estimator: MLPNetwork, parameters: dict[str, Any]) -> None:
    """Every argument of the constructor under its own name, unchanged, as scikit-learn wants it."""
    for name, value in parameters.items():
        if name not in ("self", "__class__"):
            setattr(estimator, name, value)


class MLPClassifier(ClassifierMixin, MLPNetwork):
    """scikit-learn's `MLPClassifier`, trained by this package's engine; and what people miss in it.

    The parameters down to max_fun are scikit-learn's, with the same defaults and meaning; with the same
    random_state the network starts at the same weights and sees the same mini-batches. The further ones are
    off by default.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int
        Units of each hidden layer.
    activation : str or sequence of str
        identity, logistic, tanh, relu, and also leaky_relu, elu, selu, gelu, silu, softmax, exp; one for all
        hidden layers, or one for each.
    solver : {"lbfgs", "sgd", "adam"}
    alpha : float
        Strength of the L2 penalty, alpha / (2 m) times the sum of squared weights.
    batch_size : int or "auto"
        Rows in a mini-batch; "auto" is min(200, rows).
    learning_rate : {"constant", "invscaling", "adaptive"}
        The learning rate over time, for the solver sgd.
    learning_rate_init, power_t : float
    max_iter : int
        Epochs at most; for lbfgs, iterations.
    shuffle : bool
    random_state : int, RandomState or None
    tol : float
    verbose : bool
    warm_start : bool
    momentum : float
    nesterovs_momentum : bool
    early_stopping : bool
        Hold out validation_fraction of the rows, or take X_val, and stop when the score no longer rises.
    validation_fraction : float
    beta_1, beta_2, epsilon : float
    n_iter_no_change : int
    max_fun : int
    loss : {"log_loss", "squared_error", "huber"}
        What is minimised. log_loss is the cross-entropy, of two classes or of many.
    delta : float
        Where Huber's loss turns from a parabola into a line.
    initialization : str
        zeros, small, large, normal, uniform, he, he_uniform, xavier, xavier_uniform, lecun, lecun_uniform,
        orthogonal; None starts as scikit-learn does.
    initialization_scale : float
        Standard deviation of the starting weights, instead of the initialization's own.
    optimizer : str
        gd, momentum (the form with 1 - beta), classical_momentum, nesterov, rmsprop, adam,
        adam_epsilon_hat (scikit-learn's Adam), adamw; None is the solver's own.
    schedule : str
        The learning rate over the run: constant, step, exponential, cosine, cyclic, one_cycle, plateau.
    schedule_factor, schedule_every : float, int
        Factor of step, exponential and plateau; epochs between falls of step, without progress for plateau.
    warm_up : float
        Epochs over which the rate rises to its height.
    l1 : float
        Strength of the L1 penalty, l1 / m times the sum of absolute weights.
    weight_decay : float
        Decoupled weight decay; by default the optimizer's own, 0.01 for adamw and 0 for the others.
    dropout : float or sequence of float
        Probability that a hidden unit is dropped in a training step; one for all layers, or one for each.
    max_norm : float
        Longest a unit's incoming weights may be; 0 for no limit.
    clip_norm : float
        Longest the gradient may be; 0 for no limit.
    label_smoothing : float
        Share of each label that is spread over all classes.
    class_weight : "balanced" or dict
        As in scikit-learn's other classifiers.
    statistics : bool
        Per-layer statistics of every epoch in `history_`.
    engine : str
        auto, compiled (fast) or numpy (the reference).
    dtype : str
        float32 or float64; None takes the precision of the data, as scikit-learn does.
    threads : int
        Processors to use at most; None leaves the choice to BLAS's own settings.
    reproducible : bool
        The same bits for any number of threads, at some cost in speed where few are free.

    Attributes
    ----------
    Those of scikit-learn's class: classes_, coefs_, intercepts_, loss_, best_loss_, loss_curve_,
    validation_scores_, best_validation_score_, n_iter_, n_layers_, n_outputs_, n_features_in_,
    feature_names_in_, out_activation_, t_. And history_, a data frame with a row for each epoch.
    """

    classes_: np.ndarray
    class_weight: Any
    label_smoothing: float
    _sparse_labels: bool = False
    _losses = ("log_loss", "squared_error", "huber")
    _score_name = "accuracy"

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
        loss="log_loss",
        delta=1.0,
        initialization=None,
        initialization_scale=None,
        optimizer=None,
        schedule=None,
        schedule_factor=None,
        schedule_every=None,
        warm_up=0.0,
        l1=0.0,
        weight_decay=None,
        dropout=0.0,
        max_norm=0.0,
        clip_norm=0.0,
        label_smoothing=0.0,
        class_weight=None,
        statistics=False,
        engine="auto",
        dtype=None,
        threads=None,
        reproducible=False,
    ):
        _keep(self, locals())

    # -- fitting -----------------------------------------------------------------------------------------

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        callbacks: Sequence[Any] = (),
    ) -> MLPClassifier:
        """Train the network.

        Parameters
        ----------
        X : array, sparse matrix or data frame (Polars, pandas), (m, features)
        y : (m,) labels of any kind, or (m, labels) of 0 and 1 where a row may have several.
        sample_weight : (m,), optional
        X_val, y_val : like X and y, optional
            Validation rows of your own. `history_` follows them; with early_stopping they decide.
        sample_weight_val : (validation rows,), optional
        callbacks : objects with any of on_train_begin, on_steps_end, on_epoch_end, on_train_end
            See `layerwise.training.Callback`. With lbfgs on_epoch_end is called after each iteration.

        Raises
        ------
        InputError (a ValueError) for a parameter out of range or data that cannot be used, and where training
        left parameters that are not finite.
        """
        return self._fit(
            X,
            y,
            sample_weight,
            incremental=False,
            X_val=X_val,
            y_val=y_val,
            sample_weight_val=sample_weight_val,
            callbacks=callbacks,
        )

    @available_if(lambda estimator: estimator._check_stochastic())
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> MLPClassifier:
        """One epoch over the given rows, from where training stands.

        `classes`, needed in the first call, are the labels of all calls.
        """
        self.classes_ = first_classes(classes, vars(self).get("classes_"))
        return self._fit(X, y, sample_weight, incremental=True)

    def _checked_targets(self, X, y, *, first, incremental):
        X, y = checked_training_data(self, X, y, reset=first, numeric=False)
        if y.ndim == 2 and y.shape[1] == 1 and not sparse.issparse(y):
            y = column_or_1d(y, warn=True)
        if first:
            self._sparse_labels = sparse.issparse(y)
        y = checked_labels(y)
        if "classes_" not in vars(self) or not (self.warm_start or incremental):
            self.classes_ = classes_of(y)
        else:
            check_same_classes(y, self.classes_, warm_start=self.warm_start and not first)
        return X, y

    def _encoded(self, y):
        return encode(y, self.classes_)

    def _counted(self, y, weights):
        if self.class_weight is None:
            return weights
        of_class = compute_sample_weight(self.class_weight, y)
        return of_class if weights is None else of_class * weights

    def _output(self, y):
        output = "softmax" if y.ndim == 1 and len(self.classes_) > 2 else "sigmoid"
        self.out_activation_ = THEIR_NAMES.get(output, output)
        if self.loss != "log_loss":
            return self.loss, output
        return ("softmax" if output == "softmax" else "binary") + "_cross_entropy", output

    def _smoothed(self, Y):
        if not self.label_smoothing:
            return Y
        of_class = Y.T.astype(np.float64) if self.out_activation_ == "softmax" else Y.reshape(1, -1)
        return smooth_labels(of_class, self.label_smoothing).T.reshape(Y.shape)

    def _given_held(self, X_val, y_val, sample_weight_val, dtype):
        X = checked_rows(self, X_val)
        truth = np.asarray(y_val)
        wanted = self.n_outputs_ if self.out_activation_ == "logistic" and self.n_outputs_ > 1 else None
        if truth.ndim == 2 and truth.shape[1] == 1:
            truth = truth.ravel()
        if len(truth) != X.shape[0] or truth.ndim != (1 if wanted is None else 2):
            raise InputError(f"y_val has shape {truth.shape} for {X.shape[0]} rows of X_val and y of fit")
        if not np.isin(classes_of(truth), self.classes_).all():
            raise InputError(f"y_val has classes not in y: {classes_of(truth)}; y has {self.classes_}")
        weights = checked_weights(sample_weight_val, X.shape[0], "sample_weight_val")
        return Held(as_rows(X, dtype), as_rows(encode(truth, self.classes_), dtype), truth, weights)

    # -- predicting --------------------------------------------------------------------------------------

    def predict(self, X: Any) -> Any:
        """The most probable label of each row, (m,); or which labels it has, (m, labels) of 0 and 1, sparse
        where those of fit were."""
        labels = decode(self._pre_activations(X), self.classes_, self.out_activation_)
        return sparse.csr_matrix(labels) if self._sparse_labels else labels

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class, in the order of `classes_`.   (m, classes)"""
        A = self._outputs(X)
        if A.shape[1] > 1:
            return A
        if len(A) == 1:
            # The same numbers, in a third of the time.
            both, p = np.empty((1, 2), A.dtype), A.item()
            both[0, 0], both[0, 1] = 1 - p, p
            return both
        both = np.empty((len(A), 2), A.dtype)
        np.subtract(1, A[:, 0], out=both[:, 0])
        both[:, 1] = A[:, 0]
        return both

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """The logarithm of `predict_proba`.   (m, classes)"""
        probabilities = self.predict_proba(X)
        return np.log(probabilities, out=probabilities)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class MLPRegressor(RegressorMixin, MLPNetwork):
    """scikit-learn's `MLPRegressor`, trained by this package's engine; and what people miss in it.

    Parameters and attributes are those of `MLPClassifier`, without classes; and

    Parameters
    ----------
    loss : {"squared_error", "poisson", "huber"}
        What is minimised: half the squared error, half the Poisson deviance of counts (the outputs are then
        exponentials), or Huber's loss.
    """

    delta: float
    _losses = ("squared_error", "poisson", "huber")
    _score_name = "r2"

    def __init__(
        self,
        loss="squared_error",
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
        delta=1.0,
        initialization=None,
        initialization_scale=None,
        optimizer=None,
        schedule=None,
        schedule_factor=None,
        schedule_every=None,
        warm_up=0.0,
        l1=0.0,
        weight_decay=None,
        dropout=0.0,
        max_norm=0.0,
        clip_norm=0.0,
        statistics=False,
        engine="auto",
        dtype=None,
        threads=None,
        reproducible=False,
    ):
        _keep(self, locals())

    # -- fitting -----------------------------------------------------------------------------------------

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        callbacks: Sequence[Any] = (),
    ) -> MLPRegressor:
        """Train the network. See `MLPClassifier.fit`; y is (m,), or (m, outputs)."""
        return self._fit(
            X,
            y,
            sample_weight,
            incremental=False,
            X_val=X_val,
            y_val=y_val,
            sample_weight_val=sample_weight_val,
            callbacks=callbacks,
        )

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """One epoch over the given rows, from where training stands; with lbfgs, as in scikit-learn, all its
        iterations."""
        return self._fit(X, y, sample_weight, incremental=True)

    def _checked_targets(self, X, y, *, first, incremental):
        X, y = checked_training_data(self, X, y, reset=first, numeric=True)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, self._checked_values(y, "y")

    def _checked_values(self, y, name):
        if y.dtype.kind in "US":
            raise InputError(f"{name} holds text, such as {str(y.flat[0])!r}; expected numbers")
        if self.loss == "poisson" and (y < 0).any():
            raise InputError(f"the loss 'poisson' is for counts, 0 or more; {name} holds {y.min()}")
        return y

    def _encoded(self, y):
        return y.reshape(len(y), -1)

    def _output(self, y):
        self.out_activation_ = "exp" if self.loss == "poisson" else "identity"
        return self.loss, self.out_activation_

    def _averaged_outputs(self):
        return 1 if self.loss == "poisson" else self.n_outputs_

    def _given_held(self, X_val, y_val, sample_weight_val, dtype):
        X = checked_rows(self, X_val)
        Y = self._encoded(self._checked_values(np.asarray(y_val), "y_val").astype(np.float64))
        if Y.shape != (X.shape[0], self.n_outputs_):
            raise InputError(f"y_val has shape {Y.shape}; expected {(X.shape[0], self.n_outputs_)}")
        if not np.isfinite(Y).all():
            raise InputError("y_val holds values that are missing or infinite")
        weights = checked_weights(sample_weight_val, X.shape[0], "sample_weight_val")
        return Held(as_rows(X, dtype), as_rows(Y, dtype), Y, weights)

    # -- predicting --------------------------------------------------------------------------------------

    def predict(self, X: Any) -> np.ndarray:
        """The value of each row, (m,); or its values, (m, outputs)."""
        A = self._outputs(X)
        return A[:, 0] if A.shape[1] == 1 else A

"""Estimators for tables: a data frame in, preprocessing inside and kept with the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin

from layerwise.errors import InputError, nearest
from layerwise.estimators.table_network import TableNetwork
from layerwise.formulas.losses import LOSSES, smooth_labels

if TYPE_CHECKING:
    import polars as pl


# Of cross-entropies, unless label_smoothing says otherwise. Source: RealMLP, as the scaling and the clip.
LABEL_SMOOTHING = 0.1


class TargetScale(NamedTuple):
    """How a regression's target is standardised, and the range seen in training."""

    mean: float
    spread: float
    lowest: float
    highest: float


class TabularClassifier(ClassifierMixin, TableNetwork):
    """A deep network that classifies the rows of a table.

    Give it a data frame as it is: numbers are scaled, categories encoded, dates taken apart, missing values
    filled, all learnt from the training rows alone and kept with the network.

    Parameters
    ----------
    hidden : sequence of int
        Units of each hidden layer, for example 64,32; none (in Python an empty sequence) for a linear
        model.
    activation : str or sequence of str
        Activation of the hidden layers: relu, leaky_relu, elu, selu, gelu, silu, tanh, sigmoid, identity,
        softmax, exp; one for all, or one for each.
    initialization : str
        How the weights start: zeros, small, large, normal, uniform, he, he_uniform, xavier, xavier_uniform,
        lecun, lecun_uniform, orthogonal.
    initialization_scale : float
        Standard deviation of the starting weights, instead of the initialization's own.
    loss : str
        What is minimised: auto (cross-entropy for classes, squared_error for values),
        binary_cross_entropy, softmax_cross_entropy, squared_error, huber; for counts and other values of at
        least 0 also poisson.
    delta : float
        Where Huber's loss turns from a parabola into a line, in standard deviations of the target.
    optimizer : str
        gd (gradient descent), momentum (the form with 1 - beta), classical_momentum, nesterov, rmsprop,
        adam, adamw.
    learning_rate : float
        Height of the learning rate.
    schedule : str
        The learning rate over time: constant, step, exponential, cosine, cyclic, one_cycle, plateau.
    schedule_factor : float
        Factor of step, exponential and plateau.
    schedule_every : int
        Epochs between falls of step; epochs without progress before a fall of plateau.
    warm_up : float
        Epochs over which the rate rises to its height.
    momentum : float
        beta of the momentum optimizers.
    beta1 : float
        Adam's decay of the mean gradient.
    beta2 : float
        Decay of the mean squared gradient, of Adam and RMSprop.
    epsilon : float
        What Adam and RMSprop add to the root.
    batch_size : int
        Rows in a mini-batch; 0 for all rows (batch gradient descent), 1 for stochastic gradient descent.
    epochs : int
        Passes over the training rows, at most.
    l2 : float
        lambda of the L2 penalty, lambda / (2 m) times the sum of squared weights.
    l1 : float
        lambda of the L1 penalty, lambda / m times the sum of absolute weights.
    weight_decay : float
        Decoupled weight decay; by default the optimizer's own, 0.01 for adamw and 0 for the others.
    dropout : float or sequence of float
        Probability that a hidden unit is dropped in a training step; one for all layers, or one for each.
    max_norm : float
        Longest a unit's incoming weights may be; 0 for no limit.
    clip_norm : float
        Longest the gradient may be; 0 for no limit.
    label_smoothing : float
        Share of each label that is spread over all classes; by default 0.1 with a cross-entropy, else 0.
    class_weight : "balanced" or dict
        balanced weighs classes against their frequency; a dictionary gives each label its weight.
    shuffle : bool
        New order of the rows in each epoch.
    patience : int
        Stop after so many epochs without improvement of the monitored metric; none never stops early.
    min_delta : float
        How much better counts as an improvement.
    monitor : str
        Validation metric that decides on the best epoch: cost, or accuracy, balanced_accuracy, roc_auc, f1,
        log_loss, brier for classes and r2, rmse, mae for values.
    validation_fraction : float
        Share of the rows that is set aside to choose the best epoch; 0 for none.
    scaling : str
        How numbers are scaled: robust (median and quartiles, outliers bent in), standard, minmax, none.
    max_categories : int
        Most categories of a column that get an input of their own; rarer ones share one.
    seed : int
        Fixes every random draw: same seed, same bits.
    engine : str
        auto, compiled (fast) or numpy (the reference).
    dtype : str
        float32 or float64.
    threads : int
        Processors to use at most; by default as many as there are.
    reproducible : bool
        The same bits for any number of threads, at some cost in speed where few are free.

    Attributes
    ----------
    classes_ : (classes,) the labels, sorted.
    history_ : data frame, one row per epoch.
    best_epoch_, n_iter_ : the epoch that was kept, and how many were run.
    training_ : how training ended: best_epoch, epochs, stopped, reason, seconds.
    network_, encoder_, profile_, target_, notices_, result_ : the parts, for those who look inside.
    """

    _losses = ("auto", *(name for name in LOSSES if name != "poisson"))
    _monitors = ("cost", "accuracy", "balanced_accuracy", "roc_auc", "f1", "log_loss", "brier")

    def _check_labels(self, labels: pl.Series) -> None:
        found = labels.drop_nulls()
        if found.n_unique() == 1:
            raise InputError(f"y holds one class, {found[0]!r}, in every row; there is nothing to learn")
        if found.dtype.is_float() and (found.is_finite() & (found != found.round())).any():
            raise InputError(
                "Unknown label type: continuous. y holds numbers with fractions, a quantity and not classes; "
                "use TabularRegressor, or give the labels as text"
            )

    def _task(self, y: pl.Series) -> str:
        return "multiclass" if y.drop_nulls().n_unique() > 2 else "binary"

    def _output(self, n_outputs: int) -> tuple[str, str]:
        loss = self.loss
        if loss == "auto":
            loss = "binary_cross_entropy" if n_outputs == 1 else "softmax_cross_entropy"
        if loss not in self._losses:
            raise InputError(f"unknown loss {loss!r}; {nearest(loss, self._losses)}")
        if loss == "binary_cross_entropy" and n_outputs > 1:
            raise InputError(f"binary_cross_entropy is for two classes; found {n_outputs}: use loss='auto'")
        if loss == "softmax_cross_entropy" and n_outputs == 1:
            raise InputError("softmax_cross_entropy is for three classes or more; found two: use loss='auto'")
        return loss, "sigmoid" if n_outputs == 1 else "softmax"

    def _learn_target(self, values: np.ndarray, weights: np.ndarray | None) -> None:
        self.classes_ = self.target_.decode(np.arange(len(self.target_.labels or ()))).to_numpy()
        self._of_class = None if self.class_weight is None else self._class_weights(values, weights)

    def _targets(self, values: np.ndarray) -> np.ndarray:
        if len(self.classes_) == 2:
            return values[:, None].astype(self.dtype)
        Y = np.zeros((len(values), len(self.classes_)), dtype=self.dtype)
        Y[np.arange(len(values)), values] = 1
        return Y

    def _smoothed(self, Y: np.ndarray) -> np.ndarray:
        smoothing = self.label_smoothing
        if smoothing is None:
            smoothing = LABEL_SMOOTHING if self._output(Y.shape[1])[0].endswith("cross_entropy") else 0.0
        return np.ascontiguousarray(smooth_labels(Y.T, smoothing).T) if smoothing else Y

    def _counted(self, values: np.ndarray, weights: np.ndarray | None) -> np.ndarray | None:
        if self._of_class is None:
            return weights
        of_class = self._of_class[values]
        return of_class if weights is None else of_class * weights

    def _class_weights(self, values: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        """What a row of each class counts, (classes,).   values (m,) class indices of the training rows"""
        if isinstance(self.class_weight, str):
            counts = np.bincount(values, weights=weights, minlength=len(self.classes_))
            even = counts.sum() / len(counts)
            return np.divide(even, counts, out=np.ones(len(counts)), where=counts > 0)
        assert self.class_weight is not None
        known = {str(label): k for k, label in enumerate(self.classes_)}
        of_class = np.ones(len(self.classes_))
        for label, weight in self.class_weight.items():
            if str(label) not in known:
                raise InputError(f"class_weight names the label {label!r}; {nearest(str(label), known)}")
            of_class[known[str(label)]] = weight
        return of_class

    def _prediction(self, A: np.ndarray) -> np.ndarray:
        return np.hstack([1 - A, A]) if A.shape[1] == 1 else A

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability of each class, in the order of `classes_`.   (rows, classes)"""
        return self._predicted(X)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable label of each row.   (rows,)"""
        probabilities = self._predicted(X)
        return self.target_.decode(probabilities.argmax(axis=1)).to_numpy()


class TabularRegressor(RegressorMixin, TableNetwork):
    """A deep network that predicts a number for each row of a table.

    The target is standardised for training (for the loss poisson, which learns the logarithm of values of at
    least 0, it is divided by its mean), and predictions stay within the range that was seen. Parameters and
    attributes are those of `TabularClassifier`, without classes; label_smoothing and class_weight do not
    apply.
    """

    _losses = ("squared_error", "huber", "poisson")

    _monitors = ("cost", "r2", "rmse", "mae", "median_absolute_error")

    def check_parameters(self) -> None:
        """Raise InputError for any parameter out of range, before there is any data."""
        super().check_parameters()
        if self.label_smoothing:
            raise InputError("label_smoothing is for classes; this is a regression")
        if self.class_weight is not None:
            raise InputError("class_weight is for classes; this is a regression")

    def _task(self, y: pl.Series) -> str:
        return "regression"

    def _output(self, n_outputs: int) -> tuple[str, str]:
        loss = "squared_error" if self.loss == "auto" else self.loss
        if loss not in self._losses:
            raise InputError(f"the loss of a regression is squared_error, huber or poisson; found {loss!r}")
        return loss, "exp" if loss == "poisson" else "identity"

    def _learn_target(self, values: np.ndarray, weights: np.ndarray | None) -> None:
        mean = float(np.average(values, weights=weights))
        lowest, highest = float(values.min()), float(values.max())
        if self.loss == "poisson":
            if lowest < 0 or mean == 0:
                raise InputError(
                    f"the loss poisson is for values of at least 0, and not all of them 0; y goes from "
                    f"{lowest:g} to {highest:g}: use squared_error or huber"
                )
            self.target_scale_ = TargetScale(0.0, mean, lowest, highest)
            return
        spread = float(np.sqrt(np.average((values - mean) ** 2, weights=weights)))
        self.target_scale_ = TargetScale(mean, spread or 1.0, lowest, highest)

    def _targets(self, values: np.ndarray) -> np.ndarray:
        return ((values - self.target_scale_.mean) / self.target_scale_.spread)[:, None].astype(self.dtype)

    def _prediction(self, A: np.ndarray) -> np.ndarray:
        scale = self.target_scale_
        return np.clip(A[:, 0].astype(np.float64) * scale.spread + scale.mean, scale.lowest, scale.highest)

    def predict(self, X: Any) -> np.ndarray:
        """The value of each row.   (rows,) float64"""
        return self._predicted(X)

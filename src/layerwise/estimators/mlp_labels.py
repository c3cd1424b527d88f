"""Class labels as the network's targets, and back."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from layerwise.errors import InputError
from layerwise.formulas.activations import sigmoid


def classes_of(y: np.ndarray) -> np.ndarray:
    """The labels in y, sorted; of an indicator matrix its columns, 0 to k - 1.

    Text in an array of objects becomes an array of text, as scikit-learn makes it.
    """
    if y.ndim == 2:
        return np.arange(y.shape[1])
    return np.unique(y) if y.dtype.kind in "biufU" else unique_labels(y)


def checked_labels(y: Any) -> np.ndarray:
    """y as labels (m,) or as an indicator matrix (m, labels). Raises ValueError for other targets."""
    if y.ndim == 1 and y.dtype.kind in "biuU":
        return y
    check_classification_targets(y)
    if "multioutput" in type_of_target(y):
        raise InputError("Multioutput target data is not supported with label binarization")
    return y.toarray() if hasattr(y, "toarray") else y


def first_classes(classes: Any, known: np.ndarray | None) -> np.ndarray:
    """What `partial_fit` is told of the classes, against what it knows. Raises InputError."""
    if classes is None:
        if known is None:
            raise InputError("classes must be passed on the first call to partial_fit.")
        return known
    told = unique_labels(classes)
    if known is not None and not np.array_equal(known, told):
        raise InputError(
            f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {known!r}"
        )
    return told


def check_same_classes(y: np.ndarray, classes: np.ndarray, *, warm_start: bool) -> None:
    """Raise InputError unless y has the classes of the fit before; with a warm start, all of them."""
    found = classes_of(y)
    if warm_start:
        if set(found) != set(classes):
            raise InputError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {classes}, `y` has {found}"
            )
    elif not np.isin(found, classes).all():
        raise InputError(
            f"`y` has classes not in `self.classes_`. `self.classes_` has {classes}. 'y' has {found}."
        )


def encode(y: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """y (m,) as 0 and 1: (m, 1) for two classes (or one), else (m, classes). An indicator matrix as it is."""
    if y.ndim == 2:
        return y.astype(bool)
    if len(classes) <= 2:
        return (y == classes[-1])[:, None] if len(classes) == 2 else np.zeros((len(y), 1), dtype=bool)
    return y[:, None] == classes


@functools.cache
def half_point(dtype: np.dtype) -> Any:
    """The largest z of this precision whose sigmoid is not above 1/2: 0 but for rounding."""
    low, high = dtype.type(0), dtype.type(1)
    while low < (middle := (low + high) / 2) < high:
        low, high = (low, middle) if sigmoid(middle) > 0.5 else (middle, high)
    return low


def decode(Z: np.ndarray, classes: np.ndarray, out_activation: str) -> np.ndarray:
    """The labels that pre-activations Z (m, outputs) stand for: (m,), or an indicator matrix (m, labels).

    The most probable class, or those whose probability is above 1/2: what the output activations say, told
    without computing them.
    """
    if out_activation == "softmax":
        return classes.take(Z.argmax(axis=1))
    if Z.shape[1] > 1:
        return np.greater(Z, half_point(Z.dtype)).astype(int)
    if len(classes) == 1:
        return np.repeat(classes, len(Z))
    return classes.take(Z[:, 0] > half_point(Z.dtype))

"""Arrays as scikit-learn's estimators take them, checked once: features, weights, rows of either kind.

An ordinary NumPy array of floating-point numbers is checked here, in a few microseconds; everything else
(data frames, lists, sparse matrices, arrays with something wrong) goes through scikit-learn's own validation,
which converts it or says what is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from numbers import Real
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from layerwise.engine import allowed_threads
from layerwise.errors import InputError

PLAIN = (np.dtype(np.float64), np.dtype(np.float32))
PRECISIONS = (np.float64, np.float32)
SPARSE_FORMATS = ("csr", "csc")
ROWS_AT_ONCE = 1024
# Numbers from which on a second thread pays.
LARGE = 2**21


class NotPlain(Exception):
    """Rows hold a number that is not finite, or one so large that its square is not."""


def check_finite(part: np.ndarray) -> None:
    """Raises NotPlain unless every number of these rows is finite: see `is_finite`."""
    if not _has_finite_squares(part):
        raise NotPlain


def is_plain(X: Any) -> bool:
    """Whether X is an array (rows, features) of finite floating-point numbers, with some of each."""
    if type(X) is not np.ndarray or X.dtype not in PLAIN or X.ndim != 2 or not X.size:
        return False
    return is_finite(X)


def is_finite(array: np.ndarray) -> bool:
    """Whether every number is finite, in one pass without a temporary array; False too for huge numbers.

    A sum of squares, by BLAS, is finite unless a number is not or a square overflows. It waits for memory, so
    each thread that may run takes a part of a large array.
    """
    threads = allowed_threads() if array.size >= LARGE else 1
    if threads == 1:
        return _has_finite_squares(array)
    with ThreadPoolExecutor(threads) as pool:
        return all(pool.map(_has_finite_squares, np.array_split(array, threads)))


def _has_finite_squares(array: np.ndarray) -> bool:
    return math.isfinite(np.vdot(array, array))


def checked_training_data(estimator: BaseEstimator, X: Any, y: Any, *, reset: bool, numeric: bool) -> tuple:
    """(X, y) to fit to: X floating-point or sparse (m, features), y (m,) or (m, outputs).

    Sets or compares n_features_in_ and feature_names_in_ as scikit-learn does. Raises its ValueErrors.
    """
    if _is_plain_target(y, numeric) and is_plain(X) and len(X) == len(y):
        if reset:
            estimator.n_features_in_ = X.shape[1]
            vars(estimator).pop("feature_names_in_", None)
            return X, y
        if has_seen(estimator, X):
            return X, y
    return validate_data(
        estimator,
        X,
        y,
        accept_sparse=SPARSE_FORMATS,
        multi_output=True,
        y_numeric=numeric,
        dtype=PRECISIONS,
        reset=reset,
    )


def _is_plain_target(y: Any, numeric: bool) -> bool:
    if type(y) is not np.ndarray or y.ndim != 1:
        return False
    if not numeric:
        return y.dtype.kind in "biuU"
    return y.dtype in PLAIN and is_finite(y)


def has_seen(estimator: BaseEstimator, X: np.ndarray) -> bool:
    """Whether X (rows, features) has as many features as the estimator was fitted to, without names."""
    known = vars(estimator)
    return X.ndim == 2 and X.shape[1] == known.get("n_features_in_") and "feature_names_in_" not in known


def checked_rows(estimator: BaseEstimator, X: Any) -> Any:
    """X to predict for, of the features that were fitted to. Raises scikit-learn's ValueErrors."""
    if is_plain(X) and has_seen(estimator, X):
        return X
    return validate_data(estimator, X, accept_sparse=SPARSE_FORMATS, reset=False)


def checked_weights(sample_weight: Any, rows: int, name: str = "sample_weight") -> np.ndarray | None:
    """Sample weights as float64, (rows,); one number counts for all rows. Raises ValueError."""
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Real):
        return np.full(rows, float(sample_weight))
    weights = check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name=name)
    if weights.ndim != 1:
        raise InputError(f"Sample weights must be 1D array or scalar, got {weights.ndim}D array")
    if weights.shape != (rows,):
        raise InputError(f"{name}.shape == {weights.shape}, expected {(rows,)}")
    if not weights.any():
        raise InputError(f"{name} is zero for every row; there is nothing to learn from")
    return weights


def as_rows(X: Any, dtype: str) -> Any:
    """X as the engine takes it: contiguous rows of this precision, or a sparse matrix by rows."""
    if sparse.issparse(X):
        return X.tocsr().astype(dtype, copy=False)
    return np.ascontiguousarray(X, dtype=dtype)


def dense_rows(X: Any, rows: Any) -> np.ndarray:
    """The rows of X that an array of positions or a slice names, dense."""
    return X[rows].toarray() if sparse.issparse(X) else np.ascontiguousarray(X[rows])


def dense_parts(X: Any) -> Iterator[tuple[slice, np.ndarray]]:
    """All of X, dense: an array at once, a sparse matrix some rows at a time."""
    if not sparse.issparse(X):
        yield slice(0, len(X)), X
        return
    for start in range(0, X.shape[0], ROWS_AT_ONCE):
        part = slice(start, min(start + ROWS_AT_ONCE, X.shape[0]))
        yield part, X[part].toarray()

"""Tables as people hand them over, and what comes with them: a value for each row, and how much it counts."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import DataConversionWarning

from layerwise.errors import InputError
from layerwise.tables import frame_from

if TYPE_CHECKING:
    import polars as pl


class Rows(NamedTuple):
    """Rows of a table: the columns, the labels or values to learn, weights (m,) or None, groups or None."""

    frame: pl.DataFrame
    labels: pl.Series
    weights: np.ndarray | None
    groups: np.ndarray | None

    def at(self, positions: np.ndarray) -> Rows:
        """The rows at these positions, in their order."""
        return Rows(
            self.frame[positions],
            self.labels[positions],
            None if self.weights is None else self.weights[positions],
            None if self.groups is None else self.groups[positions],
        )

    def where(self, keep: np.ndarray) -> Rows:
        """The rows where `keep` (m,) is true."""
        return self if keep.all() else self.at(np.flatnonzero(keep))


def training_rows(X: Any, y: Any, sample_weight: Any, groups: Any) -> Rows:
    """What `fit` was given, without the rows that count for nothing. Raises InputError."""
    frame = frame_from(X)
    if not frame.width:
        raise InputError(f"X has 0 feature(s) (shape={np.shape(X)}) while a minimum of 1 is required.")
    if y is None:
        raise InputError("fit requires y to be passed, but the target y is None")
    labels = series_for(y, "y", frame)
    weights = sample_weights(sample_weight, frame.height)
    if groups is not None:
        groups = series_for(groups, "groups", frame).to_numpy()
    rows = Rows(frame, labels, weights, groups)
    if weights is not None:
        rows = rows.where(weights > 0)
    if rows.frame.height == 1:
        raise InputError("X has one sample that counts; a network learns from two rows at least")
    return rows


def table_like_trained(estimator: BaseEstimator, X: Any) -> pl.DataFrame:
    """X as a table. Named columns may come in any order and with others among them.

    Raises InputError for an array whose columns are not as many as in training.
    """
    frame = frame_from(X)
    if frame.width != estimator.n_features_in_ and not _names_its_columns(X):
        raise InputError(
            f"X has {frame.width} features, but {type(estimator).__name__} is expecting "
            f"{estimator.n_features_in_} features as input"
        )
    return frame


def _names_its_columns(X: Any) -> bool:
    if isinstance(X, Mapping) or hasattr(X, "columns") or hasattr(X, "column_names"):
        return True
    return isinstance(X, Sequence) and len(X) > 0 and isinstance(X[0], Mapping)


def series_for(values: Any, name: str, frame: pl.DataFrame) -> pl.Series:
    """One value per row of `frame`, under a name that the frame does not use. Raises InputError."""
    import polars as pl

    if not isinstance(values, pl.Series):
        values = _one_column(values, name)
    column = values.to_frame() if isinstance(values, pl.Series) else frame_from({name: values})
    if column.height != frame.height:
        raise InputError(f"{name} has {column.height:,} values for {frame.height:,} rows")
    series = column.to_series()
    while not series.name or series.name in frame.columns:
        series = series.alias(f"{series.name or name}_")
    return series


def _one_column(values: Any, name: str) -> Any:
    """The values themselves, out of an array-like of any kind or a table of one column."""
    if hasattr(values, "columns"):
        frame = frame_from(values)
        _require_one_column(frame.width, name)
        _warn_of_a_column(name)
        return frame.to_series()
    if not hasattr(values, "__len__") and hasattr(values, "__array__"):
        values = np.asarray(values)
    if isinstance(values, np.ndarray) and values.ndim == 2:
        _require_one_column(values.shape[1], name)
        _warn_of_a_column(name)
        values = values.ravel()
    return values


def _require_one_column(columns: int, name: str) -> None:
    if columns != 1:
        raise InputError(
            f"{name} has {columns} columns; an estimator for tables takes one value for each row: fit one "
            "for each column (sklearn.multioutput), or use MLPClassifier or MLPRegressor, which take several"
        )


def _warn_of_a_column(name: str) -> None:
    warnings.warn(
        f"A column-vector {name} was passed when a 1d array was expected. Please change the shape of {name} "
        "to (n_samples,), for example using ravel().",
        DataConversionWarning,
        stacklevel=5,
    )


def sample_weights(values: Any, rows: int, name: str = "sample_weight") -> np.ndarray | None:
    """Sample weights as float64, (rows,). Raises InputError for negative, missing or infinite ones."""
    if values is None:
        return None
    weights = np.asarray(values, dtype=np.float64).ravel()
    if len(weights) != rows:
        raise InputError(f"{name} has {len(weights):,} values for {rows:,} rows")
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if wrong.size:
        raise InputError(
            f"{name} is {weights[wrong[0]]} in row {wrong[0] + 1:,} "
            f"(and wrong in {wrong.size - 1:,} more); expected finite numbers of at least 0"
        )
    if not weights.any():
        raise InputError(f"{name} is zero for every row")
    return weights

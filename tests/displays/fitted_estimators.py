"""Small estimators of every kind, fitted once."""

from __future__ import annotations

import functools
import warnings

import numpy as np
import polars as pl
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from layerwise import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor

TABLE = {"hidden": (8, 5), "activation": "relu", "epochs": 12, "learning_rate": 0.01, "engine": "numpy"}
ARRAYS = {"hidden_layer_sizes": (8, 5), "max_iter": 12, "random_state": 0, "engine": "numpy"}
KINDS = ("table classifier", "table regressor", "classifier", "regressor", "pipeline")


def frame(rows: int = 160) -> pl.DataFrame:
    """Two numbers."""
    return pl.DataFrame(np.random.default_rng(0).normal(size=(rows, 2)), schema=["a", "b"])


def labels() -> np.ndarray:
    X = frame().to_numpy()
    return np.where(X[:, 0] * X[:, 1] > 0, "yes", "no")


@functools.cache
def fitted(kind: str):
    """An estimator of that kind, fitted to `frame()`; not to be changed."""
    X = frame()
    values = X.to_numpy().prod(axis=1) + X["a"].to_numpy()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Stochastic Optimizer")
        if kind == "table classifier":
            return TabularClassifier(**TABLE).fit(X, labels())
        if kind == "table regressor":
            return TabularRegressor(**TABLE).fit(X, values)
        if kind == "classifier":
            model = MLPClassifier(**ARRAYS, statistics=True, early_stopping=True, dropout=0.1)
            return model.fit(X, labels())
        if kind == "regressor":
            return MLPRegressor(**ARRAYS, statistics=True).fit(X, values)
        return make_pipeline(StandardScaler(), MLPClassifier(**ARRAYS, statistics=True)).fit(X, labels())

"""The scikit-learn faces: drop-ins for its networks, estimators for tables, reading a saved one."""

from layerwise.estimators.loading import load, load_tabular
from layerwise.estimators.mlp import MLPClassifier, MLPRegressor
from layerwise.estimators.tabular import TabularClassifier, TabularRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "TabularClassifier", "TabularRegressor", "load", "load_tabular"]

"""The scikit-learn faces: drop-ins for its networks, estimators that take a table, reading a saved one back."""

from layerwise.estimators.loading import load
from layerwise.estimators.mlp import MLPClassifier, MLPRegressor
from layerwise.estimators.tabular import TabularClassifier, TabularRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "TabularClassifier", "TabularRegressor", "load"]

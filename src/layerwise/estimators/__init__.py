"""The scikit-learn faces: estimators that take a table, and how a saved one is read back."""

from layerwise.estimators.loading import load
from layerwise.estimators.tabular import TabularClassifier, TabularRegressor

__all__ = ["TabularClassifier", "TabularRegressor", "load"]

"""Ready callbacks: give them to `fit(..., callbacks=[...])` of any estimator here.

A callback is any object with one of the methods of `layerwise.training.Callback`; these are the usual ones.
"""

from layerwise.callbacks.checkpoint import Checkpoint
from layerwise.callbacks.early_stopping import EarlyStopping
from layerwise.callbacks.mlflow_logging import MLflow
from layerwise.callbacks.tensorboard_logging import TensorBoard

__all__ = ["Checkpoint", "EarlyStopping", "MLflow", "TensorBoard"]

"""One run of `layerwise train`: its options, its work, its folder, and what can be done with that."""

from layerwise.runs.config import OPTIONS, TrainConfig
from layerwise.runs.config_file import config_text, read_config
from layerwise.runs.evaluation_run import Evaluation, evaluate_file
from layerwise.runs.prediction import Prediction, predict_file
from layerwise.runs.stored_run import Run, read_run
from layerwise.runs.training_run import run_training

__all__ = [
    "OPTIONS",
    "Evaluation",
    "Prediction",
    "Run",
    "TrainConfig",
    "config_text",
    "evaluate_file",
    "predict_file",
    "read_config",
    "read_run",
    "run_training",
]

"""How good predictions are: metrics, how sure one can be of them, and what they rest on."""

from layerwise.evaluation.baseline import baseline_metrics, baseline_prediction
from layerwise.evaluation.curves import (
    CalibrationCurve,
    Residuals,
    RocCurve,
    calibration_curve,
    confusion_matrix,
    residuals,
    roc_curves,
)
from layerwise.evaluation.importance import Importance, importance_metric, permutation_importance
from layerwise.evaluation.intervals import confidence_intervals
from layerwise.evaluation.metrics import HIGHER_IS_BETTER, absent_metrics, evaluate

__all__ = [
    "HIGHER_IS_BETTER",
    "CalibrationCurve",
    "Importance",
    "Residuals",
    "RocCurve",
    "absent_metrics",
    "baseline_metrics",
    "baseline_prediction",
    "calibration_curve",
    "confidence_intervals",
    "confusion_matrix",
    "evaluate",
    "importance_metric",
    "permutation_importance",
    "residuals",
    "roc_curves",
]

"""Drawing what is inside a fitted estimator, by the convention of scikit-learn's displays.

A display is made by a class method (`from_estimator`, `from_history`), holds what it draws as plain arrays,
and can draw it again elsewhere: `display.plot(ax=...)`. Decision boundaries are drawn by scikit-learn's own
`sklearn.inspection.DecisionBoundaryDisplay`, which takes these estimators as they are.
"""

from layerwise.displays.cost_curve import CostCurveDisplay
from layerwise.displays.gradient_flow import GradientFlowDisplay
from layerwise.displays.layer_histograms import LayerHistogramDisplay

__all__ = ["CostCurveDisplay", "GradientFlowDisplay", "LayerHistogramDisplay"]

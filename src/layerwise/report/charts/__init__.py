"""The pictures of the report, as inline SVG in the page's own colours and font."""

from layerwise.report.charts.boundary import boundary_chart
from layerwise.report.charts.classification import classification_charts, confusion_table
from layerwise.report.charts.learning import inside_charts, learning_charts
from layerwise.report.charts.regression import regression_charts
from layerwise.report.charts.themed_svg import Chart

__all__ = [
    "Chart",
    "boundary_chart",
    "classification_charts",
    "confusion_table",
    "inside_charts",
    "learning_charts",
    "regression_charts",
]

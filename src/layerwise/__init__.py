"""Train a plain deep network on your own data, at the speed of the machine, and see through it.

    from layerwise import TabularClassifier, load
    model = TabularClassifier().fit(frame, labels)
    model.save("model"); load("model").predict(frame)

At the shell: `layerwise train data.csv --target column`, see `layerwise --help`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from layerwise._version import __version__

if TYPE_CHECKING:
    from layerwise import callbacks, course, datasets
    from layerwise.checking import GradientCheck, check_gradients
    from layerwise.comparison import compare
    from layerwise.diagnosis import diagnose
    from layerwise.displays import CostCurveDisplay, GradientFlowDisplay, LayerHistogramDisplay
    from layerwise.estimators import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor, load

# Public names and where they live. Each is imported when first used, so that `import layerwise` is quick.
_HOMES = {
    "CostCurveDisplay": "layerwise.displays",
    "GradientFlowDisplay": "layerwise.displays",
    "GradientCheck": "layerwise.checking",
    "LayerHistogramDisplay": "layerwise.displays",
    "MLPClassifier": "layerwise.estimators",
    "MLPRegressor": "layerwise.estimators",
    "TabularClassifier": "layerwise.estimators",
    "TabularRegressor": "layerwise.estimators",
    "check_gradients": "layerwise.checking",
    "compare": "layerwise.comparison",
    "diagnose": "layerwise.diagnosis",
    "load": "layerwise.estimators",
}
_ROOMS = ("callbacks", "course", "datasets")

__all__ = [
    "CostCurveDisplay",
    "GradientCheck",
    "GradientFlowDisplay",
    "LayerHistogramDisplay",
    "MLPClassifier",
    "MLPRegressor",
    "TabularClassifier",
    "TabularRegressor",
    "__version__",
    "callbacks",
    "check_gradients",
    "compare",
    "course",
    "datasets",
    "diagnose",
    "load",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"layerwise.{name}")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'layerwise' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

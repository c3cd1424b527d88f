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
    from layerwise import course, datasets
    from layerwise.comparison import compare
    from layerwise.diagnosis import diagnose
    from layerwise.estimators import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor, load

# Public names and where they live. Each is imported when first used, so that `import layerwise` is quick.
_HOMES = {
    "MLPClassifier": "layerwise.estimators",
    "MLPRegressor": "layerwise.estimators",
    "TabularClassifier": "layerwise.estimators",
    "TabularRegressor": "layerwise.estimators",
    "compare": "layerwise.comparison",
    "diagnose": "layerwise.diagnosis",
    "load": "layerwise.estimators",
}
_ROOMS = ("course", "datasets")

__all__ = [
    "MLPClassifier",
    "MLPRegressor",
    "TabularClassifier",
    "TabularRegressor",
    "__version__",
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

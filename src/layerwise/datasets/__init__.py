"""Data to try things on: our own two-dimensional generators, and the sets that scikit-learn carries."""

from layerwise.datasets.bundled import Dataset, load, names
from layerwise.datasets.plane import circles, football, moons

__all__ = ["Dataset", "circles", "football", "load", "moons", "names"]

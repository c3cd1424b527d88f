"""The version, in one place: the package, the model files and the reports read it."""

__version__ = "0.1.0.dev0"

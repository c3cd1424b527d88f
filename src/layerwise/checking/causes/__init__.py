"""Which bug explains how an analytic gradient differs from the numeric one."""

from layerwise.checking.causes.finding import find_causes

__all__ = ["find_causes"]

"""Which bug explains how an analytic gradient differs from the numeric one."""

from layerwise.checking.causes.finding import find_causes
from layerwise.checking.causes.layers import backward_groups

__all__ = ["backward_groups", "find_causes"]

"""Gradient checking: is a gradient right, and if not, which parameter is wrong, how, and why."""

from layerwise.checking.evidence import CAUSES
from layerwise.checking.network_check import NetworkBatch
from layerwise.checking.public import check_gradients
from layerwise.checking.result import GradientCheck, GradientIsWrong, ParameterCheck

__all__ = ["CAUSES", "GradientCheck", "GradientIsWrong", "NetworkBatch", "ParameterCheck", "check_gradients"]

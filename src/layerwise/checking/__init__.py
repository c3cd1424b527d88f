"""Gradient checking: is a gradient right, and if not, which parameter is wrong, how, and why."""

from layerwise.checking.evidence import CAUSES
from layerwise.checking.network_check import NetworkBatch
from layerwise.checking.public import check_gradients, sweep_steps
from layerwise.checking.result import GradientCheck, GradientIsWrong, ParameterCheck
from layerwise.checking.sweep import Sweep

__all__ = [
    "CAUSES",
    "GradientCheck",
    "GradientIsWrong",
    "NetworkBatch",
    "ParameterCheck",
    "Sweep",
    "check_gradients",
    "sweep_steps",
]

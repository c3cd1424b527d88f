"""The planted bugs of benchmarks/, for the tests: one fault, in one network, at one layer, in one style."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
if not (BENCHMARKS / "planted_bugs").is_dir():
    pytest.skip("the planted bugs in benchmarks/ are not here", allow_module_level=True)
sys.path.insert(0, str(BENCHMARKS))

from planted_bugs.collection import Case, case_of  # noqa: E402
from planted_bugs.faults import FAULTS  # noqa: E402
from planted_bugs.network import Network, Spec  # noqa: E402
from planted_bugs.styles import Style  # noqa: E402

BY_NAME = {fault.name: (kind, fault) for kind, faults in FAULTS.items() for fault in faults}
SMALL = Spec((3, 4, 2, 1), "tanh", "binary", m=8, seed=1)
SQUARE = Spec((4, 4, 4, 1), "tanh", "binary", m=9, seed=2)
CLASSES = Spec((3, 5, 4), "sigmoid", "softmax", m=7, seed=3)
PENALIZED = Spec((3, 4, 2), "leaky_relu", "squared", m=6, penalty=0.5, seed=4)
DROPPED = Spec((3, 6, 4, 1), "relu", "binary", m=12, keep_prob=0.7, seed=5)


def planted_case(name: str, spec: Spec, layer: int, style: str = "course") -> Case:
    """A case with the fault of that name."""
    network = Network.drawn(spec)
    kind, fault = BY_NAME[name]
    assert layer in fault.layers(network), f"{name} cannot be made in layer {layer} of {spec.sizes}"
    return case_of(fault, kind, network, layer, Style(style, network))

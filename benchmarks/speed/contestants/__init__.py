"""Who does the works. Each module has `fit`, `seeds` and `predict`, as far as its library does them.

Each takes (work, examples, threads) and returns the ways it can be written, see `speed.runner.Ways`; what it
needs before the clock starts (data handed over, code compiled) happens when a way is called.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import NamedTuple


class Contestant(NamedTuple):
    """A contestant by its name in the table, the module that plays it and the distribution it needs."""

    name: str
    module: str
    needs: str

    @property
    def is_peer(self) -> bool:
        return not self.name.startswith("layerwise")

    def play(self) -> ModuleType:
        return importlib.import_module(f"speed.contestants.{self.module}")


CONTESTANTS: tuple[Contestant, ...] = (
    Contestant("layerwise", "layerwise_training", "layerwise"),
    Contestant("layerwise engine", "layerwise_engine", "layerwise"),
    Contestant("scikit-learn", "scikit_learn", "scikit-learn"),
    Contestant("torch eager", "torch_eager", "torch"),
    Contestant("torch compile", "torch_compile", "torch"),
    Contestant("jax", "jax_scan", "jax"),
    Contestant("onnxruntime", "onnx_runtime", "onnxruntime"),
)

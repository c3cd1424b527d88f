"""The engines: one contract, the NumPy reference and the same step compiled.

`build_engine` picks one by name; see `contract.Engine` for what an engine does.
"""

from layerwise.engine.choice import ENGINE_NAMES, build_engine, engine_named
from layerwise.engine.contract import (
    DTYPES,
    Batches,
    Engine,
    Program,
    StepTotals,
    TrainingState,
    cost_of,
    output_activation,
)
from layerwise.engine.threads import allowed_threads, at_most

__all__ = [
    "DTYPES",
    "ENGINE_NAMES",
    "Batches",
    "Engine",
    "Program",
    "StepTotals",
    "TrainingState",
    "allowed_threads",
    "at_most",
    "build_engine",
    "cost_of",
    "engine_named",
    "output_activation",
]

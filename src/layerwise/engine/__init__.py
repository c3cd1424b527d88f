"""The engines: one contract, the NumPy reference and the same step compiled.

`build_engine` picks one by name; see `contract.Engine` for what an engine does.
"""

from layerwise.engine.choice import ENGINE_NAMES, build_engine, build_side_by_side, engine_named
from layerwise.engine.contract import (
    DTYPES,
    Batches,
    Check,
    Engine,
    LaneState,
    Program,
    SideBySide,
    StepTotals,
    TrainingState,
    cost_of,
    output_activation,
)
from layerwise.engine.threads import allowed_threads, at_most, shared_processors

__all__ = [
    "DTYPES",
    "ENGINE_NAMES",
    "Batches",
    "Check",
    "Engine",
    "LaneState",
    "Program",
    "SideBySide",
    "StepTotals",
    "TrainingState",
    "allowed_threads",
    "at_most",
    "build_engine",
    "build_side_by_side",
    "cost_of",
    "engine_named",
    "output_activation",
    "shared_processors",
]

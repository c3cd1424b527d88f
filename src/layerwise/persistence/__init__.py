"""Model files: safetensors for the numbers, JSON for the rest, never pickle.

Every file is written whole or not at all.
"""

from layerwise.persistence.atomic import write_atomically
from layerwise.persistence.checkpoint_files import read_checkpoint, write_checkpoint
from layerwise.persistence.finished_runs import FinishedRuns, run_key
from layerwise.persistence.model_files import (
    MODEL_ARRAYS,
    MODEL_DOCUMENT,
    models_beside,
    read_model,
    write_model,
)

__all__ = [
    "MODEL_ARRAYS",
    "MODEL_DOCUMENT",
    "FinishedRuns",
    "models_beside",
    "read_checkpoint",
    "read_model",
    "run_key",
    "write_atomically",
    "write_checkpoint",
    "write_model",
]

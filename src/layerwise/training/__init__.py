"""The loop: epochs and mini-batches, the learning rate, the history, when to stop and what to keep."""

from layerwise.training.callback import Callback
from layerwise.training.history import History
from layerwise.training.loop import train
from layerwise.training.passes import Blocks, Data
from layerwise.training.recipe import Recipe
from layerwise.training.result import Result
from layerwise.training.seeds import train_seeds
from layerwise.training.snapshot import Snapshot

__all__ = ["Blocks", "Callback", "Data", "History", "Recipe", "Result", "Snapshot", "train", "train_seeds"]

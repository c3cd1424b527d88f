"""How a run ended, and the best epoch on the way there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from layerwise.engine import TrainingState
from layerwise.training.history import History


@dataclass
class Result:
    """How a run ended.

    `parameters` are those at the end of `best_epoch` (0: the start), finite even where the run diverged and
    `state` is no longer: a copy, but for the last epoch's, which are the state's own. `stopped` is one of
    "epochs", "patience", "diverged", "interrupted", "callback"; `reason` says it in a sentence.
    """

    parameters: np.ndarray
    history: History
    best_epoch: int
    stopped: str
    reason: str
    seconds: float
    state: TrainingState


@dataclass
class Best:
    """The best epoch so far by the monitored value (turned so that lower is better)."""

    score: float = np.inf
    epoch: int = 0
    waited: int = 0
    parameters: np.ndarray | None = None

    def see(self, score: float, epoch: int, parameters: np.ndarray | None, min_delta: float) -> None:
        if np.isnan(score) or not (score < self.score - min_delta or self.epoch == 0):
            self.waited += 1
            return
        self.score, self.epoch, self.waited = score, epoch, 0
        if parameters is not None:
            # The old copy goes before the new one is made; it is not written into, for snapshots hold it.
            self.parameters = None
            self.parameters = parameters.copy()


def reason_of(stopped: str, done: int) -> str:
    """Why a run ended after so many epochs that went to its "epochs" or was "interrupted", in a sentence."""
    return f"all {done} epochs were done" if stopped == "epochs" else f"interrupted in epoch {done}"

"""Keep a run on disk while it goes, so that it can go on after whatever stopped it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from numbers import Real
from pathlib import Path
from typing import Any

from layerwise.errors import InputError
from layerwise.persistence import read_checkpoint, write_checkpoint
from layerwise.training import Snapshot
from layerwise.training.snapshot import differences


class Checkpoint:
    """Writes where a run stands into one file; the same `fit` with the same file goes on from there.

    It goes on to the same bits as if it had never stopped: parameters, what the optimizer remembers, the
    schedule, the best epoch so far and the history are all in the file, which is written whole or not at all.
    A run is known by its network, its settings and its training rows; more `epochs` or another `patience`
    make no other run. The validation rows are taken to be the same. A run that was complete is not repeated.

    Parameters
    ----------
    path : str or path
        The file, for example "churn.checkpoint".
    seconds : float
        Write at most so often while the run goes; 0 after every epoch. At the end it is always written.
    resume : bool
        False starts anew and writes over the file.

    Attributes
    ----------
    resumed_from_ : epochs that were done before; 0 where there was nothing to go on from.

    Raises InputError, before training, where the file is damaged, belongs to another run (it says what
    differs), or cannot be written.
    """

    path: str | os.PathLike[str]
    seconds: float
    resume: bool
    resumed_from_: int

    def __init__(self, path: str | os.PathLike[str], *, seconds: float = 10.0, resume: bool = True) -> None:
        if not (isinstance(seconds, Real) and seconds >= 0):
            raise InputError(f"seconds is {seconds!r}; expected a number of at least 0")
        self.path = path
        self.seconds = seconds
        self.resume = resume

    def on_fit_begin(self, estimator: Any) -> None:
        """Refuse what cannot go on."""
        if getattr(estimator, "solver", None) == "lbfgs":
            raise InputError("the solver lbfgs cannot go on from a checkpoint; choose sgd or adam")
        if getattr(estimator, "random_state", 0) is None:
            raise InputError("a run without a random_state is another one each time; give it one")

    def restore(self, identity: Mapping[str, Any]) -> Snapshot | None:
        """What the file says of this run; None where there is no file, or none is wanted."""
        self.resumed_from_ = 0
        self._pending: Snapshot | None = None
        self._written = time.monotonic()
        if Path(self.path).is_dir():
            raise InputError(f"{self.path} is a folder; a checkpoint is a file: {self.path}/run.checkpoint")
        found = read_checkpoint(self.path) if self.resume else None
        if found is None:
            return None
        snapshot = Snapshot(*found)
        different = differences(snapshot.identity, identity)
        if different:
            raise InputError(
                f"the checkpoint {self.path} belongs to another run: {'; '.join(different[:5])}"
                f"{' and more' if len(different) > 5 else ''}. Give this run another path, or resume=False "
                "to write over it"
            )
        self.resumed_from_ = len(snapshot.document["history"])
        return snapshot

    def on_snapshot(self, take: Callable[[], Snapshot]) -> None:
        """Write it, or keep it for the end where the last one was just written."""
        self._pending = take()
        if time.monotonic() - self._written >= self.seconds:
            self._write()

    def on_train_end(self, result: Any) -> None:
        """Write what is not yet written."""
        self._write()

    def _write(self) -> None:
        if self._pending is not None:
            write_checkpoint(self.path, *self._pending)
            self._pending, self._written = None, time.monotonic()

"""What a run tells those who watch it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from layerwise.errors import InputError
from layerwise.training.snapshot import Snapshot

if TYPE_CHECKING:
    from layerwise.training.result import Result


class Callback(Protocol):
    """Watches a run. Any object that has one of these methods will do."""

    def on_fit_begin(self, estimator: Any) -> None:
        """Before anything else, where an estimator is fitted."""

    def restore(self, identity: Mapping[str, Any]) -> Snapshot | None:
        """A snapshot that the run of this identity is to go on from, if there is one."""

    def on_train_begin(self, plan: Mapping[str, Any]) -> None:
        """Before the first epoch: {"epochs", "steps", "rows", "engine", "compiling", "parameters",
        "monitor", "history"}; the history holds the rows of the epochs that were done before."""

    def on_steps_end(self, epoch: int, steps: int) -> None:
        """A few times a second at most: `steps` of this epoch (from 1) are done."""

    def on_epoch_end(self, row: Mapping[str, Any]) -> bool | None:
        """The epoch's row of the history; return True to stop the run."""

    def on_snapshot(self, take: Callable[[], Snapshot]) -> None:
        """After an epoch that was run to its end: `take` says where the run stands, during this call."""

    def on_train_end(self, result: Result) -> None:
        """After the last epoch."""

    def on_fit_end(self, estimator: Any) -> None:
        """When the estimator that was fitted is ready to predict."""


def _nothing(*arguments: Any) -> None:
    return None


def listed(callbacks: Any) -> Sequence[Any]:
    """What `fit` was given as callbacks, as a sequence; None is none. Raises InputError."""
    if callbacks is None:
        return ()
    if not isinstance(callbacks, Sequence) or isinstance(callbacks, str):
        raise InputError(
            f"callbacks is {callbacks!r}; expected a list of objects: "
            f"callbacks=[{type(callbacks).__name__}(...)]"
        )
    return callbacks


def tell(callbacks: Sequence[Any], event: str, *arguments: Any) -> list[Any]:
    """Call the method of that name of each callback that has one; what they returned, None for the others."""
    return [getattr(callback, event, _nothing)(*arguments) for callback in callbacks]

"""What an estimator shows of the network inside it: to displays as arrays, in a notebook as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from layerwise.engine import Program
from layerwise.estimators.network_html import network_html


class SeenNetwork:
    """For estimators with one network inside. They say where it is; this shows it.

    scikit-learn draws estimators in notebooks with a box for each, in pipelines too, and asks each for the
    HTML of its parameters (from scikit-learn 1.7 on); the network stands above them in the same box.
    """

    def _network_parts(self) -> tuple[Program, np.ndarray]:
        """(program, flat parameters) of the fitted network. Raises NotFittedError."""
        raise NotImplementedError

    def _network_rows(self, X: Any) -> np.ndarray:
        """Rows as the network sees them, of its precision.   (m, n[0])"""
        raise NotImplementedError

    def _planned_layers(self) -> list[tuple[int, str]]:
        """(units, activation) of each hidden layer, as the parameters say. Raises InputError."""
        raise NotImplementedError

    def _kept_epoch(self) -> int | None:
        """The epoch whose parameters were kept for its validation, or None where the last ones were."""
        raise NotImplementedError

    def _training_facts(self) -> list[str]:
        """How training went, for a fitted network, in a few words each."""
        raise NotImplementedError

    def _get_params_html(self, deep: bool = True, doc_link: str = "") -> Any:
        parameters = super()._get_params_html(deep, doc_link)  # type: ignore[misc]
        return _UnderTheNetwork(network_html(self), parameters)


class _UnderTheNetwork(NamedTuple):
    """scikit-learn's table of parameters with the network's HTML above it."""

    network: str
    parameters: Any

    def _repr_html_inner(self) -> str:
        return self.network + self.parameters._repr_html_inner()


def facts_of(history: Sequence[Mapping[str, Any]], kept: int | None) -> list[str]:
    """How a run went: epochs, its last cost, and what the validation said of the epoch that was kept.

    history: a row for each epoch.  kept: the number of an epoch, or None for the last.
    """
    if not history:
        return []
    last = history[-1]
    facts = [
        f"{len(history):,} {'epoch' if len(history) == 1 else 'epochs'}",
        f"last cost {last['cost']:.4g}",
    ]
    row = next((row for row in history if row["epoch"] == kept), last)
    measured = {name: value for name, value in row.items() if name.startswith("validation_")}
    if measured and kept is not None:
        facts.append(f"epoch {kept:,} kept")
    return facts + [
        f"{name.replace('_', ' ')} {value:.4g}" for name, value in measured.items() if value is not None
    ]

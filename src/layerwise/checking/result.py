"""What a gradient check found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from layerwise.checking.evidence import ParameterEvidence
from layerwise.checking.measuring import Corner
from layerwise.errors import LayerwiseError


class GradientIsWrong(LayerwiseError, AssertionError):
    """A gradient did not pass its check. Its text is the check's."""


class Entry(NamedTuple):
    """One entry of a parameter's gradient, as it was given and as it was measured."""

    index: tuple[int, ...]  # type: ignore[assignment]
    analytic: float
    numeric: float


@dataclass(frozen=True)
class ParameterCheck:
    """What was found of one parameter.

    `difference` is ||A - N|| / (||A|| + ||N||) of its gradient alone. `cause`, where it did not pass, is one
    of `layerwise.checking.CAUSES`, `factor` that of a fault of scale, `explanation` one or two sentences.
    `follows` names the parameter whose fault explains this one. `worst` are the entries farthest off.
    `resolution` is the share of the gradient's size that the errors of N come to: what is wrong by less
    cannot be seen. `kinks` counts the entries left out of the verdict.
    """

    name: str
    shape: tuple[int, ...]
    difference: float
    passed: bool
    cause: str | None
    factor: float | None
    explanation: str
    follows: str | None
    worst: tuple[Entry, ...]
    resolution: float
    kinks: int


@dataclass(frozen=True)
class GradientCheck:
    """The result of `layerwise.check_gradients`.

    `difference` is the note's (figure 26), over the whole vector: ||A - N|| / (||A|| + ||N||). `culprit` is
    the parameter where the fault begins, seen from the output, or None. `kinks` are the entries where the
    cost has a corner, left out of the verdict: there A is a convention. `evaluations` counts those of the
    cost.
    """

    passed: bool
    difference: float
    tolerance: float
    culprit: str | None
    parameters: Mapping[str, ParameterCheck]
    kinks: tuple[Corner, ...]
    evaluations: int
    notes: tuple[str, ...]
    evidence: Mapping[str, ParameterEvidence]

    @property
    def text(self) -> str:
        """The verdict in plain sentences, the culprit first."""
        from layerwise.checking.plain_text import text_of

        return text_of(self)

    @property
    def html(self) -> str:
        """A table of the parameters with a heat map of the error of each."""
        from layerwise.checking.table import html_of

        return html_of(self)

    def _repr_html_(self) -> str:
        return self.html

    def __str__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        return self.passed

    def raise_if_wrong(self) -> None:
        """Raise GradientIsWrong, an AssertionError, with the text, unless the check passed."""
        if not self.passed:
            raise GradientIsWrong(self.text)

    def document(self) -> dict[str, Any]:
        """All of it but the single entries, as plain data for JSON; what is not finite is None."""
        return {
            "passed": self.passed,
            "difference": _plain(self.difference),
            "tolerance": self.tolerance,
            "culprit": self.culprit,
            "evaluations": self.evaluations,
            "kinks": [
                {
                    "name": corner.name,
                    "index": list(corner.index),
                    "left": _plain(corner.left),
                    "right": _plain(corner.right),
                    "analytic": _plain(corner.analytic),
                }
                for corner in self.kinks
            ],
            "notes": list(self.notes),
            "parameters": {name: _document(check) for name, check in self.parameters.items()},
        }


def _document(check: ParameterCheck) -> dict[str, Any]:
    return {
        "shape": list(check.shape),
        "difference": _plain(check.difference),
        "passed": check.passed,
        "cause": check.cause,
        "factor": _plain(check.factor),
        "explanation": check.explanation,
        "follows": check.follows,
        "worst": [
            {"index": list(entry.index), "analytic": _plain(entry.analytic), "numeric": _plain(entry.numeric)}
            for entry in check.worst
        ],
        "resolution": _plain(check.resolution),
        "kinks": check.kinks,
    }


def _plain(number: float | None) -> float | None:
    return None if number is None or not np.isfinite(number) else float(number)

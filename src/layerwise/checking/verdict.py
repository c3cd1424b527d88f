"""From what was measured to the verdict: which parameters are wrong, where the fault begins, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from layerwise.checking.evidence import Cause, ParameterEvidence, relative_difference
from layerwise.checking.measuring import Corner
from layerwise.checking.origins import origins_of
from layerwise.checking.result import Entry, GradientCheck, ParameterCheck
from layerwise.checking.searching import LargeParameter

WORST = 5
# A gradient known to fewer digits than this is said to be so.
COARSE = 1e-3


@dataclass(frozen=True)
class Measured:
    """One parameter's gradient as given, and what was measured of it: entries, directions, or both."""

    name: str
    analytic: np.ndarray
    evidence: ParameterEvidence | None
    large: LargeParameter | None

    @property
    def is_wrong(self) -> bool:
        return self.evidence is not None and self.evidence.is_wrong()

    @property
    def difference(self) -> float:
        """The parameter's own relative difference; from directions where only some entries were measured."""
        if self.large is not None and not (self.is_wrong and self.large.difference == 0):
            return self.large.difference
        assert self.evidence is not None
        return self.evidence.relative_difference()

    @property
    def resolution(self) -> float:
        """What the errors of N come to, against the size of A and N."""
        if self.large is not None:
            return self.large.resolution
        assert self.evidence is not None
        noise = np.where(self.evidence.trusted, self.evidence.noise, 0)
        size = _norm(np.where(self.evidence.trusted, self.evidence.analytic, 0))
        return _norm(noise) / size if size else float(noise.any())


def verdict_of(
    parameters: Mapping[str, Measured],
    corners: Sequence[Corner],
    causes: Mapping[str, Cause],
    groups: Sequence[Sequence[str]],
    tolerance: float,
    evaluations: int,
    notes: Sequence[str],
    step: float | None,
    differences: Mapping[str, np.ndarray] | None,
) -> GradientCheck:
    """The result. With a fixed step, `differences` decides whether the check passed, as in the note; what is
    said of the parameters comes from the steps that suit each entry."""
    wrong = [name for names in groups for name in names if parameters[name].is_wrong]
    follows = origins_of(wrong, groups, causes)
    checks = {
        name: _parameter_check(part, causes.get(name), name in wrong, follows.get(name), corners)
        for name, part in parameters.items()
    }
    difference = _whole_difference(parameters)
    passed, notes = not wrong, list(notes)
    if differences is not None:
        A = np.concatenate([parameters[name].analytic.astype(np.float64).reshape(-1) for name in differences])
        right, difference = difference, relative_difference(
            A, np.concatenate([differences[name].reshape(-1) for name in differences])
        )  # fmt: skip
        passed = difference <= tolerance
        if not passed and not wrong:
            notes.append(
                f"The gradient is right: with a step chosen for each entry the difference is {right:.1e}. "
                f"At the fixed step {step:g} the rounding or the truncation of the differences is what fails."
            )
        if passed and wrong:
            notes.append(
                f"At the fixed step {step:g} the whole vector passes, and hides what is wrong in a part."
            )
            passed = False
    culprit = next((name for name in follows if follows[name] is None), None)
    return GradientCheck(
        passed,
        difference,
        tolerance,
        culprit,
        checks,
        tuple(corners),
        evaluations,
        tuple(notes),
        {name: part.evidence for name, part in parameters.items() if part.evidence is not None},
    )


def _whole_difference(parameters: Mapping[str, Measured]) -> float:
    """||A - N|| / (||A|| + ||N||) over all parameters; a large one adds what its directions estimate."""
    apart, sizes = [], []
    for part in parameters.values():
        if part.large is not None:
            size = _norm(part.analytic.astype(np.float64))
            apart.append(part.difference * 2 * size)
            sizes.append((size, size))
        elif part.evidence is not None:
            trusted = part.evidence.trusted
            A, N = part.evidence.analytic[trusted], part.evidence.numeric[trusted]
            apart.append(_norm(A - N))
            sizes.append((_norm(A), _norm(N)))
    if not np.isfinite(apart).all():
        return float("inf")
    total = sum(_norm(np.array(side)) for side in zip(*sizes, strict=True))
    return _norm(np.array(apart)) / total if total else 0.0


def _norm(array: np.ndarray) -> float:
    """The Euclidean norm, without overflow or underflow."""
    largest = float(np.abs(array).max(initial=0.0))
    return largest * float(np.linalg.norm(array / largest)) if 0 < largest < np.inf else largest


def _parameter_check(
    part: Measured, cause: Cause | None, wrong: bool, follows: str | None, corners: Sequence[Corner]
) -> ParameterCheck:
    kinks = sum(corner.name == part.name for corner in corners)
    if wrong and cause is None:
        cause = Cause("unknown", None, f"{gradient_name(part.name)} is wrong.")
    explanation = cause.explanation if cause is not None and wrong else _reservation(part, kinks)
    return ParameterCheck(
        part.name,
        part.analytic.shape,
        part.difference,
        not wrong,
        cause.name if cause is not None and wrong else None,
        cause.factor if cause is not None and wrong else None,
        explanation,
        follows,
        _worst(part.evidence),
        part.resolution,
        kinks,
    )


def gradient_name(name: str) -> str:
    """ "dW1" for "W1"."""
    return f"d{name}"


def _reservation(part: Measured, kinks: int) -> str:
    """What keeps the verdict on a parameter that passed from being a full one; empty where nothing does."""
    name = gradient_name(part.name)
    if part.evidence is not None and part.large is None and not part.evidence.trusted.any():
        return f"{name} could not be judged: the cost has a corner at, or is not finite beside, every entry."
    if part.resolution > COARSE:
        if not part.analytic.any():
            return ""
        share = min(100 * part.resolution, 100)
        return (
            f"{name} is small beside the rounding of the cost: errors below {share:.3g}% of it are not seen."
        )
    return ""


def _worst(evidence: ParameterEvidence | None) -> tuple[Entry, ...]:
    """The entries farthest off, of those that count."""
    if evidence is None:
        return ()
    A, N = evidence.analytic.reshape(-1), evidence.numeric.reshape(-1)
    with np.errstate(all="ignore"):
        off = np.where(np.isfinite(A), np.abs(A - N), np.inf)
    off = np.where(evidence.trusted.reshape(-1), off, -1)
    entries = evidence.entries().reshape(-1)
    return tuple(
        Entry(
            tuple(int(i) for i in np.unravel_index(entries[k], evidence.whole_shape)),
            float(A[k]),
            float(N[k]),
        )
        for k in np.argsort(-off, kind="stable")[:WORST]
        if off[k] >= 0
    )

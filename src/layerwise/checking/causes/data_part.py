"""A right penalty beside a data part that is wrong: the rules, with the penalty taken off both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from layerwise.checking.causes.comparison import Comparison
from layerwise.checking.causes.naming import gradient_name, number, sentence
from layerwise.checking.causes.surroundings import Surroundings
from layerwise.checking.evidence import Cause

FEWEST_ENTRIES = 4
CLOSE = 1e-4


def data_part(
    comparison: Comparison,
    around: Surroundings,
    rules: Sequence[Callable[[Comparison, Surroundings], Cause | None]],
) -> Cause | None:
    """The first of the rules that explains A - P and N - P, where P = p theta is the penalty's gradient.

    The strength p is the cost's own where that is known. Else it is the one with which
    A = f N + (1 - f) p theta holds, for an f that means something.
    """
    if around.is_bias:
        return None
    for p, penalised in _penalties(comparison, around):
        rest = comparison.without(p * penalised * comparison.theta)
        for rule in rules:
            cause = rule(rest, around)
            if cause is not None:
                return cause._replace(explanation=_of_data(cause.explanation, comparison.name, p))
    return None


def _of_data(explanation: str, name: str, p: float) -> str:
    whole = gradient_name(name)
    text = sentence(explanation.replace(whole, f"the data part of {whole}", 1))
    return f"{text} The penalty's part, {number(p)} times {name}, is right."


def _penalties(c: Comparison, around: Surroundings) -> Iterator[tuple[float, np.ndarray]]:
    """(p, 1 where an entry is penalised)."""
    if around.penalty is not None:
        if around.penalty > 0:
            yield around.penalty, np.ones(c.theta.shape)
        return
    N, A = c.N[c.valid], c.A[c.valid]
    if N.size < FEWEST_ENTRIES or not np.isfinite(A).all():
        return
    for penalised in _choices(c.theta.shape):
        term = penalised * c.theta
        if not np.any(term[c.valid]):
            continue
        (factor, rest), *_ = np.linalg.lstsq(np.column_stack([N, term[c.valid]]), A, rcond=None)
        if factor == 1 or not c.is_explained_by(factor * c.N + rest * term, factor):
            continue
        p = float(rest / (1 - factor))
        means_something = abs(factor) < CLOSE or around.reading(float(factor)) is not None
        if p > 0 and means_something:
            yield p, penalised


def _choices(shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Which entries a penalty may leave out: none, or those of the intercept, first or last."""
    yield np.ones(shape)
    for first_or_last in (0, -1):
        penalised = np.ones(shape)
        if shape and shape[-1] > 1:
            penalised[..., first_or_last] = 0
            yield penalised

"""One parameter's two gradients, ready for the rules: which entries are wrong, and what explains them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from layerwise.checking.causes.naming import listed
from layerwise.checking.evidence import ParameterEvidence

# What an explanation may leave of the difference between the gradients, beyond what rounding leaves.
LEFT_OVER = 1e-5
# Where rounding alone makes up this much of the difference, nothing can be told from it.
DROWNED = 0.1
ROUNDINGS = 8.0
# A model must say something of this share of the entries.
ENOUGH = 0.5


@dataclass(frozen=True)
class Comparison:
    """A parameter's gradients as the rules read them: theta, A analytic, N numeric, all of one shape.

    `entries`: the flat index of each in the whole parameter.
    """

    evidence: ParameterEvidence
    name: str
    theta: np.ndarray
    A: np.ndarray
    N: np.ndarray
    noise: np.ndarray
    valid: np.ndarray
    entries: np.ndarray

    @classmethod
    def of(cls, evidence: ParameterEvidence, part: tuple[slice, ...] = ()) -> Comparison:
        """Of a parameter, or of a part of it: the bias column of a matrix that holds both, for example."""
        A, N = (np.asarray(array, dtype=np.float64)[part] for array in (evidence.analytic, evidence.numeric))
        noise, theta = np.asarray(evidence.noise)[part], np.asarray(evidence.value, dtype=np.float64)[part]
        valid = np.asarray(evidence.trusted)[part] & np.isfinite(N) & np.isfinite(noise)
        N, noise = np.where(valid, N, 0.0), np.where(valid, noise, 0.0)
        return cls(evidence, evidence.name, theta, A, N, noise, valid, evidence.entries()[part])

    def without(self, part: np.ndarray) -> Comparison:
        """The same with a part of this shape taken off both gradients: what a penalty adds, for example."""
        return replace(self, A=self.A - part, N=np.where(self.valid, self.N - part, 0.0))

    def as_column(self) -> Comparison:
        """A vector as a matrix of one column."""
        arrays = (self.theta, self.A, self.N, self.noise, self.valid, self.entries)
        return Comparison(self.evidence, self.name, *(array.reshape(-1, 1) for array in arrays))

    @cached_property
    def D(self) -> np.ndarray:
        """A - N, and 0 where nothing is known."""
        with np.errstate(all="ignore"):
            return np.where(self.valid, self.A - self.N, 0.0)

    @cached_property
    def wrong(self) -> np.ndarray:
        """The entries that differ by more than rounding."""
        apart = np.abs(self.D)
        least = np.maximum(
            3 * self.noise, self.evidence.tolerance * np.minimum(np.abs(self.N), np.abs(self.A))
        )
        if np.isfinite(apart).all():
            least = np.minimum(np.maximum(least, 1e-6 * apart.max(initial=0.0)), apart.max(initial=0.0) / 2)
        return self.valid & ~(apart <= least)

    @cached_property
    def known_N(self) -> np.ndarray:
        """N, and NaN where nothing is known: for rules that bring its entries to other places."""
        return np.where(self.valid, self.N, np.nan)

    @property
    def is_wrong(self) -> bool:
        """Whether the difference is beyond the tolerance and beyond rounding."""
        apart, sizes = _norm(self.D), _norm(self.A[self.valid]) + _norm(self.N)
        if not np.isfinite(apart):
            return True
        return apart > self.evidence.tolerance * sizes and apart > 2 * _norm(self.noise)

    def index(self, k: int) -> tuple[int, ...]:
        """The place, in the whole parameter, of the k-th entry of those compared."""
        return tuple(int(i) for i in np.unravel_index(self.entries.flat[k], self.evidence.whole_shape))

    def place(self, wrong: np.ndarray, valid: np.ndarray) -> str:
        """Where these of the valid entries lie, with a space in front; nothing where they are all."""
        if wrong.sum() >= valid.sum() or wrong.ndim == 0:
            return ""
        measured = "" if self.evidence.is_whole else " measured"
        share = f"{wrong.sum():,} of {valid.sum():,} entries{measured}"
        places = np.array([self.index(int(k)) for k in np.flatnonzero(wrong)])
        if wrong.ndim == 2:
            for axis, word in enumerate(("row", "column")):
                lines = np.unique(places[:, axis])
                if wrong.shape[axis] > 1 and len(lines) <= max(1, wrong.shape[axis] // 2):
                    return f" in {listed(word, lines)} ({share})"
        return f" in {share} ({listed('entry', places)})"

    @property
    def precision(self) -> float:
        """The relative precision of the analytic gradient's type."""
        dtype = self.evidence.analytic_dtype
        return float(np.finfo(dtype if dtype.kind == "f" else np.float64).eps)

    def is_explained_by(self, model: np.ndarray, factor: float = 1.0, left_over: float = LEFT_OVER) -> bool:
        """Whether A is `model`, to within rounding, of which it has `factor` times N's; NaN where unknown."""
        known = self.valid & np.isfinite(model)
        if known.sum() < ENOUGH * self.valid.sum() or not known.any():
            return False
        whole = _norm(self.D[known])
        rounding = 2 * max(abs(factor), 1.0) * _norm(self.noise)
        rounding += ROUNDINGS * self.precision * (_norm(self.A[known]) + _norm(self.N))
        if not np.isfinite(whole) or rounding > DROWNED * whole:
            return False
        return _norm((self.A - model)[known]) <= left_over * whole + rounding

    def factor(self, model: np.ndarray, where: np.ndarray | None = None) -> float:
        """The f that brings f * model closest to A; 0 where the model is 0."""
        where = (self.valid if where is None else where) & np.isfinite(model)
        model = model[where]
        size = float(model @ model)
        return float(self.A[where] @ model) / size if size else 0.0


def _norm(array: np.ndarray) -> float:
    return float(np.linalg.norm(array.reshape(-1)))

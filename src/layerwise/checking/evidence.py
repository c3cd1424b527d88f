"""What the numbers say of one parameter, and how a rule that names the bug may ask for more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

Arrays = Mapping[str, np.ndarray]

CAUSES = (
    "scaled", "sign-flipped", "transposed", "permuted", "other-parameter", "missing-penalty", "extra-penalty",
    "not-averaged", "wrong-axis", "activation-derivative", "dropout-mask", "zero", "non-finite", "stale",
    "low-precision", "unknown",
)  # fmt: skip


@dataclass(frozen=True)
class ParameterEvidence:
    """One parameter's two gradients, entry by entry. All arrays have the shape of `value`, 0-d allowed.

    `noise` bounds the error of `numeric` (rounding and truncation); `trusted` is False at kinks and where
    `numeric` is not finite. In a large network only some rows and columns are measured: then the arrays hold
    those alone, `whole_shape` is the parameter's own shape, and `places` has for each axis the indices taken.
    `floor` is what rounding may come to in any entry of `analytic`.
    """

    name: str
    value: np.ndarray
    analytic: np.ndarray
    numeric: np.ndarray
    noise: np.ndarray
    trusted: np.ndarray
    tolerance: float
    analytic_dtype: np.dtype
    whole_shape: tuple[int, ...]
    places: tuple[np.ndarray, ...] | None = None
    floor: float = 0.0

    @property
    def is_whole(self) -> bool:
        """Whether every entry of the parameter was measured."""
        return self.places is None

    def entries(self) -> np.ndarray:
        """The flat index, in the whole parameter, of every entry measured; of the shape of `value`."""
        whole = np.arange(int(np.prod(self.whole_shape))).reshape(self.whole_shape)
        return whole if self.places is None else whole[np.ix_(*self.places)]

    def relative_difference(self) -> float:
        """||A - N|| / (||A|| + ||N||) over the trusted entries; 0 where both are 0."""
        return relative_difference(self.analytic[self.trusted], self.numeric[self.trusted])

    def is_wrong(self) -> bool:
        """Whether more than the tolerance is left of ||A - N|| once the errors of N are allowed for."""
        A, N = self.analytic[self.trusted], self.numeric[self.trusted]
        if not np.isfinite(A).all():
            return True
        largest = max(np.abs(A).max(initial=0.0), np.abs(N).max(initial=0.0))
        if largest == 0:
            return False
        apart = np.maximum(np.abs(A - N) - self.noise[self.trusted] - self.floor, 0) / largest
        sizes = np.linalg.norm(A / largest) + np.linalg.norm(N / largest)
        return bool(np.linalg.norm(apart) > self.tolerance * sizes)


def relative_difference(analytic: np.ndarray, numeric: np.ndarray) -> float:
    """||A - N|| / (||A|| + ||N||), the note's (figure 25); 0 where both are 0, infinite where one is not.

    Arrays of one shape. The norms neither overflow nor underflow: entries are divided by the largest first.
    """
    largest = max(np.abs(analytic).max(initial=0.0), np.abs(numeric).max(initial=0.0))
    if largest == 0:
        return 0.0
    if not np.isfinite(largest):
        return float("inf")
    A, N = analytic / largest, numeric / largest
    return float(np.linalg.norm(A - N) / (np.linalg.norm(A) + np.linalg.norm(N)))


class Cause(NamedTuple):
    """A bug's name, one of `CAUSES`; its factor where it is one of scale; one or two plain sentences."""

    name: str
    factor: float | None
    explanation: str


@dataclass(frozen=True)
class Probes:
    """What else is known, or can be asked, of the code under the check.

    `theta` holds the parameters, float64. `cost` and `gradient` take such a dictionary (they copy it; the
    gradient's arrays come back as float64); `gradient` is None where only arrays were given. `order` is that
    of back-propagation: the output's layer first. `constants` are numbers the caller named, such as {"m":
    209, "keep_prob": 0.8, "lambda": 0.7}: factors that a bug may well have. A gradient or a cost may raise.
    """

    theta: Arrays
    order: tuple[str, ...]
    cost: Callable[[Arrays], float] | None = None
    gradient: Callable[[Arrays], dict[str, np.ndarray]] | None = None
    constants: Mapping[str, float] = field(default_factory=dict)

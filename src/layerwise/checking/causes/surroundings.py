"""What a rule may know beside the parameter itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from layerwise.checking.causes.numbers import Factor, KnownNumbers


@dataclass(frozen=True)
class Surroundings:
    """The other parameters' numeric gradients, the numbers of the problem, and the cost's penalty.

    `units`: the sizes at this place, by what they are called. `penalty`: the p of a term p/2 ||W||^2 in the
    cost, None where it is not known.
    """

    numeric: Mapping[str, np.ndarray] = field(default_factory=dict)
    known: KnownNumbers = field(default_factory=lambda: KnownNumbers({}))
    units: Mapping[str, float] = field(default_factory=dict)
    penalty: float | None = None
    is_bias: bool = False

    def reading(self, factor: float) -> Factor | None:
        """What this factor is, in words."""
        return self.known.reading(factor, self.units)

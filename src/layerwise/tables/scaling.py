"""One column's numbers on a scale that a network learns well from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from layerwise.errors import InputError, nearest

SCALINGS = ("robust", "standard", "minmax", "none")


@dataclass(frozen=True)
class Scale:
    """z = (x - center) factor, and for `smooth` then z / sqrt(1 + (z / 3)^2), which lies within +-3.

    A factor of 0 says that the training rows held one number only.
    """

    center: float
    factor: float
    smooth: bool

    def apply(self, x: np.ndarray) -> np.ndarray:
        """The scaled numbers, float64, of the shape of x. Finite where x is."""
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            z = (x - self.center) * self.factor
            if self.smooth:
                # hypot so that no square overflows; 3 z / hypot(3, z) is the same curve without a division.
                z = np.where(np.abs(z) < 1e150, 3.0 * z / np.hypot(3.0, z), 3.0 * np.sign(z))
        limit = float(np.finfo(np.float32).max)
        return np.clip(z, -limit, limit)


def fit_scale(x: np.ndarray, scaling: str) -> Scale:
    """Learn a scale from the numbers present, (n,) float64 with n >= 1, all finite.

    robust: the median becomes 0 and the distance of the quartiles 1, then the smooth clip; where the
    quartiles meet, the range becomes 2.  standard: mean 0, standard deviation 1.  minmax: from 0 to 1.
    none: as it is. Source of robust: Holzmüller, Grinsztajn and Steinwart 2024, "Better by default"
    (RealMLP). Raises InputError for another scaling.
    """
    require_scaling(scaling)
    low, high = float(x.min()), float(x.max())
    if low == high:
        return Scale(low, 0.0, False)
    if scaling == "none":
        return Scale(0.0, 1.0, False)
    with np.errstate(over="ignore"):
        if scaling == "minmax":
            return Scale(low, _inverse(high - low), False)
        if scaling == "standard":
            return Scale(float(x.mean()), _inverse(float(x.std()), 1.0 / max(abs(low), abs(high))), False)
        lower, median, upper = (float(q) for q in np.quantile(x, [0.25, 0.5, 0.75]))
        return Scale(median, _inverse(upper - lower, 2.0 * _inverse(high - low)), True)


def require_scaling(scaling: str) -> None:
    """Raise InputError for a scaling that does not exist."""
    if scaling not in SCALINGS:
        raise InputError(f"there is no scaling {scaling!r}; {nearest(str(scaling), SCALINGS)}")


def _inverse(size: float, otherwise: float = float(np.finfo(np.float64).tiny)) -> float:
    """1 / size, or `otherwise` where that is not a usable number."""
    inverse = 1.0 / size if size > 0.0 and np.isfinite(size) else np.inf
    return float(inverse) if np.isfinite(inverse) else otherwise

"""The complex-step derivative: exact to rounding, where the cost takes complex numbers.

    dJ/dtheta_k = Im J(theta + i h e_k) / h,    h so small that h^2 is nothing

No difference is taken, so no digit is lost. It holds where J is computed by analytic functions alone; an
absolute value or a comparison of parts breaks it silently, so it is trusted only where it agrees with
differences, at theta and at another place. Source: Squire & Trapp 1998; Martins et al. 2003.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from layerwise.checking.elsewhere import usual_place
from layerwise.checking.evidence import Arrays, ParameterEvidence
from layerwise.checking.functions import CostFunction
from layerwise.checking.measuring import Measuring, random_direction

STEP = 1e-150
AGREES = 1e-6
# Rounding of the complex value: far above the float64 spacing, far below any tolerance.
ROUNDING = 1e-12
WORTH_IT = 1e-10


class ComplexStep:
    """Complex-step derivatives of one cost, once it has shown that it allows them."""

    def __init__(self, cost: CostFunction, generator: np.random.Generator) -> None:
        self._cost = cost
        self._generator = generator
        self._allowed: bool | None = None

    def is_allowed(self, measuring: Measuring) -> bool:
        """Whether it agrees with differences on every parameter, at theta or where they are good."""
        if self._allowed is None:
            self._allowed = self._takes_complex() and all(
                self._agrees(measuring, name) for name in self._cost.form.shapes
            )
        return self._allowed

    def _takes_complex(self) -> bool:
        arrays = {name: array.astype(complex) for name, array in self._cost.theta.items()}
        return bool(np.isfinite(self._cost.complex_value(arrays)))

    def _agrees(self, measuring: Measuring, name: str) -> bool:
        return self._agrees_at(measuring, name, self._cost.theta) or self._agrees_elsewhere(name)

    def _agrees_elsewhere(self, name: str) -> bool:
        """At weights of the usual size, where the differences of every layer stand out of the rounding."""
        theta = usual_place(self._cost.theta, self._generator)
        elsewhere = self._cost.at(theta)
        here = elsewhere.at_working()
        self._cost.evaluations += 1
        if not np.isfinite(here):
            return False
        measuring = Measuring.start(elsewhere, here, AGREES, None, self._generator)
        agrees = self._agrees_at(measuring, name, theta)
        self._cost.evaluations += elsewhere.evaluations
        return agrees

    def _agrees_at(self, measuring: Measuring, name: str, theta: Arrays) -> bool:
        entries = np.arange(theta[name].size)
        direction = random_direction(self._generator, (1, len(entries)))
        slopes = measuring.directions(name, entries, direction)
        slope, error = float(slopes.slope[0]), float(slopes.error[0])
        if not error <= AGREES * abs(slope):
            return False
        step = STEP * measuring.scales[name]
        arrays = {key: array.astype(complex) for key, array in theta.items()}
        arrays[name] = arrays[name] + 1j * step * direction.reshape(theta[name].shape)
        value = self._cost.complex_value(arrays)
        return bool(abs(value.imag / step - slope) <= AGREES * abs(slope))

    def refine(self, evidence: ParameterEvidence, measuring: Measuring) -> ParameterEvidence:
        """The evidence with complex-step values where differences are noisy and the two do not exclude each
        other; unchanged where nothing is gained, or the cost does not allow it."""
        known = evidence.numeric[evidence.trusted]
        usual = float(np.linalg.norm(known) / np.sqrt(max(known.size, 1)))
        noisy = evidence.trusted & (evidence.noise > WORTH_IT * np.maximum(np.abs(evidence.numeric), usual))
        if not noisy.any() or not self.is_allowed(measuring):
            return evidence
        values, noise, trusted = (a.copy() for a in (evidence.numeric, evidence.noise, evidence.trusted))
        flat_values, flat_noise, flat_trusted = values.reshape(-1), noise.reshape(-1), trusted.reshape(-1)
        entries = evidence.entries().reshape(-1)
        for k in np.flatnonzero(noisy):
            above, below = (
                self._slope(evidence.name, entries[k], sign * STEP * measuring.scales[evidence.name])
                for sign in (1, -1)
            )
            if not abs(above - flat_values[k]) <= flat_noise[k] or not np.isfinite(below):
                continue
            error = ROUNDING * max(abs(above), 1e-3 * usual)
            if abs(above - below) > error:
                flat_trusted[k] = False
            else:
                flat_values[k], flat_noise[k] = above, error
        return replace(evidence, numeric=values, noise=noise, trusted=trusted)

    def _slope(self, name: str, entry: int, step: float) -> float:
        """Along one entry. At a corner, where numbers are compared, the two signs of the step may differ."""
        arrays = {key: array.astype(complex) for key, array in self._cost.theta.items()}
        arrays[name].reshape(-1)[entry] += 1j * step
        return self._cost.complex_value(arrays).imag / step

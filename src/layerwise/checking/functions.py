"""The caller's cost and gradient as functions of named arrays, looked at before they are trusted."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from layerwise.checking.given import Form, read_gradient
from layerwise.checking.ladder import LineValues
from layerwise.errors import InputError

Arrays = Mapping[str, np.ndarray]
# Two evaluations at one place may differ by this many units in the last place: sums over threads do.
LAST_PLACES = 64
COMPLEX_WARNING = np.exceptions.ComplexWarning


class CostFunction:
    """J of named arrays, as float. Counts its evaluations.

    `working` is a copy of theta that moves along lines and is put back; `check` says whether the caller's
    function kept its hands off it.
    """

    def __init__(self, function: Callable[[Any], Any], form: Form, theta: Arrays) -> None:
        self._function = function
        self.form = form
        self.theta = {name: np.array(array) for name, array in theta.items()}
        self.working = {name: np.array(array) for name, array in theta.items()}
        self.evaluations = 0
        self.is_single_precision = False
        self._works = False

    def at(self, theta: Arrays) -> CostFunction:
        """The same function at other parameters, with a count of its own."""
        other = CostFunction(self._function, self.form, theta)
        other._works = self._works
        return other

    def at_working(self) -> float:
        """J at the working copy; NaN where the caller's function raises an arithmetic error, or any error
        once it has worked at theta: there it has no value."""
        self.evaluations += 1
        try:
            with np.errstate(all="ignore"):
                value = self._function(self.form.theta(self.working))
        except Exception as error:
            if not (self._works or isinstance(error, ArithmeticError)):
                raise
            return float("nan")
        return self._read(value)

    def __call__(self, arrays: Arrays) -> float:
        """J at other parameters, which are copied first."""
        kept, self.working = self.working, {name: np.array(arrays[name]) for name in self.form.shapes}
        try:
            return self.at_working()
        finally:
            self.working = kept

    def complex_value(self, arrays: Arrays) -> complex:
        """J at complex parameters; NaN where the caller's function does not take them."""
        self.evaluations += 1
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("error", COMPLEX_WARNING)
                value = np.asarray(self._function(self.form.theta(arrays)))
        except Exception:
            return complex("nan")
        return complex(value.reshape(())) if value.size == 1 and value.dtype.kind == "c" else complex("nan")

    def along_entries(self, name: str, entries: np.ndarray) -> LineValues:
        """Lines along which one entry each of parameter `name` moves.   entries (lines,), flat indices"""

        def values(which: np.ndarray, steps: np.ndarray) -> np.ndarray:
            flat = self.working[name].reshape(-1)
            found = np.empty(len(which))
            for i, (entry, step) in enumerate(zip(entries[which], steps, strict=True)):
                before = flat[entry]
                flat[entry] = before + step
                found[i] = self.at_working()
                flat[entry] = before
            return found

        return values

    def along_directions(self, name: str, entries: np.ndarray, directions: np.ndarray) -> LineValues:
        """Lines along which some entries of parameter `name` move together.

        entries (k,), flat indices; directions (lines, k).
        """

        def values(which: np.ndarray, steps: np.ndarray) -> np.ndarray:
            flat = self.working[name].reshape(-1)
            before = flat[entries]
            found = np.empty(len(which))
            for i, (line, step) in enumerate(zip(which, steps, strict=True)):
                flat[entries] = before + step * directions[line]
                found[i] = self.at_working()
            flat[entries] = before
            return found

        return values

    def along_everything(self, direction: Arrays) -> Callable[[np.ndarray], np.ndarray]:
        """J at theta + t v for each t, v moving all parameters."""

        def values(steps: np.ndarray) -> np.ndarray:
            found = np.empty(len(steps))
            for i, step in enumerate(steps):
                for name, array in self.working.items():
                    array[...] = self.theta[name] + step * direction[name]
                found[i] = self.at_working()
            for name, array in self.working.items():
                array[...] = self.theta[name]
            return found

        return values

    def _read(self, value: Any) -> float:
        array = np.asarray(value)
        if array.dtype.kind not in "fiub" or array.size != 1:
            found = (
                f"an array of shape {array.shape}" if array.size != 1 else f"{type(value).__name__} {value!r}"
            )
            raise InputError(f"cost(theta) gave {found}; expected one real number, the cost")
        self.is_single_precision |= array.dtype.itemsize < 8 and array.dtype.kind == "f"
        return float(array.reshape(()))

    def first_look(self) -> float:
        """J at theta, after what makes differences meaningless was looked for.

        Raises InputError where J is not finite, differs from one evaluation to the next, or where the
        function changes the parameters it was given.
        """
        here = self.at_working()
        self._works = True
        self.check()
        if not np.isfinite(here):
            raise InputError(
                f"cost(theta) is {here}; expected a finite number: there is no gradient to check"
            )
        again = self.at_working()
        precision = np.finfo(np.float32 if self.is_single_precision else np.float64).eps
        if not abs(again - here) <= LAST_PLACES * precision * max(abs(here), abs(again)):
            raise InputError(
                f"cost(theta) gave {here!r} and then {again!r} at the same theta; hold what is drawn "
                "at random fixed (a dropout mask, a batch, a seed), so that the cost depends on theta alone"
            )
        return here

    def check(self) -> None:
        """Raise InputError where the caller's function changed the working copy."""
        for name, array in self.working.items():
            if not np.array_equal(array, self.theta[name]):
                shown = f"theta[{name!r}]" if self.form.is_dictionary else "theta"
                raise InputError(f"cost changes {shown} in place; let it work on a copy, or not assign to it")


def gradient_function(
    function: Callable[[Any], Any], form: Form
) -> Callable[[Arrays], dict[str, np.ndarray]]:
    """The caller's gradient as a function of named arrays, which it gets copies of, to named arrays."""

    def gradient(arrays: Arrays) -> dict[str, np.ndarray]:
        copies = {name: np.array(arrays[name]) for name in form.shapes}
        try:
            with np.errstate(all="ignore"):
                answer = function(form.theta(copies))
        except ArithmeticError as error:
            raise InputError(f"gradient(theta) failed with {type(error).__name__}: {error}") from error
        if answer is None:
            raise InputError("gradient(theta) gave None; does it end in a return?")
        return {name: np.array(array) for name, array in read_gradient(answer, form).items()}

    return gradient

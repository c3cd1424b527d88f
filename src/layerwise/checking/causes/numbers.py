"""What a factor is: 2, the number of examples, the chance to keep a unit, and so on."""

from __future__ import annotations

import functools
import inspect
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

EXAMPLES = "the number of examples"
CLASSES, UNITS = "the number of classes", "the number of units"
KEPT, PENALTY = "keep_prob", "lambda"
SMALL_WHOLE, LARGE_WHOLE = 12, 1000
# Nobody forgets to divide by fewer examples than this without saying so.
FEWEST_EXAMPLES = 5
CLOSE = 1e-5

_DATA = re.compile(
    r"^(x|y|data|inputs?|targets?|labels?|features)(_?(train|batch|data|check|b|true))?$", re.IGNORECASE
)
_MEANING = {
    "m": EXAMPLES,
    "n_samples": EXAMPLES,
    "batch_size": "the batch size",
    "keep_prob": KEPT,
    "lambd": PENALTY,
    "lambda": PENALTY,
    "lambda_": PENALTY,
    "lam": PENALTY,
    "lmbda": PENALTY,
    "reg": PENALTY,
    "l2": PENALTY,
    "weight_decay": "the weight decay",
    "alpha": "alpha",
}
_DEEPEST = 5
_MOST_OBJECTS = 500


@dataclass(frozen=True)
class Factor:
    """A factor with its meaning, such as "the number of examples"; `is_examples` for exactly that one."""

    value: float
    meaning: str
    is_examples: bool = False

    @property
    def is_any_fraction(self) -> bool:
        """Whether it is such as 5 / 6, which many a number is by chance."""
        top, _, bottom = self.meaning.partition(" / ")
        return top.isdigit() and bottom.isdigit() and top != "1"

    @property
    def says_more(self) -> bool:
        """Whether the meaning says more than the number."""
        return not self.meaning.replace(" / ", "").isdigit()


@dataclass(frozen=True)
class KnownNumbers:
    """Numbers of the problem by their meaning: the caller's constants, and what his functions refer to."""

    values: Mapping[str, float]

    @property
    def examples(self) -> float | None:
        """The number of examples where it is known."""
        return self.values.get(EXAMPLES)

    def penalties(self) -> list[float]:
        """What the p of a term p/2 ||W||^2 may be: lambda, or lambda over the examples, once or twice."""
        lambda_, m = self.values.get(PENALTY, 0.0), self.examples
        strengths = [lambda_] + ([lambda_ / m] if m else [])
        return [twice * p for p in strengths for twice in (1, 2)]

    def reading(self, factor: float, units: Mapping[str, float] | None = None) -> Factor | None:
        """What this factor, sign aside, is; None for a number that means nothing.

        `units` are the sizes at the parameter's place, such as {"the number of units": 3}.
        """
        size = abs(factor)
        if not np.isfinite(size) or size == 0:
            return None
        for meaning, value in self.values.items():
            if value == 1:
                continue
            if _is(size, value):
                return Factor(factor, meaning, meaning in (EXAMPLES, "the batch size"))
            if value and _is(size, 1 / value):
                return Factor(factor, f"1 / {meaning}")
        classes = (units or {}).get(CLASSES)
        if classes is not None and _is(size, classes):
            return Factor(factor, CLASSES)
        whole = round(size)
        if _is(size, whole) and whole >= FEWEST_EXAMPLES and self.examples is None:
            return Factor(factor, f"{EXAMPLES}, if there are {whole:,}", is_examples=True)
        for bottom in range(1, SMALL_WHOLE + 1):
            top = round(size * bottom)
            if 0 < top <= (LARGE_WHOLE if bottom == 1 else SMALL_WHOLE) and _is(size, top / bottom):
                return Factor(factor, f"{top}" if bottom == 1 else f"{top} / {bottom}")
        return self._share_of_examples(factor, units or {})

    def _share_of_examples(self, factor: float, units: Mapping[str, float]) -> Factor | None:
        """Units divided by where the examples belong, or the reverse."""
        for text, value in units.items():
            if self.examples and _is(abs(factor), self.examples / value):
                return Factor(factor, f"{EXAMPLES} / {text}")
            if self.examples and _is(abs(factor), value / self.examples):
                return Factor(factor, f"{text} / {EXAMPLES}")
        return None


def _is(size: float, value: float) -> bool:
    return abs(size - value) <= CLOSE * abs(value)


def known_numbers(constants: Mapping[str, float], *functions: Any) -> KnownNumbers:
    """The caller's constants, and the numbers that the functions' own names refer to.

    A cost is nearly always a closure over its data: an array X (n, 209) and labels Y (1, 209) among the names
    it uses say that there are 209 examples. Nothing is called, and nothing is changed.
    """
    values: dict[str, float] = {}
    lengths: Counter[int] = Counter()
    counted: set[int] = set()
    for name, value in _named_objects(functions):
        if name in _MEANING and _is_number(value):
            values.setdefault(_MEANING[name], float(value))
        elif _DATA.match(name) and id(value) not in counted:
            counted.add(id(value))
            shape = tuple(getattr(value, "shape", ()) or ())
            if 1 <= len(shape) <= 2 and all(isinstance(length, int) for length in shape):
                lengths.update(length for length in set(shape) if length > 1)
    for name, value in constants.items():
        values[_MEANING.get(name, name)] = float(value)
    shared = [length for length, count in lengths.items() if count == max(lengths.values()) > 1]
    if EXAMPLES not in values and len(shared) == 1:
        values[EXAMPLES] = float(shared[0])
    return KnownNumbers(values)


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, int | float | np.number)
        and not isinstance(value, bool)
        and bool(np.isfinite(value))
    )


def _named_objects(functions: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """(name, object) of what the functions refer to, and what that refers to in turn, each once."""
    waiting = [(function, 0) for function in functions if function is not None]
    met: set[int] = set()
    while waiting and len(met) < _MOST_OBJECTS:
        holder, depth = waiting.pop(0)
        if id(holder) in met or depth > _DEEPEST:
            continue
        met.add(id(holder))
        for name, value in _names_of(holder):
            yield name, value
            if callable(value) or (hasattr(value, "__dict__") and not inspect.ismodule(value)):
                waiting.append((value, depth + 1))


def _names_of(holder: Any) -> list[tuple[str, Any]]:
    if isinstance(holder, functools.partial):
        return [*(("", value) for value in (holder.func, *holder.args)), *holder.keywords.items()]
    if inspect.ismethod(holder):
        return [("", holder.__func__), ("", holder.__self__)]
    if inspect.isfunction(holder):
        return _names_of_function(holder)
    if inspect.isclass(holder) or inspect.isbuiltin(holder):
        return []
    return [(name, value) for name, value in getattr(holder, "__dict__", {}).items() if isinstance(name, str)]


def _names_of_function(function: Any) -> list[tuple[str, Any]]:
    found = [
        (name, function.__globals__[name])
        for name in function.__code__.co_names
        if name in function.__globals__
    ]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            found.append((name, cell.cell_contents))
        except ValueError:  # not assigned yet
            continue
    signature = function.__code__.co_varnames[: function.__code__.co_argcount]
    defaults = function.__defaults__ or ()
    found.extend(zip(signature[len(signature) - len(defaults) :], defaults, strict=True))
    found.extend((function.__kwdefaults__ or {}).items())
    return found

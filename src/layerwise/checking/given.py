"""What the caller gave: parameters and gradients in the caller's form, as named float64 arrays and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerwise.errors import InputError, nearest

ALONE = "theta"
PREFIXES = ("d", "grad_", "grad", "d_")


@dataclass(frozen=True)
class Form:
    """How the caller writes parameters: one number, one array, or a dictionary of them.

    `shapes` has every parameter by name; a theta that is no dictionary has the one name "theta".
    """

    shapes: dict[str, tuple[int, ...]]
    is_dictionary: bool
    numbers: frozenset[str]

    def theta(self, arrays: Mapping[str, np.ndarray]) -> Any:
        """The parameters as the caller's functions take them. The arrays are handed over, not copied."""
        plain = {name: arrays[name].item() if name in self.numbers else arrays[name] for name in self.shapes}
        return plain if self.is_dictionary else plain[ALONE]

    @property
    def size(self) -> int:
        """All entries together."""
        return sum(int(np.prod(shape)) for shape in self.shapes.values())


def read_theta(theta: Any) -> tuple[Form, dict[str, np.ndarray], list[str]]:
    """(form, arrays as float64, notes). Raises InputError for what is not floating-point, finite numbers."""
    is_dictionary = isinstance(theta, Mapping)
    if is_dictionary and not theta:
        raise InputError(
            "theta is an empty dictionary; expected parameters such as {'W1': array, 'b1': array}"
        )
    arrays, numbers, short = {}, set(), {}
    for name, value in theta.items() if is_dictionary else ((ALONE, theta),):
        shown = f"theta[{name!r}]" if is_dictionary else "theta"
        array = _floats(shown, value)
        if array.dtype != np.float64:
            short[shown] = array.dtype
        if not isinstance(value, np.ndarray) and array.ndim == 0:
            numbers.add(str(name))
        arrays[str(name)] = array.astype(np.float64)
    form = Form({name: array.shape for name, array in arrays.items()}, is_dictionary, frozenset(numbers))
    if form.size == 0:
        raise InputError("theta holds no numbers")
    return form, arrays, [_precision_note(short)] if short else []


def _precision_note(short: Mapping[str, np.dtype]) -> str:
    """That these parameters, by the names they are shown under, came in a short type."""
    types = ", ".join(dict.fromkeys(str(dtype) for dtype in short.values()))
    names, is_one = ", ".join(short), len(short) == 1
    return (
        f"{names} {'is' if is_one else 'are'} {types}; {'it was' if is_one else 'they were'} checked as "
        "float64, for in single precision a gradient is right to 7 digits only."
    )


def _floats(shown: str, value: Any) -> np.ndarray:
    if isinstance(value, bool | np.bool_):
        raise InputError(f"{shown} is {value}; expected a number")
    if isinstance(value, int):
        return np.asarray(float(value))
    array = _array(shown, value)
    if array.dtype.kind in "iub":
        raise InputError(
            f"{shown} is {array.dtype}, where a small step would be cut off to a whole number; "
            "expected floats: pass it with .astype(float)"
        )
    if array.dtype.kind != "f":
        raise InputError(f"{shown} is {array.dtype}; expected real floating-point numbers")
    if not np.isfinite(array).all():
        raise InputError(f"{shown} holds {array[~np.isfinite(array)].flat[0]}; expected finite numbers")
    return array


def _array(shown: str, value: Any) -> np.ndarray:
    try:
        array = np.asarray(value)
    except Exception as error:
        raise InputError(
            f"{shown} is {type(value).__name__} that makes no array: {error}{_named(value)}"
        ) from error
    if array.dtype.kind == "O":
        raise InputError(
            f"{shown} is {type(value).__name__}; expected a number or an array of numbers{_named(value)}"
        )
    return array


def _named(value: Any) -> str:
    is_several = isinstance(value, list | tuple)
    return (
        "; arrays of several shapes go into a dictionary, such as {'W1': array, 'b1': array}"
        if is_several
        else ""
    )


def read_gradient(gradient: Any, form: Form) -> dict[str, np.ndarray]:
    """The gradient by parameter name, in the caller's precision.

    A dictionary may use the parameters' names or "dW1" for "W1", and hold more besides; for a dictionary of
    parameters one flat array of all entries end to end will do. Raises InputError for what is missing or of
    another shape.
    """
    if isinstance(gradient, Mapping):
        return {name: _checked(*_found(gradient, name, form), shape) for name, shape in form.shapes.items()}
    if isinstance(gradient, tuple) and len(form.shapes) + len(gradient) > 2:
        raise InputError(
            f"gradient gave a tuple of {len(gradient)}; expected the gradient alone, without the cost"
        )
    array = _array("gradient", gradient)
    if not form.is_dictionary:
        return {ALONE: _checked("gradient", array, form.shapes[ALONE])}
    if array.size != form.size:
        raise InputError(
            f"gradient has {array.size:,} entries in one array of shape {array.shape}; expected a dictionary "
            f"of {', '.join(form.shapes)}, or all {form.size:,} entries end to end"
        )
    parts, start = {}, 0
    for name, shape in form.shapes.items():
        count = int(np.prod(shape))
        parts[name] = array.reshape(-1)[start : start + count].reshape(shape)
        start += count
    return parts


def _found(gradient: Mapping, name: str, form: Form) -> tuple[str, np.ndarray]:
    for key in (name, *(prefix + name for prefix in PREFIXES)):
        if key in gradient:
            return f"gradient[{key!r}]", _array(f"gradient[{key!r}]", gradient[key])
    if not form.is_dictionary and len(gradient) == 1:
        key = next(iter(gradient))
        return f"gradient[{key!r}]", _array(f"gradient[{key!r}]", gradient[key])
    keys = [str(key) for key in gradient]
    hint = nearest(name, keys) if keys else "found nothing"
    raise InputError(f"gradient has no {name!r} (nor 'd{name}'); {hint}")


def _checked(shown: str, array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if array.dtype.kind not in "fiub":
        raise InputError(f"{shown} is {array.dtype}; expected real numbers")
    if array.shape == shape:
        return array
    if array.size == 1 and int(np.prod(shape)) == 1:
        return array.reshape(shape)
    raise InputError(
        f"{shown} has shape {array.shape}; expected {shape}, its parameter's{_hint(array, shape)}"
    )


def _hint(array: np.ndarray, shape: tuple[int, ...]) -> str:
    if array.ndim == 2 and array.shape == shape[::-1]:
        return ": it is transposed"
    if array.ndim == 1 < len(shape) and 1 not in shape and array.size == np.prod(shape):
        return ": it is flattened; give it back its shape with .reshape"
    if array.shape == tuple(n for n in shape if n != 1):
        return ": an axis is lost; sum with keepdims=True"
    if len(shape) == 2 and shape[1] == 1 and array.shape == (shape[0], array.size // max(shape[0], 1)):
        return ": it has a column for each example; sum over them (axis=1, keepdims=True)"
    if array.ndim < len(shape):
        return ": too much was summed"
    return ""


def layer_number(name: str) -> int | None:
    """The layer that a parameter's name ends in: 12 for "W12", "weight_12"; None without a number."""
    found = re.search(r"(\d+)\D*$", name)
    return int(found.group(1)) if found else None


def backward_order(names: list[str]) -> tuple[str, ...]:
    """The names in the order of back-propagation: the highest layer first, within a layer as they came.

    Names of which any has no number come from the last to the first.
    """
    numbers = {name: layer_number(name) for name in names}
    if len(names) == 1 or any(number is None for number in numbers.values()):
        return tuple(reversed(names))
    return tuple(sorted(names, key=lambda name: -(numbers[name] or 0)))

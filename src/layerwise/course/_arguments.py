"""What the functions of the course are given, checked once at their public face.

Each check returns its argument as float64 (or plain int, float, dict), or raises an InputError that names the
argument, what was expected and the shapes found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from layerwise.errors import InputError, nearest

Arrays = dict[str, np.ndarray]


def numbers(name: str, value: Any) -> np.ndarray:
    """An array of any shape, float64."""
    try:
        array = np.asarray(value)
        if array.dtype.kind in "biuf":
            return array.astype(np.float64, copy=False)
    except ValueError:
        pass
    raise InputError(f"{name} is a {type(value).__name__} that is not an array of real numbers")


def matrix(name: str, value: Any, *, column: bool = False) -> np.ndarray:
    """An array of two dimensions with at least one entry. column: whether it is a bias, (n, 1)."""
    array = numbers(name, value)
    if array.ndim != 2 or 0 in array.shape:
        shape = "(-1, 1)" if column else "(1, -1)"
        hint = f"; reshape it, for example {name}.reshape{shape}" if array.ndim == 1 else ""
        raise InputError(f"{name} has shape {array.shape}; expected two dimensions, none of them 0{hint}")
    return array


def inputs(X: Any, parameters: Mapping[str, np.ndarray] | None = None, name: str = "X") -> np.ndarray:
    """X (n[0], m), and n[0] the columns of W1 where parameters are given."""
    X = matrix(name, X)
    if parameters is not None and X.shape[0] != parameters["W1"].shape[1]:
        raise InputError(
            f"{name} has shape {X.shape}; expected {parameters['W1'].shape[1]} rows (features), as W1 has "
            f"shape {parameters['W1'].shape}; an example is a column"
        )
    return X


def finite_inputs(X: Any) -> np.ndarray:
    """X (n[0], m) for training: no NaN, no infinity."""
    X = inputs(X)
    if not np.isfinite(X).all():
        row, column = np.argwhere(~np.isfinite(X))[0]
        raise InputError(
            f"X holds {X[row, column]} at feature {row}, example {column}; expected finite numbers"
        )
    return X


def labels(Y: Any, m: int, beside: str, name: str = "Y") -> np.ndarray:
    """Y (1, m) of 0 and 1, m the examples of `beside`."""
    Y = matrix(name, Y)
    if Y.shape != (1, m):
        raise InputError(
            f"{name} has shape {Y.shape}; expected (1, {m}), as {beside} has {m} examples (columns)"
        )
    wrong = ~((Y == 0) | (Y == 1))
    if wrong.any():
        where = int(np.argmax(wrong))
        raise InputError(
            f"{name} holds {Y[0, where]:g} at example {where}, shape {Y.shape}; expected labels 0 and 1 only"
        )
    return Y


def same_shape(name: str, array: np.ndarray, other_name: str, other: np.ndarray) -> None:
    """Two arrays of one shape."""
    if array.shape != other.shape:
        raise InputError(f"{name} has shape {array.shape}; expected {other.shape}, the shape of {other_name}")


def linear_unit(
    W: Any, b: Any, A_prev: Any, A_name: str = "A_prev"
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A_prev (n_prev, m), W (n, n_prev), b (n, 1), in this order."""
    A_prev, W, b = matrix(A_name, A_prev), matrix("W", W), matrix("b", b, column=True)
    if W.shape[1] != A_prev.shape[0]:
        raise InputError(
            f"W has shape {W.shape} and {A_name} {A_prev.shape}; "
            f"expected as many columns in W as rows in {A_name}"
        )
    if b.shape != (W.shape[0], 1):
        raise InputError(f"b has shape {b.shape}; expected {(W.shape[0], 1)}, as W has shape {W.shape}")
    return A_prev, W, b


def layer_parameters(parameters: Any, name: str = "parameters") -> Arrays:
    """{"W1", "b1", "W2", "b2", ...} in this order, each of two dimensions; how they fit is not looked at."""
    if not isinstance(parameters, Mapping):
        raise InputError(
            f"{name} is a {type(parameters).__name__}; expected a dictionary of W1, b1, W2, b2, ..."
        )
    keys = [f"{key}{layer}" for layer in range(1, _depth(parameters, "W", name) + 1) for key in "Wb"]
    return {key: matrix(f'{name}["{key}"]', parameters[key], column=key[0] == "b") for key in keys}


def network_parameters(parameters: Any, name: str = "parameters") -> Arrays:
    """{"W1": (n[1], n[0]), "b1": (n[1], 1), ...}: L layers that fit each other."""
    checked = layer_parameters(parameters, name)
    for layer in range(1, len(checked) // 2 + 1):
        W, b, below = checked[f"W{layer}"], checked[f"b{layer}"], checked.get(f"W{layer - 1}")
        if b.shape != (W.shape[0], 1):
            raise InputError(
                f'{name}["b{layer}"] has shape {b.shape}; expected {(W.shape[0], 1)}, '
                f"as W{layer} has shape {W.shape}"
            )
        if below is not None and W.shape[1] != below.shape[0]:
            raise InputError(
                f'{name}["W{layer}"] has shape {W.shape}; expected {below.shape[0]} columns, '
                f"as W{layer - 1} has shape {below.shape}"
            )
    return checked


def beside_parameters(arrays: Any, parameters: Arrays, name: str) -> Arrays:
    """{"dW1", "db1", ...}: an array of the same shape for each parameter (gradients, velocities)."""
    if not isinstance(arrays, Mapping):
        raise InputError(
            f"{name} is a {type(arrays).__name__}; expected a dictionary of dW1, db1, dW2, db2, ..."
        )
    checked = {}
    for key, parameter in parameters.items():
        if f"d{key}" not in arrays:
            raise InputError(f"{name} has no {f'd{key}'!r}; found {_listed(arrays)}")
        checked[f"d{key}"] = matrix(f'{name}["d{key}"]', arrays[f"d{key}"], column=key[0] == "b")
        same_shape(f'{name}["d{key}"]', checked[f"d{key}"], key, parameter)
    return checked


def gradient_arrays(gradients: Any) -> Arrays:
    """{"dW1", "db1", ...} without parameters beside them: in this order, each (n, n_prev) or (n, 1)."""
    if not isinstance(gradients, Mapping):
        raise InputError(f"gradients is a {type(gradients).__name__}; expected a dictionary of dW1, db1, ...")
    depth = _depth(gradients, "dW", "gradients")
    return {
        f"d{key}{layer}": matrix(
            f'gradients["d{key}{layer}"]', gradients[f"d{key}{layer}"], column=key == "b"
        )
        for layer in range(1, depth + 1)
        for key in "Wb"
    }


def _depth(arrays: Mapping, prefix: str, name: str) -> int:
    """L where the dictionary holds W1, b1, ..., WL, bL (or dW1, db1, ...) without a gap."""
    depth = sum(1 for key in arrays if key.startswith(prefix) and key[len(prefix) :].isdigit())
    bias = prefix.replace("W", "b")
    missing = [
        f"{key}{layer}"
        for layer in range(1, depth + 1)
        for key in (prefix, bias)
        if f"{key}{layer}" not in arrays
    ]
    if depth == 0 or missing:
        raise InputError(f"{name} has no {(missing or [f'{prefix}1'])[0]!r}; found {_listed(arrays)}")
    return depth


def _listed(arrays: Mapping) -> str:
    return ", ".join(map(str, arrays)) or "nothing"


def layer_sizes(layers_dims: Any, name: str = "layers_dims") -> tuple[int, ...]:
    """n[0], n[1], ..., n[L]: two or more positive integers."""
    sizes = list(layers_dims) if isinstance(layers_dims, (Sequence, np.ndarray)) else []
    if len(sizes) < 2 or not all(_is_whole(size) and size >= 1 for size in sizes):
        raise InputError(
            f"{name} is {layers_dims!r}; expected two or more positive integers, from inputs to output, "
            "for example [2, 4, 1]"
        )
    return tuple(int(size) for size in sizes)


def network_sizes(layers_dims: Any, X: np.ndarray, name: str = "layers_dims") -> tuple[int, ...]:
    """The sizes of a network that takes X (n[0], m) and has one output."""
    sizes = layer_sizes(layers_dims, name)
    if sizes[0] != X.shape[0]:
        raise InputError(
            f"{name} is {layers_dims!r} and X has shape {X.shape}; expected {name}[0] = {X.shape[0]}"
        )
    if sizes[-1] != 1:
        raise InputError(f"{name} is {layers_dims!r}; expected one output unit, so a 1 at its end")
    return sizes


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, (bool, np.bool_))


def whole(name: str, value: Any, low: int) -> int:
    """An integer of at least `low`."""
    if not (_is_whole(value) and value >= low):
        raise InputError(f"{name} is {value!r}; expected an integer of at least {low}")
    return int(value)


def number(name: str, value: Any, low: float, high: float = np.inf, *, above: bool = False) -> float:
    """A finite number in [low, high), or in (low, high) with `above`."""
    if isinstance(value, Real) and np.isfinite(float(value)):
        number = float(value)
        if (number > low if above else number >= low) and number < high:
            return number
    where = f"{'above' if above else 'of at least'} {low:g}" + (
        f" and below {high:g}" if np.isfinite(high) else ""
    )
    raise InputError(f"{name} is {value!r}; expected a finite number {where}")


def keep_probability(keep_prob: Any) -> float:
    """The probability that a unit is kept: in (0, 1]."""
    if isinstance(keep_prob, Real) and 0 < float(keep_prob) <= 1:
        return float(keep_prob)
    raise InputError(f"keep_prob is {keep_prob!r}; expected a probability above 0 and at most 1")


def choice(name: str, value: Any, choices: Sequence[str]) -> str:
    """One of a few names."""
    if value in choices:
        return value
    raise InputError(f"unknown {name} {value!r}; {nearest(str(value), choices)}")

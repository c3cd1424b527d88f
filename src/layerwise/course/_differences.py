"""How an answer differs from the right one, in words: its kind, its shape, its sign, a factor, an axis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

RELATIVE, ABSOLUTE = 1e-7, 1e-10


class Difference(NamedTuple):
    """One output of one case that is not what it should be.

    `text` says how, or is empty where the answer is `factor` times the right one: what a factor means shows
    only over several cases.
    """

    name: str
    text: str = ""
    factor: float = float("nan")


def differences(name: str, expected: Any, found: Any, names: Sequence[str] = ()) -> Iterator[Difference]:
    """What of `found` is not `expected`: arrays, numbers, and tuples, lists and dictionaries of such.

    `names` are the names of a tuple's parts.
    """
    if isinstance(expected, Mapping):
        yield from _of_dictionary(name, expected, found)
    elif isinstance(expected, tuple | list):
        yield from _of_sequence(name, expected, found, names)
    elif isinstance(expected, str):
        if expected != found:
            yield Difference(name, f"is {found!r}, expected {expected!r}")
    else:
        yield from _of_array(name, np.asarray(expected), found)


def _of_dictionary(name: str, expected: Mapping, found: Any) -> Iterator[Difference]:
    if not isinstance(found, Mapping):
        yield Difference(name, f"is {_kind(found)}, expected a dictionary of {', '.join(expected)}")
        return
    missing = [key for key in expected if key not in found]
    if missing:
        alike = {key.lower(): key for key in map(str, found)}
        near = [f"{alike[key.lower()]!r} is spelt {key!r}" for key in missing if key.lower() in alike]
        hint = f"; {near[0]}" if near else f"; found {', '.join(map(str, found)) or 'nothing'}"
        yield Difference(name, f"has no {', '.join(map(repr, missing))}{hint}")
    for key, value in expected.items():
        if key in found:
            yield from differences(f'{name}["{key}"]' if name else key, value, found[key])


def _of_sequence(name: str, expected: Sequence, found: Any, names: Sequence[str]) -> Iterator[Difference]:
    what = f"{len(expected)} values" + (f" ({', '.join(names)})" if names else "")
    if not isinstance(found, tuple | list):
        yield Difference(name, f"is {_kind(found)}, expected {what}")
        return
    if len(found) != len(expected):
        yield Difference(name, f"holds {len(found)} values, expected {what}")
        return
    labels = list(names) or [f"{name}[{i}]" for i in range(len(expected))]
    parts = [list(differences(label, e, f)) for label, e, f in zip(labels, expected, found, strict=True)]
    wrong = [i for i, part in enumerate(parts) if part]
    if len(wrong) == 2:
        i, j = wrong
        swapped = [*differences("", expected[i], found[j]), *differences("", expected[j], found[i])]
        if not swapped:
            yield Difference(name, f"has {labels[i]} and {labels[j]} in each other's place")
            return
    for part in parts:
        yield from part


def _of_array(name: str, expected: np.ndarray, found: Any) -> Iterator[Difference]:
    text = _not_comparable(expected, found)
    if text:
        yield Difference(name, text)
        return
    array = np.asarray(found)
    if array.shape != expected.shape:
        yield Difference(name, _shape(expected, array))
    elif not _close(expected, array):
        expected, array = expected.astype(float), array.astype(float)
        factor = _factor(expected, array)
        if factor is not None:
            yield Difference(name, factor=factor)
        else:
            yield Difference(name, _values(expected, array))
    elif expected.dtype.kind == "f" and array.dtype.kind == "f" and array.dtype.itemsize < 8:
        yield Difference(name, f"is {array.dtype}, expected float64")


def _not_comparable(expected: np.ndarray, found: Any) -> str:
    if found is None:
        return "is None"
    try:
        array = np.asarray(found)
    except ValueError:
        return f"is {_kind(found)} that makes no array"
    if array.dtype.kind not in "biuf":
        return f"is {_kind(found)}, expected {'a number' if expected.ndim == 0 else 'an array'}"
    if expected.ndim and not isinstance(found, np.ndarray):
        if array.ndim == 0:
            return f"is the number {array:g}, expected an array of shape {expected.shape}"
        return f"is {_kind(found)}, expected an array"
    rounded = array.dtype.kind in "iu" and expected.dtype.kind == "f" and array.shape == expected.shape
    if rounded and (array == np.trunc(expected)).all() and not _close(expected, array):
        return f"is {array.dtype} and so cut off to whole numbers, expected float64"
    return ""


def _shape(expected: np.ndarray, found: np.ndarray) -> str:
    shapes = f"has shape {found.shape}, expected {expected.shape}"
    if expected.ndim == 0:
        return f"{shapes}, a number" + (": np.squeeze makes one of it" if found.size == 1 else "")
    if found.ndim == 2 and found.shape == expected.shape[::-1]:
        return f"{shapes}: it is transposed" + (
            "" if _close(expected, found.T) else ", and its values differ too"
        )
    if found.size == expected.size and found.shape == tuple(n for n in expected.shape if n != 1):
        return f"{shapes}: an axis is lost; sum with keepdims=True"
    if (
        expected.ndim == 2
        and expected.shape[1] == 1
        and found.size != expected.size
        and 1 in (found.shape or (1,))
    ):
        return f"{shapes}: is the sum taken over axis=1, the examples, with keepdims=True?"
    if found.ndim == expected.ndim == 2 and found.shape[0] == expected.shape[0]:
        return f"{shapes}: the columns are not the ones expected; was something broadcast?"
    return shapes


def _values(expected: np.ndarray, found: np.ndarray) -> str:
    if not np.isfinite(found).all() and np.isfinite(expected).all():
        return f"holds {found[~np.isfinite(found)][0]} where it should be finite"
    if expected.ndim == 2 and expected.shape[0] == expected.shape[1] and _close(expected.T, found):
        return "is transposed"
    if found.size > 1 and _close(np.full_like(expected, expected.sum(), dtype=float), found):
        return "holds the sum over everything in each place: sum over axis=1, the examples"
    apart = found - expected
    if found.size > 1 and _close(np.full_like(apart, apart.flat[0]), apart):
        return f"is {apart.flat[0]:+.6g} off everywhere"
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = found / expected
    signs = np.isclose(np.abs(ratios), 1, rtol=1e-6)
    if signs.all():
        return "has the wrong sign in some places"
    where = np.unravel_index(int(np.argmax(np.abs(apart))), apart.shape)
    wrong = int((np.abs(apart) > ABSOLUTE + RELATIVE * np.abs(expected)).sum())
    place = f" at [{', '.join(map(str, where))}]" if where else ""
    count = f"; {wrong} of {expected.size} entries differ" if expected.size > 1 else ""
    return f"is {found[where]:.6g}{place}, expected {expected[where]:.6g}{count}"


def _factor(expected: np.ndarray, found: np.ndarray) -> float | None:
    """c where found = c expected, not 0."""
    if not (np.isfinite(found).all() and np.isfinite(expected).all()) or not expected.any():
        return None
    where = np.unravel_index(int(np.argmax(np.abs(expected))), expected.shape)
    factor = float(found[where] / expected[where])
    return factor if factor and _close(factor * expected, found) else None


def _close(expected: np.ndarray, found: np.ndarray) -> bool:
    tolerance = 1e-4 if found.dtype.kind == "f" and found.dtype.itemsize < 8 else RELATIVE
    return found.shape == expected.shape and bool(
        np.allclose(
            found.astype(float), expected.astype(float), rtol=tolerance, atol=ABSOLUTE, equal_nan=True
        )
    )


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return f"one array of shape {value.shape}"
    name = type(value).__name__
    article = "an" if name[0] in "aeiou" else "a"
    return f"{article} {name}" + (f" of {len(value)}" if isinstance(value, tuple | list | dict) else "")

"""How an answer differs from the right one, in words: its kind, its shape, its sign, a factor, an axis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from layerwise.course._caches import cache_names

RELATIVE, ABSOLUTE = 1e-7, 1e-10
MOVED_AT_MOST = 4
"""More parts than that in another order are not looked for."""


class Difference(NamedTuple):
    """One output of one case that is not what it should be.

    `text` says how. Where the answer is `factor` times the right one, what that means shows only over several
    cases; the text is then empty but for a single number.
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
            label = f'{name}["{key}"]' if name else key
            yield from list(differences(label, value, found[key])) or _whole_numbers(label, value, found[key])


def _whole_numbers(name: str, expected: Any, found: Any) -> list[Difference]:
    """Right parameters, gradients and velocities, but of whole numbers: a step in place would fail."""
    wanted, kind = np.asarray(expected).dtype.kind, np.asarray(found).dtype
    return [Difference(name, f"is {kind}, expected float64")] if wanted == "f" and kind.kind in "biu" else []


def _of_sequence(name: str, expected: Sequence, found: Any, names: Sequence[str]) -> Iterator[Difference]:
    what = f"{len(expected)} values" + (f" ({', '.join(names)})" if names else "")
    if not isinstance(found, tuple | list):
        yield Difference(name, f"is {_kind(found)}, expected {what}")
        return
    if len(found) != len(expected):
        yield Difference(name, f"holds {len(found)} values, expected {what}")
        return
    labels = list(names) or _labels(name, expected)
    parts = [list(differences(label, e, f)) for label, e, f in zip(labels, expected, found, strict=True)]
    wrong = [i for i, part in enumerate(parts) if part]
    if 2 <= len(wrong) <= MOVED_AT_MOST:
        order = _order(expected, found, wrong)
        if order is not None:
            yield Difference(name, _moved([labels[i].removesuffix(f" of {name}") for i in wrong], order))
            return
    for part in parts:
        yield from part


def _labels(name: str, parts: Sequence) -> list[str]:
    """The names of a tuple's parts: those of the course's caches, else their numbers."""
    if name.startswith("mini_batches["):
        return [f"{part} of {name}" for part in "XY"]
    last = name.rpartition(" of ")[0] or name
    if last.startswith(("cache", "the linear_cache")) and not isinstance(parts, list):
        return cache_names(parts, name)
    return [f"{name}[{i}]" for i in range(len(parts))]


def _order(expected: Sequence, found: Sequence, wrong: Sequence[int]) -> list[int] | None:
    """Where the right values are among the wrong places, the k-th at order[k]; None if one is not there."""
    order: list[int] = []
    for i in wrong:
        places = [
            k
            for k, j in enumerate(wrong)
            if k not in order and not list(differences("", expected[i], found[j]))
        ]
        if not places:
            return None
        order.append(places[0])
    return order


def _moved(labels: Sequence[str], order: Sequence[int]) -> str:
    if len(labels) == 2:
        return f"has {labels[0]} and {labels[1]} in each other's place"
    as_found = [labels[order.index(place)] for place in range(len(labels))]
    return f"has the right parts in the order {', '.join(as_found)}; expected {', '.join(labels)}"


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
            yield Difference(name, _values(expected, array) if expected.size == 1 else "", factor)
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
    if array.dtype.kind == "c":
        return f"is {array.dtype}, expected real numbers"
    if isinstance(found, np.matrix):
        return "is an np.matrix, whose * multiplies matrices; expected a plain array"
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
    if found.size == expected.size and found.ndim < expected.ndim:
        return f"{shapes}: an axis is lost; sum with keepdims=True, or reshape{expected.shape}"
    if expected.ndim != 2 or found.ndim > 2:
        return shapes
    if expected.shape[1] == 1 and found.size != expected.size and (found.ndim < 2 or len(found) == 1):
        return f"{shapes}: is the sum taken over axis=1, the examples, with keepdims=True?"
    if expected.shape[1] == 1 and found.shape == (len(expected), len(expected)) and len(expected) > 1:
        return f"{shapes}: a row and a column were broadcast to a matrix"
    return shapes


def _values(expected: np.ndarray, found: np.ndarray) -> str:
    if not np.isfinite(found).all() and np.isfinite(expected).all():
        return f"holds {found[~np.isfinite(found)][0]} where it should be finite"
    if expected.ndim == 2 and expected.shape[0] == expected.shape[1] and _close(expected.T, found):
        return "is transposed"
    column = expected.ndim == 2 and expected.shape[1] == 1 < len(expected)
    if column and _close(np.full_like(expected, expected.sum(), dtype=float), found):
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
    # Adding 0 makes 0 of -0.
    return f"is {found[where] + 0.0:.6g}{place}, expected {expected[where] + 0.0:.6g}{count}"


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

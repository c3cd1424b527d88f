"""Plain data that comes back from a file: every value is checked before it is trusted."""

from __future__ import annotations

import math
from typing import Any

from layerwise.errors import InputError


def fields(data: Any, what: str, **expected: Any) -> dict[str, Any]:
    """`data` as a dictionary with exactly these keys, each value checked.

    expected: key=type, key=(choice, choice, ...) for one of several values, or key=[type] for a list of them.
    A `float` must be finite and may be written as a whole number; a bool is no int.
    Raises InputError that names `what` and the first key that is wrong.
    """
    if not isinstance(data, dict):
        raise _damaged(what, f"expected an object, found {type(data).__name__}")
    lacking = [key for key in expected if key not in data]
    if lacking:
        raise _damaged(what, f"it lacks {lacking[0]!r}")
    unknown = [key for key in data if key not in expected]
    if unknown:
        raise _damaged(what, f"it has an unknown entry {unknown[0]!r}")
    return {key: _value(data[key], kind, f"{what}, {key!r}") for key, kind in expected.items()}


def _value(value: Any, kind: Any, where: str) -> Any:
    if isinstance(kind, list):
        if not isinstance(value, list):
            raise _damaged(where, f"expected a list, found {type(value).__name__}")
        return [_value(item, kind[0], where) for item in value]
    if isinstance(kind, tuple):
        if not any(value == choice and type(value) is type(choice) for choice in kind):
            raise _damaged(where, f"expected one of {', '.join(map(repr, kind))}, found {value!r}")
        return value
    if kind is float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not _finite(value):
            raise _damaged(where, f"expected a finite number, found {value!r}")
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise _damaged(where, f"expected {kind.__name__}, found {value!r}")
    return value


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _damaged(where: str, why: str) -> InputError:
    return InputError(f"the stored {where} is damaged: {why}; save the model again from its run")

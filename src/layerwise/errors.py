"""What can go wrong, said to the person: what, where, expected, found, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class LayerwiseError(Exception):
    """Any failure that layerwise explains itself. Its text is meant to be read by the user."""


class InputError(LayerwiseError, ValueError):
    """The call or the data is wrong (exit status 2). Raised before any work starts."""


class TrainingError(LayerwiseError, RuntimeError):
    """The work itself failed (exit status 1), for example a cost that is no longer finite."""


def nearest(name: str, choices: Iterable[str]) -> str:
    """A clause that names the closest of `choices` to a mistyped `name`, or lists them all.

    >>> nearest("rellu", ["relu", "tanh"])
    "did you mean 'relu'?"
    >>> nearest("x", ["relu", "tanh"])
    'choose one of relu, tanh'
    """
    choices = list(choices)
    close = difflib.get_close_matches(name, choices, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return "choose one of " + ", ".join(choices)

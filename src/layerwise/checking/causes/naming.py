"""How explanations call things."""

from __future__ import annotations

import numpy as np

MOST_PLACES = 3


def gradient_name(name: str) -> str:
    """ "dW2" for W2; "the gradient of layers.0.weight" where a d in front would read badly."""
    return f"d{name}" if name.isidentifier() else f"the gradient of {name}"


def sentence(text: str) -> str:
    """With a capital letter where it begins with a word, not where it begins with a name."""
    return text[0].upper() + text[1:] if text.startswith(("the ", "a ", "an ")) else text


def number(value: float) -> str:
    """Four digits, and no more than a person reads."""
    return f"{value:.3f}" if 0.001 <= abs(value) < 10_000 else f"{value:.4g}"


def times(factor: float) -> str:
    """ "2.000 times too large", "4.000 times too small"; a sign that is wrong too is said."""
    size = abs(factor)
    text = f"{number(size)} times too large" if size > 1 else f"{number(1 / size)} times too small"
    return text if factor > 0 else f"{text} and has the wrong sign"


def listed(word: str, places: np.ndarray) -> str:
    """ "row 3", "rows 1, 4 and 7 more", counted from 0 as in Python."""
    plural = {"entry": "entries"}.get(word, f"{word}s")
    shown = [str(one if np.ndim(one) == 0 else tuple(map(int, one))) for one in places[:MOST_PLACES]]
    if len(places) == 1:
        return f"{word} {shown[0]}"
    if len(places) > MOST_PLACES:
        return f"{plural} {', '.join(shown)} and {len(places) - MOST_PLACES:,} more"
    return f"{plural} {', '.join(shown[:-1])} and {shown[-1]}"

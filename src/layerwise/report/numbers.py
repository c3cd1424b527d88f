"""Numbers as people read them: 97.4%, 12,346, 1.2×10⁻⁵, 3 min 20 s."""

from __future__ import annotations

import math
from typing import Any, TypeGuard

ABSENT = "–"
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
SHARES = frozenset({"accuracy", "balanced_accuracy"})


def is_number(value: Any) -> TypeGuard[float]:
    """True for a finite number."""
    return isinstance(value, int | float) and math.isfinite(value)


def percent(share: float | None) -> str:
    """A share of 1 as a percentage of one decimal, never rounded up to certainty: 0.99961 is >99.9%."""
    if share is None or not math.isfinite(share):
        return ABSENT
    if share in (0.0, 1.0):
        return f"{share:.0%}"
    if 0.9995 <= share < 1:
        return ">99.9%"
    if 0 < share < 0.0005:
        return "<0.1%"
    return f"{share:.1%}"


def number(value: float | None, digits: int = 4, *, trailing_zeros: bool = False) -> str:
    """`digits` significant digits, thousands marked, powers of ten beyond 0.0001 and 10^15.

    trailing_zeros: 0.250 rather than 0.25, for figures that stand below one another.
    """
    if value is None or not math.isfinite(value):
        return ABSENT
    size = abs(value)
    if size == 0:
        return "0"
    if size < 1e-4 or size >= 1e15:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        power = "10" + str(int(exponent)).translate(_RAISED)
        return minus({"1": "", "-1": "-"}.get(mantissa, f"{mantissa}×") + power)
    decimals = max(0, digits - 1 - math.floor(math.log10(size)))
    text = f"{value:,.{decimals}f}"
    if "." in text and not trailing_zeros:
        text = text.rstrip("0").rstrip(".")
    return minus(text)


def minus(text: str) -> str:
    """With a true minus sign."""
    return text.replace("-", "−")


def metric(name: str, value: float | None) -> str:
    """A metric's value: shares as percentages, areas and scores to three decimals, others to three digits."""
    if value is None or not math.isfinite(value):
        return ABSENT
    if name in SHARES:
        return percent(value)
    if name in ("roc_auc", "f1", "r2", "brier"):
        text = f"{value if abs(value) >= 0.0005 else 0.0:.3f}"
        if text == "1.000" and value < 1:
            return ">0.999"
        return minus(text)
    return number(value, 3, trailing_zeros=True)


def count(rows: float | None) -> str:
    """A whole number with its thousands marked."""
    return ABSENT if rows is None else f"{rows:,.0f}"


def plural(rows: int, word: str) -> str:
    """1 row, 1,204 rows."""
    return f"{rows:,} {word}" + ("" if rows == 1 else "s")


def duration(seconds: float | None) -> str:
    """0.42 s, 3.2 s, 2 min 5 s, 1 h 4 min."""
    if seconds is None or not math.isfinite(seconds):
        return ABSENT
    if seconds < 1:
        return f"{seconds:.2g} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def elided(text: str, length: int) -> str:
    """At most `length` characters, the middle cut out: names differ at both of their ends."""
    text = " ".join(str(text).split())
    if len(text) <= length:
        return text
    head = (length - 1) * 2 // 3
    return text[:head].rstrip() + "…" + text[len(text) - (length - 1 - head) :].lstrip()

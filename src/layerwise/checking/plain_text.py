"""A gradient check in plain sentences."""

from __future__ import annotations

from layerwise.checking.measuring import Corner
from layerwise.checking.result import Entry, GradientCheck, ParameterCheck

KINKS_SHOWN = 3


def text_of(check: GradientCheck) -> str:
    """The verdict, what is wrong from the output down, the kinks left out, and the notes."""
    wrong = [part for part in check.parameters.values() if not part.passed]
    lines = [_headline(check)]
    begins = [part for part in wrong if part.follows is None]
    begins.sort(key=lambda part: part.name != check.culprit)
    for part in begins:
        lines += _fault(part)
        lines += _followers(part, wrong)
    lines += [part.explanation for part in check.parameters.values() if part.passed and part.explanation]
    lines += _kinks(check)
    lines += check.notes
    return "\n".join(lines)


def _headline(check: GradientCheck) -> str:
    verdict = "The gradient is right" if check.passed else "The gradient is wrong"
    if not check.passed and check.culprit is None:
        verdict = "The check failed"
    elif not check.passed:
        verdict += f", first in d{check.culprit}"
    within = (
        " (within the errors of the differences)"
        if check.passed and check.difference > check.tolerance
        else ""
    )
    return (
        f"{verdict}: difference {check.difference:.2e}{within}, tolerance {check.tolerance:g} "
        f"({check.evaluations:,} evaluations of the cost)."
    )


def _fault(part: ParameterCheck) -> list[str]:
    lines = [f"d{part.name} ({part.cause}): {part.explanation}"]
    if part.cause in ("unknown", "non-finite") and part.worst:
        lines += [
            f"  d{part.name}{_place(entry)} is {entry.analytic:.6g}, measured {entry.numeric:.6g}"
            for entry in part.worst
        ]
    return lines


def _followers(part: ParameterCheck, wrong: list[ParameterCheck]) -> list[str]:
    names = [f"d{other.name}" for other in wrong if other.follows == part.name]
    if not names:
        return []
    joined = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return [f"  {joined} {'is' if len(names) == 1 else 'are'} wrong too, and may follow from it."]


def _kink(kink: Corner) -> str:
    sides = f"between {kink.left:.4g} and {kink.right:.4g}"
    if kink.left == kink.right:
        sides = f"beside {kink.left:.4g}"
    return f"d{kink.name}{_place(kink)} {kink.analytic:.4g} {sides}"


def _place(entry: Entry | Corner) -> str:
    return f"[{', '.join(map(str, entry.index))}]" if entry.index else ""


def _kinks(check: GradientCheck) -> list[str]:
    if not check.kinks:
        return []
    count = len(check.kinks)
    shown = ", ".join(_kink(kink) for kink in check.kinks[:KINKS_SHOWN])
    more = f", and {count - KINKS_SHOWN:,} more" if count > KINKS_SHOWN else ""
    entries = "1 entry is" if count == 1 else f"{count:,} entries are"
    return [
        f"{entries} left out: the cost has a corner there, where a gradient is a convention ({shown}{more})."
    ]

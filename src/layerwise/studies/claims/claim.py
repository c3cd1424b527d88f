"""A claim of the note's text, and what trying it came to."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from layerwise.studies.claims.wording import CLAIMS, FINDINGS
from layerwise.studies.words import WORDS

HOLDS, IN_PART, FAILS = "holds", "holds in part", "does not hold"


class Trial(NamedTuple):
    """The verdict, one of "holds", "holds in part" and "does not hold", and the figures it rests on."""

    verdict: str
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Claim:
    """name: short, for programs. section: of the note. run: tries it."""

    name: str
    section: str
    run: Callable[[], Trial]


class _Figures(string.Formatter):
    """Fills figures in, and a word where one is infinite: how many passes it took to what never came."""

    def __init__(self, never: str) -> None:
        self.never = never

    def format_field(self, value: Any, format_spec: str) -> Any:
        return self.never if value == float("inf") else super().format_field(value, format_spec)


@dataclass(frozen=True)
class Tried:
    """A claim that was tried, in how many seconds."""

    claim: Claim
    trial: Trial
    seconds: float

    def verdict(self, language: str = "en") -> str:
        return WORDS[language][self.trial.verdict]

    def says(self, language: str = "en") -> str:
        """The claim in a sentence."""
        return CLAIMS[language][self.claim.name]

    def found(self, language: str = "en") -> str:
        """What was found, with its figures."""
        return _Figures(WORDS[language]["never"]).format(
            FINDINGS[language][self.claim.name], **self.trial.figures
        )

    def document(self) -> dict[str, Any]:
        """As it stands in results.json."""
        return {
            "claim": self.claim.name,
            "section": self.claim.section,
            "says": self.says(),
            "verdict": self.trial.verdict,
            "found": self.found(),
            "figures": {
                k: float(v) if abs(v) < float("inf") else None for k, v in self.trial.figures.items()
            },
            "seconds": self.seconds,
        }


def judged(*conditions: bool) -> str:
    """ "holds" where all are true, "does not hold" where none is, else "holds in part"."""
    return HOLDS if all(conditions) else IN_PART if any(conditions) else FAILS

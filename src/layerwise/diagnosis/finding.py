"""What a rule says when it applies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from layerwise.diagnosis.sentences import LANGUAGES, NAMES, SENTENCES
from layerwise.errors import InputError, nearest

SEVERITIES = ("problem", "remark", "good")


@dataclass(frozen=True)
class Finding:
    """One finding about a run.

    rule: its name, such as "too large weights". severity: "problem", "remark" or "good". evidence: the
    numbers that it rests on, by name. epochs: the first and the last epoch that it is seen in.
    """

    rule: str
    severity: str
    evidence: Mapping[str, float] = field(default_factory=dict)
    epochs: tuple[int, int] = (0, 0)

    @property
    def message(self) -> str:
        """A sentence that says what was found, with its figures."""
        return self.words("en")

    def name(self, language: str = "en") -> str:
        """The rule's name, "en" or "zh". Raises InputError for another language."""
        return NAMES[_known(language)][self.rule]

    def words(self, language: str = "en") -> str:
        """The message in English ("en") or Chinese ("zh"). Raises InputError for another language."""
        return SENTENCES[_known(language)][self.rule].format(**self.evidence)


def _known(language: str) -> str:
    if language not in LANGUAGES:
        raise InputError(f"unknown language {language!r}; {nearest(language, LANGUAGES)}")
    return language

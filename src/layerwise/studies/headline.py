"""What a study came to, in a line."""

from __future__ import annotations

from collections.abc import Sequence

from layerwise.studies.ahead import who_is_ahead
from layerwise.studies.gradient_study import Check
from layerwise.studies.outcome import Outcome
from layerwise.studies.words import WORDS


def headline(outcome: Outcome, language: str) -> str:
    """Who is ahead and who is last in the accuracy that the note concludes from; of gradient checking, what
    is wrong."""
    if outcome.study is None:
        return _checks(outcome.checks, language)
    return who_is_ahead(WORDS[language]["ahead"], outcome.trained, _split(outcome), language)


def beyond(outcome: Outcome, language: str) -> list[str]:
    """The same at the tuned rates, and what other seeds say of the note's conclusions, where they were tried;
    a sentence each."""
    say, found = WORDS[language], []
    if outcome.tuned is not None:
        found.append(who_is_ahead(say["ahead when tuned"], outcome.tuned.rows, _split(outcome), language))
    if outcome.repeats is not None:
        verdicts = [say[verdict.verdict] for verdict in outcome.repeats.verdicts]
        counts = [say["aside"].format(word, verdicts.count(word)) for word in dict.fromkeys(verdicts)]
        sentence = "conclusions on one seed" if outcome.repeats.seeds == 1 else "conclusions"
        found.append(
            say[sentence].format(
                conclusions=len(verdicts), seeds=outcome.repeats.seeds, counts=say["list"].join(counts)
            )
        )
    return found


def _split(outcome: Outcome) -> str:
    assert outcome.study is not None
    return outcome.study.conclusions[0].split


def _checks(checks: Sequence[Check], language: str) -> str:
    wrong = [check for check in checks if not check.is_correct]
    found = WORDS[language]["and"].join(check.comment_in(language) for check in wrong) or "–"
    return WORDS[language]["checked"].format(wrong=len(wrong), checks=len(checks), found=found)

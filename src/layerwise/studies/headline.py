"""What a study came to, in a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from layerwise.studies.gradient_study import Check
from layerwise.studies.outcome import Outcome
from layerwise.studies.study import Row
from layerwise.studies.words import WORDS, model_name, percentage


def headline(outcome: Outcome, language: str) -> str:
    """Who is ahead and who is last in the accuracy that the note concludes from; of gradient checking, what
    is wrong."""
    if outcome.study is None:
        return _checks(outcome.checks, language)
    return _ahead(WORDS[language]["ahead"], outcome.trained, _split(outcome), language)


def beyond(outcome: Outcome, language: str) -> list[str]:
    """The same at the tuned rates, and what other seeds say of the note's conclusions, where they were tried;
    a sentence each."""
    say, found = WORDS[language], []
    if outcome.tuned is not None:
        found.append(_ahead(say["ahead when tuned"], outcome.tuned.rows, _split(outcome), language))
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


def _ahead(sentence: str, rows: Sequence[Row], split: str, language: str) -> str:
    say = WORDS[language]
    models: dict[str, list[str]] = {}
    shares: Mapping[str, float] = {
        percentage(share): share for row in rows if (share := _accuracy(row, split)) == share
    }
    for row in rows:
        name = say["name"].format(model_name(row.run.arm.model, language))
        models.setdefault(percentage(_accuracy(row, split)), []).append(name)
    ranked = sorted(shares, key=lambda shown: shares[shown])
    if len(ranked) < 2:
        return say["level"].format(split=say[split], share=ranked[0] if ranked else "–")
    return sentence.format(
        split=say[split],
        best=say["and"].join(models[ranked[-1]]),
        most=ranked[-1],
        worst=say["and"].join(models[ranked[0]]),
        least=ranked[0],
    )


def _accuracy(row: Row, split: str) -> float:
    return row.run.train_accuracy if split == "train" else row.run.test_accuracy


def _checks(checks: Sequence[Check], language: str) -> str:
    wrong = [check for check in checks if not check.is_correct]
    found = WORDS[language]["and"].join(check.comment_in(language) for check in wrong) or "–"
    return WORDS[language]["checked"].format(wrong=len(wrong), checks=len(checks), found=found)

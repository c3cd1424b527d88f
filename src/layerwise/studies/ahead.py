"""Which model is ahead in a table, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from layerwise.studies.study import Row
from layerwise.studies.words import WORDS, model_name, percentage


def who_is_ahead(sentence: str, rows: Sequence[Row], split: str, language: str) -> str:
    """Which models have the highest accuracy and which the lowest; split: "train" or "test"."""
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

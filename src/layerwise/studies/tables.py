"""The tables of a study as text, in the note's columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from layerwise.studies.ahead import who_is_ahead
from layerwise.studies.gradient_study import Check
from layerwise.studies.repeats import Repeats
from layerwise.studies.stories import STORIES
from layerwise.studies.study import Row
from layerwise.studies.tuning import Tuned
from layerwise.studies.words import WORDS, model_name, percentage, small_number


@dataclass(frozen=True)
class Table:
    """Headings and rows of text, the first column a name; sentences that belong below."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sentences: tuple[str, ...] = field(default=())


def study_table(rows: Sequence[Row], shape: bool, language: str) -> Table:
    """Model, Train accuracy, Test accuracy, Problem/Comment, and Cost shape with its roughness."""
    say = WORDS[language]
    headings = [say[name] for name in ("model", "train accuracy", "test accuracy", "comment")]
    cells = []
    for row in rows:
        line = [
            model_name(row.run.arm.model, language),
            percentage(row.run.train_accuracy),
            percentage(row.run.test_accuracy),
            row.comment_in(language) or "–",
        ]
        if shape:
            line.append(say["aside"].format(say[row.cost_shape], f"{row.roughness:.1f}"))
        cells.append(tuple(line))
    if shape:
        headings.append(say["cost shape"])
    return Table("", tuple(headings), tuple(cells))


def check_table(checks: Sequence[Check], language: str) -> Table:
    """Check, Difference, Published, Problem/Comment."""
    say = WORDS[language]
    headings = tuple(say[name] for name in ("check", "difference", "published", "comment"))
    rows = tuple(
        (
            model_name(check.model, language),
            small_number(check.difference),
            small_number(check.published),
            check.comment_in(language),
        )
        for check in checks
    )
    return Table("", headings, rows)


def repeats_table(repeats: Repeats, language: str) -> Table:
    """Mean and standard deviation over the seeds, and which rules found something how often."""
    from layerwise.diagnosis.sentences import NAMES

    say = WORDS[language]
    rows = []
    for arm in repeats.arms:
        found = [
            say["aside"].format(
                NAMES[language].get(rule, rule), say["in"].format(count=count, seeds=repeats.seeds)
            )
            for rule, count in repeats.rules(arm.key)
        ]
        rows.append(
            (
                model_name(arm.model, language),
                *(
                    mean_and_spread(repeats.values(arm.key, f"{split}_accuracy"))
                    for split in ("train", "test")
                ),
                (", " if language == "en" else "，").join(found) or "–",
            )
        )
    models = {arm.key: model_name(arm.model, language) for arm in repeats.arms}
    return Table(
        say["seeds" if repeats.seeds > 1 else "one seed"].format(n=repeats.seeds),
        tuple(say[name] for name in ("model", "train accuracy", "test accuracy", "comment")),
        tuple(rows),
        tuple(verdict.words(models, language) for verdict in repeats.verdicts),
    )


def tuned_table(tuned: Tuned, language: str) -> Table:
    """Best rate, both accuracies, cost in training and how soon it came down; who is ahead, and why the rates
    are chosen by what they are."""
    say = WORDS[language]
    rows = []
    for tried, row, reached, final in zip(
        tuned.tried, tuned.rows, tuned.reached, tuned.final_costs, strict=True
    ):
        note = say["edge"] if tried.at_the_edge else say["any rate"] if tried.any_will_do else ""
        rate = f"{tried.best_rate:g}"
        rate = say["aside"].format(rate, note) if note else rate
        rows.append(
            (
                model_name(row.run.arm.model, language),
                rate,
                percentage(row.run.train_accuracy),
                percentage(row.run.test_accuracy),
                small_number(final) if np.isfinite(final) else "–",
                say["never"] if reached is None else f"{reached:,}",
                row.comment_in(language) or "–",
            )
        )
    names = ("model", "rate", "train accuracy", "test accuracy", "train cost", "reached", "comment")
    title = say["tuned"].format(chosen=choice_words(tuned, language))
    ahead = who_is_ahead(say["ahead when tuned"], tuned.rows, tuned.study.conclusions[0].split, language)
    sentences = filter(None, (ahead, STORIES[language][tuned.study.name].choice))
    return Table(title, tuple(say[name] for name in names), tuple(rows), tuple(sentences))


def choice_words(tuned: Tuned, language: str) -> str:
    """What the rates were chosen by, with the number of examples that decided."""
    words = WORDS[language]["train_choice" if tuned.chosen_on == "train" else "held out"]
    return words.format(judged=tuned.judged_by)


def mean_and_spread(shares: np.ndarray) -> str:
    """99.2% ± 0.4; of one, the share alone."""
    known = shares[np.isfinite(shares)]
    if not len(known):
        return "–"
    mean = f"{100 * known.mean():.1f}%"
    return mean if len(known) == 1 else f"{mean} ± {100 * known.std(ddof=1):.1f}"

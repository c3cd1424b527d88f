"""The verdict in plain words: what the figures mean, said before they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from layerwise.report.numbers import elided, is_number, metric, percent, plural

if TYPE_CHECKING:
    from layerwise.report.contents import ReportContents


WORTH_A_WORD = 0.01
"""A gap of accuracy or R2 below this is not worth a sentence, however surely it is there."""


class Verdict(NamedTuple):
    """headline: one sentence; details: sentences that put it into proportion."""

    headline: str
    details: list[str]


def verdict(contents: ReportContents) -> Verdict:
    """How good the network is on the scored split, beside doing without it and beside its training rows."""
    headline = _regression(contents) if contents.task == "regression" else _classification(contents)
    if headline is None:
        return Verdict(f"The network was trained to predict {_quoted(contents.target)}, but not scored.", [])
    comparison = _values_compared(contents) if contents.task == "regression" else _classes_compared(contents)
    details = [*comparison, *_fitted_and_new(contents)]
    return Verdict(headline, [sentence for sentence in details if sentence])


def ending(reason: str) -> str:
    """Why training ended, as a sentence: a bare reason gets its beginning and its full stop."""
    reason = reason.strip()
    if not reason:
        return ""
    if reason[0].islower():
        reason = f"Training ended: {reason}"
    return reason if reason.endswith((".", "!", "?")) else reason + "."


def rows_in_words(contents: ReportContents) -> str:
    """The scored split in words, honest about rows that were not new: "114 rows it had never seen"."""
    rows = contents.rows.get(contents.scored_split)
    if rows is None and contents.y is not None:
        rows = len(contents.y)
    if contents.scored_split == "test":
        return f"{plural(rows, 'row')} it had never seen" if rows is not None else "rows it had never seen"
    if contents.scored_split == "validation":
        counted = plural(rows, "row") if rows is not None else "rows"
        return f"{counted} that were not trained on but did choose the best epoch"
    counted = plural(rows, "row") if rows is not None else "rows"
    return f"the {counted} it was trained on"


def _quoted(text: object) -> str:
    return f"“{elided(str(text), 60)}”"


def _score(contents: ReportContents, name: str) -> float | None:
    value = contents.metrics.get(contents.scored_split, {}).get(name)
    return float(value) if is_number(value) else None


def _interval(contents: ReportContents, name: str) -> tuple[float, float] | None:
    found = contents.intervals.get(contents.scored_split, {}).get(name)
    return None if found is None or not all(map(is_number, found)) else (float(found[0]), float(found[1]))


def _baseline(contents: ReportContents, name: str) -> float | None:
    value = contents.baseline.get(name)
    return float(value) if is_number(value) else None


def _in_brackets(contents: ReportContents, name: str) -> str:
    interval = _interval(contents, name)
    if interval is None:
        return ""
    return f" (95% interval {metric(name, interval[0])} to {metric(name, interval[1])})"


def _classification(contents: ReportContents) -> str | None:
    accuracy = _score(contents, "accuracy")
    if accuracy is None:
        return None
    return (
        f"On {rows_in_words(contents)}, the network was right {percent(accuracy)} of the time"
        f"{_in_brackets(contents, 'accuracy')}."
    )


def _classes_compared(contents: ReportContents) -> list[str]:
    accuracy, baseline = _score(contents, "accuracy"), _baseline(contents, "accuracy")
    sentences = []
    always = "always giving the most frequent answer"
    if contents.baseline_label is not None:
        always = f"always answering {_quoted(contents.baseline_label)}"
    if accuracy is not None and baseline is not None:
        start = always[0].upper() + always[1:]
        sentence = f"{start} would be right {percent(baseline)} of the time"
        interval = _interval(contents, "accuracy")
        if accuracy <= baseline:
            sentence += ", so the network adds nothing to that."
        elif interval is not None and interval[0] <= baseline:
            sentence += "; with so few rows, the difference may be luck."
        else:
            sentence += "."
        sentences.append(sentence)
    balanced = _score(contents, "balanced_accuracy")
    if balanced is not None and accuracy is not None and accuracy - balanced > 0.03:
        sentences.append(
            "It does less well on some classes: "
            f"counting every class the same, it is right {percent(balanced)} of the time."
        )
    return sentences


def _regression(contents: ReportContents) -> str | None:
    target, rows = _quoted(contents.target), rows_in_words(contents)
    r2 = _score(contents, "r2")
    if r2 is None:
        mae = _score(contents, "mae")
        if mae is None:
            return None
        between = _in_brackets(contents, "mae")
        return f"On {rows}, the network’s {target} is off by {metric('mae', mae)} on average{between}."
    interval = _interval(contents, "r2")
    if r2 <= 0:
        return f"On {rows}, the network predicts {target} no better than always answering the mean would."
    between = f" (95% interval {_share(interval[0])} to {_share(interval[1])})" if interval else ""
    return f"On {rows}, the network explains {_share(r2)} of the variation in {target}{between}."


def _share(r2: float) -> str:
    """R2 as a percentage: below zero, nothing is explained."""
    return percent(max(r2, 0.0))


def _values_compared(contents: ReportContents) -> list[str]:
    sentences = []
    mae, rmse = _score(contents, "mae"), _score(contents, "rmse")
    name = "mae" if mae is not None else "rmse"
    value, baseline = (mae if mae is not None else rmse), _baseline(contents, name)
    if value is not None:
        kind = "It is off by" if name == "mae" else "Its typical error is"
        sentence = f"{kind} {metric(name, value)}{' on average' if name == 'mae' else ''}"
        if baseline is not None:
            sentence += f"; always answering the training rows’ mean would be off by {metric(name, baseline)}"
        sentences.append(sentence + ".")
    interval = _interval(contents, "r2")
    r2 = _score(contents, "r2")
    if r2 is not None and r2 > 0 and interval is not None and interval[0] <= 0:
        sentences.append("With so few rows, the gain over answering the mean may be luck.")
    return sentences


def _fitted_and_new(contents: ReportContents) -> list[str]:
    """Does it do better on the rows it learned from than new rows can explain?"""
    if contents.scored_split == "train":
        return ["These are the rows it learned from, so expect less on new ones."]
    name = "r2" if contents.task == "regression" else "accuracy"
    new, fitted = _score(contents, name), contents.metrics.get("train", {}).get(name)
    interval = _interval(contents, name)
    if new is None or not is_number(fitted) or interval is None:
        return []
    shown = f"{metric(name, float(fitted))}" if name == "accuracy" else f"R² {metric(name, float(fitted))}"
    beside = metric(name, new)
    if fitted > interval[1] and fitted - new >= WORTH_A_WORD:
        return [
            f"On the rows it learned from it does better ({shown}, against {beside} here): "
            "part of what it learned holds for those rows only."
        ]
    return [f"It does about as well on new rows as on those it learned from ({shown})."]

"""What a comparison says of its runs: ranking, words, files and the page."""

from __future__ import annotations

import json
import re
import shlex
from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest
from small_tables import QUICK, by_hand, two_classes

from layerwise.comparison import Comparison, compare
from layerwise.errors import InputError
from layerwise.runs import OPTIONS

APART = {"adam": [0.90, 0.91, 0.92, 0.90, 0.93], "gd": [0.60, 0.62, 0.61, 0.61, 0.63]}
ALIKE = {"adam": [0.90, 0.80, 0.92, 0.85, 0.93], "gd": [0.85, 0.91, 0.84, 0.93, 0.80]}


def test_the_summary_has_mean_and_spread_over_the_seeds():
    row = by_hand(APART).summary().row(0, named=True)
    assert (row["rank"], row["optimizer"], row["runs"]) == (1, "adam", 5)
    assert row["accuracy_mean"] == pytest.approx(np.mean(APART["adam"]))
    assert row["accuracy_spread"] == pytest.approx(np.std(APART["adam"], ddof=1))


def test_the_best_is_highest_for_a_score_and_lowest_for_an_error():
    assert by_hand(APART).winner.label == "optimizer=adam"
    errors = by_hand(APART, metric="rmse", task="regression")
    assert errors.winner.label == "optimizer=gd"
    assert errors.differences()["better"].to_list() == ["first"]


def test_a_combination_with_a_failed_run_stands_after_those_without():
    found = by_hand({"adam": [0.99, None, 0.99], "gd": [0.5, 0.6, 0.7], "momentum": [None, None, None]})
    assert found.summary()["optimizer"].to_list() == ["gd", "adam", "momentum"]
    assert found.summary()["failed"].to_list() == [0, 1, 3]
    pair = found.differences().row(0, named=True)
    assert (pair["runs"], pair["p"]) == (2, None)


def test_differences_go_by_the_seeds_that_both_have():
    found = by_hand({"adam": [0.9, None, 0.8, 0.7, 0.9], "gd": [0.5, 0.9, 0.6, 0.4, 0.3]})
    pair = found.differences().row(0, named=True)
    assert pair["first"] == "optimizer=gd"
    assert pair["difference"] == pytest.approx(np.mean([0.5, 0.6, 0.4, 0.3]) - np.mean([0.9, 0.8, 0.7, 0.9]))


def test_splits_drawn_anew_make_p_larger_than_test_rows_that_stay():
    drawn, same = by_hand(ALIKE), by_hand(ALIKE, draws_test_rows=False)
    assert drawn.differences()["p"][0] > same.differences()["p"][0]
    assert "the same in all runs" in same.text


def test_what_is_ahead_is_said_to_be_and_what_is_not_is_not():
    apart, alike = by_hand(APART), by_hand(ALIKE)
    assert "ahead of optimizer=gd by more than luck" in apart.text
    assert apart.winner.tied == ()
    assert "cannot be told apart from optimizer=gd" in alike.text
    assert alike.winner.tied == ("optimizer=gd",)
    assert "ahead" not in alike.text


@pytest.mark.parametrize("seeds", [1, 2])
def test_with_too_few_seeds_it_says_that_nothing_can_be_told(seeds):
    found = by_hand({name: scores[:seeds] for name, scores in APART.items()})
    assert "nothing can be told" in found.text
    assert "ahead" not in found.text
    assert found.winner.tied == ()


def test_a_faster_one_that_is_as_good_is_named():
    slow = by_hand(ALIKE, seconds={"adam": 10.0, "gd": 1.0})
    assert "optimizer=gd trains in 10% of its time" in slow.text
    assert "of its time" not in by_hand(ALIKE).text


def test_the_best_is_said_to_look_a_little_too_good():
    assert "a little too good" in by_hand(APART).text


def test_where_every_run_failed_there_is_no_winner_and_the_page_says_why():
    found = by_hand({"adam": [None, None], "gd": [None, None]})
    assert found.winner is None
    assert "No run gave a network" in found.text
    page = found.save("all-failed").read_text("utf-8")
    assert "the cost was not finite &lt;in&gt; the first epoch" in page


def test_the_recipe_trains_the_winner_again(tmp_path):
    X, y = two_classes()
    vary = {"hidden": [(4, 3), (2,)], "shuffle": [True, False], "l2": [0.0, 0.5]}
    found = compare(X, y, vary=vary, seeds=1, settings={"epochs": 3, "engine": "numpy"})
    best = next(c for c in found.combinations if c.label == found.winner.label)
    scope: dict = {"X": X, "y": y}
    exec(found.winner.python, scope)
    assert {**scope["model"].get_params(), "seed": None} == {**best.settings, "seed": None}
    words = shlex.split(found.winner.shell)
    assert words[:5] == ["layerwise", "train", "DATA", "--target", "y"]
    given, rest = {}, words[5:]
    while rest:
        name, *rest = rest
        if name == "--no-shuffle":
            given["shuffle"] = False
            continue
        value, *rest = rest
        option = OPTIONS[name.removeprefix("--").replace("-", "_")]
        given[option.name] = option.from_text(value)
    defaults = {name: OPTIONS[name].default for name in best.settings}
    assert {**defaults, **given} == best.settings


class Page(HTMLParser):
    """What a page would load, and what is on it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            if name in ("src", "href", "action") and not (value or "").startswith(("#", "data:")):
                self.loads.append(f"{tag} {name}={value}")

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_loads_nothing_and_has_every_part():
    page = Page(by_hand(APART).save("out").read_text("utf-8"))
    assert page.loads == []
    assert page.tags.count("svg") == 4
    said = " ".join(page.words)
    for word in (
        "optimizer=adam did best",
        "layerwise train table.csv",
        "TabularClassifier(",
        "Nadeau",
        "Holm",
    ):
        assert word in said, word
    assert {"h1", "h2", "table", "details"} <= set(page.tags)


def test_what_a_person_wrote_is_never_taken_for_html():
    X, y = two_classes()
    evil = '</style><script>alert("1")</script>'
    found = compare(
        X, [evil if label == "yes" else label for label in y], vary={"class_weight": [None, {evil: 2.0}]},
        settings=QUICK, seeds=1,
    )  # fmt: skip
    page = found.save("out").read_text("utf-8")
    assert evil not in page
    assert evil not in found._repr_html_()
    assert Page(page).tags.count("script") == Page(
        by_hand(APART).save("other").read_text("utf-8")
    ).tags.count("script")


def test_the_same_comparison_gives_the_same_page_and_files():
    first, second = by_hand(APART).save("one"), by_hand(APART).save("two")
    for file in first.parent.iterdir():
        assert file.read_bytes() == (second.parent / file.name).read_bytes()


def test_files_hold_what_python_shows():
    found = by_hand({"adam": [0.9, 0.8, None], "gd": [0.5, 0.6, 0.7]})
    folder = found.save("out").parent
    assert {file.name for file in folder.iterdir()} == {
        "comparison.html", "curves.csv", "differences.csv", "main_effects.csv", "results.json", "runs.csv",
        "summary.csv",
    }  # fmt: skip
    document = json.loads((folder / "results.json").read_text("utf-8"), parse_constant=pytest.fail)
    assert document["format"] == "layerwise-comparison"
    assert document["vary"] == {"optimizer": ["adam", "gd"]}
    assert (document["runs_planned"], document["runs_done"]) == (6, 6)
    assert [row["test_accuracy"] for row in document["runs"]] == [0.9, 0.8, None, 0.5, 0.6, 0.7]
    assert document["winner"]["label"] == found.winner.label
    assert (
        pl.read_csv(folder / "runs.csv")["test_accuracy"].to_list() == found.runs["test_accuracy"].to_list()
    )
    assert pl.read_csv(folder / "curves.csv").height == found.curves.height == 15


def test_results_of_something_else_are_not_overwritten(tmp_path):
    (tmp_path / "results.json").write_text('{"mine": 1}')
    with pytest.raises(InputError, match="something else"):
        by_hand(APART).save(tmp_path)
    assert (tmp_path / "results.json").read_text() == '{"mine": 1}'
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        by_hand(APART).save(tmp_path / "file")


def test_a_notebook_shows_a_table_with_a_row_for_each():
    html = by_hand(APART)._repr_html_()
    assert html.count("<tr>") == 3
    assert "optimizer=adam did best" in html


def test_other_metrics_can_be_asked_for_and_unknown_ones_are_refused():
    X, y = two_classes()
    found = compare(X, y, vary={"optimizer": ["gd", "adam"]}, settings=QUICK, seeds=3, metric="log_loss")
    assert found.summary().columns[6] == "log_loss_mean"
    means = found.summary()["log_loss_mean"].to_list()
    assert means == sorted(means)
    assert set(found.differences("roc_auc")["metric"]) == {"roc_auc"}
    with pytest.raises(InputError, match="did you mean 'roc_auc'"):
        found.differences("rocauc")


def test_many_combinations_still_make_a_page():
    draw = np.random.default_rng(0)
    scores = {
        name: list(draw.random(4)) for name in ("gd", "momentum", "classical_momentum", "nesterov", "rmsprop")
    }
    found = by_hand(scores)
    assert len(found.differences()) == 10
    assert re.search(r"cannot be told apart from numbers 2 to 5|ahead of", found.text)
    assert isinstance(found, Comparison)
    assert "<svg" in found.save("out").read_text("utf-8")

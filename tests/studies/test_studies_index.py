"""The page over all studies: a link, a table and a line for each, in both languages."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from layerwise.errors import InputError
from layerwise.studies.claims import ALL_CLAIMS, try_claims
from layerwise.studies.headline import beyond, headline
from layerwise.studies.index_page import render_index, write_index
from layerwise.studies.many_runs import SEEDS, Unfinished
from layerwise.studies.plane_studies import INITIALIZATION
from layerwise.studies.repeats import repeat_study
from layerwise.studies.request import plan_calls
from layerwise.studies.tuning import tune_study
from layerwise.studies.written import Done

QUICK = [arm.but(epochs=200) for arm in INITIALIZATION.arms]


@pytest.fixture(scope="module")
def all_done(initialization, optimization, gradient_checking):
    """Studies and two claims, as `layerwise study all` has them."""
    repeats = repeat_study(INITIALIZATION, 5, jobs=1, arms=QUICK)
    tuned = tune_study(INITIALIZATION, jobs=1, rates=(0.01, 0.1), arms=QUICK)
    seeded = dataclasses.replace(initialization, repeats=repeats, tuned=tuned)
    claims = [claim for claim in ALL_CLAIMS if claim.name in ("one dimension passes", "Adam's memory")]
    return [Done(seeded), Done(gradient_checking), Done(optimization), Done(None, try_claims(claims))]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_study_has_its_link_its_table_and_its_line(all_done, language):
    page = write_index(all_done, Path("out"), language)
    assert page == Path("out/index.html")
    text = page.read_text(encoding="utf-8")
    links = re.findall(r'href="(?!data:)([^"]+)"', text)
    assert links == [f"{one.name}/index.html" for one in all_done]
    assert text.count("<table") == 3
    for figure in ("99.33%", "79.67%", "2.919e-10"):
        assert figure in text
    for one in all_done:
        assert one.headline(language) in text.replace("&#39;", "'")
    assert f'<html lang="{ {"en": "en", "zh": "zh-CN"}[language] }">' in text
    chinese = {
        "en": "The note's experiments" in text.replace("&#39;", "'"),
        "zh": "笔记的实验" in text,
    }
    assert chinese[language]


def test_a_line_says_who_is_ahead_and_what_is_wrong(initialization, optimization, gradient_checking):
    assert headline(initialization, "en") == (
        "3-layer NN with He initialization: 99.33% training accuracy, the highest; "
        "3-layer NN with zeros initialization: 50%, the lowest."
    )
    assert headline(optimization, "en") == (
        "Adam: 94% training accuracy, the highest; Gradient descent and Momentum: 79.67%, the lowest."
    )
    assert headline(optimization, "zh") == "训练准确率最高：“Adam”，94%；最低：“梯度下降”和“动量”，79.67%。"
    assert headline(gradient_checking, "en").startswith("1 of 3 gradients wrong: ")
    assert "dW2 is 2.0 times too large" in headline(gradient_checking, "en")
    assert beyond(initialization, "en") == []


def test_other_seeds_and_tuned_rates_have_a_line_each(all_done):
    seeds, tuned = all_done[0].beyond("en")[1], all_done[0].beyond("en")[0]
    assert seeds.startswith("The note's conclusions (3) on 5 seeds: ")
    counts = re.findall(r"\((\d+)\)", seeds)[1:]
    assert sum(map(int, counts)) == 3
    assert tuned.startswith("Each at its own best learning rate, ")
    assert "5 个随机种子" in all_done[0].beyond("zh")[1]


def test_models_that_are_level_are_said_to_be(initialization):
    row = initialization.rows[0]
    level = dataclasses.replace(initialization, rows=[row, row])
    assert headline(level, "en") == "All have the same training accuracy, 50%."


def test_a_study_that_was_interrupted_says_so(initialization):
    stopped = dataclasses.replace(initialization, seeds=9, unfinished=Unfinished(SEEDS, 4, 9))
    assert "Interrupted: 4 of 9 seeds are done." in render_index([Done(stopped)], "en")
    assert "9 个种子完成了 4 个" in render_index([Done(stopped)], "zh")


@pytest.mark.parametrize(
    ("name", "text"), [("results.json", '{"mine": 1}'), ("index.html", "<p>my own page</p>")]
)
def test_a_folder_with_something_else_in_it_is_refused(name, text):
    Path("out").mkdir()
    Path("out", name).write_text(text)
    with pytest.raises(InputError, match="is of something else"):
        plan_calls("all", None, 0, False, "en", 1, Path("out"))
    assert Path("out", name).read_text() == text


def test_a_folder_of_the_same_study_may_be_written_again(gradient_checking):
    Done(gradient_checking).write(Path("out"), "en")
    assert len(plan_calls("gradient-checking", None, 0, False, "en", 1, Path("out"))) == 1
    write_index([Done(gradient_checking)], Path("all"))
    assert plan_calls("all", None, 0, False, "en", 1, Path("all"))

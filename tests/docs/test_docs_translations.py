"""A page and its translation hold one program, one output, the same figures, and lead to each other.

The examples of the English page are run; with the same program and the same output the Chinese is true too.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from page_blocks import FENCE, blocks_to_run, program, words

REPOSITORY = Path(__file__).resolve().parents[2]
TRANSLATED = [*sorted(REPOSITORY.glob("*.zh-CN.md")), *sorted((REPOSITORY / "docs").rglob("*.zh-CN.md"))]
HEADING = re.compile(r"^(#+) ", re.MULTILINE)
FIGURE = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)*(?:e-?\d+)?", re.ASCII)
CHINESE = re.compile(r"[\u4e00-\u9fff]")

each_translation = pytest.mark.parametrize(
    "page", TRANSLATED, ids=lambda page: page.relative_to(REPOSITORY).as_posix()
)


def original(page: Path) -> Path:
    return page.with_name(page.name.replace(".zh-CN.md", ".md"))


def both(page: Path) -> tuple[str, str]:
    return original(page).read_text("utf-8"), page.read_text("utf-8")


def test_every_tutorial_is_there_in_both_languages():
    folder = REPOSITORY / "docs" / "tutorials"
    english = {page.name for page in folder.glob("*.md") if not page.name.endswith(".zh-CN.md")}
    chinese = {page.name.replace(".zh-CN.md", ".md") for page in folder.glob("*.zh-CN.md")}
    assert english == chinese
    assert len(english) == 6


@each_translation
def test_both_pages_hold_the_same_program(page: Path):
    english, chinese = (blocks_to_run(text) for text in both(page))
    assert len(english) == len(chinese)
    for there, here in zip(english, chinese, strict=True):
        place = (
            f"{page.name}, line {here.line}, and {original(page).name}, line {there.line}, do not do the same"
        )
        assert (there.language, program(there)) == (here.language, program(here)), place


@each_translation
def test_both_pages_say_that_it_prints_the_same(page: Path):
    english, chinese = ([block.output for block in blocks_to_run(text)] for text in both(page))
    assert english == chinese


@each_translation
def test_what_is_not_run_holds_the_same_numbers(page: Path):
    english, chinese = (
        [
            re.findall(r"\d[\d.e-]*", fence["code"])
            for fence in FENCE.finditer(text)
            if fence["info"] == "text"
        ]
        for text in both(page)
    )
    assert english == chinese


@each_translation
def test_both_pages_have_the_same_sections(page: Path):
    english, chinese = ([len(marks) for marks in HEADING.findall(words(text))] for text in both(page))
    assert english == chinese


def figures(text: str) -> set[str]:
    """Every number of the words with a decimal point or a thousands comma: measured figures, sections."""
    return {figure for figure in FIGURE.findall(words(text)) if "." in figure or "," in figure}


@each_translation
def test_both_pages_tell_the_same_figures(page: Path):
    english, chinese = map(figures, both(page))
    assert english == chinese


@each_translation
def test_the_two_pages_lead_to_each_other(page: Path):
    english, chinese = both(page)
    assert f"]({page.name})" in english
    assert f"]({original(page).name})" in chinese
    if page.parent.name == "tutorials":
        assert f"]({page.name})" in english[:200]
        assert f"]({original(page).name})" in chinese[:200]


@each_translation
def test_a_page_in_chinese_leads_to_pages_in_chinese_where_there_are_any(page: Path):
    links = re.findall(r"\]\((?!https?:)([^)#\s]+\.md)", page.read_text("utf-8"))
    targets = [page.parent / link for link in links]
    english = [
        target.name
        for target in targets
        if not target.name.endswith(".zh-CN.md")
        and target.with_name(target.stem + ".zh-CN.md").exists()
        and target != original(page)
    ]
    assert english == []


@each_translation
def test_a_page_in_chinese_is_in_chinese(page: Path):
    text = words(page.read_text("utf-8"))
    paragraphs = [part for part in re.split(r"\n\s*\n", text) if re.search(r"[a-z]{4} [a-z]{2}", part)]
    alone = [part for part in paragraphs if not CHINESE.search(part) and not part.startswith("English: ")]
    assert alone == []


def test_another_program_behind_the_same_words_is_found():
    english, other, commented = (
        blocks_to_run(f"```python\n{code}\n```\n")[0]
        for code in (
            'def f(x):\n    """One."""\n    return x + 1  # one',
            'def f(x):\n    """One."""\n    return x - 1  # one',
            'def f(x):\n    """一。"""\n    return (x + 1)  # 一',
        )
    )
    assert program(english) != program(other)
    assert program(english) == program(commented)

"""The errata number the same errors in both languages, and the functions that they name exist.

That both show the same code is tested with the other pages, in tests/docs.
"""

from __future__ import annotations

import re
from pathlib import Path

from layerwise import course

NUMBERED = re.compile(r"^### (\d+)\. ", re.MULTILINE)
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`(building|initialization|regularization|gradient_checking|optimization)\.(\w+)")


def pages(repository: Path) -> list[str]:
    return [(repository / "docs" / f"errata{end}.md").read_text("utf-8") for end in ("", ".zh-CN")]


def test_both_languages_number_the_same_errors(repository: Path):
    english, chinese = (list(map(int, NUMBERED.findall(page))) for page in pages(repository))
    assert english == chinese == list(range(1, len(english) + 1))
    assert len(english) >= 6


def test_every_demonstration_asserts_its_point(repository: Path):
    _, *demonstrations = BLOCK.findall(pages(repository)[0])
    assert [code for code in demonstrations if "assert" not in code and "AssertionError" not in code] == []


def test_the_functions_that_the_errata_name_exist(repository: Path):
    named = {pair for page in pages(repository) for pair in NAMED.findall(page)}
    assert named
    assert [pair for pair in named if not hasattr(getattr(course, pair[0]), pair[1])] == []

"""What the written pages point at is there: links between pages, and the files that the guides name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = [*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").rglob("*.md"))]
FENCED = re.compile(r"^(`{3,}).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
PLACE = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)#([^)\s]+)\)")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
NAMED_FILE = re.compile(r"`((?:src|tests|docs|tools|benchmarks)/[\w./-]+|\.[\w/.-]+/[\w.-]+)`")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())


@each_page
def test_every_link_of_the_page_leads_to_a_file(page: Path):
    targets = LINK.findall(FENCED.sub("", page.read_text("utf-8")))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []


def anchors(page: Path) -> set[str]:
    """What GitHub calls the headings of a page: small letters, hyphens for spaces, no punctuation."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_every_link_to_a_heading_leads_to_one(page: Path):
    places = PLACE.findall(FENCED.sub("", page.read_text("utf-8")))
    lost = [
        f"{target}#{anchor}"
        for target, anchor in places
        if anchor not in anchors(page.parent / target if target else page)
    ]
    assert lost == []


def test_the_contributors_guide_names_only_files_that_exist():
    named = NAMED_FILE.findall((REPOSITORY / "CONTRIBUTING.md").read_text("utf-8"))
    assert len(named) > 10
    assert [path for path in named if not (REPOSITORY / path).exists()] == []


def test_the_contributors_map_shows_every_room():
    guide = (REPOSITORY / "CONTRIBUTING.md").read_text("utf-8")
    rooms = [room.parent.name for room in (REPOSITORY / "src" / "layerwise").glob("*/__init__.py")]
    assert rooms
    assert [room for room in rooms if f"{room}/" not in guide] == []

"""The page over the pages of several studies: each with its question, its result in a line and its table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from layerwise._version import __version__
from layerwise.errors import InputError
from layerwise.persistence import write_atomically
from layerwise.report.templating import render_page
from layerwise.studies.request import CLAIMS, PAGE
from layerwise.studies.stories import PAGE_WORDS, STORIES
from layerwise.studies.written import Done


def write_index(done: Sequence[Done], folder: Path, language: str = "en") -> Path:
    """Write the page over studies whose own pages lie in `folder`/<name>; returns its path.

    Raises InputError where it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder}: {error.strerror or error}") from error
    write_atomically(folder / PAGE, render_index(done, language))
    return folder / PAGE


def render_index(done: Sequence[Done], language: str) -> str:
    """The page as text."""
    say = PAGE_WORDS[language]
    parts = {
        "language": {"en": "en", "zh": "zh-CN"}[language],
        "version": __version__,
        "say": say,
        "studies": [
            {
                "link": f"{one.name}/{PAGE}",
                "title": _title(one.name, language),
                "question": _question(one.name, language),
                "headline": one.headline(language),
                "beyond": one.beyond(language),
                # The claims are some forty sentences: their page is the place for them.
                "table": None if one.name == CLAIMS else one.tables(language)[0],
                "unfinished": one.unfinished_words(language),
            }
            for one in done
        ],
        "foot": say["index foot"].format(version=__version__),
    }
    return render_page("index.html", parts, "layerwise.studies")


def _title(name: str, language: str) -> str:
    return PAGE_WORDS[language]["claims title"] if name == CLAIMS else STORIES[language][name].title


def _question(name: str, language: str) -> str:
    return PAGE_WORDS[language]["claims question"] if name == CLAIMS else STORIES[language][name].question

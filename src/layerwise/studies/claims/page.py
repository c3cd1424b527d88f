"""The claims as a table, as results.json and as a page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from layerwise._version import __version__
from layerwise.errors import InputError
from layerwise.persistence import write_atomically
from layerwise.report.templating import render_page
from layerwise.studies.claims.claim import Tried
from layerwise.studies.many_runs import Unfinished
from layerwise.studies.stories import PAGE_WORDS, unfinished_words
from layerwise.studies.tables import Table
from layerwise.studies.words import WORDS

VERDICTS = ("holds", "holds in part", "does not hold")


def claims_table(tried: Sequence[Tried], language: str) -> Table:
    """Section, claim, verdict, what was found; and a sentence that counts the verdicts."""
    say = PAGE_WORDS[language]
    rows = tuple(
        (one.claim.section, one.says(language), one.verdict(language), one.found(language)) for one in tried
    )
    words = WORDS[language]
    counted = words["list"].join(
        words["count"].format(words[verdict], sum(one.trial.verdict == verdict for one in tried))
        for verdict in VERDICTS
    )
    headings = (say["section"], say["claim"], say["verdict"], say["finding"])
    return Table("", headings, rows, (counted,))


def claims_document(tried: Sequence[Tried], unfinished: Unfinished | None = None) -> dict[str, Any]:
    """What results.json holds."""
    found: dict[str, Any] = {"study": "claims", "layerwise_version": __version__}
    if unfinished is not None:
        found["unfinished"] = unfinished.document()
    return found | {
        "rows": [one.document() for one in tried],
        "seconds": sum(one.seconds for one in tried),
    }


def write_claims(
    tried: Sequence[Tried], folder: Path, language: str = "en", unfinished: Unfinished | None = None
) -> Path:
    """Write results.json and the page into the folder, which is made if need be. Returns the page's path.

    unfinished: how far it came, where Ctrl-C ended it early. Raises InputError where the folder cannot be
    written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder}: {error.strerror or error}") from error
    document = claims_document(tried, unfinished)
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(folder / "results.json", text)
    write_atomically(folder / "index.html", render_claims(tried, language, unfinished))
    return folder / "index.html"


def render_claims(tried: Sequence[Tried], language: str, unfinished: Unfinished | None = None) -> str:
    """The page as text."""
    table = claims_table(tried, language)
    parts = {
        "language": {"en": "en", "zh": "zh-CN"}[language],
        "version": __version__,
        "say": PAGE_WORDS[language],
        "rows": [
            (*row, one.trial.verdict.replace(" ", "-")) for row, one in zip(table.rows, tried, strict=True)
        ],
        "headings": table.headings,
        "counted": table.sentences[0],
        "unfinished": unfinished_words(unfinished, language),
        "foot": PAGE_WORDS[language]["foot"].format(version=__version__),
    }
    return render_page("claims.html", parts, "layerwise.studies")

"""A study that was done: its tables to print, its document, and its files on disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layerwise.errors import InputError
from layerwise.persistence import write_atomically
from layerwise.studies.claims import ALL_CLAIMS, Tried, try_claims
from layerwise.studies.claims.page import claims_document, claims_table, write_claims
from layerwise.studies.headline import beyond, headline
from layerwise.studies.many_runs import CLAIMS_TRIED, Unfinished
from layerwise.studies.outcome import Outcome, study
from layerwise.studies.page import render_study, study_charts
from layerwise.studies.pictures import charts_by_file
from layerwise.studies.request import CLAIMS, PAGE, RESULTS, Call
from layerwise.studies.stories import unfinished_words
from layerwise.studies.tables import Table

PICTURES = "pictures"


@dataclass(frozen=True)
class Done:
    """One study, or so many of the planned claims, after it was run."""

    outcome: Outcome | None
    tried: Sequence[Tried] = ()
    planned: int = 0

    @property
    def name(self) -> str:
        """As it is called at the shell."""
        return CLAIMS if self.outcome is None else self.outcome.name

    def headline(self, language: str) -> str:
        """What it came to, in a line."""
        if self.outcome is None:
            return claims_table(self.tried, language).sentences[0]
        return headline(self.outcome, language)

    def beyond(self, language: str) -> list[str]:
        """What other seeds and tuned rates say, in a line each."""
        return [] if self.outcome is None else beyond(self.outcome, language)

    def unfinished_words(self, language: str) -> str:
        """How far it came, where Ctrl-C ended it early; else ""."""
        return unfinished_words(self.unfinished, language)

    def tables(self, language: str) -> list[Table]:
        """What is printed."""
        return [claims_table(self.tried, language)] if self.outcome is None else self.outcome.tables(language)

    @property
    def unfinished(self) -> Unfinished | None:
        """How far it came, where Ctrl-C ended it early."""
        if self.outcome is not None:
            return self.outcome.unfinished
        if len(self.tried) < self.planned:
            return Unfinished(CLAIMS_TRIED, len(self.tried), self.planned)
        return None

    def document(self) -> dict[str, Any]:
        """What results.json holds."""
        if self.outcome is not None:
            return self.outcome.document()
        return claims_document(self.tried, self.unfinished)

    def write(self, folder: Path, language: str) -> Path:
        """Write everything into the folder; the page's path. Raises InputError where it cannot be written."""
        if self.outcome is None:
            return write_claims(self.tried, folder, language, self.unfinished)
        return write_study(self.outcome, folder, language)


def run_call(
    call: Call,
    jobs: int = -1,
    watch: Callable[[str, float], None] | None = None,
    store: Path | None = None,
) -> Done:
    """Run one study, or try the claims. Raises InputError where its data cannot be read.

    store: a folder, where the runs on other seeds and at other rates, and the claims that were tried, are
    kept.
    """
    if call.name == CLAIMS:
        return Done(None, try_claims(ALL_CLAIMS, watch, store), len(ALL_CLAIMS))
    found = study(
        call.name,
        data=call.data,
        seeds=call.seeds,
        tune=call.tune,
        jobs=jobs,
        store=store if call.seeds or call.tune else None,
        watch=watch,
    )
    return Done(found)


def write_study(outcome: Outcome, folder: Path, language: str = "en") -> Path:
    """Write everything about the study into the folder, which is made if need be. Returns the page's path.

    Each file is written whole or not at all. Raises InputError where the folder cannot be written.
    """
    charts = study_charts(outcome, language)
    try:
        (folder / PICTURES).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder}: {error.strerror or error}") from error
    for name, svg in charts_by_file(charts).items():
        write_atomically(folder / PICTURES / name, svg + "\n")
    text = json.dumps(outcome.document(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(folder / RESULTS, text)
    write_atomically(folder / PAGE, render_study(outcome, charts, language))
    return folder / PAGE

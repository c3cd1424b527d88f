"""Finished runs on disk: a small JSON file each, so that work of many runs can stop anywhere and go on."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from layerwise._version import __version__
from layerwise.errors import InputError
from layerwise.persistence.atomic import write_atomically

RUNS = "runs"
FORMAT_VERSION = 1


def run_key(*identity: Any) -> str:
    """What a run is known by: everything that may change its result, in JSON's types, and our version.

    Runs of different data or settings have different keys, so that their results are never mixed.
    """
    known = json.dumps([FORMAT_VERSION, __version__, *identity])
    return hashlib.sha256(known.encode()).hexdigest()[:32]


class FinishedRuns:
    """The folder `runs` in `folder`, one file `<key>.json` for each finished run; without a folder, nothing.

    form: the format's name in each file.  is_whole: whether a record is one that may be kept and read again.
    A file that is damaged or of another kind is no finished run: the run is done again.
    Raises InputError where the folder cannot be made or written.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | None,
        form: str,
        is_whole: Callable[[Mapping[str, Any]], bool],
    ) -> None:
        self.folder = None if folder is None else Path(folder) / RUNS
        self.form, self.is_whole = form, is_whole
        if self.folder is not None:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise InputError(
                    f"cannot make the folder {self.folder}: {error.strerror or error}; choose another place"
                ) from error

    def get(self, key: str) -> dict[str, Any] | None:
        """The record of a finished run, or None."""
        if self.folder is None:
            return None
        try:
            document = json.loads((self.folder / f"{key}.json").read_bytes())
        except (OSError, ValueError):
            return None
        if not isinstance(document, dict) or (document.get("format"), document.get("key")) != (
            self.form,
            key,
        ):
            return None
        record = document.get("record")
        return record if isinstance(record, dict) and self.is_whole(record) else None

    def put(self, key: str, settings: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        """Keep a finished run, whole or not at all.   settings: for a person who opens the file."""
        if self.folder is None or not self.is_whole(record):
            return
        document = {
            "format": self.form,
            "format_version": FORMAT_VERSION,
            "layerwise_version": __version__,
            "key": key,
            "settings": settings,
            "record": record,
        }
        text = json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n"
        write_atomically(self.folder / f"{key}.json", text)

    def others(self, keys: set[str]) -> int:
        """How many finished runs in the folder are none of these: of another table or other settings."""
        if self.folder is None:
            return 0
        return sum(file.stem not in keys for file in self.folder.glob("*.json"))

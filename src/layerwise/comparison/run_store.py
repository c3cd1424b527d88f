"""Finished runs on disk: a small JSON file each, so that a comparison can stop anywhere and go on."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from layerwise._version import __version__
from layerwise.errors import InputError
from layerwise.persistence import write_atomically

FORMAT = "layerwise-comparison-run"
FORMAT_VERSION = 1
RUNS = "runs"
KEPT = ("done", "diverged", "failed")


def run_key(digest: str, settings: Mapping[str, Any], seed: int) -> str:
    """What a run is known by: the table, every setting, the seed, and the version that made it.

    Anything that may change the result changes the key, so that results of different tables or settings are
    never mixed.
    """
    identity = [FORMAT_VERSION, __version__, digest, sorted(settings.items()), seed]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]


class RunStore:
    """The folder `runs` in `folder`, one file `<key>.json` for each finished run; without a folder, nothing.

    A file that is damaged or of another kind is no finished run: the run is done again.
    Raises InputError where the folder cannot be made or written.
    """

    def __init__(self, folder: str | os.PathLike[str] | None) -> None:
        self.folder = None if folder is None else Path(folder) / RUNS
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
        if not isinstance(document, dict) or document.get("format") != FORMAT or document.get("key") != key:
            return None
        record = document.get("record")
        whole = isinstance(record, dict) and record.get("status") in KEPT and "curve" in record
        return record if whole else None

    def put(self, key: str, settings: Mapping[str, Any], seed: int, record: Mapping[str, Any]) -> None:
        """Keep a finished run, whole or not at all; one that another try may change is not kept."""
        if self.folder is None or record["status"] not in KEPT:
            return
        document = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "layerwise_version": __version__,
            "key": key,
            "settings": {**settings, "seed": seed},
            "record": record,
        }
        text = json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n"
        write_atomically(self.folder / f"{key}.json", text)

    def others(self, keys: set[str]) -> int:
        """How many finished runs in the folder are none of these: of another table or other settings."""
        if self.folder is None:
            return 0
        return sum(file.stem not in keys for file in self.folder.glob("*.json"))

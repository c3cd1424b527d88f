"""A comparison as files: one for programs, tables for spreadsheets, and a page for people."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layerwise._version import __version__
from layerwise.errors import InputError
from layerwise.persistence import write_atomically

if TYPE_CHECKING:
    import polars as pl

    from layerwise.comparison.comparison import Comparison

FORMAT = "layerwise-comparison"
FORMAT_VERSION = 1
RESULTS = "results.json"
PAGE = "comparison.html"


def document(comparison: Comparison) -> dict[str, Any]:
    """results.json: what was compared, every run, all tables, curves and the winner's recipe."""
    winner = comparison.winner
    config = comparison.config
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "layerwise_version": __version__,
        "data": config.data,
        "target": config.target,
        "task": comparison.task,
        "metric": comparison.metric,
        "vary": {
            name: _unique([combination.varied[name] for combination in comparison.combinations])
            for name in comparison.combinations[0].varied
        },
        "fixed": {
            name: value
            for name, value in comparison.combinations[0].settings.items()
            if name not in comparison.combinations[0].varied
        },
        "seeds": list(comparison.seeds),
        "runs_planned": comparison.planned,
        "runs_done": len(comparison.records),
        "interrupted": comparison.interrupted,
        "verdict": comparison.verdict._asdict(),
        "winner": None if winner is None else dataclasses.asdict(winner),
        "summary": comparison.summary().to_dicts(),
        "differences": comparison.differences().to_dicts(),
        "main_effects": comparison.main_effects().to_dicts(),
        "runs": comparison.runs.to_dicts(),
        "curves": [
            {"combination": combination.label, "seed": seed, **comparison.records[k, seed]["curve"]}
            for k, combination in enumerate(comparison.combinations)
            for seed in comparison.seeds
            if (k, seed) in comparison.records
        ],
        "notices": list(comparison.notices),
    }


def save(comparison: Comparison, folder: str | os.PathLike[str]) -> Path:
    """Write every file, each whole or not at all, and return the page. Raises InputError."""
    from layerwise.comparison.page import render_comparison

    folder = checked_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder}: {error.strerror or error}") from error
    text = json.dumps(document(comparison), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(folder / RESULTS, text)
    tables: dict[str, pl.DataFrame] = {
        "runs.csv": comparison.runs,
        "summary.csv": comparison.summary(),
        "differences.csv": comparison.differences(),
        "main_effects.csv": comparison.main_effects(),
        "curves.csv": comparison.curves,
    }
    for name, frame in tables.items():
        write_atomically(folder / name, frame.write_csv())
    write_atomically(folder / PAGE, render_comparison(comparison).encode("utf-8", errors="replace"))
    return folder / PAGE


def checked_folder(folder: str | os.PathLike[str]) -> Path:
    """A folder where a comparison may be written: absent, or without a results.json of something else.

    Raises InputError.
    """
    path = Path(folder).expanduser()
    if not os.fspath(folder).strip():
        raise InputError("the folder's name is empty; name one, for example runs/comparison")
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} is a file, not a folder; choose another name")
    results = path / RESULTS
    if not results.exists():
        return path
    try:
        found = json.loads(results.read_bytes())
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise InputError(f"{results} is of something else, and would be overwritten; choose another folder")
    return path


def _unique(values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found

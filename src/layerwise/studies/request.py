"""What a call of `layerwise study` asks for, checked as a whole before any work starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from layerwise.errors import InputError, nearest
from layerwise.studies.course_files import FOOTBALL, PICTURES
from layerwise.studies.outcome import GRADIENT_CHECKING, STUDY_NAMES, check_call
from layerwise.studies.words import LANGUAGES

RESULTS = "results.json"
PAGE = "index.html"

ALL = "all"
CLAIMS = "claims"


@dataclass(frozen=True)
class Call:
    """One study to be run."""

    name: str
    data: str | None
    seeds: int
    tune: bool


def plan_calls(
    name: str,
    data: str | None,
    seeds: int,
    tune: bool,
    language: str,
    jobs: int,
    out: Path | None,
) -> list[Call]:
    """The studies to be run, in the note's order: one, or each and the claims for "all".

    For "all", `data` is a folder; each study that reads a file takes it from there if it is there, and
    gradient checking, which trains nothing, leaves seeds and rates to the others. Raises InputError.
    """
    if name not in (*STUDY_NAMES, CLAIMS, ALL):
        raise InputError(f"unknown study {name!r}; {nearest(name, (*STUDY_NAMES, CLAIMS, ALL))}")
    if language not in LANGUAGES:
        raise InputError(f"unknown language {language!r}; {nearest(language, LANGUAGES)}")
    if jobs == 0 or jobs < -1:
        raise InputError(f"jobs is {jobs}; expected how many runs at a time, or -1 for one on each core")
    if out is not None:
        _check_folder(out)
    if name == CLAIMS:
        for option, given in (("--data", data is not None), ("--seeds", seeds), ("--tune", tune)):
            if given:
                raise InputError(f"claims has no {option}: each claim says what it is tried on; leave it out")
        return [Call(CLAIMS, None, 0, False)]
    if name != ALL:
        check_call(name, data, seeds, tune)
        return [Call(name, data, seeds, tune)]
    files = {} if data is None else _files_in(data)
    return [
        Call(each, files.get(each), *((0, False) if each == GRADIENT_CHECKING else (seeds, tune)))
        for each in STUDY_NAMES
    ] + [Call(CLAIMS, None, 0, False)]


def _check_folder(out: Path) -> None:
    """A folder, absent or without results and pages of something else. Raises InputError."""
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out} is a file; expected a folder, which is made if need be")
    for name, mark in ((RESULTS, b'"study":'), (PAGE, b'content="layerwise')):
        file = out / name
        try:
            found = file.read_bytes() if file.exists() else mark
        except OSError as error:
            raise InputError(f"cannot read {file}: {error.strerror or error}") from error
        if mark not in found:
            raise InputError(f"{file} is of something else, and would be overwritten; choose another folder")


def _files_in(data: str) -> dict[str, str]:
    folder = Path(data)
    if not folder.is_dir():
        raise InputError(f"--data {data} is no folder; for all studies name the folder of the course's files")
    found = {}
    if (folder / FOOTBALL).is_file():
        found["regularization"] = str(folder / FOOTBALL)
    if all((folder / name).is_file() for name in PICTURES):
        found["building"] = str(folder)
    if not found:
        expected = ", ".join((FOOTBALL, *PICTURES))
        raise InputError(f"the folder {data} holds none of the course's files; expected {expected}")
    return found

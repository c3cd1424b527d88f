"""A model on disk: `model.safetensors` holds the arrays, `model.json` the rest and the arrays' checksum."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from layerwise._version import __version__
from layerwise.errors import InputError, nearest
from layerwise.persistence.atomic import write_atomically

MODEL_ARRAYS = "model.safetensors"
MODEL_DOCUMENT = "model.json"
FORMAT = "layerwise-model"
FORMAT_VERSION = 1
# Other models that are named where one is not there.
MOST_NAMED = 8


def write_model(
    folder: str | os.PathLike[str], document: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> None:
    """Write both files into `folder`, which is made if need be.

    The document must be ready for JSON (finite numbers, text, lists, dictionaries with text keys).
    Raises InputError where the folder cannot be written.
    """
    from safetensors.numpy import save

    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder}: {error.strerror or error}") from error
    data = save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, {"format": FORMAT})
    head = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "layerwise_version": __version__,
        "arrays": {
            name: {"shape": list(array.shape), "dtype": str(array.dtype)} for name, array in arrays.items()
        },
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    text = json.dumps({**head, **document}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(folder / MODEL_ARRAYS, data)
    write_atomically(folder / MODEL_DOCUMENT, text)


def models_beside(folder: Path) -> str:
    """What to do where this folder is not there: the models beside it, at most a few, the nearest first."""
    names = [str(file.parent) for file in folder.parent.glob(f"*/{MODEL_DOCUMENT}")]
    few = difflib.get_close_matches(str(folder), names, n=MOST_NAMED, cutoff=0)
    return nearest(str(folder), few) if few else "`layerwise train` makes one"


def read_model(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """(document, arrays) of the model in a folder, or of either of its files.

    Raises InputError for a missing or damaged file, one of another kind, or one of a newer format.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    folder = Path(path)
    if folder.name in (MODEL_ARRAYS, MODEL_DOCUMENT):
        folder = folder.parent
    if not folder.exists():
        raise InputError(f"there is no model at {folder}: no such folder; {models_beside(folder)}")
    document_bytes = _read(folder / MODEL_DOCUMENT)
    try:
        document = json.loads(document_bytes)
    except ValueError as error:
        raise InputError(
            f"{folder / MODEL_DOCUMENT} is damaged: not JSON ({error}); train the model again"
        ) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise InputError(f"{folder / MODEL_DOCUMENT} is not a layerwise model")
    version = document.get("format_version")
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise InputError(
            f"{folder / MODEL_DOCUMENT} has format version {version} (written by layerwise "
            f"{document.get('layerwise_version')}); this is layerwise {__version__}, which reads up to "
            f"version {FORMAT_VERSION}: upgrade with `pip install --upgrade layerwise`"
        )
    data = _read(folder / MODEL_ARRAYS)
    if hashlib.sha256(data).hexdigest() != document.get("sha256"):
        raise InputError(
            f"{folder / MODEL_ARRAYS} is damaged or does not belong to {MODEL_DOCUMENT} "
            "(its checksum differs); restore both files or train the model again"
        )
    try:
        return document, load(data)
    except SafetensorError as error:
        raise InputError(f"{folder / MODEL_ARRAYS} is damaged: {error}") from error


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise InputError(f"there is no model at {file.parent}: {file.name} is missing") from None
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror or error}") from error

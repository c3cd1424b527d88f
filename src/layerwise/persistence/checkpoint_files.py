"""A checkpoint on disk: one safetensors file that holds the arrays, and the rest as JSON in its header."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from layerwise._version import __version__
from layerwise.errors import InputError
from layerwise.persistence.atomic import write_atomically

FORMAT = "layerwise-checkpoint"
FORMAT_VERSION = 1


def write_checkpoint(
    path: str | os.PathLike[str],
    identity: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
    document: Mapping[str, Any],
) -> None:
    """Write the file whole or not at all; its folder is made if need be.

    identity and document hold JSON's types; their numbers, infinite ones too, come back to the last bit.
    Raises InputError where the file cannot be written.
    """
    from safetensors.numpy import save

    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {path.parent}: {error.strerror or error}") from error
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    header = {
        "format": FORMAT,
        "format_version": str(FORMAT_VERSION),
        "layerwise_version": __version__,
        "identity": json.dumps(dict(identity)),
        "document": json.dumps(dict(document)),
    }
    header["sha256"] = _checksum(header, contiguous)
    write_atomically(path, save(contiguous, header))


def read_checkpoint(
    path: str | os.PathLike[str],
) -> tuple[dict[str, Any], dict[str, np.ndarray], dict[str, Any]] | None:
    """(identity, arrays, document) of the file, or None where there is no such file.

    Raises InputError for a damaged file, one of another kind, or one of a newer format.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            header = dict(file.metadata() or {})
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(f"the checkpoint {path} cannot be read: {error}; delete it to start anew") from error
    if header.get("format") != FORMAT:
        raise InputError(f"{path} is not a checkpoint of layerwise; choose another path")
    version = header.get("format_version", "")
    if not version.isdigit() or int(version) > FORMAT_VERSION:
        raise InputError(
            f"the checkpoint {path} has format version {version} (written by layerwise "
            f"{header.get('layerwise_version')}); this is layerwise {__version__}, which reads up to version "
            f"{FORMAT_VERSION}: upgrade with `pip install --upgrade layerwise`"
        )
    if header.pop("sha256", None) != _checksum(header, arrays):
        raise InputError(f"the checkpoint {path} is damaged (its checksum differs); delete it to start anew")
    return json.loads(header["identity"]), arrays, json.loads(header["document"])


def _checksum(header: Mapping[str, str], arrays: Mapping[str, np.ndarray]) -> str:
    total = hashlib.sha256(json.dumps(dict(header), sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        total.update(f"{name} {array.shape} {array.dtype.str};".encode())
        total.update(array.tobytes())
    return total.hexdigest()

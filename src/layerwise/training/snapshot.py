"""Where a run stands at the end of an epoch, as plain data, and what tells one run from another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np

from layerwise.engine import Program

# What a run may change and still be the same run: how long it goes on, and what is only shown.
FREE = ("epochs", "patience")


class Snapshot(NamedTuple):
    """From here a run goes on to the same bits as if it had never stopped.

    identity: what must be the same in the run that goes on.  arrays: parameters, what the optimizer
    remembers, the best parameters so far.  document: everything else, ready for JSON.
    """

    identity: dict[str, Any]
    arrays: dict[str, np.ndarray]
    document: dict[str, Any]


def run_identity(
    program: Program,
    settings: Mapping[str, Any],
    start: np.ndarray,
    data: Mapping[str, Any],
) -> dict[str, Any]:
    """What tells a run from another, as one flat dictionary of JSON's types.

    The network and its step, the settings of the loop (but for those in FREE), and digests of the starting
    parameters and of the training data, arrays or None by name. The validation rows are not in it.
    """
    facts: dict[str, Any] = {}
    for name, value in asdict(program).items():
        facts |= value if isinstance(value, dict) else {name: value}
    facts |= {name: value for name, value in settings.items() if name not in FREE}
    facts["starting parameters"] = digest({"start": start})
    facts["training data"] = digest(data)
    return json.loads(json.dumps(facts, default=lambda value: np.asarray(value).tolist()))


def differences(stored: Mapping[str, Any], present: Mapping[str, Any]) -> list[str]:
    """Where two identities differ, in words: "learning_rate was 0.1 and is 0.01"."""
    found = []
    for name in dict.fromkeys([*stored, *present]):
        was, now = stored.get(name), present.get(name)
        if was == now:
            continue
        digested = name in ("starting parameters", "training data")
        found.append(f"the {name} differ" if digested else f"{name} was {was!r} and is {now!r}")
    return found


def digest(arrays: Mapping[str, Any]) -> str:
    """A fingerprint of arrays by name: their shapes, precisions and bytes. None is no array."""
    total = hashlib.blake2b(digest_size=16)
    for name, array in arrays.items():
        if array is None:
            continue
        array = np.ascontiguousarray(array)
        total.update(f"{name} {array.shape} {array.dtype.str};".encode())
        total.update(array.view(np.uint8).data if array.size else b"")
    return total.hexdigest()

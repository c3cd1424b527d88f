"""All claims, in the order of the note, and trying them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from layerwise.persistence import FinishedRuns, run_key
from layerwise.studies.claims.checks import CHECK_CLAIMS
from layerwise.studies.claims.claim import Claim, Trial, Tried
from layerwise.studies.claims.descents import DESCENT_CLAIMS
from layerwise.studies.claims.momentum import MOMENTUM_CLAIMS
from layerwise.studies.claims.penalties import PENALTY_CLAIMS
from layerwise.studies.claims.starts import START_CLAIMS
from layerwise.training.interrupt import StopOnInterrupt

ALL_CLAIMS: tuple[Claim, ...] = tuple(
    sorted(
        (*START_CLAIMS, *PENALTY_CLAIMS, *CHECK_CLAIMS, *DESCENT_CLAIMS, *MOMENTUM_CLAIMS),
        key=lambda claim: claim.section,
    )
)

FORMAT = "layerwise-claim"


def try_claims(
    claims: Sequence[Claim] = ALL_CLAIMS,
    watch: Callable[[str, float], None] | None = None,
    store: str | os.PathLike[str] | None = None,
) -> list[Tried]:
    """Try the claims one after the other. `watch(name, share done)` is told before each.

    store: a folder where each claim that was tried is kept; the same call goes on from what is there. Ctrl-C
    lets the one under way come to its end, a second one gives it up; those that are done are returned. Raises
    InputError where the store cannot be written.
    """
    kept = FinishedRuns(store, FORMAT, lambda record: {"verdict", "figures", "seconds"} <= set(record))
    found: list[Tried] = []
    with StopOnInterrupt() as stop:
        try:
            for number, claim in enumerate(claims):
                if watch is not None:
                    watch("claims", number / len(claims))
                if stop.asked:
                    break
                found.append(_tried(claim, kept))
        except KeyboardInterrupt:
            return found
    if watch is not None:
        watch("claims", 1.0)
    return found


def _tried(claim: Claim, kept: FinishedRuns) -> Tried:
    settings = {"claim": claim.name, "section": claim.section}
    key = run_key(settings)
    record = kept.get(key)
    if record is not None:
        return _from_record(claim, record)
    started = time.perf_counter()
    tried = Tried(claim, claim.run(), time.perf_counter() - started)
    kept.put(key, settings, _record(tried))
    return tried


def _record(tried: Tried) -> dict[str, Any]:
    """In JSON's types: what is not finite as its name, "inf" or "nan"."""
    figures = {name: float(value) for name, value in tried.trial.figures.items()}
    return {
        "verdict": tried.trial.verdict,
        "figures": {name: value if np.isfinite(value) else str(value) for name, value in figures.items()},
        "seconds": tried.seconds,
    }


def _from_record(claim: Claim, record: Mapping[str, Any]) -> Tried:
    figures = {name: float(value) for name, value in record["figures"].items()}
    return Tried(claim, Trial(record["verdict"], figures), record["seconds"])

"""All claims, in the order of the note, and trying them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from layerwise.studies.claims.checks import CHECK_CLAIMS
from layerwise.studies.claims.claim import Claim, Tried
from layerwise.studies.claims.descents import DESCENT_CLAIMS
from layerwise.studies.claims.penalties import PENALTY_CLAIMS
from layerwise.studies.claims.starts import START_CLAIMS

ALL_CLAIMS: tuple[Claim, ...] = (*START_CLAIMS, *PENALTY_CLAIMS, *CHECK_CLAIMS, *DESCENT_CLAIMS)


def try_claims(
    claims: Sequence[Claim] = ALL_CLAIMS, watch: Callable[[str, float], None] | None = None
) -> list[Tried]:
    """Try the claims one after the other. `watch(name, share done)` is told before each."""
    found = []
    for number, claim in enumerate(claims):
        if watch is not None:
            watch("claims", number / len(claims))
        started = time.perf_counter()
        found.append(Tried(claim, claim.run(), time.perf_counter() - started))
    if watch is not None:
        watch("claims", 1.0)
    return found

"""Every claim of the note's text, each tried by one small function."""

from layerwise.studies.claims.claim import Claim, Trial, Tried
from layerwise.studies.claims.trying import ALL_CLAIMS, try_claims

__all__ = ["ALL_CLAIMS", "Claim", "Trial", "Tried", "try_claims"]

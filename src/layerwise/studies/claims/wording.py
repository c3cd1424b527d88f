"""The claims and what was found, in both languages."""

from __future__ import annotations

from layerwise.studies.claims import wording_en, wording_zh

CLAIMS: dict[str, dict[str, str]] = {"en": wording_en.CLAIMS, "zh": wording_zh.CLAIMS}
FINDINGS: dict[str, dict[str, str]] = {"en": wording_en.FINDINGS, "zh": wording_zh.FINDINGS}

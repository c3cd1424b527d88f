"""The finished runs of a comparison on disk, so that it can stop anywhere and go on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from layerwise.persistence import FinishedRuns, run_key

FORMAT = "layerwise-comparison-run"
KEPT = ("done", "diverged", "failed")


def comparison_run_key(digest: str, settings: Mapping[str, Any], seed: int) -> str:
    """What a run is known by: the table, every setting and the seed."""
    return run_key(digest, sorted(settings.items()), seed)


def comparison_runs(folder: str | os.PathLike[str] | None) -> FinishedRuns:
    """Those in the folder. A run that broke or was interrupted, which another try may change, is not kept."""
    return FinishedRuns(folder, FORMAT, _is_whole)


def _is_whole(record: Mapping[str, Any]) -> bool:
    return record.get("status") in KEPT and "curve" in record

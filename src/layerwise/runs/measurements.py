"""What was measured of a trained network, and the form in which metrics.json keeps it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from layerwise.evaluation import Importance
from layerwise.runs.scoring import Score
from layerwise.runs.stored_run import FORMAT, FORMAT_VERSION, SPLITS
from layerwise.runs.training_table import TrainingTable
from layerwise.tables import Notice


@dataclass(frozen=True)
class Measurements:
    """scores: of each split.  scored_split: the one to judge by, the test rows where there are any.
    baseline, importance: on that split.  notices: what a person should know, warnings first."""

    scores: dict[str, Score]
    scored_split: str
    baseline: dict[str, float]
    importance: Sequence[Importance]
    importance_metric: str
    notices: tuple[Notice, ...]

    def document(self, table: TrainingTable, model: Any, version: str) -> dict[str, Any]:
        """metrics.json: metrics by split, their 95% intervals, and how the run ended. Ready for JSON."""
        result = model.result_
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "layerwise_version": version,
            "data": table.config.shown_data,
            "target": model.target_.column,
            "task": model.target_.task,
            **{split: self.scores[split].metrics if split in self.scores else {} for split in SPLITS},
            "intervals": {
                split: {name: list(interval) for name, interval in score.intervals.items()}
                for split, score in self.scores.items()
            },
            "scored_split": self.scored_split,
            "baseline": self.baseline,
            "importance": {
                "metric": self.importance_metric,
                "columns": [_finite(asdict(importance)) for importance in self.importance],
            },
            "rows": {split: len(self.scores[split].y) if split in self.scores else 0 for split in SPLITS},
            "best_epoch": result.best_epoch,
            "epochs": len(result.history),
            "stopped": result.stopped,
            "reason": result.reason,
            "seconds": round(result.seconds, 3),
            "notices": [asdict(notice) for notice in self.notices],
        }


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    """JSON has no word for numbers that are not finite; null stands for them."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in values.items()
    }

"""Everything that a report shows, as plain data: the page reads nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from layerwise.errors import InputError, nearest
from layerwise.evaluation import Importance

if TYPE_CHECKING:
    import polars as pl

TASKS = ("binary", "multiclass", "regression")
SPLITS = ("train", "validation", "test")


class ColumnRow(NamedTuple):
    """A column of the table: what it holds, missing and distinct values, and why it is left out if it is."""

    name: str
    kind: str
    missing: int = 0
    distinct: int | None = None
    used: bool = True
    reason: str = ""


class NoticeRow(NamedTuple):
    """Something to know: severity ("warning" or "info"), the column it is about, and a full sentence."""

    severity: str
    column: str | None
    message: str


class LayerRow(NamedTuple):
    """A layer: name ("layer 1"), kind ("dense"), shape of its W (units, inputs), activation, parameters."""

    name: str
    kind: str
    shape: tuple[int, ...]
    activation: str
    parameters: int
    dropout: float = 0.0


class Boundary(NamedTuple):
    """What the network answers over a grid of its only two columns, and the rows of the scored split.

    xs (gx,), ys (gy,): the grid, in the table's units. surface: (gy, gx) probability of class 1 or value;
    (gy, gx, k) probabilities of a multiclass task. x, y (n,): the rows; target (n,): class index or value.
    """

    x_name: str
    y_name: str
    xs: npt.NDArray[np.float64]
    ys: npt.NDArray[np.float64]
    surface: npt.NDArray[np.float64]
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    target: npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class ReportContents:
    """What `render_report` turns into a page. Only title, task and target are required.

    labels: class names in the order of class indices; labels[1] is the positive class of a binary task.
    rows: rows per split, such as {"train": 341, "validation": 114, "test": 114}.
    metrics: per split, what `evaluation.evaluate` gives; intervals: per split, what `confidence_intervals`
    gives; baseline: `baseline_metrics` on the scored split, baseline_label: the most frequent class of the
    training rows. scored_split: the split that y (n,), prediction ((n, k) or (n,)) and weights (n,) come
    from. history: one row per epoch with the columns epoch, cost, learning_rate, validation_cost,
    train_<metric>, validation_<metric>, layer<l>_<statistic>; any may be absent or null.
    columns, notices and layers take rows as tuples or mappings too. seconds: how long training took.
    Raises InputError for an unknown task or split, and for y and prediction of different lengths.
    """

    title: str
    task: str
    target: str
    labels: Sequence[Any] = ()
    created: str = ""
    layerwise_version: str = ""
    command: str = ""
    data_source: str = ""
    rows: Mapping[str, int] = field(default_factory=dict)
    columns: Sequence[ColumnRow] = ()
    notices: Sequence[NoticeRow] = ()
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    intervals: Mapping[str, Mapping[str, tuple[float, float]]] = field(default_factory=dict)
    baseline: Mapping[str, float] = field(default_factory=dict)
    baseline_label: Any = None
    scored_split: str = "test"
    y: npt.NDArray[Any] | None = None
    prediction: npt.NDArray[np.float64] | None = None
    weights: npt.NDArray[np.float64] | None = None
    history: pl.DataFrame | None = None
    best_epoch: int | None = None
    stop_reason: str = ""
    importance: Sequence[Importance] = ()
    importance_metric: str = ""
    layers: Sequence[LayerRow] = ()
    parameter_count: int | None = None
    recipe: Mapping[str, Any] = field(default_factory=dict)
    config_toml: str = ""
    boundary: Boundary | None = None
    seconds: float | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise InputError(f"unknown task {self.task!r}; {nearest(str(self.task), TASKS)}")
        if self.scored_split not in SPLITS:
            raise InputError(
                f"unknown split {self.scored_split!r}; {nearest(str(self.scored_split), SPLITS)}"
            )
        if (self.y is None) != (self.prediction is None):
            raise InputError("a report needs y and prediction together, or neither")
        if self.y is not None and self.prediction is not None and len(self.y) != len(self.prediction):
            raise InputError(
                f"the report has {len(self.y):,} true values but {len(self.prediction):,} predictions; "
                "give one prediction per row"
            )
        for name, kind in (("columns", ColumnRow), ("notices", NoticeRow), ("layers", LayerRow)):
            given = getattr(self, name)
            object.__setattr__(self, name, tuple(_row(kind, row) for row in given))

    @property
    def is_classification(self) -> bool:
        return self.task != "regression"

    @property
    def scored(self) -> tuple[npt.NDArray[Any], npt.NDArray[np.float64]] | None:
        """y and prediction, or None when there are no rows to draw."""
        if self.y is None or self.prediction is None or len(self.y) == 0:
            return None
        return np.asarray(self.y), np.asarray(self.prediction)

    @property
    def class_names(self) -> list[str]:
        """The labels as text; "class 0", "class 1", ... where there are none."""
        if len(self.labels):
            return [str(label).strip() or "(blank)" for label in self.labels]
        classes = 0 if self.prediction is None or self.prediction.ndim < 2 else self.prediction.shape[1]
        return [f"class {c}" for c in range(classes)]


def _row(kind: type[Any], row: Any) -> Any:
    if isinstance(row, kind):
        return row
    try:
        return kind(**row) if isinstance(row, Mapping) else kind(*row)
    except TypeError as error:
        fields = ", ".join(kind._fields)
        raise InputError(f"a {kind.__name__} has the fields {fields}; found {row!r}") from error

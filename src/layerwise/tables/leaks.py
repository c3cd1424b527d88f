"""Columns that know the answer: copies of the target, and columns that give it away on their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from layerwise.tables.casting import to_dates, to_levels, to_numbers
from layerwise.tables.kinds import Kind
from layerwise.tables.missing import cleaned

if TYPE_CHECKING:
    import polars as pl

    from layerwise.tables.columns import ColumnProfile

FEWEST_ROWS = 50
ALMOST_PERFECT = 0.999
_SAMPLE = 4_000
_FOLDS = 3


class Leak(NamedTuple):
    """A column that knows the target.

    copy: it is the target under another coding, else it nearly predicts it alone.
    figure: how well, in words.
    """

    column: str
    copy: bool
    figure: str


def find_leaks(
    frame: pl.DataFrame, columns: list[ColumnProfile], target: str, task: str, *, seed: int = 0
) -> list[Leak]:
    """The columns among `columns` that are the target in disguise, or predict it nearly perfectly alone.

    A copy: every value of the column goes with one value of the target and back (classes), or the target is a
    straight line of the column to 9 digits (regression). Nearly perfect: the area under the ROC curve of a
    small tree on that column alone, on folds that it did not see, is above 0.999 (one class against the rest,
    the least of them), or |Spearman's rank correlation| is. Looks at 4,000 rows at most for the second.
    Tables under 50 rows are too small to tell, so none is named.
    """
    known = cleaned(frame[target]).is_not_null()
    frame = frame.filter(known)
    if frame.height < FEWEST_ROWS:
        return []
    rows = np.sort(np.random.default_rng(seed).permutation(frame.height)[:_SAMPLE])
    sample = frame[rows]
    if task == "regression":
        y = to_numbers(frame[target])[0].to_numpy()
        found = (_numeric_leak(frame[column.name], column, y, seed) for column in columns)
        return [leak for leak in found if leak is not None]
    y = _codes(frame[target])
    classes = int(y.max()) + 1
    leaks = []
    for column in columns:
        if column.distinct + bool(column.missing) == classes and _is_recoding(frame[column.name], y):
            leaks.append(Leak(column.name, True, f"each of its {classes} values goes with one label"))
            continue
        area = _tree_area(_as_numbers(sample[column.name], column), y[rows], seed)
        if area > ALMOST_PERFECT:
            leaks.append(
                Leak(column.name, False, f"area under the ROC curve {area:.4f} on rows it had not seen")
            )
    return leaks


def _is_recoding(series: pl.Series, y: np.ndarray) -> bool:
    """True when the column's values and the classes go with each other one to one."""
    x = _codes(series)
    classes = int(y.max()) + 1
    return int(x.max()) + 1 == classes and len(np.unique(x * classes + y)) == classes


def _codes(series: pl.Series) -> np.ndarray:
    """A number from 0 for each distinct value, a missing one too, (n,) int64."""
    ranks = to_levels(series).rank("dense")
    first = 0 if ranks.null_count() else 1
    return ranks.fill_null(0).to_numpy().astype(np.int64) - first


def _as_numbers(series: pl.Series, column: ColumnProfile) -> np.ndarray:
    """The column for a tree: numbers as they are, dates as microseconds, levels by code.

    A missing value lies below all others.
    """
    if column.kind in (Kind.NUMBER, Kind.BOOLEAN):
        numbers, wrong = to_numbers(series)
        if not wrong.any():
            return _with_gap(numbers.to_numpy().astype(np.float64))
    if column.kind == Kind.DATE:
        return _with_gap(to_dates(series, column.format)[0].to_physical().cast(float).to_numpy())
    return _codes(series).astype(np.float64)


def _with_gap(x: np.ndarray) -> np.ndarray:
    known = np.isfinite(x)
    below = x[known].min() - np.ptp(x[known]) - 1.0 if known.any() else 0.0
    return np.where(known, x, below)


def _tree_area(x: np.ndarray, y: np.ndarray, seed: int) -> float:
    """The least one-against-rest ROC area of a tree on one column, held out; 0 if clearly below 1."""
    classes, y, counts = np.unique(y, return_inverse=True, return_counts=True)
    if len(classes) < 2 or counts.min() < _FOLDS or _impure(x, y, counts):
        return 0.0
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(max_leaf_nodes=max(64, 2 * len(classes)), random_state=seed)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    chances = cross_val_predict(tree, x[:, None], y, cv=folds, method="predict_proba")
    return min(float(roc_auc_score(y == k, chances[:, k])) for k in range(len(classes)))


def _impure(x: np.ndarray, y: np.ndarray, counts: np.ndarray) -> bool:
    """True when no rule on x could tell the classes apart: a quick look that spares most columns the tree.

    Answering each value of x with its most frequent class must leave few errors, and so must cutting the
    line of x: few next to the rows outside the largest class.
    """
    few = 0.05 * (len(y) - counts.max())
    values, places = np.unique(x, return_inverse=True)
    table = np.zeros((len(values), len(counts)), dtype=np.int64)
    np.add.at(table, (places, y), 1)
    if len(y) - table.max(axis=1).sum() > few:
        return True
    if len(values) <= 64:
        return False
    ordered = y[np.lexsort((y, places))]
    return int((ordered[1:] != ordered[:-1]).sum()) > 4 * len(counts) + 2 * few


def _numeric_leak(series: pl.Series, column: ColumnProfile, y: np.ndarray, seed: int) -> Leak | None:
    if column.kind not in (Kind.NUMBER, Kind.DATE):
        return None
    known = to_numbers(series)[0] if column.kind == Kind.NUMBER else to_dates(series, column.format)[0]
    x = _as_numbers(series, column)
    both = known.is_not_null().to_numpy() & np.isfinite(x) & np.isfinite(y)
    if both.sum() < max(FEWEST_ROWS, len(y) / 2) or np.ptp(x[both]) == 0 or np.ptp(y[both]) == 0:
        return None
    from scipy.stats import spearmanr

    x, y = x[both], y[both]
    line = float(np.corrcoef(x, y)[0, 1])
    if abs(line) > 1 - 1e-9:
        return Leak(column.name, True, f"the target is a straight line of it, correlation {line:.9f}")
    draw = np.random.default_rng(seed).permutation(len(x))[:_SAMPLE]
    x, y = x[draw], y[draw]
    rank = float(spearmanr(x, y).statistic)
    if abs(rank) > ALMOST_PERFECT:
        return Leak(column.name, False, f"rank correlation {rank:.4f} with the target")
    return None

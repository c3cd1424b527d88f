"""Rows for training, validation and test: drawn from a seed, by group, or by time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from layerwise.errors import InputError
from layerwise.tables.notices import counted

_FEWEST_ROWS = 3


class Split(NamedTuple):
    """Row indices, sorted, int64, no row on two sides; a side that was not asked for is empty."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def split_rows(
    n: int,
    *,
    y: Any = None,
    task: str,
    test: float = 0.2,
    validation: float = 0.15,
    seed: int = 0,
    group: Any = None,
    time: Any = None,
) -> Split:
    """Put each of n rows on one of three sides.

    y: the target, class indices or values (n,); with a classification task, each class is shared out in
    proportion (to within a row), and training has every class.
    test, validation: shares of all rows, from 0 (no such side: the caller has a file for it) to less than 1.
    group: (n,) labels; rows of one label stay on one side, so shares hold as nearly as groups allow.
    time: (n,) numbers or dates; training is the oldest, test the newest, rows of one moment stay on one side.
    The same arguments give the same split. Raises InputError for shares out of range, both group and time,
    missing values in either, and when a side would be without rows (or training without two classes).
    """
    _require(n, test, validation, group, time)
    classes = None if y is None or task == "regression" else _indices(np.asarray(y), n, "y")
    shares = (test, validation)
    if group is not None:
        split = _by_group(_indices(_values(group), n, "group"), classes, shares, seed)
    elif time is not None:
        split = _by_time(_indices(_values(time), n, "time"), shares)
    else:
        split = _by_chance(classes if classes is not None else np.zeros(n, dtype=np.int64), shares, seed)
    _require_sides(split, n, shares, classes, group is not None)
    return split


def _require(n: int, test: float, validation: float, group: Any, time: Any) -> None:
    for name, share in (("test", test), ("validation", validation)):
        if not (0.0 <= share < 1.0):
            raise InputError(f"the {name} share must be from 0 to less than 1, but is {share}")
    if test + validation >= 1.0:
        raise InputError(
            f"test share {test} and validation share {validation} leave no row to train on; "
            "together they must be below 1"
        )
    if group is not None and time is not None:
        raise InputError("rows can be split by group or by time, not by both; give one of them")
    if n < _FEWEST_ROWS:
        raise InputError(
            f"{counted(n, 'row')} cannot be split; at least {_FEWEST_ROWS} are needed, better 50"
        )


def _by_chance(classes: np.ndarray, shares: tuple[float, float], seed: int) -> Split:
    """Each class in proportion. A class too small for every side is in training first."""
    draw = np.random.default_rng(seed)
    order = draw.permutation(len(classes))
    # Rows in random order, then by class (stable): a run for each class.
    order = order[np.argsort(classes[order], kind="stable")]
    counts = np.bincount(classes)
    test = _shared_out(counts, shares[0], np.maximum(counts - 1, 0))
    validation = _shared_out(counts, shares[1], np.maximum(counts - test - 1, 0))
    sides = np.zeros(len(classes), dtype=np.int64)
    start = 0
    for count, of_test, of_validation in zip(counts, test, validation, strict=True):
        sides[order[start : start + of_test]] = 2
        sides[order[start + of_test : start + of_test + of_validation]] = 1
        start += count
    return _sides(sides)


def _shared_out(counts: np.ndarray, share: float, most: np.ndarray) -> np.ndarray:
    """How many of each class: whole numbers near share * counts that add up to the share of all rows.

    The largest remainders are rounded up (Hamilton's method); no class gives more than `most`.
    """
    exact = counts * share
    given = np.minimum(np.floor(exact).astype(np.int64), most)
    rest = max(round(float(counts.sum() * share)), 1 if share > 0 else 0) - int(given.sum())
    for k in np.argsort(given - exact, kind="stable"):
        if rest > 0 and given[k] < most[k]:
            given[k] += 1
            rest -= 1
    return given


def _by_group(
    groups: np.ndarray, classes: np.ndarray | None, shares: tuple[float, float], seed: int
) -> Split:
    """Whole groups, drawn by scikit-learn's group folds, which even out sizes (and classes)."""
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    count = int(groups.max()) + 1
    wanted = 1 + sum(share > 0 for share in shares)
    if count < wanted:
        raise InputError(
            f"{counted(count, 'group')} cannot be shared out over {wanted} sides; "
            "at least as many groups as sides are needed"
        )
    folds = min(count, 20)
    sides = np.zeros(len(groups), dtype=np.int64)
    X = np.zeros((len(groups), 1))
    # Stratifying looks at every group in turn; with very many groups chance alone evens the classes out.
    if classes is not None and count <= 2000 and np.bincount(classes).max() >= folds:
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        parts = [held for _, held in splitter.split(X, classes, groups)]
    else:
        renamed = np.random.default_rng(seed).permutation(count)[groups]
        parts = [held for _, held in GroupKFold(folds).split(X, groups=renamed)]
    order = np.random.default_rng(seed).permutation(len(parts))
    parts = [parts[k] for k in order if len(parts[k])]
    for side, share in ((2, shares[0]), (1, shares[1])):
        if share > 0:
            later = 1 + (side == 2 and shares[1] > 0)  # folds that the sides to come need
            goal = share * len(groups)
            chosen = _filled(parts, goal, len(parts) - later)
            for k in sorted(chosen, reverse=True):
                sides[parts.pop(k)] = side
    return _sides(sides)


def _filled(parts: list[np.ndarray], goal: float, most: int) -> list[int]:
    """The first parts, `most` at most, that come to about `goal` rows; the smallest if each is too large."""
    chosen: list[int] = []
    held = 0
    for k, part in enumerate(parts):
        if len(chosen) < most and held + len(part) / 2 <= goal:
            chosen.append(k)
            held += len(part)
    return chosen or [int(np.argmin([len(part) for part in parts]))]


def _by_time(moments: np.ndarray, shares: tuple[float, float]) -> Split:
    """The newest rows for test, those before them for validation; each boundary lies between two moments."""
    ordered = np.sort(moments)
    sides = np.zeros(len(moments), dtype=np.int64)
    end = len(moments)
    for side, share in ((2, shares[0]), (1, shares[1])):
        if share > 0 and end > 0:
            start = _between_moments(ordered[:end], max(end - max(round(len(moments) * share), 1), 0))
            sides[(moments >= ordered[start]) & (sides == 0)] = side
            end = start
    return _sides(sides)


def _between_moments(ordered: np.ndarray, wanted: int) -> int:
    """The place nearest to `wanted` where a new moment begins, with rows on both sides if that can be."""
    first = int(np.searchsorted(ordered, ordered[wanted], side="left"))
    after = int(np.searchsorted(ordered, ordered[wanted], side="right"))
    if after == len(ordered):
        return first
    return after if first == 0 or after - wanted < wanted - first else first


def _sides(sides: np.ndarray) -> Split:
    train, validation, test = (np.flatnonzero(sides == side).astype(np.int64) for side in range(3))
    return Split(train, validation, test)


def _require_sides(
    split: Split, n: int, shares: tuple[float, float], classes: np.ndarray | None, grouped: bool
) -> None:
    wanted = (True, shares[1] > 0, shares[0] > 0)
    for name, rows, asked in zip(Split._fields, split, wanted, strict=True):
        if asked and not len(rows):
            raise InputError(
                f"{counted(n, 'row')} are too few for this split: {name} would be without rows; "
                f"give more rows, {'more groups, ' if grouped else ''}or other shares"
            )
    if classes is not None and len(np.unique(classes)) > 1 and len(np.unique(classes[split.train])) < 2:
        raise InputError(
            "all training rows would be of one class; "
            + ("groups hold one class each, so give more groups" if grouped else "split the rows another way")
        )


def _values(column: Any) -> np.ndarray:
    """A polars or pandas column, a list or an array, as an array."""
    return column.to_numpy() if hasattr(column, "to_numpy") else np.asarray(column)


def _indices(values: np.ndarray, n: int, name: str) -> np.ndarray:
    """Each value's rank among the distinct ones, (n,) int64. Raises InputError for missing values."""
    if values.shape != (n,):
        raise InputError(
            f"{name} must hold one value for each of the {n:,} rows, but has shape {values.shape}"
        )
    if values.dtype.kind == "f":
        missing = np.isnan(values)
    elif values.dtype.kind in "mM":
        missing = np.isnat(values)
    elif values.dtype.kind == "O":
        missing = np.array([value is None or value != value for value in values], dtype=bool)
    else:
        missing = np.zeros(n, dtype=bool)
    if missing.any():
        raise InputError(
            f"the {name} column is missing in {counted(int(missing.sum()), 'row')} (first in row "
            f"{int(np.argmax(missing)) + 1:,}); fill them in or remove those rows"
        )
    try:
        return np.unique(values, return_inverse=True)[1].astype(np.int64)
    except TypeError:
        texts = np.array([str(value) for value in values])
        return np.unique(texts, return_inverse=True)[1].astype(np.int64)

"""Which table columns the predictions rest on: shuffle one, and see how much worse they get."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from layerwise.errors import InputError, nearest
from layerwise.evaluation.metrics import HIGHER_IS_BETTER, evaluate
from layerwise.evaluation.scored_rows import TASKS

MOST_PREDICTIONS = 2_000_000


@dataclass(frozen=True)
class Importance:
    """How much worse the metric gets when `column` is shuffled: mean and standard deviation over the repeats.

    Positive is worse whatever the metric: a rise of log_loss or rmse, a fall of accuracy or r2.
    """

    column: str
    mean: float
    std: float


def importance_metric(task: str) -> str:
    """The metric that importance is measured in: log_loss for classes, rmse (the target's unit) for values.

    Both move with every row. Accuracy moves only when a row changes sides and the area only when two rows
    swap, so on a few hundred rows they are noise for all but the strongest columns.
    """
    if task not in TASKS:
        raise InputError(f"unknown task {task!r}; {nearest(str(task), TASKS)}")
    return "rmse" if task == "regression" else "log_loss"


def permutation_importance(
    predict: Callable[[np.ndarray], npt.ArrayLike],
    features: np.ndarray,
    columns: Mapping[str, Sequence[int]],
    y: npt.ArrayLike,
    task: str,
    *,
    repeats: int = 5,
    seed: int = 0,
    metric: str | None = None,
    weights: npt.ArrayLike | None = None,
    max_rows: int = 2_000,
) -> list[Importance]:
    """One Importance per column of `columns`, the largest first.

    features (n, k) are rows of a table as a network takes them, and `columns` says which of them each of the
    table's columns became: its values are shuffled together. predict maps such rows to a prediction as
    `evaluate` takes it: (n, classes) probabilities or (n,) values. features and y (n,) should be rows that
    training has not seen. A column that the model does not read gets exactly 0. At most `max_rows` rows are
    used, and rows and repeats are cut further so that no more than two million rows are predicted in all. A
    column's shuffles depend on seed and its name alone. Two columns that say the same thing stand in for each
    other, so both can look unimportant.
    Raises InputError for an unknown metric, repeats below 1, or lengths that differ.
    Source: Breiman 2001; Fisher, Rudin and Dominici 2019.
    """
    metric = metric or importance_metric(task)
    if metric not in HIGHER_IS_BETTER:
        raise InputError(f"unknown metric {metric!r}; {nearest(metric, HIGHER_IS_BETTER)}")
    if repeats < 1 or max_rows < 1:
        raise InputError(f"repeats and max_rows must be at least 1; found {repeats} and {max_rows}")
    truth = np.asarray(y)
    if len(truth) != len(features):
        raise InputError(f"there are {len(features):,} rows of features but y has {len(truth):,}")
    if not columns:
        return []
    rows, repeats = _affordable(min(len(features), max_rows), len(columns), repeats)
    weight = None if weights is None else np.asarray(weights, dtype=np.float64)
    if rows < len(features):
        some = np.sort(_generator(seed, "rows").permutation(len(features))[:rows])
        features, truth = features[some], truth[some]
        weight = None if weight is None else weight[some]
    sign = -1.0 if HIGHER_IS_BETTER[metric] else 1.0

    def score(prediction: npt.NDArray[np.float64]) -> float:
        scores = evaluate(task, truth, prediction, weights=weight, metrics=(metric,))
        if metric not in scores:
            raise InputError(
                f"these rows cannot give the metric {metric!r} of a {task} task; choose another one"
            )
        return sign * scores[metric]

    plain = score(np.asarray(predict(features), dtype=np.float64))
    stacked = np.tile(features, (repeats, 1))
    found = []
    for name, own in columns.items():
        generator = _generator(seed, "column " + name)
        order = np.concatenate([generator.permutation(rows) for _ in range(repeats)])
        places = np.array(own, dtype=np.intp)
        stacked[:, places] = features[order[:, None], places]
        prediction = np.asarray(predict(stacked), dtype=np.float64)
        worse = [score(part) - plain for part in prediction.reshape(repeats, rows, *prediction.shape[1:])]
        stacked[:, places] = np.tile(features[:, places], (repeats, 1))
        found.append(Importance(name, float(np.mean(worse)), float(np.std(worse))))
    return sorted(found, key=lambda importance: -importance.mean)


def _affordable(rows: int, columns: int, repeats: int) -> tuple[int, int]:
    """Fewer repeats first (not under 2), then fewer rows (not under 100), to stay within MOST_PREDICTIONS."""
    while repeats > 2 and rows * columns * repeats > MOST_PREDICTIONS:
        repeats -= 1
    return min(rows, max(100, MOST_PREDICTIONS // (columns * repeats))), repeats


def _generator(seed: int, purpose: str) -> np.random.Generator:
    key = np.random.SeedSequence([seed, zlib.crc32(purpose.encode("utf-8", "surrogatepass"))])
    return np.random.Generator(np.random.Philox(key))

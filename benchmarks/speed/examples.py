"""The examples that the works are done on: generated, or bundled with scikit-learn."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from speed.work import Work


class Examples(NamedTuple):
    """X (rows, n[0]) and Y (rows, n[L]) of the work's dtype; labels (rows,) int64 where Y are classes."""

    X: np.ndarray
    Y: np.ndarray
    labels: np.ndarray | None


def examples_of(work: Work) -> Examples:
    """The same for every contestant and every run."""
    X, target = _MAKERS[work.data](work)
    X = np.ascontiguousarray(X, dtype=work.dtype)
    if work.output == "identity":
        return Examples(X, np.ascontiguousarray(target, dtype=work.dtype), None)
    labels = target.astype(np.int64)
    if work.output == "softmax":
        Y = np.eye(work.sizes[-1], dtype=work.dtype)[labels]
    else:
        Y = labels.astype(work.dtype).reshape(-1, 1)
    return Examples(X, np.ascontiguousarray(Y), labels)


def _moons(work: Work):
    from layerwise.datasets import moons

    return moons(work.rows, 0.2, seed=3)


def _circles(work: Work):
    from layerwise.datasets import circles

    return circles(work.rows, 0.05, seed=1)


def _matrix_exponential(work: Work):
    """exp(A) of random 2 by 2 matrices A, as in SimpleChains.jl's example."""
    from scipy.linalg import expm

    matrices = np.random.default_rng(0).standard_normal((work.rows, 2, 2))
    return matrices.reshape(-1, 4), np.array([expm(A) for A in matrices]).reshape(-1, 4)


def _breast_cancer(work: Work):
    """569 patients and 30 measurements, standardised; repeated where a work wants more rows."""
    from sklearn.datasets import load_breast_cancer

    X, y = load_breast_cancer(return_X_y=True)
    X = ((X - X.mean(axis=0)) / X.std(axis=0)).astype(work.dtype)
    index = np.arange(work.rows) % len(X)
    return X[index], y[index]


def _pictures(work: Work):
    """Numbers from 0 to 1 like pixels: one grey pattern for each class, under noise."""
    draw = np.random.default_rng(0)
    classes = max(work.sizes[-1], 2)
    patterns = draw.random((classes, work.sizes[0]), dtype=np.float32)
    labels = draw.integers(classes, size=work.rows)
    noise = draw.random((work.rows, work.sizes[0]), dtype=np.float32)
    return 0.85 * noise + 0.15 * patterns[labels], labels


def _turned_pictures(work: Work):
    """The pictures of a network with 12,288 inputs in as many coordinates as there are pictures."""
    from layerwise.network.turned_inputs import turned_inputs

    X, labels = _pictures(replace(work, sizes=(12288, *work.sizes[1:])))
    return turned_inputs(X.T.astype(np.float64)).X.T, labels


def _features(work: Work):
    """Standard normal numbers; the class is the largest of a few random linear scores."""
    draw = np.random.default_rng(0)
    X = draw.standard_normal((work.rows, work.sizes[0]), dtype=np.float32)
    scores = X @ draw.standard_normal((work.sizes[0], work.sizes[-1]), dtype=np.float32)
    return X, scores.argmax(axis=1)


_MAKERS = {
    "moons": _moons,
    "circles": _circles,
    "matrix exponential": _matrix_exponential,
    "breast cancer": _breast_cancer,
    "pictures": _pictures,
    "turned pictures": _turned_pictures,
    "features": _features,
}

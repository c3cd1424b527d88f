"""Two classes of points in the plane, drawn from a seed."""

from __future__ import annotations

import numpy as np

from layerwise.errors import InputError

Points = tuple[np.ndarray, np.ndarray]


def moons(n: int = 300, noise: float = 0.2, seed: int = 3) -> Points:
    """Two interleaved half circles.  ->  X (n, 2) float64, y (n,) int64 of 0 and 1.

    noise: standard deviation added to each coordinate, in the unit of the circles' radius.
    Source: scikit-learn's `make_moons`.
    """
    _require(n, noise)
    from sklearn.datasets import make_moons

    X, y = make_moons(n_samples=n, noise=noise, random_state=seed)
    return X.astype(np.float64), y.astype(np.int64)


def circles(n: int = 300, noise: float = 0.05, seed: int = 1) -> Points:
    """A circle of radius 0.8 (class 1) inside one of radius 1 (class 0).  ->  X (n, 2) float64, y (n,) int64.

    noise: standard deviation added to each coordinate.  Source: scikit-learn's `make_circles`.
    """
    _require(n, noise)
    from sklearn.datasets import make_circles

    X, y = make_circles(n_samples=n, noise=noise, random_state=seed)
    return X.astype(np.float64), y.astype(np.int64)


def football(n: int = 211, noise: float = 0.1, seed: int = 0) -> Points:
    """Where a goalkeeper's kick came down and who headed the ball.  ->  X (n, 2) float64, y (n,) int64.

    The field is seen from above and measured from its centre spot in half lengths: x in [-1, 1] along it,
    y in [-0.65, 0.65] across it. Class 1 (the keeper's own team) wins the ball on one side of a line that
    runs diagonally over the field and bends a little,

        y = -0.9 x - 0.05 + 0.12 sin(3 x),

    class 0 on the other. noise: standard deviation of how far each duel strays from that line, so a network
    that scores 100% on these points has learnt noise by heart.

    The figures are layerwise's own. The idea is the regularisation exercise of Andrew Ng's deep learning
    course, whose data are not used here.
    """
    _require(n, noise)
    draw = np.random.default_rng(seed)
    X = np.column_stack([draw.uniform(-1.0, 1.0, n), draw.uniform(-0.65, 0.65, n)])
    line = -0.9 * X[:, 0] - 0.05 + 0.12 * np.sin(3.0 * X[:, 0])
    y = (X[:, 1] + draw.normal(0.0, noise, n) > line).astype(np.int64)
    return X, y


def _require(n: int, noise: float) -> None:
    if n < 2:
        raise InputError(f"n is the number of points and must be at least 2, but is {n}")
    if not (noise >= 0.0 and np.isfinite(noise)):
        raise InputError(f"noise is a standard deviation and must be 0 or more, but is {noise}")

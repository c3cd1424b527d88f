"""The note's three experiments on points in the plane (its sections 2.1, 2.2 and 2.4)."""

from __future__ import annotations

import numpy as np

from layerwise.datasets import football
from layerwise.studies.arm import Arm, Examples
from layerwise.studies.conclusions import Conclusion
from layerwise.studies.course_files import read_football
from layerwise.studies.note_random import Seeds
from layerwise.studies.study import Study

_START = Arm("zeros", "3-layer NN with zeros initialization", (2, 10, 5, 1), "zeros", 0.01, 15_000)
_PLAIN = Arm("none", "3-layer NN without regularization", (2, 20, 3, 1), "lecun", 0.3, 30_000)
_DESCENT = Arm("gd", "Gradient descent", (2, 5, 2, 1), "he", 0.0007, 10_000, batch_size=64)


def circles(data: str | None, seed: int | None) -> Examples:
    """300 points on two circles from seed 1, and 100 to test from seed 2."""
    from sklearn.datasets import make_circles

    train, test = (1, 2) if seed is None else (seed, seed + 1)
    X, y = make_circles(300, noise=0.05, random_state=np.random.RandomState(train))
    X_test, y_test = make_circles(100, noise=0.05, random_state=np.random.RandomState(test))
    return Examples.of(X, y, X_test, y_test, "scikit-learn's make_circles")


def moons(data: str | None, seed: int | None) -> Examples:
    """300 points on two moons from seed 3. The note has no test points: 300 more are ours, from seed 4."""
    from sklearn.datasets import make_moons

    train, test = (3, 4) if seed is None else (seed, seed + 1)
    X, y = make_moons(300, noise=0.2, random_state=np.random.RandomState(train))
    X_test, y_test = make_moons(300, noise=0.2, random_state=np.random.RandomState(test))
    return Examples.of(X, y, X_test, y_test, "scikit-learn's make_moons")


def field(data: str | None, seed: int | None) -> Examples:
    """The course's data.mat where it is given, else points of our own generator: 211, and 200 to test."""
    if data is not None:
        return read_football(data)
    train, test = (0, 1) if seed is None else (seed, seed + 1)
    return Examples.of(
        *football(211, seed=train), *football(200, seed=test), "layerwise's own football generator"
    )


INITIALIZATION = Study(
    "initialization",
    (
        _START,
        _START.but(key="large", model="3-layer NN with large random initialization", initialization="large"),
        _START.but(key="he", model="3-layer NN with He initialization", initialization="he"),
    ),
    circles,
    conclusions=(
        Conclusion("he", "large", "train"),
        Conclusion("large", "zeros", "train"),
        Conclusion("he", "large", "test"),
    ),
)

REGULARIZATION = Study(
    "regularization",
    (
        _PLAIN,
        _PLAIN.but(key="l2", model="3-layer NN with L2-regularization", lambd=0.7),
        _PLAIN.but(key="dropout", model="3-layer NN with dropout", keep_prob=0.86, fixed_masks=True),
    ),
    field,
    takes="the course's data.mat",
    seeds=Seeds(start=3, mask=1),
    conclusions=(Conclusion("l2", "none", "test"), Conclusion("dropout", "none", "test")),
    tuned_on="held out",
)

OPTIMIZATION = Study(
    "optimization",
    (
        _DESCENT,
        _DESCENT.but(key="momentum", model="Momentum", optimizer="momentum"),
        _DESCENT.but(key="adam", model="Adam", optimizer="adam"),
    ),
    moons,
    unit="epoch",
    shape=True,
    seeds=Seeds(start=3, order=10),
    conclusions=(
        Conclusion("adam", "gd", "train"),
        Conclusion("adam", "momentum", "train"),
        Conclusion("momentum", "gd", "train"),
    ),
)

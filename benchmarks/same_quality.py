"""Are the drop-ins as good as scikit-learn's networks? 20 seeds on 10 data sets, side by side.

    python benchmarks/same_quality.py [--seeds 20] [--only iris ...] [--apart]

Each run splits the data anew, scales it, and fits both networks with the same parameters: accuracy on the
held-out third for classes, R2 for values. With the same random_state the two start at the same weights and
see the same mini-batches, so what is left is rounding; `--apart` gives ours another random_state, so that the
difference is that of two independent seeds. Differences are ours minus theirs, with a 95% t-interval over the
seeds.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
import warnings
from importlib.metadata import version

# Small networks: one thread each is fastest, for both.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from scipy import stats
from sklearn import datasets, neural_network
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

import layerwise

SEPARATE_SEED = 10_000


def _digits(rows: int):
    X, y = datasets.load_digits(return_X_y=True)
    return X[:rows], y[:rows]


def _diabetes():
    X, y = datasets.load_diabetes(return_X_y=True)
    return X, scale(y)


def _standardised(made):
    X, y = made
    return X, scale(y)


DATA = {
    "iris": (lambda: datasets.load_iris(return_X_y=True), {}),
    "wine": (lambda: datasets.load_wine(return_X_y=True), {"activation": "tanh"}),
    "breast_cancer": (lambda: datasets.load_breast_cancer(return_X_y=True), {}),
    "digits": (lambda: _digits(900), {"hidden_layer_sizes": (40, 20)}),
    "moons": (lambda: datasets.make_moons(400, noise=0.3, random_state=0), {"solver": "lbfgs"}),
    "circles": (
        lambda: datasets.make_circles(400, noise=0.15, factor=0.5, random_state=0),
        {"early_stopping": True, "n_iter_no_change": 60, "max_iter": 400},
    ),
    "hastie": (
        lambda: datasets.make_hastie_10_2(800, random_state=0),
        {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.1},
    ),
    "diabetes": (_diabetes, {"activation": "logistic"}),
    "friedman": (lambda: _standardised(datasets.make_friedman1(500, noise=1.0, random_state=0)), {}),
    "two targets": (
        lambda: _standardised(datasets.make_regression(400, 12, n_targets=2, noise=40, random_state=0)),
        {"hidden_layer_sizes": (50,)},
    ),
}


def score(module, X, y, settings, seed: int, network_seed: int) -> tuple[float, float]:
    """(held-out score, seconds to fit) of one network."""
    regression = y.dtype.kind == "f" and len(np.unique(y)) > 20
    kind = module.MLPRegressor if regression else module.MLPClassifier
    train, test, y_train, y_test = train_test_split(
        X, y, test_size=1 / 3, random_state=seed, stratify=None if regression else y
    )
    model = make_pipeline(StandardScaler(), kind(random_state=network_seed, **settings))
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(train, y_train)
    return model.score(test, y_test), time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--only", nargs="*", choices=list(DATA), default=list(DATA))
    parser.add_argument("--apart", action="store_true", help="another random_state for ours")
    options = parser.parse_args()
    packages = " ".join(f"{name} {version(name)}" for name in ("layerwise", "scikit-learn", "numpy", "numba"))
    print(f"{packages}, Python {platform.python_version()}, {options.seeds} seeds", flush=True)
    print(
        f"{'data':14} {'scikit-learn':>12} {'layerwise':>10} {'difference, 95% interval':>34} {'seconds':>15}"
    )
    for name in options.only:
        load, settings = DATA[name]
        X, y = load()
        score(layerwise, X, y, settings, 0, 0)  # Compiles what is not compiled yet.
        pairs = []
        for seed in range(options.seeds):
            own = seed + SEPARATE_SEED if options.apart else seed
            theirs = score(neural_network, X, y, settings, seed, seed)
            pairs.append((theirs, score(layerwise, X, y, settings, seed, own)))
        theirs, ours = (np.array([pair[k] for pair in pairs]) for k in (0, 1))
        differences = ours[:, 0] - theirs[:, 0]
        mean = differences.mean()
        half = (
            stats.t.ppf(0.975, len(differences) - 1) * stats.sem(differences) if len(differences) > 1 else 0.0
        )
        print(
            f"{name:14} {theirs[:, 0].mean():12.4f} {ours[:, 0].mean():10.4f} "
            f"{mean:+14.1e} [{mean - half:+.1e}, {mean + half:+.1e}] "
            f"{theirs[:, 1].sum():7.1f} {ours[:, 1].sum():7.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()

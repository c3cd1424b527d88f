"""What the drop-ins add to the engine's own time: to a fit, and to a prediction for one row.

    python benchmarks/overhead.py [--repeats 500]

Small networks on small data, where the wrapper weighs most. Each call is timed as a whole, and the engine
inside it: building it, its steps, its predictions. The difference is the wrapper: checks of parameters and
data, random starts, labels, history. In microseconds, the least of five medians, since other programs only
add to them; scikit-learn's networks beside them.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
import warnings
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from sklearn import datasets, neural_network
from sklearn.preprocessing import scale

import layerwise
from layerwise.engine import build_engine
from layerwise.estimators import mlp_live

EPOCHS = 5
ROUNDS = 5
GOALS = {"fit": 300, "predict": 15}


class TimedEngine:
    """An engine that adds up the time spent in it."""

    seconds = 0.0

    def __init__(self, *arguments: Any) -> None:
        start = time.perf_counter()
        self._engine = build_engine(*arguments)
        TimedEngine.seconds += time.perf_counter() - start

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._engine, name)
        return self._timed(found) if callable(found) else found

    def _timed(self, method: Callable) -> Callable:
        def timed(*arguments: Any) -> Any:
            start = time.perf_counter()
            result = method(*arguments)
            TimedEngine.seconds += time.perf_counter() - start
            return result

        # Found at once the next time, so that the look-up is not measured again.
        vars(self)[method.__name__] = timed
        return timed


def medians(call: Callable[[], Any], repeats: int) -> tuple[float, float]:
    """(whole call, the part outside the engine), microseconds: each the least of ROUNDS medians."""
    for _ in range(5):
        call()
    whole, outside = np.empty((ROUNDS, repeats)), np.empty((ROUNDS, repeats))
    for at in np.ndindex(whole.shape):
        TimedEngine.seconds = 0.0
        start = time.perf_counter()
        call()
        whole[at] = time.perf_counter() - start
        outside[at] = whole[at] - TimedEngine.seconds
    least, least_outside = (np.median(seconds, axis=1).min() for seconds in (whole, outside))
    return float(least) * 1e6, float(least_outside) * 1e6


def cases() -> dict[str, tuple[str, np.ndarray, np.ndarray]]:
    X, y = datasets.load_iris(return_X_y=True)
    X_values, values = datasets.load_diabetes(return_X_y=True)
    labels = np.array(["setosa", "versicolor", "virginica"])[y]
    return {
        "three classes": ("MLPClassifier", scale(X), y),
        "two classes": ("MLPClassifier", scale(X[:100]), y[:100]),
        "text labels": ("MLPClassifier", scale(X), labels),
        "values": ("MLPRegressor", X_values, scale(values)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=500)
    repeats = parser.parse_args().repeats
    warnings.simplefilter("ignore")
    packages = " ".join(f"{name} {version(name)}" for name in ("layerwise", "scikit-learn", "numpy", "numba"))
    print(f"{packages}, Python {platform.python_version()}, least of {ROUNDS} medians of {repeats} calls")
    print(f"{'microseconds':28} {'layerwise':>10} {'of it wrapper':>14} {'goal':>6} {'scikit-learn':>13}")
    mlp_live.build_engine = TimedEngine  # type: ignore[assignment]
    for name, (kind, X, y) in cases().items():
        settings = {"hidden_layer_sizes": (8,), "max_iter": EPOCHS, "random_state": 0}
        ours = getattr(layerwise, kind)(**settings).fit(X, y)
        theirs = getattr(neural_network, kind)(**settings).fit(X, y)
        for what, method, given in (
            (f"fit, {EPOCHS} epochs", "fit", (X, y)),
            ("one row", "predict", (X[:1],)),
        ):
            whole, wrapper = medians(partial(getattr(ours, method), *given), repeats)
            peer, _ = medians(partial(getattr(theirs, method), *given), max(repeats // 5, 1))
            label, goal = f"{name}: {what}", f"<{GOALS[method]}"
            print(f"{label:28} {whole:10.0f} {wrapper:14.0f} {goal:>6} {peer:13.0f}", flush=True)


if __name__ == "__main__":
    main()

"""How exact `layerwise.check_gradients` is at any scale, and how fast on a large network.

    python benchmarks/gradient_check_numbers.py

First the relative difference that right float64 gradients of smooth networks show, for weights of each scale:
the median and the largest over activations, losses and scales of the cost (1e-6, 1, 1e6). Then a cost far
larger than its gradient, which does and does not take complex numbers. Then the time for [784, 256, 128, 10],
235,146 parameters: a right gradient verified, and one wrong entry located, in W1, W2 and W3.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import layerwise
from layerwise.checking import network_check
from planted_bugs.collection import gradient_of
from planted_bugs.network import Network, Spec
from planted_bugs.styles import Style

SCALES = (1e-6, 1e-4, 1e-2, 1.0, 1e2, 1e4, 1e6)
COST_SCALES = (1e-6, 1.0, 1e6)
ACTIVATIONS = ("tanh", "sigmoid", "gelu", "softplus", "silu")
LOSSES = ("binary", "softmax", "squared")
REPEATS = 3
# One entry each of W1, W2 and W3, in the vector W1, b1, W2, b2, W3, b3.
WRONG_ENTRIES = (12_345, 208_737, 234_000)


def smooth_networks(scale: float) -> Iterator[tuple[Callable[[Any], float], dict[str, np.ndarray], Any]]:
    """(cost, gradient, theta) of each smooth network with weights of this scale."""
    for activation in ACTIVATIONS:
        for loss in LOSSES:
            outputs = 3 if loss == "softmax" else 1
            spec = Spec((4, 5, 4, outputs), activation, loss, m=11, seed=4, weight_scale=scale)
            net = Network.drawn(spec)
            style = Style("course", net)
            theta = style.wrap(net.parameters())
            cost, gradient = style.cost(net), gradient_of(net, style, None, 0)(theta)
            for factor in COST_SCALES:
                yield (
                    lambda t, factor=factor, cost=cost: factor * cost(t),
                    {name: factor * array for name, array in gradient.items()},
                    theta,
                )


def show_differences() -> None:
    print(f"{'weights times':>14}{'checks':>10}{'passed':>8}{'median':>10}{'largest':>10}")
    for scale in SCALES:
        checks = [layerwise.check_gradients(*network) for network in smooth_networks(scale)]
        differences = [check.difference for check in checks]
        print(
            f"{scale:14g}{len(checks):10}{sum(check.passed for check in checks):8}"
            f"{np.median(differences):10.0e}{max(differences):10.0e}"
        )


def show_complex_step() -> None:
    """A cost far larger than its gradient, so that differences drown in rounding."""
    theta, offset = np.array([0.3, -1.2, 2.0]), 1e7

    def real(t: np.ndarray) -> Any:
        return np.sum(np.exp(np.abs(t)) * np.sign(t)) + offset

    def analytic(t: np.ndarray) -> Any:
        return np.sum(np.exp(t)) + offset

    right = {"differences": np.exp(np.abs(theta)), "complex steps": np.exp(theta)}
    for (name, gradient), cost in zip(right.items(), (real, analytic), strict=True):
        check = layerwise.check_gradients(cost, gradient, theta)
        print(f"a cost of 1e7 with slopes near 1, by {name:14} {check.difference:.0e}")


def show_times() -> None:
    random = np.random.default_rng(0)
    X, y = random.normal(size=(256, 784)), random.integers(0, 10, 256)
    right = network_check.followed_gradient
    print(f"{'engine':10}{'precision':11}{'verified, s':>12}{'located, s':>24}")
    for engine in ("numpy", "compiled"):
        for dtype in ("float64", "float32"):
            model = layerwise.MLPClassifier((256, 128), random_state=0, dtype=dtype, engine=engine)
            layerwise.check_gradients(model, X[:20], y[:20])  # compiles
            verified = [_time(model, X, y, passes=True) for _ in range(REPEATS)]
            located = []
            for entry in WRONG_ENTRIES:
                network_check.followed_gradient = lambda batch, entry=entry: _spoiled(right(batch), entry)
                located.append(_time(model, X, y, passes=False))
            network_check.followed_gradient = right
            shown = ", ".join(f"{seconds:.2f}" for seconds in located)
            print(f"{engine:10}{dtype:11}{np.median(verified):12.2f}{shown:>24}")


def _spoiled(gradient: np.ndarray, entry: int) -> np.ndarray:
    gradient[entry] += 0.01 * np.abs(gradient).max()
    return gradient


def _time(model: Any, X: np.ndarray, y: np.ndarray, passes: bool) -> float:
    start = time.perf_counter()
    check = layerwise.check_gradients(model, X, y)
    seconds = time.perf_counter() - start
    assert check.passed == passes
    if not passes:
        worst, other = check.parameters[check.culprit].worst[:2]
        assert abs(worst.analytic - worst.numeric) > 100 * abs(other.analytic - other.numeric)
    return seconds


def main() -> None:
    print(
        f"layerwise {layerwise.__version__}, NumPy {np.__version__}, Python {platform.python_version()}, "
        f"{os.cpu_count()} cores\n"
    )
    show_differences()
    print()
    show_complex_step()
    print()
    show_times()


if __name__ == "__main__":
    main()

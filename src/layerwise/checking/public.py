"""`layerwise.check_gradients`: the way in."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, runtime_checkable

from threadpoolctl import threadpool_limits

from layerwise.checking.check import Request, check_request, functions_request
from layerwise.checking.functions import CostFunction
from layerwise.checking.network_check import NetworkBatch, network_request
from layerwise.checking.network_cost import NetworkCost
from layerwise.checking.result import GradientCheck
from layerwise.checking.sweep import Sweep, sweep_request
from layerwise.errors import InputError

TIMED = 3
# One thread is taken where it is slower by no more than this.
SLOWER = 1.2


@runtime_checkable
class HasNetwork(Protocol):
    """An estimator of layerwise's own: it hands over its network and examples as its training sees them."""

    def network_batch(self, X: Any, y: Any, sample_weight: Any = None) -> NetworkBatch: ...


def check_gradients(
    cost: Callable[[Any], Any] | HasNetwork,
    gradient: Any,
    theta: Any,
    *,
    tolerance: float | None = None,
    step: float | None = None,
    sample_weight: Any = None,
    constants: Mapping[str, float] | None = None,
    exhaustive: bool | None = None,
    seed: int = 0,
) -> GradientCheck:
    """Is a gradient right? If not, which parameter is wrong, how, and what usually causes that.

        check_gradients(cost, gradient, theta)      any code: NumPy, or PyTorch and JAX wrapped to take arrays
        check_gradients(estimator, X, y)            the engine's own gradients of a layerwise estimator

    Parameters
    ----------
    cost : function of theta that returns one number
        It must be a function of theta alone: hold dropout masks and batches fixed, and change nothing in
        place. Or an estimator (MLPClassifier, TabularRegressor, ...), fitted or not; one that is not is
        checked at its start.
    gradient : array or dictionary of arrays of theta's shapes, or a function of theta that returns them
        In a dictionary the gradient of "W1" may be named "W1" or "dW1". With an estimator: X.
    theta : float, array, or dictionary of arrays {"W1": ..., "b1": ...}
        Where to check. Numbers at the end of names are layers, the highest nearest the output. With an
        estimator: y.
    tolerance : float
        The relative difference up to which a gradient is right: 1e-7; 1e-4 for an engine in single precision.
    step : float, optional
        One fixed step for all differences, as the note's epsilon; it then decides whether the check passes.
        Without it each entry gets the step that suits its rounding and curvature.
    sample_weight : (rows,), optional
        With an estimator, how much each row counts.
    constants : dictionary, optional
        Numbers by which a fault may be off, to be named: {"m": 209, "keep_prob": 0.8, "lambda": 0.7}.
    exhaustive : bool, optional
        Whether every entry is measured. Without it, up to 4,000 entries are; larger parameters are checked
        along random directions, and wrong entries found by halving.
    seed : int
        Fixes the random directions: same seed, same result.

    Returns
    -------
    GradientCheck: passed, difference, culprit, parameters, kinks, text; `raise_if_wrong()` for tests.

    Raises
    ------
    InputError where shapes do not fit, theta or the cost is not finite or not floating-point, the cost gives
    another value when asked again, or changes theta in place.

    Example
    -------
    >>> import layerwise
    >>> import numpy as np; theta = np.array([1.0, -2.0])
    >>> check = layerwise.check_gradients(lambda t: (t**2).sum() / 2, lambda t: 2 * t, theta)
    >>> check.passed
    False

    Source of the difference: the note, figure 26. Of the numbers: see `layerwise.checking.ladder`.
    """
    request = _request(
        cost,
        gradient,
        theta,
        sample_weight,
        tolerance=tolerance,
        step=step,
        constants=constants,
        exhaustive=exhaustive,
        seed=seed,
    )
    with _threads(request):
        return check_request(request)


def sweep_steps(
    cost: Callable[[Any], Any] | HasNetwork,
    gradient: Any,
    theta: Any,
    *,
    sample_weight: Any = None,
    tolerance: float | None = None,
    seed: int = 0,
) -> Sweep:
    """The note's difference at every step from 1 to 1e-13, and with the step chosen for each entry.

    The arguments are those of `check_gradients`. Shows why one fixed step passes and a smaller one fails:
    truncation on one side, rounding on the other.
    """
    request = _request(cost, gradient, theta, sample_weight, tolerance=tolerance, seed=seed)
    with _threads(request):
        return sweep_request(request)


def _request(cost: Any, gradient: Any, theta: Any, sample_weight: Any, **settings: Any) -> Request:
    if isinstance(cost, HasNetwork):
        if settings.pop("constants", None):
            raise InputError("constants are for functions of your own; an estimator knows its own")
        return network_request(cost.network_batch(gradient, theta, sample_weight), **settings)
    if hasattr(cost, "fit"):
        raise InputError(
            f"{type(cost).__name__} is not an estimator of layerwise's own; pass a cost, its gradient and "
            "theta"
        )
    if sample_weight is not None:
        raise InputError(
            "sample_weight goes with an estimator; here the weights belong into cost and gradient"
        )
    return functions_request(cost, gradient, theta, **settings)


def _threads(request: Request) -> AbstractContextManager[Any]:
    """BLAS keeps to one thread for a network's own cost, whose lines run on several, and for a person's
    function that is no slower so: threads that wait for each other on a busy machine cost many times more."""
    if isinstance(request.cost, NetworkCost):
        return threadpool_limits(1)
    several = _shortest_time(request.cost)
    with threadpool_limits(1):
        one = _shortest_time(request.cost)
    return threadpool_limits(1) if one <= SLOWER * several else nullcontext()


def _shortest_time(cost: CostFunction) -> float:
    times = []
    for _ in range(TIMED):
        start = time.perf_counter()
        cost.at_working()
        times.append(time.perf_counter() - start)
    return min(times)

"""exp, log, tanh, ... of compiled loops, against long double: to two units in the last place, everywhere, and
softplus to three."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from layerwise.engine.compiled.elementary import elementary_functions
from layerwise.formulas.activations import softplus

SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, -0.5, 1e-300, 1e300, -1e300]


def spread(random, low, high):
    """Numbers of both signs whose sizes are 10^low to 10^high."""
    sizes = 10.0 ** random.uniform(low, high, 20_000)
    return np.concatenate([sizes, -sizes])


def arguments(name, precision):
    random = np.random.default_rng(0)
    widest = 38 if precision == "float32" else 300
    overflow = 89 if precision == "float32" else 710
    chosen = {
        "exp": [random.uniform(-1.17 * overflow, overflow, 40_000), spread(random, -widest, 1)],
        "expm1": [random.uniform(-60, overflow, 40_000), spread(random, -widest, 1)],
        "log": [np.abs(spread(random, -widest, widest)), 1 + 0.001 * random.normal(size=10_000)],
        "log1p": [np.maximum(spread(random, -widest, widest), -1), random.uniform(-1, 1, 20_000)],
        "tanh": [
            3 * random.normal(size=40_000),
            random.uniform(-0.7, 0.7, 40_000),
            spread(random, -widest, 2),
        ],
        "sign": [spread(random, -widest, widest)],
        "softplus": [random.uniform(-1.17 * overflow, overflow, 40_000), spread(random, -widest, 3)],
    }[name]
    with np.errstate(over="ignore", under="ignore"):
        return np.concatenate([*chosen, SPECIAL]).astype(precision)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p", "tanh", "sign", "softplus"])
def test_the_error_is_below_two_or_three_units_in_the_last_place(name, precision):
    function = getattr(elementary_functions(precision), name)

    @numba.njit(error_model="numpy")
    def of_all(x, y):
        for i in range(x.size):
            y[i] = function(x[i])

    x = arguments(name, precision)
    y = np.empty_like(x)
    of_all(x, y)
    with np.errstate(all="ignore"):
        exact = (softplus if name == "softplus" else getattr(np, name))(x.astype(np.longdouble))
        rounded = exact.astype(precision)
    finite = np.isfinite(rounded)
    np.testing.assert_array_equal(y[~finite], rounded[~finite])
    error = np.abs(y[finite] - exact[finite]) / np.spacing(np.abs(rounded[finite])).astype(np.longdouble)
    # A function of an exponential has the errors of both.
    assert error.max() < (3 if name == "softplus" else 2), f"{name} of {x[finite][error.argmax()]!r}"


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_larger_and_the_smaller_of_two_are_numpys_with_nan(precision):
    functions = elementary_functions(precision)
    larger_of, smaller_of = functions.maximum, functions.minimum

    @numba.njit
    def both(a, b):
        return larger_of(a, b), smaller_of(a, b)

    real = np.dtype(precision).type
    for a in SPECIAL[:8]:
        for b in SPECIAL[:8]:
            found = both(real(a), real(b))
            np.testing.assert_array_equal(found, (np.maximum(a, b), np.minimum(a, b)))

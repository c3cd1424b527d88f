"""Object code that is brought into memory does what Python does."""

from __future__ import annotations

import ctypes
import math

import numpy as np
import pytest
from numba import carray

from layerwise.engine.compiled import making
from layerwise.engine.compiled.kernel import Arguments
from layerwise.engine.compiled.loading import load

ROWS = tuple(math.sqrt(number) for number in range(50))


def from_a_table(x):
    return ROWS[int(x) % len(ROWS)] + 0.1


def by_the_library(x):
    return math.erf(x) + math.pow(abs(x), 0.3)


def cleared(out, size):
    out = carray(out, (size,))
    for i in range(size):
        out[i] = 0.0


def made(function, kind):
    name = f"{function.__name__}_of_this_test"
    return making.make_bound(function, {}, "float64", kind, name).content, name


@pytest.mark.parametrize("function", [from_a_table, by_the_library])
def test_a_function_gives_what_python_gives(function):
    address = load(*made(function, Arguments("x", returns=True)))
    called = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(address)
    for x in (0.0, 0.3, 1.7, 49.0, 63.2):
        assert called(x) == pytest.approx(function(x), rel=1e-15)


def test_a_function_of_the_c_library_is_called():
    content, name = made(cleared, Arguments("dn"))
    assert b"memset" in content
    numbers = np.arange(5000.0)
    ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(load(content, name))(numbers.ctypes.data, 4999)
    assert not numbers[:-1].any()
    assert numbers[-1] == 4999

"""The products of matrices that gradients are made of, each way of making them beside NumPy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.engine.compiled.arrays import address_of, at_boundary
from layerwise.engine.compiled.kernels import ADD_PRODUCTS, MULTIPLY_ADD, panel_kernel, product_kernels
from layerwise.engine.compiled.layout import IN_PANELS, ROOM, TRANSPOSING

SIZES = st.integers(1, 70)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@settings(max_examples=60, deadline=None)
@given(
    rows=SIZES, columns=SIZES, inner=st.integers(1, 300), transposing=st.booleans(), seed=st.integers(0, 9)
)
def test_rows_times_rows_are_numpys(dtype, rows, columns, inner, transposing, seed):
    kernels, real = product_kernels(dtype), np.dtype(dtype).type
    draw = np.random.default_rng(seed)
    D, S = (draw.normal(size=(count, inner)).astype(dtype) for count in (rows, columns))
    # A part of a larger matrix: what stands beside it stays.
    out = np.full((rows, columns + 3), 7, dtype)
    kept, room = at_boundary(ROOM, real)
    kernels[ADD_PRODUCTS].entry(
        address_of(D), inner, address_of(S), inner, address_of(out), columns + 3, inner, rows, columns,
        transposing, kernels[MULTIPLY_ADD].address, room,
    )  # fmt: skip
    assert kept.size >= ROOM
    assert (out[:, columns:] == 7).all()
    exact = D.astype(np.longdouble) @ S.T.astype(np.longdouble)
    bound = np.abs(D).astype(np.float64) @ np.abs(S).T.astype(np.float64) * np.finfo(dtype).eps * (inner + 8)
    assert (np.abs(out[:, :columns] - exact) <= bound).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@settings(max_examples=40, deadline=None)
@given(
    rows=SIZES, columns=st.integers(1, 200), registers=st.integers(1, 20), parts=st.integers(1, 3),
    seed=st.integers(0, 9),
)  # fmt: skip
def test_rows_that_were_turned_before_give_the_same_bits(dtype, rows, columns, registers, parts, seed):
    kernels, real, inner = product_kernels(dtype), np.dtype(dtype).type, 16 * registers
    draw = np.random.default_rng(seed)
    D, S = (draw.normal(size=(count, inner)).astype(dtype) for count in (rows, columns))
    kept, room = at_boundary(ROOM, real)
    outs = []
    for way in (TRANSPOSING, IN_PANELS):
        if way == IN_PANELS:
            for part in range(parts):
                panel_kernel(dtype).entry(address_of(S), inner, columns, part, parts, room)
        outs.append(np.full((rows, columns), 7, dtype))
        kernels[ADD_PRODUCTS].entry(
            address_of(D), inner, address_of(S), inner, address_of(outs[-1]), columns, inner, rows, columns,
            way, kernels[MULTIPLY_ADD].address, room,
        )  # fmt: skip
    assert kept.size >= ROOM
    np.testing.assert_array_equal(outs[1], outs[0])

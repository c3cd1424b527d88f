"""Products that are left to BLAS, as large ones are on processors with 16 registers: the same steps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trajectories import NETWORKS, assert_same_trajectory, both, dropping, examples_for, give_threads

from layerwise.engine import build_engine
from layerwise.engine.compiled import kernels
from layerwise.network.parameters import initial_parameters

# All products, those of more multiply-adds than the smaller ones of these networks have, and none.
LEFT_FROM = (0, 700, kernels.ALL_PRODUCTS)


@pytest.mark.parametrize("up_to", LEFT_FROM)
@pytest.mark.parametrize("name", ["relu binary, adam", "tanh regression", "every activation"])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.integers(1, 70), size=st.integers(1, 40), drops=st.sampled_from([0.0, 0.3]),
    shuffle=st.booleans(), threads=st.integers(1, 2),
)  # fmt: skip
def test_steps_are_the_references(monkeypatch, up_to, name, rows, size, drops, shuffle, threads):
    """Also of a last mini-batch that is smaller than those before it."""
    monkeypatch.setattr(kernels, "OUR_PRODUCTS", up_to)
    give_threads(monkeypatch, threads)
    network = NETWORKS[name]
    program = network.program(**dropping(network, drops))
    runs = both(program, examples_for(network, rows), size=size, epochs=2, rate=network.rate, shuffle=shuffle)
    assert_same_trajectory(*runs, tolerance=1e-9)


@pytest.mark.parametrize("up_to", LEFT_FROM)
@pytest.mark.parametrize("size", [40, 25], ids=["whole", "with a smaller last one"])
@pytest.mark.parametrize("sizes", [(30, 96, 1), (40, 96, 64, 1), (8, 32, 1)])
def test_steps_that_are_cut_are_the_references(monkeypatch, up_to, size, sizes):
    monkeypatch.setattr(kernels, "OUR_PRODUCTS", up_to)
    give_threads(monkeypatch, 2)
    activations = (*("relu",) * (len(sizes) - 2), "sigmoid")
    network = NETWORKS["relu binary, adam"]._replace(sizes=sizes, activations=activations)
    runs = both(network.program(), examples_for(network, 90), size=size, epochs=3, rate=network.rate / 4)
    assert_same_trajectory(*runs, tolerance=1e-9)


@pytest.mark.parametrize("up_to", LEFT_FROM)
def test_predictions_and_gradients_are_the_references(monkeypatch, up_to):
    monkeypatch.setattr(kernels, "OUR_PRODUCTS", up_to)
    network = NETWORKS["tanh regression"]
    program, examples = network.program(), examples_for(network, 37)
    vector = initial_parameters(program.architecture, "he", seed=1)
    found = []
    for name in ("numpy", "compiled"):
        engine = build_engine(program, name)
        X, Y, *_ = examples.batches(program, None, 37)
        found.append((engine.outputs(vector, X), *engine.cost_and_gradient(vector, X, Y)))
    for reference, compiled in zip(*found, strict=True):
        np.testing.assert_allclose(compiled, reference, rtol=1e-12, atol=1e-13)

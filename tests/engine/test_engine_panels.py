"""Values below a large layer, turned in place once for all pieces of its gradient: steps stay the same."""

from __future__ import annotations

import numpy as np
import pytest
from trajectories import NETWORKS, assert_same_trajectory, bits_of_one_call, both, examples_for, give_threads

from layerwise.engine.compiled import cutting
from layerwise.engine.compiled.cutting import FEW_PARTS
from layerwise.engine.compiled.kernels import LAY_PANELS, training_kernels
from layerwise.engine.compiled.layout import BY_UNITS, CACHED
from layerwise.engine.compiled.processor import MANY_REGISTERS

# Layers of which also half, for two threads, comes to several pieces; widths that fill no panel.
LARGE = NETWORKS["relu binary, adam"]._replace(sizes=(605, 1043, 610, 1))
ROWS, BATCH = 40, 24


def test_half_of_each_large_layer_comes_to_several_pieces():
    n0, n1, n2, _ = LARGE.sizes
    assert min(n0 * n1, n1 * n2) // 2 > CACHED
    assert LAY_PANELS in training_kernels(LARGE.program(), LARGE.activations)


@pytest.mark.parametrize(
    ("setting", "size", "shuffle"),
    [
        ({}, BATCH, True),
        ({}, ROWS, False),
        ({"dropout": (0.2, 0.2)}, BATCH, False),
        ({"dropout": (0.2, 0.2)}, ROWS, True),
        ({"clip_norm": 0.1, "l2": 0.5}, BATCH, True),
        ({"reproducible": True}, ROWS, False),
    ],
)
def test_large_layers_follow_the_reference(monkeypatch, shuffle, size, setting):
    give_threads(monkeypatch, 2)
    examples = examples_for(LARGE, ROWS)
    runs = both(LARGE.program(**setting), examples, size=size, epochs=2, rate=1e-3, shuffle=shuffle)
    assert_same_trajectory(*runs, tolerance=1e-9)


def test_threads_that_share_a_batch_lay_it_in_panels_together(monkeypatch):
    """More parts than those of which each thread gathers a mini-batch for itself; wide enough for so many."""
    parts = FEW_PARTS + 1
    monkeypatch.setattr(cutting, "allowed_threads", lambda: parts)
    give_threads(monkeypatch, 2)
    wide = LARGE._replace(sizes=(700, 2400, 4, 1))
    assert wide.sizes[0] * wide.sizes[1] // parts > CACHED
    examples = examples_for(wide, ROWS)
    batches = examples.batches(wide.program(), np.arange(ROWS), BATCH)
    cut = cutting.cut_of(wide.program(), batches, BATCH, with_blas=False)
    assert cut[:3] == (parts, BY_UNITS, 0)
    runs = both(wide.program(), examples, size=BATCH, epochs=2, rate=1e-3)
    assert_same_trajectory(*runs, tolerance=1e-9)


@pytest.mark.skipif(
    not MANY_REGISTERS, reason="BLAS makes large products on this processor, in its own order"
)
def test_epochs_in_one_call_end_in_the_same_bits_for_any_number_of_threads(monkeypatch):
    examples, left = examples_for(LARGE, ROWS), []
    for threads in (1, 2):
        give_threads(monkeypatch, threads)
        left.append(
            bits_of_one_call(LARGE.program(dtype="float32"), examples, size=BATCH, epochs=3, rate=1e-3)
        )
    assert left[0] == left[1]
    assert np.isfinite(np.frombuffer(left[0][0], dtype="float32")).all()

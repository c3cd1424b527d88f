"""The compiled loop over steps allocates nothing."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from numba.core.runtime import _nrt_python, rtsys
from trajectories import NETWORKS, examples_for

from layerwise.engine import StepTotals, TrainingState, build_engine
from layerwise.network.parameters import initial_parameters


@pytest.fixture
def counted_allocations():
    """Numba's own count of the memory its compiled code asked for."""
    was_counting = _nrt_python.memsys_stats_enabled()
    _nrt_python.memsys_enable_stats()
    yield lambda: rtsys.get_allocation_stats().alloc
    if not was_counting:
        _nrt_python.memsys_disable_stats()


@pytest.mark.parametrize("shuffled", [True, False])
def test_more_steps_ask_for_no_more_memory(counted_allocations, shuffled):
    network = NETWORKS["every activation"]
    program = network.program(dropout=(0.1,) * 10, l2=0.1, l1=0.1, max_norm=1.0, clip_norm=0.1)
    order = np.arange(40) if shuffled else None
    batches = examples_for(network, 40, weighted=True).batches(program, order, 1)
    engine = build_engine(program, "compiled")
    state = TrainingState.start(initial_parameters(program.architecture), program)
    asked = []
    for steps in (1, 1, 2, 40):
        before = counted_allocations()
        engine.run_steps(state, batches, 0, StepTotals(), np.full(steps, 0.001))
        asked.append(counted_allocations() - before)
    # The first call may compile, or load, on top.
    assert asked[1:] == [0, 0, 0]


def test_memory_that_compiled_code_asks_for_is_counted(counted_allocations):
    before = counted_allocations()
    numba.njit(lambda: np.ones(10))()
    assert counted_allocations() > before

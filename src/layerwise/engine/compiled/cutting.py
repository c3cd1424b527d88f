"""How a step is cut over threads: into how many parts, by examples or by units, and what is made ahead."""

from __future__ import annotations

from typing import NamedTuple

from layerwise.engine.compiled.layout import CACHED
from layerwise.engine.contract import Batches, Program
from layerwise.engine.threads import allowed_threads

# Inputs from which on it may pay to make the first layer's products ahead, and so many of them at once.
MANY_INPUTS, INPUTS_AHEAD = 2**11, 128
# The parts of a reproducible step: more threads than this are of no use to it.
REPRODUCIBLE_PARTS = 4
# Multiply-adds of a forward pass below which a second thread does not pay.
SMALL_STEP = 2**21
# Parts of a step up to which each thread gathers all inputs of a mini-batch for itself.
FEW_PARTS = 4
# Parameters up to which each part of a step takes some of the examples, beyond which some of the units: then
# less passes from one core's cache to another's.
SLICED_UP_TO = 2**15
# Multiply-adds from which on a step has the same bits for one thread up to REPRODUCIBLE_PARTS of them.
LARGE_STEP = 2**28


class Cut(NamedTuple):
    """How the steps of a call are cut.

    sliced: each part has some of the examples, not some of the units. gatherers: how many threads may have
    a mini-batch of their own; 0 where all have one. ahead: inputs at once of the products that are made for
    the step that follows, or 0; see `driver`.
    """

    parts: int
    sliced: bool
    gatherers: int
    ahead: int


def step_parts(program: Program, rows: int) -> int:
    """The parts that a step of so many examples is cut into: on these its last bits depend."""
    multiply_adds = rows * program.architecture.parameter_count
    if multiply_adds < SMALL_STEP:
        return 1
    if program.reproducible:
        return REPRODUCIBLE_PARTS
    # A large step is cut so for fewer threads too: that costs it less than one part in thirty.
    return max(REPRODUCIBLE_PARTS if multiply_adds >= LARGE_STEP else 1, allowed_threads())


def cut_of(program: Program, batches: Batches, rows: int, *, with_blas: bool) -> Cut:
    """How steps of so many examples are cut; `with_blas`, where some of its products are left to BLAS."""
    parts = step_parts(program, rows)
    sliced = parts > 1 and program.architecture.parameter_count <= SLICED_UP_TO
    # Inputs that another core has written come slower than those from memory.
    alone = batches.order is not None and not sliced and 1 < parts <= FEW_PARTS
    ahead = not sliced and not with_blas and _goes_ahead(program, batches, rows)
    return Cut(parts, sliced, parts if alone else 0, INPUTS_AHEAD if ahead else 0)


def _goes_ahead(program: Program, batches: Batches, rows: int) -> bool:
    """Whether a step makes the next one's first products. Not where something waits for all of a gradient."""
    inputs, units = program.architecture.sizes[:2]
    waits = program.clip_norm > 0 or program.max_norm > 0
    fits = INPUTS_AHEAD * max(rows, units) <= CACHED
    same = batches.order is None and batches.steps == 1
    return same and fits and not waits and inputs >= MANY_INPUTS

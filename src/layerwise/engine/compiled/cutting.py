"""How a step is cut over threads: into how many parts, by examples or by units, and what is made ahead."""

from __future__ import annotations

from typing import NamedTuple

from layerwise.engine.compiled.layout import (
    BY_COPIES,
    BY_EXAMPLES,
    BY_HIDDEN_UNITS,
    BY_UNITS,
    CACHED,
    NARROWEST,
)
from layerwise.engine.contract import Batches, Program
from layerwise.engine.threads import allowed_threads
from layerwise.formulas.activations import ACTIVATIONS

# Inputs from which on it may pay to make the first layer's products ahead, and so many of them at once.
MANY_INPUTS, INPUTS_AHEAD = 2**11, 128
# The parts of a reproducible step: more threads than this are of no use to it.
REPRODUCIBLE_PARTS = 4
# Multiply-adds of a forward pass below which a second thread does not pay.
SMALL_STEP = 2**21
# The same where the first hidden layer's units are cut, when the threads meet once a step; examples up to
# which that is the best way; and multiply-adds of a call below which it is too short to wake a thread for.
SMALL_HIDDEN_STEP, HIDDEN_ROWS, SMALL_CALL = 2**17, 2**11, 2**24
# Units of a part cut so, at least.
FEWEST_UNITS = 8
# Every part has all layers above the second: they may have one in so many of the parameters.
REPEATED = 3
# What a part comes to in the second layer the others read from its core's cache: for each unit there, so many
# parameters pay for it.
FOR_EACH_SUM = 64
# Instead, a step is cut by examples, and the network copied, where so many of its parameters or fewer come to
# each of these numbers, and not more than so many in all: a thread has six for each, with its gradients.
FOR_EACH_NUMBER, LARGEST_COPY = 2, 2**18
# Parameters beyond which nothing is gained. Those of a part are copied for it, so that they lie together and
# no other core's next to them: more than so many only for so many steps.
LARGEST_CUT, QUICKLY_COPIED, STEPS_FOR_COPIES = 2**20, 2**15, 32
# Parts of a step up to which each thread gathers all inputs of a mini-batch for itself.
FEW_PARTS = 4
# Parameters up to which each part of a step takes some of the examples, beyond which some of the units: then
# less passes from one core's cache to another's.
SLICED_UP_TO = 2**15
# Multiply-adds from which on a step has the same bits for one thread up to REPRODUCIBLE_PARTS of them.
LARGE_STEP = 2**28


class Cut(NamedTuple):
    """How the steps of a call are cut.

    way: by what, see `batch`. gatherers: how many threads may have a mini-batch of their own; 0 where all
    have one. ahead: inputs at once of the products that are made for the step that follows, or 0; see
    `driver`.
    """

    parts: int
    way: int
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


def way_of(program: Program, rows: int, *, with_blas: bool, given_masks: bool = False) -> tuple[int, int]:
    """(parts, way) of a step of so many examples; `with_blas`, where some products are left to BLAS."""
    by_copies = not (given_masks or with_blas) and cuts_by_copies(program, rows)
    parts = parts_for_threads(program, rows) if by_copies else 1
    if 1 < parts <= FEW_PARTS:
        return parts, BY_COPIES
    # A single thread cuts nothing that two would cut by copies.
    parts = 1 if with_blas or (by_copies and parts == 1) else hidden_parts(program, rows)
    if parts > 1:
        return parts, BY_HIDDEN_UNITS
    parts = step_parts(program, rows)
    sliced = parts > 1 and program.architecture.parameter_count <= SLICED_UP_TO
    return parts, BY_EXAMPLES if sliced else BY_UNITS


def cut_of(program: Program, batches: Batches, rows: int, *, with_blas: bool) -> Cut:
    """How steps of so many examples of these are cut."""
    parts, way = way_of(program, rows, with_blas=with_blas, given_masks=batches.masks is not None)
    if way in (BY_COPIES, BY_HIDDEN_UNITS):
        return Cut(parts, way, parts, 0)
    # Inputs that another core has written come slower than those from memory.
    alone = batches.order is not None and way == BY_UNITS and 1 < parts <= FEW_PARTS
    ahead = way == BY_UNITS and not with_blas and _goes_ahead(program, batches, rows)
    return Cut(parts, way, parts if alone else 0, INPUTS_AHEAD if ahead else 0)


def call_threads(program: Program, way: int, parts: int, rows: int, steps: int) -> int:
    """How many threads pay for so many steps of so many examples: a step cut by hidden units may be small."""
    multiply_adds = steps * rows * program.architecture.parameter_count
    return 1 if way in (BY_HIDDEN_UNITS, BY_COPIES) and multiply_adds < SMALL_CALL else parts


def copies_parameters(program: Program, steps: int) -> bool:
    """Whether the parts of a call of so many steps, cut by hidden units, work on copies of their parameters:
    it is the same to the last bit."""
    return program.architecture.parameter_count <= QUICKLY_COPIED or steps >= STEPS_FOR_COPIES


def cuts_by_copies(program: Program, rows: int) -> bool:
    """Whether it is best to cut a step of so many examples by these, each thread with a copy of the network.
    Not where the number of threads may change no bit."""
    architecture, parameters = program.architecture, program.architecture.parameter_count
    if program.reproducible or not _may_meet_once(program, rows):
        return False
    if parameters > LARGEST_COPY or parameters * HIDDEN_ROWS < SMALL_HIDDEN_STEP:
        return False
    # What passes between the cores otherwise: what the parts of a hidden layer come to in the next.
    above = architecture.sizes[2] if architecture.depth > 1 else rows
    return parameters <= FOR_EACH_NUMBER * above * rows


def cuts_hidden_units(program: Program, rows: int) -> bool:
    """Whether it pays to cut a step of so many examples by the units of the first hidden layer. Not where
    units belong together."""
    architecture, parameters = program.architecture, program.architecture.parameter_count
    if architecture.depth < 2 or not ACTIVATIONS[architecture.activations[0]].elementwise:
        return False
    if parameters > LARGEST_CUT or rows > HIDDEN_ROWS or not _may_meet_once(program, rows):
        return False
    repeated = sum(n_prev * n for layer, n_prev, n, _ in architecture.layers() if layer > 2)
    _, units, above, *_ = architecture.sizes
    return units >= 2 * FEWEST_UNITS and parameters >= max(REPEATED * repeated, FOR_EACH_SUM * above)


def parts_for_threads(program: Program, rows: int) -> int:
    """As many as there are threads that pay for such a step."""
    large = rows * program.architecture.parameter_count >= SMALL_STEP
    return allowed_threads() if large else min(2, allowed_threads())


def hidden_parts(program: Program, rows: int) -> int:
    """Parts of a step by the units of the first hidden layer, or 1: the same for any number of threads where
    there is no other hidden layer, unless that is large, or on request. That costs a single thread more where
    all parts have layers in common."""
    architecture = program.architecture
    units, multiply_adds = architecture.sizes[1], rows * architecture.parameter_count
    if not cuts_hidden_units(program, rows):
        return 1
    if program.reproducible or (architecture.depth == 2 and architecture.parameter_count <= SLICED_UP_TO):
        wide = units >= REPRODUCIBLE_PARTS * NARROWEST
        return REPRODUCIBLE_PARTS if wide and multiply_adds >= SMALL_STEP else 2
    parts = parts_for_threads(program, rows)
    return parts if parts <= FEW_PARTS and units >= parts * FEWEST_UNITS else 1


def _may_meet_once(program: Program, rows: int) -> bool:
    """Whether a step of so many examples is large enough for that, nothing waits for all of a gradient, and
    no products may be made ahead: with these the threads read half as much from memory."""
    architecture = program.architecture
    large = rows * architecture.parameter_count >= SMALL_HIDDEN_STEP
    return large and architecture.sizes[0] < MANY_INPUTS and not _waits(program)


def _waits(program: Program) -> bool:
    """Whether the update of some parameters waits for the gradient of others."""
    return program.clip_norm > 0 or program.max_norm > 0


def _goes_ahead(program: Program, batches: Batches, rows: int) -> bool:
    """Whether a step makes the next one's first products. Not where something waits for all of a gradient."""
    inputs, units = program.architecture.sizes[:2]
    fits = INPUTS_AHEAD * max(rows, units) <= CACHED
    same = batches.order is None and batches.steps == 1
    return same and fits and not _waits(program) and inputs >= MANY_INPUTS

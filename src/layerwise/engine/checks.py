"""What an engine refuses: arrays of another precision, layout or shape than its program's.

Compiled code trusts what it is given: it reads memory by position, whatever lies there. So every call is
checked first; a check costs a few microseconds and passes over the order of the examples only.
"""

from __future__ import annotations

import numpy as np

from layerwise.engine.contract import Batches, LaneState, Program, StepTotals, TrainingState
from layerwise.errors import InputError


def check_steps(
    program: Program, state: TrainingState, batches: Batches, so_far: StepTotals, rates: np.ndarray
) -> None:
    """Raise InputError unless the next len(rates) steps can be done on these arrays."""
    _check_batches(program, state, batches, (len(batches.X),))
    first, count = so_far.steps, batches.steps
    if first < 0 or first + len(rates) > count:
        raise InputError(f"asked for {len(rates)} steps after step {first} of an epoch that has {count}")
    if batches.order is not None:
        part = slice(first * batches.size, (first + len(rates)) * batches.size)
        _check_order(batches.order[part], len(batches.X))


def check_epochs(program: Program, state: TrainingState, batches: Batches, rates: np.ndarray) -> None:
    """Raise InputError unless epochs at these rates (epochs, steps) can be done on these arrays."""
    _check_batches(program, state, batches, (len(rates), len(batches.X)))
    _check_rates(batches, rates)
    if batches.order is not None:
        _check_order(batches.order, len(batches.X))


def check_epochs_side_by_side(
    program: Program, lanes: int, state: LaneState, batches: Batches, rates: np.ndarray
) -> None:
    """Raise InputError unless epochs at these rates (epochs, steps) can be done on these arrays."""
    shape = program.architecture.parameter_count, lanes
    _check_array("parameters", state.parameters, program.dtype, shape)
    _check_array("slots", state.slots, program.dtype, (len(program.rule.slots), *shape))
    if batches.weights is not None or batches.masks is not None:
        raise InputError("networks side by side take no weights of the examples and no masks")
    check_examples(program, batches.X, batches.Y)
    _check_size(batches)
    _check_rates(batches, rates)
    if batches.order is not None:
        _check_array("order", batches.order, "int64", (len(rates), len(batches.X), lanes))
        _check_order(batches.order, len(batches.X))


def _check_rates(batches: Batches, rates: np.ndarray) -> None:
    if rates.ndim != 2 or rates.shape[1] != batches.steps:
        raise InputError(
            f"rates has shape {rates.shape}; expected a row for each epoch with {batches.steps} steps"
        )


def _check_size(batches: Batches) -> None:
    if batches.size < 1:
        raise InputError(f"the size of a mini-batch is {batches.size}; expected at least 1")


def _check_batches(
    program: Program, state: TrainingState, batches: Batches, order_shape: tuple[int, ...]
) -> None:
    check_parameters(program, state.parameters)
    slots = (len(program.rule.slots), program.architecture.parameter_count)
    _check_array("slots", state.slots, program.dtype, slots)
    if not (state.parameters.flags.writeable and state.slots.flags.writeable):
        raise InputError("the state is read-only, and training changes it in place; pass a copy")
    check_examples(program, batches.X, batches.Y, batches.weights)
    if batches.order is not None:
        _check_array("order", batches.order, "int64", order_shape)
    _check_size(batches)
    if batches.masks is not None:
        _check_masks(program, batches)


def _check_order(part: np.ndarray, rows: int) -> None:
    """Of the part of an order that is asked for now: an epoch of many rows is done in many calls."""
    if part.size == 0:
        return
    low, high = part.min(), part.max()
    if low < 0 or high >= rows:
        raise InputError(f"order holds {low if low < 0 else high}; expected rows from 0 to {rows - 1}")


def _check_masks(program: Program, batches: Batches) -> None:
    if batches.order is not None or batches.size < len(batches.X):
        raise InputError("masks are given for all examples as they stand, but a step takes only some of them")
    hidden = program.architecture.sizes[1:-1]
    assert batches.masks is not None
    if len(batches.masks) != len(hidden):
        raise InputError(
            f"masks holds {len(batches.masks)} arrays; expected one for each of {len(hidden)} layers"
        )
    for layer, (mask, n) in enumerate(zip(batches.masks, hidden, strict=True), start=1):
        if mask is not None:
            _check_array(f"the mask of layer {layer}", mask, "bool", (len(batches.X), n))
        elif program.keep_probs[layer - 1] < 1:
            raise InputError(f"layer {layer} drops units, but masks holds none for it")


def check_parameters(program: Program, parameters: np.ndarray) -> None:
    """Raise InputError unless this is a flat vector of the program's network, in its precision."""
    _check_array("parameters", parameters, program.dtype, (program.architecture.parameter_count,))


def check_examples(
    program: Program, X: np.ndarray, Y: np.ndarray | None = None, weights: np.ndarray | None = None
) -> None:
    """Raise InputError unless X (m, n[0]) fits the network, and Y (m, n[L]) and weights (m,) where given.

    X alone may have no rows; with targets there must be one.
    """
    sizes = program.architecture.sizes
    if Y is None and X.ndim == 2 and X.shape[1] == sizes[0] and X.dtype == program.dtype and X.flags.carray:
        return
    rows = len(X)
    _check_array("X", X, program.dtype, (rows, sizes[0]))
    if Y is not None:
        _check_array("Y", Y, program.dtype, (rows, sizes[-1]))
        if rows == 0:
            raise InputError("X and Y hold no examples; expected at least one")
    if weights is not None:
        _check_array("weights", weights, program.dtype, (rows,))


def _check_array(name: str, array: np.ndarray, dtype: str, shape: tuple[int, ...]) -> None:
    if array.dtype != dtype:
        raise InputError(f"{name} is {array.dtype}; the engine expects {dtype}")
    if array.shape != shape:
        raise InputError(f"{name} has shape {array.shape}; the engine expects {shape}")
    if not (array.flags.c_contiguous and array.flags.aligned):
        raise InputError(f"{name} is not contiguous in rows; pass numpy.ascontiguousarray({name})")

"""The outputs of rows: a few at once, many in pieces that threads share."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable

import numpy as np

from layerwise.engine.checks import check_examples, check_parameters
from layerwise.engine.compiled import kernels
from layerwise.engine.compiled.arrays import ADDRESS_AT, BOUNDARY, KNOWN_LAYOUT
from layerwise.engine.compiled.arrays import address_of as _at
from layerwise.engine.compiled.cutting import step_parts
from layerwise.engine.compiled.kernels import driver_kernel
from layerwise.engine.compiled.layer_table import layer_table, work_width
from layerwise.engine.compiled.layout import ROOM, leading
from layerwise.engine.compiled.pool import GIVEN_UP
from layerwise.engine.compiled.workplace import Workplace
from layerwise.engine.contract import Check, Program

PREDICTION_ROWS = 256
PIECES_OF_A_THREAD = 16


class Predictor:
    """The network of one program with these activations.

    `dropping` is what drivers are given of dropout, which predictions do without.
    """

    def __init__(
        self,
        program: Program,
        activations: tuple[str, ...],
        workplace: Workplace,
        dropping: tuple[int, int],
    ) -> None:
        self._program, self._workplace, self._dropping = program, workplace, dropping
        self._dtype = np.dtype(program.dtype)
        sizes, names = program.architecture.sizes, tuple(sorted(set(activations)))
        self._n_inputs, self._n_outputs = sizes[0], sizes[-1]
        self._layers = layer_table(program, activations, names, training=False)
        self._width = work_width(self._layers)
        self._kernels = kernels.addresses(kernels.prediction_kernels(names, program.dtype), program.dtype)
        self._network = _at(self._kernels), _at(self._layers), len(self._layers)
        self._counters = np.zeros(2, dtype=np.int64)
        # What `outputs_of_few` is given, and for which parameters and how many rows at most; see `_prepare`.
        self._parameters: np.ndarray | None = None
        self._rows, self._given_at = -1, 0
        self._given = np.zeros(11, dtype=np.int64)

    @functools.cached_property
    def _entry(self) -> Callable:
        return driver_kernel("outputs", self._program.dtype).entry

    @functools.cached_property
    def _outputs_of_few(self) -> Callable:
        return driver_kernel("outputs_of_few", self._program.dtype).entry

    def outputs(self, parameters: np.ndarray, X: np.ndarray, check: Check | None) -> np.ndarray:
        """See `contract.Engine.outputs`."""
        # What is worked out at once is often one row, for which every name looked up can be felt.
        if X.dtype is not self._dtype or X.ndim != 2 or X.shape[1] != self._n_inputs or not X.flags.carray:
            check_examples(self._program, X)
        rows = len(X)
        if rows > self._rows or parameters is not self._parameters:
            check_parameters(self._program, parameters)
            self._prepare(parameters, rows)
        out = np.empty((rows, self._n_outputs), self._dtype)
        if rows <= self._rows:
            if check is not None:
                check(X)
            self._outputs_of_few(self._given_at, id(X) + ADDRESS_AT, id(out) + ADDRESS_AT, rows)
        else:
            self._in_pieces(parameters, X, out, check)
        return out

    def _prepare(self, parameters: np.ndarray, rows: int) -> None:
        """Write down what the outputs of so many rows at most take, where they are worked out at once."""
        if rows > PREDICTION_ROWS or not (KNOWN_LAYOUT and self._workplace.without_blas(rows)):
            return
        rows = max(rows, self._rows)
        lead = leading(rows)
        width, inputs = self._width * lead, self._n_inputs * lead
        # Rooms of its own: those that are shared may move.
        work = self._workplace.room(f"outputs at once, {id(self)}", width + inputs + BOUNDARY + ROOM)
        batch_X, room = (work + size * self._dtype.itemsize for size in (width, width + inputs + BOUNDARY))
        self._given[:] = (
            driver_kernel("outputs", self._program.dtype).address, *self._network, _at(parameters), work,
            batch_X, *self._dropping, _at(self._counters), room,
        )  # fmt: skip
        self._given_at, self._parameters, self._rows = _at(self._given), parameters, rows

    def _in_pieces(self, parameters: np.ndarray, X: np.ndarray, out: np.ndarray, check: Check | None) -> None:
        rows, inputs = X.shape
        arrays = _at(parameters), _at(X), _at(out)
        lead, chunks = leading(PREDICTION_ROWS), -(-rows // PREDICTION_ROWS)
        each, workplace = (self._width + inputs) * lead, self._workplace
        with workplace.processors(max(1, min(step_parts(self._program, rows), chunks)), rows) as free:
            works, rooms = workplace.room("outputs", each * free), workplace.room("rooms", ROOM * free)
            # Who is done takes the next piece: threads are seldom equally fast for long.
            piece = PREDICTION_ROWS * max(1, chunks // (PIECES_OF_A_THREAD * free))
            left = deque(range(0, rows, piece))

            def some(thread: int, counters: np.ndarray) -> None:
                work, room = (
                    first + thread * size * out.itemsize for first, size in ((works, each), (rooms, ROOM))
                )
                while not counters[GIVEN_UP]:
                    try:
                        first = left.popleft()
                    except IndexError:
                        return
                    stop = min(first + piece, rows)
                    if check is not None:
                        check(X[first:stop])
                    self._entry(
                        *self._network, *arrays, work, work + self._width * lead * out.itemsize,
                        PREDICTION_ROWS, first, stop, *self._dropping, _at(counters), room,
                    )  # fmt: skip

            workplace.team.run(free, some)

"""Where the calls of one engine work: memory that is kept from call to call, and threads."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import numpy as np

from layerwise.engine.compiled import kernels
from layerwise.engine.compiled.arrays import BOUNDARY, at_boundary
from layerwise.engine.compiled.layout import leading
from layerwise.engine.compiled.pool import Team
from layerwise.engine.contract import Program
from layerwise.engine.threads import allowed_threads, shared_processors


class Workplace:
    """The rooms and the team of threads of the engine of one program."""

    def __init__(self, program: Program) -> None:
        self.team = Team()
        self._real = np.dtype(program.dtype).type
        self._largest_weights = max(n_prev * n for _, n_prev, n, _ in program.architecture.layers())
        self._rooms: dict[str, tuple[np.ndarray, int]] = {}

    def room(self, purpose: str, size: int) -> int:
        """The address of a work array that is kept from call to call and grows when more is asked for; it
        begins where a register of any size may be read at once."""
        kept, address = self._rooms.get(purpose, (None, 0))
        if kept is None or kept.size < size + BOUNDARY:
            self._rooms[purpose] = kept, address = at_boundary(size, self._real)
        return address

    def processors(self, parts: int, rows: int) -> AbstractContextManager[int]:
        """How many threads a call has, as its context's value; BLAS is held to one where it is called."""
        without_blas = self.without_blas(rows)
        if parts == 1 and without_blas:
            return nullcontext(1)
        return shared_processors(min(parts, allowed_threads()), with_blas=not without_blas)

    def without_blas(self, rows: int) -> bool:
        """Whether no product of so many examples, in whole registers, is left to BLAS."""
        return self._largest_weights * leading(rows) <= kernels.OUR_PRODUCTS

"""Where the examples of an epoch come from: one array in memory, or blocks read from a disk one ahead.

An epoch is one pass or several, each over examples that are in memory. Blocks come in a new order in each
epoch, and so do the examples inside a block; a mini-batch lies in one block. So examples of different blocks
never share a mini-batch, and rows that stand in order in a file (by date, by class) should be mixed first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

import numpy as np

from layerwise.engine import Batches, Engine, shared_processors
from layerwise.errors import InputError
from layerwise.formulas.randomness import generator_at


class Data(NamedTuple):
    """The training examples: X (m, n[0]), Y (m, n[L]), rows contiguous, and weights (m,) or None."""

    X: np.ndarray
    Y: np.ndarray
    weights: np.ndarray | None = None


class Blocks(Protocol):
    """Examples in blocks, of which two fit in memory at a time, whatever they come from.

    counts: the examples of each block. weighted: whether they have weights.
    """

    counts: Sequence[int]
    weighted: bool

    def read(self, number: int) -> Data:
        """One block, in the program's precision; called from another thread, one call at a time."""

    def identity(self) -> dict[str, Any]:
        """What tells these examples from others, as arrays or None by name."""


class Pass(NamedTuple):
    """Steps over examples in memory. `address` is the epoch that the engine draws dropout masks for."""

    batches: Batches
    address: int


class InMemory:
    """One pass an epoch."""

    def __init__(self, data: Data, engine: Engine) -> None:
        self.data, self.engine = data, engine
        self.rows, self.weighted = len(data.X), data.weights is not None

    def steps(self, size: int) -> int:
        return -(-self.rows // size)

    def some(self, pick: np.ndarray) -> Data:
        """The examples of these numbers, without their weights."""
        return Data(self.data.X[pick], self.data.Y[pick])

    def identity(self) -> dict[str, Any]:
        return self.data._asdict()

    def passes(self, epoch: int, size: int, shuffle: bool) -> Iterator[Pass]:
        order = self.engine.orders(self.rows, epoch, 1)[0] if shuffle and self.steps(size) > 1 else None
        yield Pass(Batches(*self.data, order, size), epoch)

    def close(self) -> None:
        """Nothing is open."""


class InBlocks:
    """A pass for each block; the next block is read while one is trained on, also the first of an epoch that
    follows, of `epochs` in all."""

    def __init__(self, blocks: Blocks, engine: Engine, epochs: int) -> None:
        self.blocks, self.counts, self.engine = blocks, tuple(blocks.counts), engine
        self._epochs = epochs
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="layerwise-reader")
        # The block that is being read, or the last one that was, and its number.
        self._coming: tuple[int, Future[Data]] | None = None
        if any(count < 1 for count in self.counts):
            raise InputError(f"block {self.counts.index(0)} holds no examples; expected at least one in each")
        self.rows, self.weighted = sum(self.counts), blocks.weighted

    def steps(self, size: int) -> int:
        return sum(-(-count // size) for count in self.counts)

    def some(self, pick: np.ndarray) -> Data:
        """As many examples of the first block: the others would have to be read for a few rows each."""
        first = self.blocks.read(0)
        pick = pick % len(first.X)
        return Data(first.X[pick], first.Y[pick])

    def identity(self) -> dict[str, Any]:
        return self.blocks.identity()

    def passes(self, epoch: int, size: int, shuffle: bool) -> Iterator[Pass]:
        numbers = self._numbers(epoch, shuffle)
        following = self._numbers(epoch + 1, shuffle)[:1] if epoch + 1 < self._epochs else []
        for place, data in enumerate(self._read_ahead(numbers, following)):
            address = epoch * len(numbers) + place
            order = self.engine.orders(len(data.X), address, 1)[0] if shuffle else None
            yield Pass(Batches(*data, order, size), address)

    def close(self) -> None:
        """Wait for the reader."""
        self._reader.shutdown(cancel_futures=True)

    def _numbers(self, epoch: int, shuffle: bool) -> list[int]:
        """The order of the blocks in an epoch."""
        count = len(self.counts)
        if not shuffle:
            return list(range(count))
        return generator_at(self.engine.program.seed, "blocks", epoch).permutation(count).tolist()

    def _read_ahead(self, numbers: list[int], following: list[int]) -> Iterator[Data]:
        coming = self._submitted(numbers[0])
        for number in [*numbers[1:], *(following or [numbers[-1]])]:
            data = coming.result()
            coming = self._submitted(number)
            yield data

    def _submitted(self, number: int) -> Future[Data]:
        """The block of this number, which is read unless it was the last one to be."""
        if self._coming is None or self._coming[0] != number:
            self._coming = number, self._reader.submit(self._checked, number)
        return self._coming[1]

    def _checked(self, number: int) -> Data:
        # Reading takes a processor: a step that has all of them would wait for the one that reads.
        with shared_processors(1, with_blas=False):
            data = self.blocks.read(number)
        if len(data.X) != self.counts[number]:
            raise InputError(
                f"block {number} holds {len(data.X)} examples where {self.counts[number]} were promised; "
                "was the file changed during training?"
            )
        return data

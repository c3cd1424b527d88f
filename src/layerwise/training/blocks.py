"""Examples that stay on a disk, a Parquet file's columns or mapped arrays: a block of rows is read at a time.

blocks = ParquetBlocks("trips.parquet", inputs=["distance", "hour"], targets=["fare"])
train(engine, state, blocks, Recipe(epochs=10))
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.errors import InputError, nearest
from layerwise.training.block_files import BlockFiles, bring
from layerwise.training.passes import Data

if TYPE_CHECKING:
    import polars as pl

# Bytes of a block, unless the caller says how many rows: two of them are held.
BLOCK_BYTES = 2**26


def _counts(rows: int, width: int, block_rows: int | None, itemsize: int) -> tuple[int, ...]:
    """The rows of each block, all alike but for the last."""
    if rows == 0:
        raise InputError("there are no examples to train on; expected at least one row")
    if block_rows is not None and block_rows < 1:
        raise InputError(f"block_rows is {block_rows}; expected at least 1")
    size = block_rows or max(1, BLOCK_BYTES // (width * itemsize))
    return tuple(min(size, rows - first) for first in range(0, rows, size))


class MappedBlocks:
    """Blocks of arrays that are mapped from files: X (m, n[0]), Y (m, n[L]), weights (m,) or None."""

    def __init__(
        self,
        X: np.ndarray,
        Y: np.ndarray,
        weights: np.ndarray | None = None,
        *,
        dtype: str = "float32",
        block_rows: int | None = None,
    ) -> None:
        for name, array in (("Y", Y), ("weights", weights)):
            if array is not None and len(array) != len(X):
                raise InputError(f"X has {len(X)} rows and {name} has {len(array)}; expected as many")
        self._arrays, self._dtype = (X, Y, weights), dtype
        self.weighted = weights is not None
        self.counts = _counts(len(X), X.shape[1] + Y.shape[1], block_rows, np.dtype(dtype).itemsize)

    def read(self, number: int) -> Data:
        """One block: the arrays' own rows, brought into memory, where a program can read them as they are;
        else a copy."""
        first = number * self.counts[0]
        rows = slice(first, first + self.counts[number])
        X, Y, weights = (
            None if array is None else np.require(np.asarray(array[rows]), self._dtype, ["C", "A"])
            for array in self._arrays
        )
        assert X is not None
        assert Y is not None
        for array in (X, Y):
            bring(array)
        return Data(X, Y, weights)

    def identity(self) -> dict[str, Any]:
        """The arrays themselves: a snapshot of a run reads all of them once."""
        return dict(zip(Data._fields, self._arrays, strict=True))


class ParquetBlocks:
    """Blocks of a Parquet file's columns, numbers or booleans without missing values.

    inputs, targets: names of columns, in the order of the network's inputs and outputs; weights: a column or
    None. cache: a folder where blocks are kept as a network reads them, once they are decoded and checked;
    later epochs, and later runs on the same file, map them from there, in less time than decoding takes. It
    takes rows * columns * 4 bytes (8 in double precision) and stays until somebody removes it; blocks of a
    file that has changed since are replaced.

    Raises InputError at once for a file or column that is not there or holds no numbers, and for a cache that
    cannot be written or whose disk is too full; and while it reads for a value that is missing or not finite,
    with its column and row.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        inputs: Sequence[str],
        targets: Sequence[str],
        weights: str | None = None,
        *,
        dtype: str = "float32",
        block_rows: int | None = None,
        cache: str | os.PathLike[str] | None = None,
    ) -> None:
        import polars as pl

        self.path, self._dtype, self.weighted = Path(path), dtype, weights is not None
        self._groups = (list(inputs), list(targets), [weights] if weights is not None else [])
        if not self.path.is_file():
            raise InputError(f"there is no file {os.fspath(path)!r}")
        try:
            schema = pl.scan_parquet(self.path).collect_schema()
            rows = pl.scan_parquet(self.path).select(pl.len()).collect().item()
        except pl.exceptions.PolarsError as error:
            raise InputError(f"{self.path} cannot be read as Parquet: {error}") from error
        for name in self._columns:
            if name not in schema:
                raise InputError(f"{self.path} has no column {name!r}; {nearest(name, schema.names())}")
            if not (schema[name].is_numeric() or schema[name] == pl.Boolean):
                raise InputError(
                    f"column {name!r} of {self.path} holds {schema[name]}, which no network reads; "
                    "turn it into numbers first"
                )
        if not (inputs and targets):
            raise InputError("expected at least one input column and one target column")
        self.counts = _counts(rows, len(self._columns), block_rows, np.dtype(dtype).itemsize)
        self._found = self._status
        self._cache = None if cache is None else self._files_in(cache)

    def _files_in(self, folder: str | os.PathLike[str]) -> BlockFiles:
        inputs, targets, weights = self._groups
        lines = [str(self.path.resolve()), f"{self.counts[0]} rows in a block", *map(repr, self._groups)]
        widths = len(inputs), len(targets), len(weights)
        state = f"{self._found} {self._footer().hex()}"
        return BlockFiles(folder, self.path.stem, "\n".join(lines), state, self.counts, widths, self._dtype)

    def _footer(self) -> bytes:
        """What a Parquet file says at its end of all columns, as a hash: tools may set the time of change."""
        with self.path.open("rb") as file:
            file.seek(-8, os.SEEK_END)
            length = int.from_bytes(file.read(4), "little")
            file.seek(-8 - length, os.SEEK_END)
            return hashlib.sha256(file.read(length)).digest()

    @property
    def _status(self) -> tuple[int, int]:
        """The file's size and time of change."""
        status = self.path.stat()
        return status.st_size, status.st_mtime_ns

    @property
    def _columns(self) -> list[str]:
        return [name for group in self._groups for name in group]

    def read(self, number: int) -> Data:
        """One block, from the cache, or read from the file: always where that has changed since."""
        if self._cache is None or self._status != self._found:
            return self._decoded(number)
        block = self._cache.find(number)
        if block is None:
            block = self._decoded(number)
            self._cache.keep(number, block)
        return block

    def _decoded(self, number: int) -> Data:
        import polars as pl

        first = number * self.counts[0]
        rows = pl.scan_parquet(self.path).slice(first, self.counts[number])
        frame = rows.select(pl.col(name).cast(_polars_type(self._dtype)) for name in self._columns).collect()
        X, Y, weights = (
            np.ascontiguousarray(frame.select(group).to_numpy(order="c"), dtype=self._dtype)
            if group
            else None
            for group in self._groups
        )
        assert X is not None
        assert Y is not None
        # No value is NaN here. A sum of squares is finite unless one of them is not, or a square overflows.
        if not all(array is None or np.isfinite(np.vdot(array, array)) for array in (X, Y, weights)):
            self._require_numbers(frame, first)
        return Data(X, Y, None if weights is None else weights[:, 0])

    def _require_numbers(self, frame: pl.DataFrame, first: int) -> None:
        import polars as pl

        unfit = frame.select((pl.all().is_null() | ~pl.all().is_finite()).arg_true().first())
        for name, row in unfit.row(0, named=True).items():
            if row is not None:
                found = frame[name][row]
                raise InputError(
                    f"column {name!r} of {self.path} holds {'no value' if found is None else found} in row "
                    f"{first + row + 1:,}; fill it in or leave the row out"
                )

    def identity(self) -> dict[str, Any]:
        """The file's size and time of change, and the columns."""
        names = "\0".join("\0\0".join(group) for group in self._groups)
        return {
            "file": np.array(self._status),
            "columns": np.frombuffer(names.encode(), dtype=np.uint8),
        }


def _polars_type(dtype: str) -> Any:
    import polars as pl

    return pl.Float32 if dtype == "float32" else pl.Float64

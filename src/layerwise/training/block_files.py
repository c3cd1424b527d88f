"""Blocks of rows kept in a folder as a network reads them: what was decoded once is mapped in later epochs.

A block is one file of numbers, its X, Y and weights one after the other. Files lie in a folder of their own
for each source, and a source that has changed since finds none of its old ones.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from layerwise.errors import InputError
from layerwise.persistence import write_atomically
from layerwise.training.passes import Data

# Bytes of the smallest page that systems bring from a disk.
PAGE_BYTES = 2**12
# The way blocks are laid out, by which files of another are not found; seconds after which what was being
# written is no longer.
LAYOUT, ABANDONED = 1, 3600


def bring(array: np.ndarray) -> None:
    """Have a mapped array's pages brought into memory: a number of each is enough."""
    array.reshape(-1)[:: PAGE_BYTES // array.itemsize].max()


class BlockFiles:
    """The blocks of one source in `folder`.

    name: what people know it by; source: where it is and how it was cut; state: what changes when it changes,
    both as text. counts: the rows of each block; widths: the columns of X and Y, and 1 or 0 for weights.
    Raises InputError where nothing can be written in the folder, or its disk has no room for the blocks that
    are not there yet. Files of an earlier state are removed.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        name: str,
        source: str,
        state: str,
        counts: Sequence[int],
        widths: tuple[int, int, int],
        dtype: str,
    ) -> None:
        self._counts, self._widths, self._dtype = tuple(counts), widths, np.dtype(dtype)
        self._folder = Path(folder) / f"{name}-{_digest(source, dtype)}"
        self._state = _digest(state, str(LAYOUT))
        self._keeps = True
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._remove_old_files()
            about = self._folder / "about.txt"
            if not about.is_file():
                write_atomically(about, f"{source}\n{dtype}\n".encode(errors="surrogateescape"))
            free = shutil.disk_usage(self._folder).free
        except OSError as error:
            raise InputError(f"cannot keep blocks in {folder}: {error.strerror or error}") from error
        missing = [count for number, count in enumerate(self._counts) if not self._path(number).is_file()]
        needed = sum(missing) * sum(widths) * self._dtype.itemsize
        if needed > free:
            raise InputError(
                f"{folder} has {free / 1e9:.1f} GB left, and the rows to keep in it take "
                f"{needed / 1e9:.1f} GB; name a folder on a larger disk, or train without one"
            )

    def _remove_old_files(self) -> None:
        """Those of an earlier state, and what a process that was killed had begun to write."""
        old = [path for path in self._folder.glob("*.npy") if not path.name.startswith(self._state)]
        old += self._folder.glob(".*.part")
        for path in old:
            # Another process may have mapped it, and some systems keep it then; or may have removed it.
            with contextlib.suppress(OSError):
                if path.suffix == ".npy" or time.time() - path.stat().st_mtime > ABANDONED:
                    path.unlink()

    def _path(self, number: int) -> Path:
        return self._folder / f"{self._state}-{number:06d}.npy"

    def find(self, number: int) -> Data | None:
        """This block, mapped and brought into memory; None where it is not there, or not whole."""
        try:
            numbers = np.load(self._path(number), mmap_mode="r")
        except (OSError, ValueError, EOFError):
            return None
        count = self._counts[number]
        if numbers.dtype != self._dtype or numbers.shape != (count * sum(self._widths),):
            return None
        bring(numbers)
        ends = np.cumsum([count * width for width in self._widths])
        X, Y, weights = np.split(np.asarray(numbers), ends[:2])
        return Data(X.reshape(count, -1), Y.reshape(count, -1), weights if self._widths[2] else None)

    def keep(self, number: int, block: Data) -> None:
        """Keep this block, if there is room: a run does not end for want of it."""
        if not self._keeps:
            return
        numbers = np.concatenate([array.reshape(-1) for array in block if array is not None])

        def write(path: Path) -> None:
            with path.open("wb") as file:
                np.save(file, numbers)

        try:
            write_atomically(self._path(number), write)
        except InputError as error:
            self._keeps = False
            warnings.warn(f"{error}; blocks are decoded in each epoch instead", RuntimeWarning, stacklevel=2)


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode(errors="surrogateescape")).hexdigest()[:16]

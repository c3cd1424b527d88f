"""The parameters as an epoch found them: small ones in memory, large ones in a file that is seldom read."""

from __future__ import annotations

import tempfile
from typing import IO

import numpy as np

# Parameters beyond which a copy of them is felt: 4 MiB in single precision.
LARGE = 2**20


class EpochStart:
    """Where an epoch started, for the case that it diverges and for what is told of its way.

    The first case is rare, so large parameters then wait on the disk, where there is room for them; the file
    has no name and ends with the run.
    """

    def __init__(self) -> None:
        self._held: np.ndarray | None = None
        self._file: IO[bytes] | None = None
        self._is_held = True
        self._dtype = np.dtype(np.float32)

    def keep(self, parameters: np.ndarray, *, at_hand: bool) -> None:
        """Keep a copy in place of the last one; in memory where it is wanted `at_hand`."""
        self._is_held = at_hand or parameters.size <= LARGE or not self._written(parameters)
        if self._is_held:
            if self._held is None:
                self._held = np.empty_like(parameters)
            np.copyto(self._held, parameters)

    def _written(self, parameters: np.ndarray) -> bool:
        """Whether the file took them."""
        self._dtype = parameters.dtype
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="layerwise-", buffering=0)  # noqa: SIM115
            self._file.seek(0)
            return self._file.write(parameters.data) == parameters.nbytes
        except OSError:
            return False

    def parameters(self) -> np.ndarray:
        """What was kept last: the copy itself."""
        if self._is_held or self._file is None:
            assert self._held is not None
            return self._held
        self._file.seek(0)
        return np.fromfile(self._file, dtype=self._dtype)

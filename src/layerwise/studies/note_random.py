"""The random numbers of the note's experiments: NumPy's legacy generator, from fixed seeds.

`numpy.random.RandomState(seed)` gives what `np.random.seed(seed)` with the global generator gives, and
leaves the global generator alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from layerwise.formulas.initializers import INITIALIZERS
from layerwise.network.architecture import Architecture
from layerwise.network.propagation import Dropout


@dataclass(frozen=True)
class Seeds:
    """Where an experiment's chance comes from. `data`: the draw of the points, where they are drawn.

    The note fixes start 3 (1 for the cats), order 10 (one more before every epoch) and mask 1.
    """

    start: int = 3
    order: int = 10
    mask: int = 1
    data: int | None = None

    @classmethod
    def number(cls, k: int) -> Seeds:
        """The k-th repetition of an experiment, k = 0, 1, ...: everything that chance decides differs."""
        return cls(start=1000 + k, order=1_000_000 * (k + 1), mask=2000 + k, data=3000 + 2 * k)


def note_start(architecture: Architecture, initialization: str, seed: int) -> np.ndarray:
    """The flat vector (parameter_count,) float64: layer by layer scale * randn from the seed, biases 0.

    `initialization` names an initializer, such as "zeros", "large" (randn * 10), "he" or "lecun" (which the
    note calls Xavier).
    """
    legacy = np.random.RandomState(seed)
    initializer = INITIALIZERS[initialization]
    vector = np.zeros(architecture.parameter_count)
    for block in architecture.blocks:
        if block.is_weight:
            n, n_prev = block.shape
            vector[block.slice] = initializer.draw(n_prev, n, legacy).ravel()
    return vector


class NoteOrder:
    """The order of the examples in each epoch: a permutation from seed + 1 + epoch (section 2.4.2)."""

    def __init__(self, seed: int, rows: int) -> None:
        self.seed, self.rows = seed, rows
        self._legacy = np.random.RandomState(0)

    def of(self, epoch: int) -> np.ndarray:
        """int64 (rows,)."""
        self._legacy.seed(self.seed + 1 + epoch)
        return self._legacy.permutation(self.rows)

    def several(self, epoch: int, epochs: int) -> np.ndarray:
        """See `steps.Orders.several`."""
        return np.stack([self.of(number) for number in range(epoch, epoch + epochs)])


def note_masks(
    architecture: Architecture, keep_prob: float, examples: int, seed: int
) -> list[Dropout | None]:
    """The dropout masks of one forward pass that starts from the seed (the note, figure 22).

    D[l] = rand(n[l], m) < keep_prob for each hidden layer. The course's code sets the seed anew in every
    pass, so that these are the masks of all of them.
    """
    legacy = np.random.RandomState(seed)
    masks: list[Dropout | None] = [
        Dropout(legacy.rand(n, examples) < keep_prob, keep_prob) for n in architecture.sizes[1:-1]
    ]
    return [*masks, None]

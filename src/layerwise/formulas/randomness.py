"""Random numbers with an address: what is drawn depends on (seed, purpose, epoch, step) and on nothing else.

So a run can stop anywhere and go on anywhere with the same bits, and two engines draw the same dropout
masks. Starts and shuffles come from NumPy's Philox generator with the address as its key and counter;
dropout, drawn inside the hot loop, from a 32-bit integer hash that costs a few instructions.
"""

from __future__ import annotations

import numpy as np

PURPOSES = {"initialization": 1, "shuffle": 2, "dropout": 3, "probe": 4, "blocks": 5}
LOW_32 = 0xFFFFFFFF
# Numbers of the orders that are drawn at once.
DRAWN_TOGETHER = 2**13


def generator_at(seed: int, purpose: str, epoch: int = 0, step: int = 0) -> np.random.Generator:
    """A NumPy generator whose stream is the one at this address. Source: Salmon et al. 2011 (Philox)."""
    key = np.array([seed, PURPOSES[purpose]], dtype=np.uint64)
    counter = np.array([0, 0, epoch, step], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


def shuffled(n: int, seed: int, epoch: int) -> np.ndarray:
    """The order of the examples in an epoch: a permutation of 0 ... n-1, int64."""
    return Orders(n, seed).of_epochs(epoch, 1)[0]


class Orders:
    """The orders of n examples under one seed, epoch by epoch.

    Short orders are drawn some epochs at a time, since making a generator takes longer than an order: their
    address is the first of those epochs, whichever is asked for. What was drawn last is kept.
    """

    def __init__(self, n: int, seed: int) -> None:
        self.n, self.seed = n, seed
        self.together = max(1, DRAWN_TOGETHER // max(1, n))
        self._drawn = (-1, np.empty((0, n), dtype=np.int64))

    def of_epochs(self, first: int, count: int) -> np.ndarray:
        """Those of `count` epochs from number `first` on: (count, n) int64."""
        blocks = range(first // self.together, (first + count - 1) // self.together + 1)
        drawn = np.concatenate([self._block(block) for block in blocks])
        return drawn[first - blocks.start * self.together :][:count]

    def _block(self, block: int) -> np.ndarray:
        if self.together == 1:
            return generator_at(self.seed, "shuffle", block).permutation(self.n)[None]
        if self._drawn[0] != block:
            plain = np.tile(np.arange(self.n), (self.together, 1))
            generator = generator_at(self.seed, "shuffle", block * self.together)
            self._drawn = (block, generator.permuted(plain, axis=1))
        return self._drawn[1]


def low_32(x):
    """x modulo 2^32, of an integer held in more bits: a formula that keeps to it can be computed in 32."""
    return x & LOW_32


def scramble(x):
    """A bijection of 32-bit integers in which each input bit changes each output bit with chance 1/2.

    Integers in [0, 2^32) held in 64 bits: Python integers or int64 arrays. Source: Wellons 2018, "lowbias32".
    """
    x = low_32((x ^ (x >> 16)) * 0x7FEB352D)
    x = low_32((x ^ (x >> 15)) * 0x846CA68B)
    return x ^ (x >> 16)


def subkey(key, index):
    """The key of the `index`-th stream under `key`; both and the result in [0, 2^32)."""
    return scramble(low_32(scramble(key) + 0x9E3779B9 * (index + 1)))


def is_kept(key, index, highest):
    """Whether the `index`-th unit of a mask is kept: hash(key, index) <= highest = keep_prob * 2^32 - 1."""
    return scramble(scramble(low_32(index + 0x9E3779B9)) ^ low_32(key)) <= highest


def dropout_seed_key(seed: int) -> int:
    """The key of a seed's dropout masks; epochs, steps and layers are subkeys of it, in that order."""
    seed = int(seed)
    low, high = seed & LOW_32, (seed >> 32) & LOW_32
    return subkey(subkey(PURPOSES["dropout"], low), high)


def dropout_key(seed: int, epoch: int) -> int:
    """The key of an epoch's dropout masks; steps and layers are subkeys of it, in that order."""
    return subkey(dropout_seed_key(seed), int(epoch))


def highest_kept(keep_prob: float) -> int:
    """The highest hash of 32 bits with which a unit is kept: a share keep_prob of all is no higher.

    -1 where none is kept, which only a keep_prob of 0 gives.
    """
    return max(round(keep_prob * 2**32), keep_prob > 0) - 1


def dropout_mask(epoch_key: int, step: int, layer: int, units: int, examples: int, keep_prob: float):
    """Which units are kept: boolean (units, examples); unit j of example i has the index i * units + j."""
    key = subkey(subkey(epoch_key, step), layer)
    index = np.arange(units * examples, dtype=np.int64).reshape(examples, units)
    return is_kept(key, index, highest_kept(keep_prob)).T

"""Random numbers with an address: what is drawn depends on (seed, purpose, epoch, step) and on nothing else.

So a run can stop anywhere and go on anywhere with the same bits, and two engines draw the same orders and
dropout masks. Starts come from NumPy's Philox generator with the address as its key and counter; orders and
dropout, drawn while a network trains, from a 32-bit integer hash that costs a few instructions.
"""

from __future__ import annotations

import numpy as np

PURPOSES = {"initialization": 1, "shuffle": 2, "dropout": 3, "probe": 4, "blocks": 5}
LOW_32, LOW_16 = 0xFFFFFFFF, 0xFFFF


def generator_at(seed: int, purpose: str, epoch: int = 0, step: int = 0) -> np.random.Generator:
    """A NumPy generator whose stream is the one at this address. Source: Salmon et al. 2011 (Philox)."""
    key = np.array([seed, PURPOSES[purpose]], dtype=np.uint64)
    counter = np.array([0, 0, epoch, step], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


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
    return hashed(scramble(key), index)


def moved_on(key, places):
    """The key whose numbers are those of `key` from so many places on. Source: Steele, Lea & Flood 2014
    (SplitMix), in 32 bits."""
    return low_32(key + 0x9E3779B9 * places)


def hashed(key, index):
    """The `index`-th number under `key`, itself a subkey, in [0, 2^32).

    Two keys have the same numbers at different places: how far apart, is as good as random.
    """
    return scramble(moved_on(key, index + 1))


def first_is_kept(number, highest):
    """Whether the first of two units that share a hash is kept: its lower half is at most `highest`."""
    return (number & LOW_16) <= highest


def second_is_kept(number, highest):
    """The same of the second unit and the upper half."""
    return (number >> 16) <= highest


def is_kept(key, index, highest):
    """Whether the `index`-th unit of a mask is kept: half of hash(key, index / 2) <= highest = keep_prob *
    2^16 - 1. So a hash serves two units, and a keep_prob counts to 2^-17: a hundredth of it is kept with a
    chance that is right to one part in a thousand."""
    number = hashed(key, index >> 1)
    return np.where(index & 1, second_is_kept(number, highest), first_is_kept(number, highest))


def seed_key(seed: int, purpose: str) -> int:
    """The key of all that a seed gives for a purpose."""
    seed = int(seed)
    low, high = seed & LOW_32, (seed >> 32) & LOW_32
    return subkey(subkey(PURPOSES[purpose], low), high)


def partner(key, place):
    """The place, from 0 to `place`, that the example at `place` changes with: floor(hash / 2^32 * (place +
    1)).

    Source: Lemire 2019, without its rejection, which leaves chances unequal by place / 2^32 at most.
    """
    return (hashed(key, place) * low_32(place + 1)) >> 32


def shuffled(n: int, seed: int, epoch: int) -> np.ndarray:
    """The order of n examples in an epoch: a permutation of 0 ... n-1, int64, n below 2^31.

    Each example in turn changes with one that came before it or stays. Source: Fisher & Yates 1938,
    Durstenfeld 1964, grown from the first place on.
    """
    key = subkey(seed_key(seed, "shuffle"), int(epoch))
    order: list[int] = []
    for place, other in enumerate(partner(key, np.arange(n)).tolist()):
        order.append(place)
        order[place], order[other] = order[other], place
    return np.array(order, dtype=np.int64)


def dropout_seed_key(seed: int) -> int:
    """The key of a seed's dropout masks; epochs, steps and layers are subkeys of it, in that order."""
    return seed_key(seed, "dropout")


def dropout_key(seed: int, epoch: int) -> int:
    """The key of an epoch's dropout masks; steps and layers are subkeys of it, in that order."""
    return subkey(dropout_seed_key(seed), int(epoch))


def highest_kept(keep_prob: float) -> int:
    """The highest half of a hash, 16 bits, with which a unit is kept: a share keep_prob of all is no higher.

    -1 where none is kept, which only a keep_prob of 0 gives.
    """
    return max(round(keep_prob * 2**16), keep_prob > 0) - 1


def mask_places(units):
    """How many indices of a mask an example takes: an even number, so that in all the same units share."""
    return units + (units & 1)


def dropout_mask(epoch_key: int, step: int, layer: int, units: int, examples: int, keep_prob: float):
    """Which units are kept: boolean (units, examples). Unit j of example i has the index
    i * mask_places(units) + j."""
    key = subkey(subkey(epoch_key, step), layer)
    index = np.arange(units, dtype=np.int64)[:, None] + np.arange(examples) * mask_places(units)
    return is_kept(key, index, highest_kept(keep_prob))

"""Random numbers with an address: the same ones at the same address, unrelated ones elsewhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from layerwise.formulas.randomness import (
    PURPOSES,
    dropout_key,
    dropout_mask,
    generator_at,
    hashed,
    highest_kept,
    is_kept,
    mask_places,
    moved_on,
    partner,
    scramble,
    shuffled,
    subkey,
)

words = st.integers(0, 2**32 - 1)


def uniforms(key, count):
    """The numbers in [0, 1) behind a mask: below which keep_prob each index is dropped, by bisection."""
    index = np.arange(count, dtype=np.int64)
    dropped_at = np.zeros(count, dtype=np.int64)
    for bit in range(15, -1, -1):
        higher = dropped_at + (1 << bit)
        dropped_at = np.where(is_kept(key, index, higher - 1), dropped_at, higher)
    return dropped_at / 2**16


def test_the_same_address_gives_the_same_numbers_whatever_was_drawn_before():
    first = generator_at(3, "shuffle", 5, 7).random(100)
    generator_at(3, "shuffle", 4, 7).random(1000)
    np.testing.assert_array_equal(generator_at(3, "shuffle", 5, 7).random(100), first)


def test_numpys_philox_with_this_key_and_counter_is_the_stream():
    theirs = np.random.Generator(np.random.Philox(key=2 * 2**64 + 3, counter=7 * 2**192 + 5 * 2**128))
    np.testing.assert_array_equal(generator_at(3, "shuffle", 5, 7).random(50), theirs.random(50))


def test_different_addresses_give_unrelated_numbers():
    addresses = [
        (seed, purpose, epoch, step)
        for seed in (0, 1, 2**63)
        for purpose in PURPOSES
        for epoch in (0, 1)
        for step in (0, 1)
    ]
    streams = np.array([generator_at(*address).random(4000) for address in addresses])
    correlations = np.corrcoef(streams)[np.triu_indices(len(addresses), 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(4000)
    assert len(np.unique(streams)) == streams.size


def test_a_shuffle_is_a_permutation_of_its_own_epoch():
    orders = [shuffled(50, 0, epoch) for epoch in range(20)]
    for order in orders:
        assert order.dtype == np.int64
        np.testing.assert_array_equal(np.sort(order), np.arange(50))
    assert len({tuple(order) for order in orders}) == 20
    np.testing.assert_array_equal(shuffled(50, 0, 3), orders[3])
    assert not np.array_equal(shuffled(50, 1, 3), orders[3])


def test_shuffles_put_every_example_everywhere_equally_often():
    places = np.array([np.argsort(shuffled(10, seed=9, epoch=epoch)) for epoch in range(3000)])
    for example in range(10):
        assert stats.chisquare(np.bincount(places[:, example], minlength=10)).pvalue > 1e-4


def test_scramble_is_lowbias32():
    """Values of the C function on its author's page, computed with 32-bit wrapping arithmetic of numpy."""
    x = np.random.default_rng(0).integers(0, 2**32, 2000, dtype=np.uint32)
    with np.errstate(over="ignore"):
        h = x ^ (x >> np.uint32(16))
        h = h * np.uint32(0x7FEB352D)
        h = h ^ (h >> np.uint32(15))
        h = h * np.uint32(0x846CA68B)
        h = h ^ (h >> np.uint32(16))
    np.testing.assert_array_equal(scramble(x.astype(np.int64)), h.astype(np.int64))


def test_scramble_gives_no_value_twice():
    for start in (0, 2**31, 2**32 - 2**20):
        values = scramble(np.arange(start, start + 2**20, dtype=np.int64))
        values.sort()
        assert (np.diff(values) > 0).all()
        assert values[0] >= 0
        assert values[-1] < 2**32


def test_scramble_can_be_undone():
    """Each of its steps is a bijection: an odd multiplier has an inverse, a shifted xor undoes itself."""

    def unshift(x, by):
        once = x ^ (x >> by)
        return once if 2 * by >= 32 else once ^ (x >> 2 * by)

    x = np.random.default_rng(1).integers(0, 2**32, 5000, dtype=np.int64)
    y = unshift(scramble(x), 16)
    y = (y.astype(object) * pow(0x846CA68B, -1, 2**32)) % 2**32
    y = unshift(y.astype(np.int64), 15)
    y = (y.astype(object) * pow(0x7FEB352D, -1, 2**32)) % 2**32
    np.testing.assert_array_equal(unshift(y.astype(np.int64), 16), x)


def test_each_input_bit_changes_each_output_bit_half_of_the_time():
    x = np.random.default_rng(2).integers(0, 2**32, 20_000, dtype=np.int64)
    for bit in range(32):
        changed = scramble(x) ^ scramble(x ^ (1 << bit))
        shares = [((changed >> out) & 1).mean() for out in range(32)]
        assert np.abs(np.array(shares) - 0.5).max() < 0.025


@given(key=words, index=words, highest=st.integers(-1, 2**16 - 1))
def test_python_integers_and_arrays_give_the_same(key, index, highest):
    array = np.array([index], dtype=np.int64)
    assert scramble(index) == scramble(array)[0]
    assert subkey(key, index) == subkey(key, array)[0]
    assert is_kept(key, index, highest) == is_kept(key, array, highest)[0]
    assert 0 <= subkey(key, index) < 2**32


@pytest.mark.parametrize("address", [(0, 0, 0, 1), (0, 1, 0, 1), (1, 0, 0, 1), (123456789, 99, 1000, 3)])
def test_the_hash_is_uniform_and_its_neighbours_unrelated(address):
    seed, epoch, step, layer = address
    drawn = uniforms(subkey(subkey(dropout_key(seed, epoch), step), layer), 200_000)
    counts, _ = np.histogram(drawn, bins=256, range=(0, 1))
    assert stats.chisquare(counts).pvalue > 1e-3
    pairs, _, _ = np.histogram2d(drawn[:-1], drawn[1:], bins=16, range=((0, 1), (0, 1)))
    assert stats.chisquare(pairs.ravel()).pvalue > 1e-3
    for lag in (1, 2, 64, 100, 128):
        assert abs(np.corrcoef(drawn[:-lag], drawn[lag:])[0, 1]) < 5 / np.sqrt(len(drawn))


def test_keys_that_are_neighbours_do_not_only_rearrange_one_mask():
    numbers = [set(hashed(key, np.arange(4096)).tolist()) for key in (0, 1, 2, 4095)]
    for first in range(4):
        assert len(numbers[first]) == 4096
        for second in range(first):
            assert len(numbers[first] & numbers[second]) < 10


def test_units_that_share_a_hash_are_unrelated():
    """All four outcomes of a pair come as often as if each unit had a hash of its own."""
    for keep_prob in (0.2, 0.5, 0.9):
        kept = is_kept(subkey(3, 1), np.arange(400_000), highest_kept(keep_prob)).reshape(-1, 2)
        seen = [np.mean((kept == pair).all(axis=1)) for pair in ((0, 0), (0, 1), (1, 0), (1, 1))]
        drop_prob = 1 - keep_prob
        expected = np.array([drop_prob**2, drop_prob * keep_prob, keep_prob * drop_prob, keep_prob**2])
        assert stats.chisquare(np.array(seen) * 200_000, expected * 200_000).pvalue > 1e-3


@pytest.mark.parametrize("keep_prob", [0.1, 0.5, 0.86, 0.999])
def test_the_kept_fraction_is_the_keep_probability(keep_prob):
    kept = [dropout_mask(dropout_key(4, 0), step, 1, 100, 128, keep_prob).sum() for step in range(20)]
    trials = 20 * 100 * 128
    assert stats.binomtest(int(np.sum(kept)), trials, keep_prob).pvalue > 1e-3
    spread = np.std(kept) / np.sqrt(100 * 128 * keep_prob * (1 - keep_prob))
    assert 0.4 < spread < 1.8


def test_all_are_kept_at_one_and_none_at_zero():
    assert dropout_mask(dropout_key(0, 0), 0, 1, 50, 50, 1.0).all()
    assert not dropout_mask(dropout_key(0, 0), 0, 1, 50, 50, 0.0).any()
    assert [highest_kept(keep) for keep in (0.0, 1e-12, 0.5, 1.0)] == [-1, 0, 2**15 - 1, 2**16 - 1]


def test_every_permutation_comes_equally_often():
    orders = [tuple(shuffled(4, seed, epoch)) for seed in (0, 2**40) for epoch in range(6000)]
    counts = np.unique(orders, axis=0, return_counts=True)[1]
    assert len(counts) == 24
    assert stats.chisquare(counts).pvalue > 1e-3


def test_orders_of_neighbouring_epochs_and_seeds_are_unrelated():
    orders = np.array([shuffled(1000, seed, epoch) for seed in (0, 1, 2**32) for epoch in range(10)])
    correlations = np.corrcoef(orders)[np.triu_indices(len(orders), 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(1000)


@given(key=words, place=st.integers(0, 2**31 - 1))
def test_a_partner_comes_before_or_is_the_place_itself(key, place):
    assert 0 <= partner(key, place) <= place
    assert partner(key, place) == partner(key, np.array([place], dtype=np.int64))[0]


@given(key=words, index=st.integers(0, 2**30), places=st.integers(0, 2**30))
def test_a_key_moved_on_has_the_same_numbers_so_many_places_before(key, index, places):
    assert hashed(moved_on(key, places), index) == hashed(key, index + places)
    assert moved_on(moved_on(key, places), index) == moved_on(key, index + places)


def test_an_order_is_the_callers_own():
    shuffled(20, 0, 0)[:] = 0
    np.testing.assert_array_equal(np.sort(shuffled(20, 0, 0)), np.arange(20))


def test_masks_of_different_seeds_epochs_steps_and_layers_are_unrelated():
    masks = {
        (seed, epoch, step, layer): dropout_mask(dropout_key(seed, epoch), step, layer, 64, 64, 0.5)
        for seed in (0, 1, 2**32, 2**63)
        for epoch in (0, 1)
        for step in (0, 1)
        for layer in (1, 2)
    }
    signs = np.array([mask.ravel() for mask in masks.values()], dtype=float)
    correlations = np.corrcoef(signs)[np.triu_indices(len(signs), 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(64 * 64)


def test_a_unit_is_kept_by_its_index_alone():
    """Unit j of example i has the index i * mask_places(units) + j: a shorter batch has the first columns."""
    key = dropout_key(7, 2)
    mask = dropout_mask(key, 3, 1, 5, 8, 0.6)
    assert mask.shape == (5, 8)
    assert mask.dtype == bool
    np.testing.assert_array_equal(dropout_mask(key, 3, 1, 5, 4, 0.6), mask[:, :4])
    layer_key = subkey(subkey(key, 3), 1)
    for (unit, example), kept in np.ndenumerate(mask):
        assert is_kept(layer_key, example * 6 + unit, highest_kept(0.6)) == kept
    assert [mask_places(units) for units in (1, 2, 5, 100)] == [2, 2, 6, 100]


def test_numpy_integers_serve_as_seed_and_epoch_without_a_warning():
    with np.errstate(over="raise"):
        assert dropout_key(np.int64(5), np.int64(3)) == dropout_key(5, 3)


def test_no_two_epochs_of_a_long_run_share_a_dropout_key():
    keys = {dropout_key(0, epoch) for epoch in range(2000)} | {dropout_key(1, epoch) for epoch in range(2000)}
    assert len(keys) == 4000

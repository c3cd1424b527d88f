"""Blocks of Parquet that are kept: the same bits without decoding, and what a change or a full disk does."""

from __future__ import annotations

import os
import shutil
from collections import namedtuple

import numpy as np
import polars as pl
import pytest
from training_runs import PARQUET, regression_data, regression_program

from layerwise.engine import TrainingState, build_engine
from layerwise.errors import InputError
from layerwise.network.parameters import initial_parameters
from layerwise.training import Recipe, train
from layerwise.training.blocks import ParquetBlocks

ROWS = 100


@pytest.fixture
def parquet(tmp_path):
    data = regression_data(rows=ROWS)
    frame = pl.DataFrame({"a": data.X[:, 0], "b": data.X[:, 1], "c": data.X[:, 2], "y": data.Y[:, 0]})
    frame = frame.with_columns(w=np.linspace(0.5, 1.5, ROWS))
    frame.write_parquet(tmp_path / "rows.parquet")
    return tmp_path / "rows.parquet"


class Decoding(ParquetBlocks):
    """Knows the blocks that were decoded."""

    def __init__(self, path, **settings):
        super().__init__(path, **PARQUET | settings)
        self.decoded = []

    def _decoded(self, number):
        self.decoded.append(number)
        return super()._decoded(number)


def trained(blocks, epochs=3):
    program = regression_program()
    state = TrainingState.start(initial_parameters(program.architecture, seed=3), program)
    recipe = Recipe(epochs=epochs, batch_size=8, learning_rate=0.01)
    return train(build_engine(program, "compiled"), state, blocks, recipe, statistics=False).parameters


@pytest.mark.parametrize("settings", [{}, {"weights": "w"}])
def test_each_block_is_decoded_once_and_trains_to_the_same_bits(parquet, tmp_path, settings):
    expected = trained(Decoding(parquet, **settings))
    first = Decoding(parquet, cache=tmp_path / "cache", **settings)
    np.testing.assert_array_equal(trained(first), expected)
    assert sorted(first.decoded) == [0, 1, 2, 3]
    later = Decoding(parquet, cache=tmp_path / "cache", **settings)
    np.testing.assert_array_equal(trained(later), expected)
    assert later.decoded == []


def test_a_block_comes_back_as_it_was_decoded(parquet, tmp_path):
    blocks = Decoding(parquet, weights="w", dtype="float32", cache=tmp_path / "cache")
    decoded, kept = blocks.read(3), blocks.read(3)
    assert blocks.decoded == [3]
    for before, after in zip(decoded, kept, strict=True):
        assert after.dtype == before.dtype == np.float32
        assert after.flags.c_contiguous
        np.testing.assert_array_equal(after, before)


@pytest.mark.parametrize(
    "other",
    [{"dtype": "float32"}, {"block_rows": 25}, {"inputs": ["b", "a", "c"]}, {"weights": "w"}],
    ids=lambda other: next(iter(other)),
)
def test_what_is_cut_or_read_otherwise_is_kept_beside(parquet, tmp_path, other):
    cache = tmp_path / "cache"
    trained(Decoding(parquet, cache=cache), epochs=1)
    changed = Decoding(parquet, cache=cache, **other)
    np.testing.assert_array_equal(changed.read(0).X, Decoding(parquet, **other).read(0).X)
    assert changed.decoded == [0]
    again = Decoding(parquet, cache=cache)
    again.read(0)
    assert again.decoded == []


def test_a_file_that_has_changed_is_decoded_anew_and_its_old_blocks_are_removed(parquet, tmp_path):
    cache = tmp_path / "cache"
    trained(Decoding(parquet, cache=cache), epochs=1)
    pl.read_parquet(parquet).with_columns(pl.col("a") * 2).write_parquet(parquet)
    changed = Decoding(parquet, cache=cache)
    assert not list(cache.rglob("*.npy"))
    np.testing.assert_array_equal(trained(changed), trained(Decoding(parquet)))
    assert sorted(changed.decoded) == [0, 1, 2, 3]


def test_blocks_that_were_made_before_the_file_changed_read_it_as_it_is(parquet, tmp_path):
    blocks = Decoding(parquet, cache=tmp_path / "cache")
    blocks.read(0)
    kept = sorted((tmp_path / "cache").rglob("*.npy"))
    pl.read_parquet(parquet).with_columns(pl.col("a") * 2).write_parquet(parquet)
    for number in (0, 1):
        np.testing.assert_array_equal(blocks.read(number).X, Decoding(parquet).read(number).X)
    assert blocks.decoded == [0, 0, 1]
    assert sorted((tmp_path / "cache").rglob("*.npy")) == kept


def test_a_file_is_told_from_another_of_its_size_and_time(parquet, tmp_path):
    frame, statuses = pl.read_parquet(parquet), []
    for shift in (0, 1):
        frame.with_columns(pl.col("a") + shift).write_parquet(parquet, compression="uncompressed")
        os.utime(parquet, ns=(0, 0))
        statuses.append(parquet.stat())
        blocks = Decoding(parquet, cache=tmp_path / "cache")
        np.testing.assert_array_equal(blocks.read(0).X, Decoding(parquet).read(0).X)
        assert blocks.decoded == [0]
    assert statuses[0].st_size == statuses[1].st_size


def test_what_a_killed_process_had_begun_to_write_is_removed_later(parquet, tmp_path):
    cache = tmp_path / "cache"
    Decoding(parquet, cache=cache).read(0)
    (folder,) = cache.iterdir()
    fresh, old = folder / ".x.npy.1.part", folder / ".x.npy.2.part"
    for path in (fresh, old):
        path.write_bytes(b"x")
    os.utime(old, (0, 0))
    Decoding(parquet, cache=cache)
    assert fresh.exists()
    assert not old.exists()


def test_a_kept_block_that_is_not_whole_is_decoded_again(parquet, tmp_path):
    cache = tmp_path / "cache"
    trained(Decoding(parquet, cache=cache), epochs=1)
    short, empty, *_ = sorted(cache.rglob("*.npy"))
    short.write_bytes(short.read_bytes()[:-8])
    empty.write_bytes(b"")
    again = Decoding(parquet, cache=cache)
    np.testing.assert_array_equal(trained(again), trained(Decoding(parquet)))
    assert sorted(again.decoded) == [0, 1]


def test_a_disk_without_room_is_named_before_the_work_starts(parquet, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 3199))
    with pytest.raises(InputError, match=r"cache has 0\.0 GB left"):
        Decoding(parquet, cache=tmp_path / "cache")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 3200))
    trained(Decoding(parquet, cache=tmp_path / "cache"), epochs=1)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 0))
    Decoding(parquet, cache=tmp_path / "cache")


def test_a_folder_that_cannot_be_is_named_before_the_work_starts(parquet):
    with pytest.raises(InputError, match=r"cannot keep blocks in .*rows\.parquet"):
        Decoding(parquet, cache=parquet)


def test_a_run_goes_on_where_a_block_can_no_longer_be_kept(parquet, tmp_path):
    cache = tmp_path / "cache"
    blocks = Decoding(parquet, cache=cache)
    shutil.rmtree(cache)
    with pytest.warns(RuntimeWarning, match="decoded in each epoch instead") as said:
        found = trained(blocks)
    assert len(said) == 1
    np.testing.assert_array_equal(found, trained(Decoding(parquet)))
    # A block that ends one epoch and begins the next is not read again.
    assert len(blocks.decoded) >= 10

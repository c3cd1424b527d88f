"""Examples that stay on a disk: the steps of the same blocks in memory, read ahead, and what is refused."""

from __future__ import annotations

import threading
import time

import numpy as np
import polars as pl
import pytest
from training_runs import PARQUET, regression_data, regression_program

from layerwise.engine import Batches, StepTotals, TrainingState, build_engine
from layerwise.errors import InputError
from layerwise.formulas.randomness import generator_at, shuffled
from layerwise.network.parameters import initial_parameters
from layerwise.training import Data, Recipe, train
from layerwise.training.blocks import MappedBlocks, ParquetBlocks

ROWS, BLOCK = 100, PARQUET["block_rows"]
RECIPE = Recipe(epochs=4, batch_size=8, learning_rate=0.01)


@pytest.fixture
def data():
    return regression_data(rows=ROWS)


@pytest.fixture
def parquet(data, tmp_path):
    frame = pl.DataFrame({"a": data.X[:, 0], "b": data.X[:, 1], "c": data.X[:, 2], "y": data.Y[:, 0]})
    frame.write_parquet(tmp_path / "rows.parquet", row_group_size=17)
    return tmp_path / "rows.parquet"


def trained(blocks, recipe=RECIPE, **options):
    program = regression_program()
    engine = build_engine(program, "compiled")
    state = TrainingState.start(initial_parameters(program.architecture, seed=3), program)
    return train(engine, state, blocks, recipe, **options)


def of_parquet(path, **settings):
    return ParquetBlocks(path, **PARQUET | settings)


def test_an_epoch_is_a_pass_over_each_block_in_a_drawn_order(data):
    """Written out: blocks in the addressed order, rows of a block in theirs."""
    program = regression_program()
    engine = build_engine(program, "compiled")
    state = TrainingState.start(initial_parameters(program.architecture, seed=3), program)
    blocks = [slice(first, first + BLOCK) for first in range(0, ROWS, BLOCK)]
    for epoch in range(RECIPE.epochs):
        for place, number in enumerate(generator_at(program.seed, "blocks", epoch).permutation(len(blocks))):
            X, Y = data.X[blocks[number]], data.Y[blocks[number]]
            address = epoch * len(blocks) + place
            batches = Batches(X, Y, None, shuffled(len(X), program.seed, address), RECIPE.batch_size)
            engine.run_steps(state, batches, address, StepTotals(), np.full(batches.steps, 0.01))
    found = trained(MappedBlocks(data.X, data.Y, dtype="float64", block_rows=BLOCK))
    np.testing.assert_array_equal(found.parameters, state.parameters)
    assert [row["step"] for row in found.history] == [14, 28, 42, 56]


def test_a_parquet_file_trains_to_the_bits_of_the_same_arrays(data, parquet, tmp_path):
    np.save(tmp_path / "X.npy", data.X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    from_arrays = trained(MappedBlocks(mapped, data.Y, dtype="float64", block_rows=BLOCK))
    from_file = trained(of_parquet(parquet))
    np.testing.assert_array_equal(from_file.parameters, from_arrays.parameters)


def test_one_block_that_holds_all_is_training_in_memory(data):
    in_memory = trained(Data(data.X, data.Y), statistics=False)
    one_block = trained(MappedBlocks(data.X, data.Y, dtype="float64", block_rows=ROWS), statistics=False)
    np.testing.assert_array_equal(one_block.parameters, in_memory.parameters)


@pytest.mark.parametrize(("dtype", "same"), [("float64", True), ("float32", False)])
def test_mapped_rows_are_copied_only_where_no_program_can_read_them(data, tmp_path, dtype, same):
    np.save(tmp_path / "X.npy", data.X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    blocks = MappedBlocks(mapped, data.Y, dtype=dtype, block_rows=BLOCK)
    first = blocks.read(0)
    assert np.shares_memory(first.X, mapped) == same
    assert first.X.dtype == first.Y.dtype == dtype
    by_columns = MappedBlocks(np.asfortranarray(data.X), data.Y, dtype=dtype, block_rows=BLOCK).read(0)
    assert by_columns.X.flags.c_contiguous
    np.testing.assert_array_equal(by_columns.X, first.X)


def test_weights_of_rows_come_from_a_column(data, parquet, tmp_path):
    weights = np.random.default_rng(0).exponential(size=ROWS)
    weighted = tmp_path / "weighted.parquet"
    pl.read_parquet(parquet).with_columns(w=pl.Series(weights)).write_parquet(weighted)
    from_file = trained(of_parquet(weighted, weights="w"))
    from_arrays = trained(MappedBlocks(data.X, data.Y, weights, dtype="float64", block_rows=BLOCK))
    np.testing.assert_array_equal(from_file.parameters, from_arrays.parameters)


def test_the_next_block_is_read_while_one_is_trained_on(data):
    """The second block comes only after a step on the first: without a reader it never would."""
    stepped, waited = threading.Event(), []

    class Slow(MappedBlocks):
        def read(self, number):
            if threading.current_thread() is not threading.main_thread():
                reads.append(number)
                if len(reads) == 2:
                    waited.append(stepped.wait(timeout=60))
            return super().read(number)

    class Steps:
        def on_steps_end(self, epoch, done):
            stepped.set()

    reads = []
    blocks = Slow(data.X, data.Y, dtype="float64", block_rows=BLOCK)
    trained(blocks, Recipe(epochs=1, batch_size=8), callbacks=[Steps()])
    assert sorted(reads) == [0, 1, 2, 3]
    assert waited == [True]


class Counting(MappedBlocks):
    """Knows the blocks that the reader was asked for."""

    def __init__(self, data, **settings):
        super().__init__(data.X, data.Y, dtype="float64", **settings)
        self.reads = []

    def read(self, number):
        if threading.current_thread() is not threading.main_thread():
            self.reads.append(number)
        return super().read(number)


def test_the_first_block_of_an_epoch_is_read_while_the_one_before_ends(data):
    blocks, told = Counting(data, block_rows=BLOCK), []

    class Epochs:
        def on_epoch_end(self, row):
            time.sleep(0.05)
            told.append(len(blocks.reads))

    trained(blocks, Recipe(epochs=3, batch_size=8, shuffle=False), callbacks=[Epochs()])
    assert blocks.reads == 3 * [0, 1, 2, 3]
    assert told == [5, 9, 12]


def test_a_block_that_comes_again_is_not_read_again(data):
    blocks = Counting(data, block_rows=ROWS)
    trained(blocks)
    assert blocks.reads == [0]


def test_the_reader_ends_with_the_run(data):
    class Stop:
        def on_epoch_end(self, row):
            return True

    trained(Counting(data, block_rows=BLOCK), callbacks=[Stop()])
    assert not [one for one in threading.enumerate() if one.name.startswith("layerwise-reader")]


def test_a_run_goes_on_from_its_snapshot_to_the_same_bits(parquet, tmp_path):
    from layerwise.callbacks import Checkpoint

    unbroken = trained(of_parquet(parquet))
    trained(of_parquet(parquet), Recipe(epochs=2, batch_size=8, learning_rate=0.01),
            callbacks=[Checkpoint(tmp_path / "kept")])  # fmt: skip
    resumed = trained(of_parquet(parquet), callbacks=[Checkpoint(tmp_path / "kept")])
    np.testing.assert_array_equal(resumed.parameters, unbroken.parameters)


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_a_value_that_is_no_number_is_named_by_column_and_row(parquet, tmp_path, value):
    frame = pl.read_parquet(parquet)
    values = frame["b"].to_list()
    values[67] = value
    damaged = tmp_path / "damaged.parquet"
    frame.with_columns(b=pl.Series(values, dtype=pl.Float64)).write_parquet(damaged)
    with pytest.raises(InputError, match=r"column 'b' .* in row 68"):
        trained(of_parquet(damaged))


def test_what_cannot_be_trained_on_is_said_before_the_work_starts(parquet, tmp_path):
    with pytest.raises(InputError, match="there is no file"):
        of_parquet(tmp_path / "absent.parquet")
    with pytest.raises(InputError, match="no column 'd'"):
        of_parquet(parquet, inputs=["a", "d"])
    with pytest.raises(InputError, match="at least one input"):
        of_parquet(parquet, inputs=[])
    with pytest.raises(InputError, match="block_rows is 0"):
        of_parquet(parquet, block_rows=0)
    (tmp_path / "text.parquet").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        of_parquet(tmp_path / "text.parquet")
    pl.read_parquet(parquet).with_columns(a=pl.lit("word")).write_parquet(tmp_path / "words.parquet")
    with pytest.raises(InputError, match=r"column 'a' .* holds String"):
        of_parquet(tmp_path / "words.parquet")
    pl.read_parquet(parquet).head(0).write_parquet(tmp_path / "empty.parquet")
    with pytest.raises(InputError, match="no examples"):
        of_parquet(tmp_path / "empty.parquet")
    with pytest.raises(InputError, match="X has 4 rows and Y has 3"):
        MappedBlocks(np.ones((4, 1)), np.ones((3, 1)))

"""Whether cost grows linearly: the time of a row as the rows grow, in memory and from files."""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from layerwise.engine import TrainingState, build_engine
from layerwise.training import Blocks, Recipe, train
from layerwise.training.blocks import MappedBlocks, ParquetBlocks
from speed.contestants.layerwise_training import fit
from speed.examples import Examples
from speed.runner import Runner
from speed.work import Work

COUNTS = (10**3, 10**4, 10**5, 10**6, 10**7)
WORK = Work(
    key="rows",
    title="[16,64,32,1], batch 256, Adam",
    sizes=(16, 64, 32, 1),
    data="features",
    rows=0,
    output="sigmoid",
    batch=256,
)
# One measurement takes at least so many rows, in several epochs where the data have fewer.
ROWS_AT_LEAST = 10**6
REPEATS = 3
WITHIN = 0.15


def _examples(folder: Path) -> Examples:
    """The most rows there are, in a file: X is mapped, Y in memory."""
    path, rows = folder / "X.npy", COUNTS[-1]
    X = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(rows, WORK.sizes[0]))
    draw = np.random.default_rng(0)
    for first in range(0, rows, 10**6):
        X[first : first + 10**6] = draw.standard_normal((min(10**6, rows), WORK.sizes[0]), dtype=np.float32)
    X.flush()
    Y = (np.asarray(X[:, :4]).sum(axis=1, keepdims=True) > 0).astype(np.float32)
    return Examples(np.load(path, mmap_mode="r"), Y, None)


def _parquet(folder: Path, X: np.ndarray, Y: np.ndarray) -> tuple[ParquetBlocks, ParquetBlocks]:
    """A file's blocks, decoded in each epoch, and with all of them kept by an epoch before."""
    columns = {f"x{j}": X[:, j] for j in range(X.shape[1])} | {"y": Y[:, 0]}
    pl.DataFrame(columns).write_parquet(folder / "rows.parquet")
    decoded, kept = (
        ParquetBlocks(folder / "rows.parquet", list(columns)[:-1], ["y"], cache=cache)
        for cache in (None, folder / "cache")
    )
    for number in range(len(kept.counts)):
        kept.read(number)
    return decoded, kept


def _runner(X: np.ndarray, Y: np.ndarray, threads: int) -> tuple[Runner, int]:
    """A fit of these rows and how many rows it sees."""
    epochs = max(1, ROWS_AT_LEAST // len(X))
    work = replace(WORK, rows=len(X), epochs=epochs)
    (make,) = fit(work, Examples(X, Y, None), threads).values()
    return make(), epochs * len(X)


def _from_file(blocks: Blocks) -> tuple[Runner, int]:
    """One epoch over blocks that are read from a file, and how many rows it sees."""
    rows = sum(blocks.counts)
    work = replace(WORK, rows=rows, epochs=1)
    program = work.program()
    engine, recipe = build_engine(program), Recipe(epochs=1, batch_size=work.batch, learning_rate=work.rate)

    def epoch():
        state = TrainingState.start(work.start_vector(0), program)
        return train(engine, state, blocks, recipe, statistics=False)

    return Runner(epoch, lambda result: work.layers_of(result.parameters)), rows


def measure(threads: int) -> tuple[object, list[str]]:
    """Nanoseconds of a row, medians; rows in turn, so that a slow minute of the machine hits all alike."""
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        mapped, Y, _ = _examples(Path(folder))
        held = np.array(mapped)
        cases = {f"{count:,} rows": (held[:count], Y[:count]) for count in COUNTS}
        cases[f"{COUNTS[-1]:,} rows, memory-mapped"] = (mapped, Y)
        decoded, kept = _parquet(Path(folder), held, Y)
        files = {
            f"{COUNTS[-1]:,} rows, memory-mapped, in blocks": MappedBlocks(mapped, Y),
            f"{COUNTS[-1]:,} rows of Parquet, in blocks": decoded,
            f"{COUNTS[-1]:,} rows of Parquet, kept": kept,
        }
        _runner(held[:1000], Y[:1000], threads)[0].run()
        for _ in range(REPEATS):
            for name in [*cases, *files]:
                runner, rows = _runner(*cases[name], threads) if name in cases else _from_file(files[name])
                started = time.perf_counter()
                runner.run()
                seconds.setdefault(name, []).append((time.perf_counter() - started) / rows)
        del mapped, held, cases
    per_row = {name: statistics.median(values) * 1e9 for name, values in seconds.items()}
    base = statistics.median(list(per_row.values())[: len(COUNTS)])
    lines = [f"time of a row, {WORK.title}, {threads} threads (goal: within {WITHIN:.0%})"]
    lines += [f"  {name:42s}{value:10.0f} ns{value / base - 1:+8.0%}" for name, value in per_row.items()]
    return per_row, lines

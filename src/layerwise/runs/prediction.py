"""Predictions for a table of any size."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO

from layerwise.errors import InputError, nearest
from layerwise.estimators import load_tabular
from layerwise.runs.prediction_file import table_writer
from layerwise.runs.training_table import named_columns
from layerwise.tables import Notice, Novelty, novelty_notices, read_batches

if TYPE_CHECKING:
    import polars as pl

PREDICTION = "prediction"
_COLUMNAR = (".parquet", ".pq", ".arrow", ".feather", ".ipc")


@dataclass(frozen=True)
class Prediction:
    """What was done: rows predicted, the columns that were written, and what was new in the data."""

    rows: int
    columns: tuple[str, ...]
    notices: tuple[Notice, ...]


def predict_file(
    run: str | os.PathLike[str],
    data: str,
    out: str | os.PathLike[str] | BinaryIO,
    *,
    keep: Iterable[str] = (),
    on_rows: Callable[[int], None] | None = None,
) -> Prediction:
    """Write a prediction for each row of `data`, in order, in memory that does not grow with the rows.

    run: a run's folder, or any folder that `save` wrote.
    out: a file that ends in .csv, .tsv, .jsonl, .parquet, .arrow or .feather, which appears whole or not at
    all; or an open binary stream, which gets CSV.
    keep: columns of `data` to write in front of the results, such as an identifier.
    on_rows: is told after each batch how many rows are done.
    Columns written: `prediction`, and for classes `probability_<label>` for each label.
    Raises InputError for a run or data that cannot be used, a column that is absent, a name in `keep` that is
    a result's, and where the file cannot be written.
    """
    model = load_tabular(run)
    results = result_columns(model)
    rows, written, novelties = 0, tuple(results), list[Novelty]()
    batches, kept = _batches(model, data, tuple(keep))
    _require_distinct(kept, results)
    with table_writer(out, not_over=data) as write:
        for batch in batches:
            answers, new = _answers(model, batch, results)
            novelties += new
            answers = answers if not kept else batch.select(kept).hstack(answers.get_columns())
            write(answers)
            rows, written = rows + answers.height, tuple(answers.columns)
            if on_rows is not None:
                on_rows(rows)
    return Prediction(rows, written, novelty_notices(novelties, rows))


def result_columns(model: Any) -> list[str]:
    """The names of the columns that a model's predictions are written to."""
    labels = model.target_.labels
    if labels is None:
        return [PREDICTION]
    names = [PREDICTION]
    for label in labels:
        name = stem = f"probability_{str(label).lower() if isinstance(label, bool) else label}"
        count = 2
        while name in names:
            name, count = f"{stem}_{count}", count + 1
        names.append(name)
    return names


def _batches(model: Any, data: str, keep: tuple[str, ...]) -> tuple[Iterator[pl.DataFrame], tuple[str, ...]]:
    """The table's batches with the columns that are needed, and the names of those to keep."""
    text = model.encoder_.text_columns
    if data.lower().endswith(_COLUMNAR):
        names = next(read_batches(data, batch_rows=1)).columns
        kept = _kept(data, keep, names)
        wanted = {*model.encoder_.columns, *kept}
        needed = [name for name in names if name in wanted]
        return read_batches(data, columns=needed or names[:1], as_text=text), kept
    batches = read_batches(data, as_text=text)
    first = next(batches)
    return chain([first], batches), _kept(data, keep, first.columns)


def _kept(data: str, keep: tuple[str, ...], names: list[str]) -> tuple[str, ...]:
    kept = named_columns(keep, names)
    for name in kept:
        if name not in names:
            raise InputError(f"--keep {name!r} is no column of {data}; {nearest(name, names)}")
    return kept


def _require_distinct(kept: tuple[str, ...], results: list[str]) -> None:
    for name in kept:
        if name in results:
            raise InputError(
                f"--keep {name!r} has the name of a column of results ({', '.join(results[:4])}); "
                "rename it in the data, or do without it"
            )


def _answers(model: Any, batch: pl.DataFrame, names: list[str]) -> tuple[pl.DataFrame, list[Novelty]]:
    import polars as pl

    features, novelties = model.encoder_.transform_and_tell(batch, dtype=model.dtype)
    prediction = model._prediction(model.network_.outputs(features))
    if len(names) == 1:
        return pl.DataFrame({names[0]: prediction}), novelties
    labels = model.target_.decode(prediction.argmax(axis=1)).alias(names[0])
    probabilities = [pl.Series(name, prediction[:, k]) for k, name in enumerate(names[1:])]
    return pl.DataFrame([labels, *probabilities]), novelties

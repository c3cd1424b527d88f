"""A table's contents as a short text: equal for equal contents, in any process and on any machine."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl


def add_frame(digest: hashlib._Hash, frame: pl.DataFrame) -> None:
    """Names, dtypes and values of every column, whatever lies in memory behind them."""
    digest.update(f"{frame.shape}".encode())
    for column in frame.iter_columns():
        add_series(digest, column)


def add_series(digest: hashlib._Hash, series: pl.Series) -> None:
    """Name, dtype, which values are missing, and the others."""
    import polars as pl

    digest.update(f"|{series.name}|{series.dtype}|{len(series)}|".encode())
    digest.update(np.packbits(series.is_null().to_numpy()).tobytes())
    if series.dtype in (pl.Categorical, pl.Enum):
        series = series.cast(pl.String)
    if series.dtype == pl.String:
        digest.update(series.str.len_bytes().fill_null(0).to_numpy().tobytes())
        digest.update("".join(series.drop_nulls()).encode("utf-8", "surrogatepass"))
    elif series.dtype == pl.Boolean:
        digest.update(series.fill_null(False).cast(pl.UInt8).to_numpy().tobytes())
    elif series.dtype.is_temporal() or (series.dtype.is_numeric() and not series.dtype.is_decimal()):
        digest.update(series.to_physical().fill_null(0).to_numpy().tobytes())
    else:
        digest.update(repr(series.to_list()).encode("utf-8", "surrogatepass"))

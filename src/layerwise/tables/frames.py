"""A polars frame from whatever holds a person's table in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.errors import InputError
from layerwise.tables.notices import listed

if TYPE_CHECKING:
    import polars as pl


def frame_from(data: Any) -> pl.DataFrame:
    """The same table as a polars DataFrame, column names as text.

    data: a polars, pandas or pyarrow table (pandas needs no pyarrow for it, and is no dependency), anything
    that speaks Arrow's C stream, a mapping of names to columns, a list of records, or a two-dimensional
    array, whose columns become x0, x1, ...
    NaN, None, NaT and pandas.NA become null.
    Raises InputError for other shapes and types, duplicate names, and columns of unequal length.
    """
    import polars as pl

    if isinstance(data, pl.DataFrame):
        return data
    if isinstance(data, pl.LazyFrame):
        return data.collect()
    home = type(data).__module__.split(".")[0]
    if home == "pandas":
        return _from_pandas(data)
    if home == "scipy" or hasattr(data, "toarray"):
        raise InputError("a sparse matrix is no table here; make it dense with .toarray()")
    if isinstance(data, Mapping):
        return _from_columns({str(name): values for name, values in data.items()}, len(data))
    if hasattr(data, "__arrow_c_stream__"):
        return _from_arrow(data)
    if isinstance(data, (list, tuple)) and data and isinstance(data[0], Mapping):
        return _from_records(data)
    return _from_array(data)


def _from_arrow(data: Any) -> pl.DataFrame:
    import polars as pl

    names = [str(name) for name in getattr(data, "column_names", ())]
    _require_distinct(names)
    try:
        return pl.DataFrame(data)
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise InputError(f"the {type(data).__name__} cannot become a table: {error}") from None


def _from_pandas(data: Any) -> pl.DataFrame:
    if not hasattr(data, "columns"):
        raise InputError(
            f"expected a table, got a pandas {type(data).__name__}; give a frame, for example data.to_frame()"
        )
    names = [str(name) for name in data.columns]
    _require_distinct(names)
    return _from_columns({name: data.iloc[:, j] for j, name in enumerate(names)}, len(names))


def _from_columns(columns: dict[str, Any], expected: int) -> pl.DataFrame:
    import polars as pl

    if len(columns) < expected:
        raise InputError("two columns have the same name once their names are text; rename one of them")
    series = [_series(name, values) for name, values in columns.items()]
    lengths = {len(column) for column in series}
    if len(lengths) > 1:
        shown = ", ".join(f"{column.name!r} has {len(column):,}" for column in series[:6])
        raise InputError(f"every column of a table has as many rows as the others, but {shown}")
    return pl.DataFrame(series)


def _series(name: str, values: Any) -> pl.Series:
    import polars as pl

    if isinstance(values, pl.Series):
        return values.alias(name)
    if type(values).__module__.split(".")[0] == "pandas":
        return _pandas_series(name, values)
    if isinstance(values, str) or not hasattr(values, "__len__"):
        raise InputError(f"column {name!r} must hold one value a row, but is {type(values).__name__}")
    array = np.asarray(values) if isinstance(values, np.ndarray) else values
    if isinstance(array, np.ndarray):
        if array.ndim != 1:
            raise InputError(f"column {name!r} must have one dimension, but has shape {array.shape}")
        return _numpy_series(name, array)
    return _object_series(name, list(values))


def _pandas_series(name: str, values: Any) -> pl.Series:
    """A pandas column through NumPy, so that no pyarrow is needed."""
    import polars as pl

    dtype = values.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "biufM":
        return _numpy_series(name, values.to_numpy())
    if getattr(dtype, "kind", "") == "M":  # dates with a time zone, or masked: as UTC without a zone
        naive = values.dt.tz_convert("UTC").dt.tz_localize(None) if getattr(dtype, "tz", None) else values
        return _numpy_series(name, naive.to_numpy(dtype="datetime64[us]"))
    if getattr(dtype, "kind", "") in "biuf" and hasattr(dtype, "numpy_dtype"):
        missing = values.isna().to_numpy(dtype=bool)
        kind = np.dtype(dtype.numpy_dtype)
        filled = values.fillna(False if kind.kind == "b" else 0) if missing.any() else values
        column = pl.Series(name, filled.to_numpy(dtype=kind)).set(pl.Series(missing), None)
        return column.fill_nan(None) if kind.kind == "f" else column
    if getattr(dtype, "kind", "") == "m":
        return _numpy_series(name, values.to_numpy(dtype="timedelta64[us]"))
    missing = values.isna().to_numpy(dtype=bool)
    objects = values.astype(object).tolist()
    return _object_series(
        name, [None if gone else value for value, gone in zip(objects, missing, strict=True)]
    )


def _numpy_series(name: str, array: np.ndarray) -> pl.Series:
    import polars as pl

    if array.dtype.kind == "c":
        raise InputError(
            f"Complex data not supported: column {name!r} holds complex numbers; give their parts as columns "
            "of their own"
        )
    if array.dtype.kind in "OSUV":
        return _object_series(name, array.tolist())
    if array.dtype.kind == "f":
        wide = array.astype(np.float64) if array.dtype.itemsize not in (4, 8) else array
        return pl.Series(name, wide).fill_nan(None)
    if array.dtype.kind in "mM" and np.datetime_data(array.dtype)[0] not in ("D", "ms", "us", "ns"):
        array = array.astype("datetime64[us]" if array.dtype.kind == "M" else "timedelta64[us]")
    return pl.Series(name, array)


def _object_series(name: str, values: list[Any]) -> pl.Series:
    """Python values of any mixture: numbers stay numbers, a mixture with text becomes text."""
    import polars as pl

    values = [None if _is_missing(value) else _plain(value) for value in values]
    present = {type(value) for value in values if value is not None}
    if present <= {int, float, bool} and len(present) > 1 and present != {int, float}:
        values = [None if value is None else float(value) for value in values]
    elif str in present and len(present) > 1:
        values = [None if value is None else str(value) for value in values]
    try:
        series = pl.Series(name, values, strict=present != {int, float})
    except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError):
        series = None
    if series is None or series.dtype == pl.Object:
        return pl.Series(name, [None if value is None else str(value) for value in values])
    return series


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(value))
    return isinstance(value, (float, np.floating)) and bool(np.isnan(value))


def _plain(value: Any) -> Any:
    """NumPy and pandas scalars as Python's own."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.generic):
        return value.item()
    return value.to_pydatetime() if hasattr(value, "to_pydatetime") else value


def _from_records(records: Any) -> pl.DataFrame:
    names = dict.fromkeys(str(name) for record in records for name in record)
    return _from_columns({name: [record.get(name) for record in records] for name in names}, len(names))


def _from_array(data: Any) -> pl.DataFrame:
    import polars as pl

    try:
        array = np.asarray(data)
    except ValueError:
        raise InputError("the rows are of unequal length; a table has as many values in every row") from None
    if array.ndim != 2:
        raise InputError(
            f"expected a table of rows and columns, got {type(data).__name__} of shape {array.shape}; "
            "Reshape your data: for one column use data.reshape(-1, 1), for one row data.reshape(1, -1)"
        )
    return pl.DataFrame([_numpy_series(f"x{j}", array[:, j]) for j in range(array.shape[1])])


def _require_distinct(names: list[str]) -> None:
    double = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if double:
        raise InputError(f"the table has more than one column named {listed(double)}; rename them")

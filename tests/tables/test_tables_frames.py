import datetime
import decimal
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from polars.testing import assert_frame_equal

from layerwise.errors import InputError
from layerwise.tables import frame_from

DAYS = [datetime.datetime(2024, 1, 5, 6), None, datetime.datetime(2024, 2, 29)]
PANDAS = {
    "int": (pd.Series([1, 2, 3]), [1, 2, 3]),
    "float": (pd.Series([1.5, np.nan, 3.0]), [1.5, None, 3.0]),
    "bool": (pd.Series([True, False, True]), [True, False, True]),
    "nullable int": (pd.Series([1, None, 3], dtype="Int64"), [1, None, 3]),
    "nullable small": (pd.Series([1, None, 3], dtype="UInt8"), [1, None, 3]),
    "nullable float": (pd.Series([1.5, None, 3.0], dtype="Float64"), [1.5, None, 3.0]),
    "nullable bool": (pd.Series([True, None, False], dtype="boolean"), [True, None, False]),
    "text": (pd.Series(["a", None, "é"]), ["a", None, "é"]),
    "string": (pd.Series(["a", None, "é"], dtype="string"), ["a", None, "é"]),
    "category": (pd.Series(["a", None, "b"], dtype="category"), ["a", None, "b"]),
    "number category": (pd.Series([3, 1, 3], dtype="category"), [3, 1, 3]),
    "object": (pd.Series([1, None, 2.5], dtype=object), [1.0, None, 2.5]),
    "mixture": (pd.Series([1, None, "x"], dtype=object), ["1", None, "x"]),
    "object bool": (pd.Series([True, None, False], dtype=object), [True, None, False]),
    "date": (pd.Series(DAYS), DAYS),
    "days": (pd.Series([datetime.date(2024, 1, 5), None, datetime.date(2024, 2, 29)]), None),
    "zoned": (pd.Series(DAYS[:1] * 3).dt.tz_localize("Europe/Rome"), [datetime.datetime(2024, 1, 5, 5)] * 3),
    "duration": (
        pd.Series(pd.to_timedelta([1, 2, 3], unit="h")),
        [datetime.timedelta(hours=k) for k in (1, 2, 3)],
    ),
    "decimal": (pd.Series([decimal.Decimal("1.5"), None, decimal.Decimal(2)]), None),
    "interval": (pd.Series(pd.interval_range(0, 3)), ["(0, 1]", "(1, 2]", "(2, 3]"]),
    "period": (pd.Series(pd.period_range("2024-01", periods=3, freq="M")), ["2024-01", "2024-02", "2024-03"]),
}


@pytest.mark.parametrize("kind", PANDAS)
def test_every_pandas_dtype_comes_over_with_its_values(kind):
    series, expected = PANDAS[kind]
    frame = frame_from(pd.DataFrame({"x": series}).set_axis([7, 7, 9]))
    if expected is None:
        expected = [None if pd.isna(value) else value for value in series.tolist()]
    assert frame["x"].to_list() == expected


def test_a_pandas_frame_needs_no_pyarrow():
    program = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "import pandas as pd\n"
        "from layerwise.tables import frame_from\n"
        "frame = frame_from(pd.DataFrame({'a': pd.Series(['x', None], dtype=object),\n"
        "  'b': pd.Series([1, None], dtype='Int64'), 'c': pd.Categorical(['u', 'v'])}))\n"
        "print(frame.rows())"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[('x', 1, 'u'), (None, None, 'v')]"


@given(
    hnp.arrays(
        np.float64,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=6),
        elements=st.floats(allow_nan=True, allow_infinity=True, width=64),
    )
)
def test_an_array_becomes_columns_x0_x1_with_the_same_numbers(array):
    frame = frame_from(array)
    assert frame.columns == [f"x{j}" for j in range(array.shape[1])]
    np.testing.assert_array_equal(frame.select(pl.all().fill_null(np.nan)).to_numpy(), array)
    assert frame_from(pd.DataFrame(array, columns=frame.columns)).equals(frame)


def test_polars_arrow_dictionaries_and_records_are_the_same_table():
    expected = pl.DataFrame({"a": [1, 2], "b": ["x", None]})
    pyarrow = pytest.importorskip("pyarrow", reason="no Arrow tables without it")
    for data in (
        expected,
        expected.lazy(),
        expected.to_arrow(),
        {"a": [1, 2], "b": ["x", None]},
        {"a": np.array([1, 2]), "b": pl.Series(["x", None])},
        [{"a": 1, "b": "x"}, {"a": 2}],
        pyarrow.table({"a": [1, 2], "b": ["x", None]}),
    ):
        assert_frame_equal(frame_from(data), expected)


def test_object_arrays_and_lists_of_rows_keep_their_kinds():
    assert frame_from(np.array([[1, "a"], [2.5, None]], dtype=object)).rows() == [(1.0, "a"), (2.5, None)]
    assert frame_from([[1.0, 2.0], [3.0, 4.0]]).rows() == [(1.0, 2.0), (3.0, 4.0)]
    assert frame_from(np.array([[1, 2]], dtype=np.float16)).schema == {"x0": pl.Float64, "x1": pl.Float64}


def test_column_names_become_text():
    assert frame_from(pd.DataFrame({1: [1], ("a", 2): [2]})).columns == ["1", "('a', 2)"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (np.zeros(3), r"shape \(3,\); Reshape your data: for one column use data.reshape\(-1, 1\)"),
        (np.zeros((2, 2, 2)), r"shape \(2, 2, 2\)"),
        (np.zeros((2, 2), dtype=complex), "'x0' holds complex numbers"),
        ({"a": [1, 2], "b": [1]}, "'a' has 2, 'b' has 1"),
        ({1: [1], "1": [2]}, "same name"),
        ({"a": 5}, "'a' must hold one value a row"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "more than one column named 'a'"),
        (pd.Series([1, 2]), "to_frame"),
        ([[1, 2], [3]], "unequal length"),
        ("table.csv", "expected a table"),
    ],
)
def test_what_is_no_table_is_refused_with_the_way_out(data, said):
    with pytest.raises(InputError, match=said):
        frame_from(data)


def test_a_sparse_matrix_is_refused():
    from scipy import sparse

    with pytest.raises(InputError, match="toarray"):
        frame_from(sparse.eye(3, format="csr"))

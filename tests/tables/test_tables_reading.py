import gzip
import io
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from layerwise.errors import InputError
from layerwise.tables import bytestream, delimited, read_batches, read_table
from layerwise.tables.missing import MISSING_WORDS

TABLE = pl.DataFrame(
    {
        "age": [31, 45, None, 62],
        "height": [1.5, 1.75, 1.625, None],
        "city": ["Rome", "Zürich, old town", 'the "Hague"', None],
        "member": [True, False, None, True],
    }
)


def write(frame, path):
    path = Path(path)
    if path.suffix in (".csv", ".tsv"):
        frame.write_csv(path, separator="\t" if path.suffix == ".tsv" else ",")
    elif path.suffix == ".jsonl":
        frame.write_ndjson(path)
    elif path.suffix == ".json":
        frame.write_json(path)
    elif path.suffix == ".parquet":
        frame.write_parquet(path)
    else:
        frame.write_ipc(path)
    return path


@pytest.mark.parametrize(
    "name", ["t.csv", "t.tsv", "t.jsonl", "t.json", "t.parquet", "t.arrow", "t.feather", "t.ipc"]
)
def test_every_format_gives_back_the_same_table(name):
    path = write(TABLE, name)
    assert_frame_equal(read_table(path), TABLE)
    assert_frame_equal(pl.concat(read_batches(path, batch_rows=3)), TABLE)


@pytest.mark.parametrize("inner", ["csv", "tsv", "jsonl"])
@pytest.mark.parametrize("packing", ["gz", "zst", "bz2", "xz"])
def test_compressed_text_reads_like_the_plain_file(inner, packing):
    import bz2
    import lzma

    pyarrow = pytest.importorskip("pyarrow", reason="packs the zstd file")
    raw = write(TABLE, f"t.{inner}").read_bytes()
    pack = {
        "gz": gzip.compress,
        "bz2": bz2.compress,
        "xz": lzma.compress,
        "zst": lambda data: pyarrow.Codec("zstd").compress(data, asbytes=True),
    }[packing]
    path = Path(f"packed.{inner}.{packing}")
    if packing == "zst":
        with pyarrow.CompressedOutputStream(str(path), "zstd") as file:
            file.write(raw)
    else:
        path.write_bytes(pack(raw))
    assert_frame_equal(read_table(path), TABLE)
    assert_frame_equal(pl.concat(read_batches(path)), TABLE)


@pytest.mark.parametrize(("mark", "suffix"), [(",", "csv"), (";", "csv"), ("\t", "csv"), ("|", "txt")])
def test_the_delimiter_is_found(mark, suffix):
    Path(f"t.{suffix}").write_text(f"a{mark}b{mark}c\n1{mark}x{mark}2.5\n2{mark}y{mark}3.5\n")
    assert_frame_equal(
        read_table(f"t.{suffix}"), pl.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [2.5, 3.5]})
    )


def test_a_semicolon_file_may_write_decimal_commas():
    Path("t.csv").write_text("a;b\n1,5;x\n2,25;y\n")
    assert read_table("t.csv")["a"].to_list() == [1.5, 2.25]


def test_windows_line_ends_a_byte_order_mark_and_old_macintosh_lines_read_alike():
    for data in (b"\xef\xbb\xbfa,b\r\n1,2\r\n3,4\r\n", b"a,b\r1,2\r3,4\r", b"a,b\n1,2\n3,4"):
        Path("t.csv").write_bytes(data)
        assert_frame_equal(read_table("t.csv"), pl.DataFrame({"a": [1, 3], "b": [2, 4]}))


def test_blank_lines_are_no_rows_but_a_missing_value_in_a_single_column():
    Path("two.csv").write_text("\n\na,b\n1,2\n\n3,4\n\n\n")
    assert read_table("two.csv").rows() == [(1, 2), (3, 4)]
    Path("one.csv").write_text("a\n1\n\n3\n\n")
    assert read_table("one.csv").rows() == [(1,), (None,), (3,)]


@pytest.mark.parametrize("word", [word for word in MISSING_WORDS if word])
def test_the_usual_words_for_missing_are_missing(word):
    Path("t.csv").write_text(f"a,b\n1,x\n{word},{word}\n")
    assert read_table("t.csv").rows() == [(1, "x"), (None, None)]


def test_types_are_decided_from_every_row_not_the_first_ones():
    rows = [str(k) for k in range(5000)]
    Path("late.csv").write_text("n,f,t\n" + "".join(f"{k},{k},{k}\n" for k in rows) + "7,2.5,x\n")
    frame = read_table("late.csv")
    assert frame.schema == {"n": pl.Int64, "f": pl.Float64, "t": pl.String}
    Path("late_value.csv").write_text("a,b\n" + ",1\n" * 3000 + "2.5,1\n")
    assert read_table("late_value.csv").schema == {"a": pl.Float64, "b": pl.Int64}


def test_text_keeps_its_form_when_an_earlier_block_looked_like_numbers(monkeypatch):
    monkeypatch.setattr(delimited, "blocks", small_blocks)
    Path("t.csv").write_text("code,n\n" + "007,1\n" * 30 + "A7,2.5\n")
    frame = read_table("t.csv")
    assert frame["code"].to_list() == ["007"] * 30 + ["A7"]
    assert frame["n"].to_list() == [1.0] * 30 + [2.5]
    assert {str(batch.schema) for batch in read_batches("t.csv", batch_rows=7)} == {str(frame.schema)}


def test_columns_named_as_text_stay_text():
    Path("t.csv").write_text("zip,n\n00123,1\n04510,2\n")
    assert read_table("t.csv", as_text=["zip"])["zip"].to_list() == ["00123", "04510"]
    Path("t.jsonl").write_text('{"zip": 123}\n{"zip": 45}\n')
    assert read_table("t.jsonl", as_text=["zip", "absent"])["zip"].to_list() == ["123", "45"]


def test_a_key_that_some_json_lines_lack_is_missing_there():
    Path("t.jsonl").write_text('{"a": 1}\n\n{"b": "x", "a": 2.5}\n')
    assert read_table("t.jsonl").rows() == [(1.0, None), (2.5, "x")]


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.jsonl"])
def test_columns_are_chosen_by_name_and_in_that_order(name):
    path = write(TABLE, name)
    assert read_table(path, columns=["city", "age"]).columns == ["city", "age"]
    assert next(read_batches(path, columns=["city", "age"])).columns == ["city", "age"]
    with pytest.raises(InputError, match="no column 'hieght'; did you mean 'height'"):
        read_table(path, columns=["hieght"])


def test_a_first_column_without_a_name_is_the_index_that_pandas_writes():
    pd.DataFrame({"a": [1, 2]}).to_csv("t.csv")
    assert read_table("t.csv").columns == ["unnamed_1", "a"]


def test_demo_names_a_built_in_set():
    assert read_table("demo:iris").shape == (150, 5)
    assert sum(batch.height for batch in read_batches("demo:wine", batch_rows=50)) == 178
    with pytest.raises(InputError, match="did you mean 'iris'"):
        read_table("demo:irris")


def test_a_dash_reads_csv_from_standard_input(monkeypatch):
    class Input:
        buffer = io.BytesIO(b"a,b\n1,x\n2,y\n")

    monkeypatch.setattr(sys, "stdin", Input)
    assert read_table("-").rows() == [(1, "x"), (2, "y")]


def small_blocks(source, *, quoted):
    return bytestream.blocks(source, quoted=quoted, block_bytes=64)


cells = st.one_of(
    st.none(),
    st.integers(-(2**40), 2**40),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text(alphabet='ab7é,;"\n 😀', min_size=1, max_size=8).filter(
        lambda text: text.strip() not in MISSING_WORDS and "\r" not in text
    ),
)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=40))
def test_any_table_that_pandas_writes_is_read_as_pandas_reads_it(rows):
    frame = pd.DataFrame({"first": [a for a, _ in rows], "second": [b for _, b in rows]}, dtype=object)
    frame.to_csv("t.csv", index=False, na_rep="NA")
    ours = read_table("t.csv")
    theirs = pd.read_csv("t.csv", na_values=list(MISSING_WORDS), keep_default_na=False, encoding="utf-8")
    assert ours.columns == list(theirs.columns)
    assert ours.height == len(theirs)
    for name in ours.columns:
        for mine, other in zip(ours[name].to_list(), theirs[name].tolist(), strict=True):
            if other is None or (isinstance(other, float) and math.isnan(other)):
                assert mine is None
            elif isinstance(other, str):
                assert str(mine) == other or float(mine) == float(other)
            else:
                assert float(mine) == pytest.approx(float(other), rel=1e-12)


@settings(max_examples=40)
@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=40), st.integers(1, 9))
def test_batches_put_together_are_the_table_wherever_the_blocks_are_cut(rows, batch_rows):
    frame = pd.DataFrame({"first": [a for a, _ in rows], "second": [b for _, b in rows]}, dtype=object)
    frame.to_csv("t.csv", index=False)
    whole = read_table("t.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "blocks", small_blocks)
        batches = list(read_batches("t.csv", batch_rows=batch_rows))
        assert_frame_equal(read_table("t.csv"), whole)
    assert_frame_equal(pl.concat(batches), whole)
    assert max(batch.height for batch in batches) <= batch_rows


def test_a_damaged_row_far_down_is_found_before_the_first_batch():
    Path("t.csv").write_text("a,b\n" + "1,2\n" * 50_000 + "1,2,3\n")
    with pytest.raises(InputError, match="line 50,002: expected 2 comma-separated fields"):
        next(read_batches("t.csv"))


MEASURE = """
import resource, sys
from layerwise.tables import read_batches
import polars
for name in sys.argv[2:]:
    next(read_batches(name))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows = sum(batch.height for batch in read_batches(sys.argv[1]))
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(rows, (after - before) / 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux only")
@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet", "jsonl"])
def test_memory_does_not_grow_with_the_file(suffix):
    rows, base = 40_000, np.random.default_rng(0).normal(size=(40_000, 6))
    part = pl.DataFrame({f"c{j}": base[:, j] for j in range(6)})
    text = part.write_csv() if "csv" in suffix else part.write_ndjson()
    copies = 8
    if suffix == "parquet":
        pl.concat([part] * copies).write_parquet("big.parquet", row_group_size=rows)
        part.write_parquet("small.parquet", row_group_size=rows)
    else:
        body = text.split("\n", 1)[1].encode() if "csv" in suffix else text.encode()
        head = text.split("\n", 1)[0].encode() + b"\n" if "csv" in suffix else b""
        pack = (lambda data: gzip.compress(data, 1)) if suffix == "csv.gz" else bytes
        for name, times in ((f"big.{suffix}", copies), (f"small.{suffix}", 1)):
            Path(name).write_bytes(pack(head) + pack(body) * times)
    out = subprocess.run(
        [sys.executable, "-c", MEASURE, f"big.{suffix}", f"small.{suffix}"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "POLARS_MAX_THREADS": "1"},
    ).stdout.split()
    assert int(out[0]) == rows * copies
    in_memory = rows * copies * 6 * 8 / 2**20  # 15 MiB as columns, about 37 MiB as text
    assert float(out[1]) < in_memory

"""Each bad file gets one clear message: what, where, what to do."""

import gzip
import re
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.errors import InputError
from layerwise.tables import read_batches, read_table


def refused(path, *expected):
    """The message with which both readers refuse the file; `expected` are parts of it."""
    with pytest.raises(InputError) as first:
        read_table(path)
    with pytest.raises(InputError) as second:
        list(read_batches(path))
    message = str(first.value)
    assert message == str(second.value)
    for part in (str(path), *expected):
        assert part in message
    assert "Traceback" not in message
    return message


def written(name, data):
    Path(name).write_bytes(data if isinstance(data, bytes) else data.encode())
    return name


def test_a_missing_file_names_the_files_nearby():
    written("customers.csv", "a,b\n1,2\n")
    refused("custmers.csv", "there is no file", "did you mean 'customers.csv'?")
    refused("customers.parquet", "did you mean 'customers.csv'?")
    refused("nowhere/customers.csv", "the folder nowhere does not exist")


def test_a_folder_is_not_a_table():
    Path("data").mkdir()
    refused("data", "is a folder")


@pytest.mark.parametrize("name", ["e.csv", "e.parquet", "e.jsonl", "e.csv.gz", "e.arrow"])
def test_an_empty_file_is_called_empty(name):
    refused(written(name, b""), "empty (0 bytes)")


def test_a_header_without_rows_and_blank_lines_alone_are_no_table():
    refused(written("h.csv", "a,b\n"), "a header line (2 columns) and no rows")
    refused(written("h2.csv", "a,b"), "a header line (2 columns) and no rows")
    refused(written("b.csv", "\n\n\r\n"), "blank lines only")
    refused(written("b.jsonl", "\n \n"), "no rows")
    pl.DataFrame({"a": []}, schema={"a": pl.Int64}).write_parquet("h.parquet")
    refused("h.parquet", "1 columns and no rows")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "a PNG picture"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "a JPEG picture"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"SQLite format 3\x00", "an SQLite database"),
        (b"a,b\n1,\x00\x01\x02\n", "binary data"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "rename it to end in .csv.gz"),
    ],
)
def test_a_binary_file_called_csv_is_named_for_what_it_is(data, what):
    refused(written("t.csv", data), what)


def test_workbooks_archives_and_columnar_files_called_csv_are_named():
    pl.DataFrame({"a": [1]}).write_parquet("p.csv")
    refused("p.csv", "a Parquet file", "rename it to end in .parquet")
    pl.DataFrame({"a": [1]}).write_ipc("i.csv")
    refused("i.csv", "an Arrow file")
    with zipfile.ZipFile("z.csv", "w") as archive:
        archive.writestr("t.csv", "a\n1\n")
    refused("z.csv", "a ZIP archive")
    with zipfile.ZipFile("x.csv", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    refused("x.csv", "an Excel workbook (.xlsx)", "save the sheet as CSV UTF-8")


def test_an_unknown_ending_lists_the_known_ones():
    refused(written("t.xyz", "a,b\n1,2\n"), "'.xyz'", ".parquet")
    refused(written("table", "a,b\n1,2\n"), "has no ending")


def test_latin_1_and_windows_text_name_the_line_the_byte_and_the_way_out():
    data = "name,n\nAda,1\nJosé,2\n".encode("latin-1")
    refused(
        written("l.csv", data), "line 3", f"byte {data.index(0xE9)}", "0xE9", "Latin-1", "'José,2'", "iconv"
    )
    refused(written("w.csv", "name,n\n“Ada”,1\n".encode("cp1252")), "line 2", "Windows-1252", "“Ada”")


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_recognised(codec):
    refused(written("u.csv", "name,n\nJosé,1\nAda,2\n".encode(codec)), "UTF-16", "iconv -f UTF-16")


def test_the_first_ragged_line_is_named_with_both_counts():
    refused(written("s.csv", "a,b,c\n1,2,3\n4,5\n6\n"), "line 3", "expected 3", "found 2")
    refused(written("l.csv", 'a,b\n"x\ny",1\n1,2,3\n'), "line 4", "expected 2", "found 3")


def test_the_line_of_a_ragged_row_counts_newlines_inside_quotes_and_blank_lines():
    message = refused(written("q.csv", 'a,b\n\n"1\n2\n3",4\n\n5\n'), "expected 2", "found 1")
    assert "line 7" in message


def test_duplicate_and_empty_column_names_are_named():
    refused(
        written("d.csv", "id,age,age\n1,2,3\n"), "line 1", "'age' is used more than once", "columns 2 and 3"
    )
    refused(written("e.csv", "id,,age\n1,2,3\n"), "no name to column 2 of 3")


def test_a_file_without_a_header_is_suspected():
    refused(written("n.csv", "5.1,3.5,5.1\n4.9,3.0,4.9\n"), "looks like data", "add a first line")


def test_quotation_marks_that_do_not_pair_are_placed():
    refused(written("o.csv", 'a,b\n1,2\n"x,3\n4,5\n'), "line 3", "opened and never closed")
    refused(written("i.csv", 'a,b\n1,2\nx 5" y,1\n2,1\nz 5" y,1\n'), "line 3", "inside a field")
    refused(written("h.csv", '"a,b\n1,2\n'), "line 1", "never closed")


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_compressed_files_that_break_off_are_called_damaged(keep):
    whole = gzip.compress(("a,b\n" + "".join(f"{k},{k * k}\n" for k in range(20_000))).encode())
    refused(written("t.csv.gz", whole[: int(len(whole) * keep)]), "damaged", "gzip")
    refused(written("u.csv.gz", "a,b\n1,2\n"), "named as gzip-compressed", "is not")


def test_a_damaged_zstd_file_is_called_damaged():
    pyarrow = pytest.importorskip("pyarrow", reason="packs the zstd file")
    with pyarrow.CompressedOutputStream("t.csv.zst", "zstd") as file:
        file.write(b"a,b\n" + b"".join(b"%d,%d\n" % (k, k * k) for k in range(20_000)))
    data = Path("t.csv.zst").read_bytes()
    refused(written("u.csv.zst", data[: len(data) // 2]), "damaged", "zstd")


def test_damaged_parquet_and_arrow_files_are_called_damaged():
    frame = pl.DataFrame({"a": np.arange(10_000), "b": np.random.default_rng(0).normal(size=10_000)})
    frame.write_parquet("t.parquet")
    data = Path("t.parquet").read_bytes()
    refused(written("u.parquet", data[: len(data) // 2]), "damaged")
    refused(written("v.parquet", "a,b\n1,2\n"), "named as a Parquet file")
    frame.write_ipc("t.arrow")
    data = Path("t.arrow").read_bytes()
    refused(written("u.arrow", data[: len(data) // 2]), "damaged")


def test_json_that_is_no_table_names_the_line():
    refused(written("b.jsonl", '{"a": 1}\n{"a": 2\n'), "line 2", "not a JSON object")
    refused(written("l.jsonl", '{"a": 1}\n[1, 2]\n'), "line 2", "found an array of 2")
    refused(written("o.json", '{"a": [1]}'), "an array of objects", "it holds an object")
    refused(written("d.json", '[{"a": 1},'), "is not JSON")


def test_a_file_that_may_not_be_read_says_so(monkeypatch):
    written("t.csv", "a,b\n1,2\n")

    def forbidden(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(InputError, match=re.escape("t.csv may not be read by you")):
        read_table("t.csv")


def test_a_batch_needs_at_least_one_row():
    written("t.csv", "a,b\n1,2\n")
    with pytest.raises(InputError, match="batch_rows"):
        next(read_batches("t.csv", batch_rows=0))


def read_or_refuse(name):
    """Any other exception than an InputError fails the test."""
    try:
        assert read_table(name).width > 0
    except InputError as error:
        if not str(error):
            raise AssertionError("an error without a message") from error


NAMES = ["f.csv", "f.tsv", "f.jsonl", "f.json", "f.parquet", "f.arrow", "f.csv.gz", "f.csv.zst"]


def sound(name):
    frame = pl.DataFrame({"a": [1, 2, 3], "b": ["x", "y é", None], "c": [0.5, None, 2.5]})
    if name.endswith(".parquet"):
        frame.write_parquet(name)
    elif name.endswith(".arrow"):
        frame.write_ipc(name)
    elif name.endswith(".jsonl"):
        frame.write_ndjson(name)
    elif name.endswith(".json"):
        frame.write_json(name)
    elif name.endswith(".gz"):
        Path(name).write_bytes(gzip.compress(frame.write_csv().encode()))
    elif name.endswith(".zst"):
        pyarrow = pytest.importorskip("pyarrow", reason="packs the zstd file")
        with pyarrow.CompressedOutputStream(name, "zstd") as file:
            file.write(frame.write_csv().encode())
    else:
        frame.write_csv(name, separator="\t" if name.endswith(".tsv") else ",")
    return Path(name).read_bytes()


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60)
@given(data=st.data())
def test_whatever_bytes_a_file_holds_it_is_read_or_refused_in_a_sentence(name, data):
    raw = bytearray(sound(name))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place] = data.draw(st.sampled_from([0, 10, 13, 34, 44, 59, 91, 123, 125, 200, 255]))
    cut = data.draw(st.integers(1, len(raw)))
    Path(name).write_bytes(bytes(raw[:cut]))
    read_or_refuse(name)


@settings(max_examples=150)
@given(st.binary(min_size=1, max_size=200), st.sampled_from(["r.csv", "r.jsonl", "r.json", "r.txt"]))
def test_random_bytes_called_a_table_are_read_or_refused_in_a_sentence(data, name):
    Path(name).write_bytes(data)
    read_or_refuse(name)

import sqlite3
import sys

import pytest

from layerwise.errors import InputError
from layerwise.tables import read_batches, read_table
from layerwise.tables.databases import without_password


@pytest.fixture
def database(tmp_path):
    pytest.importorskip("adbc_driver_sqlite", reason="the extra 'databases' is not installed")
    connection = sqlite3.connect("shop.db")
    connection.execute("create table customers (age integer, city text, spent real)")
    rows = [(31, "Rome", 1.5), (None, "Zürich", 2.5), (62, None, None)]
    connection.executemany("insert into customers values (?, ?, ?)", rows)
    connection.commit()
    connection.close()
    return rows


@pytest.mark.parametrize("address", ["sqlite:///shop.db", "sqlite:///{absolute}"])
@pytest.mark.parametrize(
    "query", ["SELECT * FROM customers", "SELECT%20*%20FROM%20customers", "SELECT+*+FROM+customers"]
)
def test_a_query_on_sqlite_brings_its_rows(database, tmp_path, address, query):
    url = address.format(absolute=tmp_path / "shop.db") + "?query=" + query
    assert read_table(url).rows() == database
    assert [batch.height for batch in read_batches(url, batch_rows=2)] == [2, 1]


def test_a_raw_query_keeps_its_percent_and_plus_signs(database):
    url = "sqlite:///shop.db?query=SELECT age + 1 AS next FROM customers WHERE city LIKE 'R%'"
    assert read_table(url).rows() == [(32,)]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:///shop.db", "names no query"),
        ("sqlite:///shop.db?query=", "names no query"),
        ("sqlite:///absent.db?query=SELECT 1", "there is no file absent.db"),
        ("sqlite:///shop.db?query=SELECT * FROM custmers", "no such table: custmers"),
        ("sqlite:///shop.db?query=SELECT * FROM customers WHERE age > 99", "no rows"),
        ("sqlit:///shop.db?query=SELECT 1", "did you mean 'sqlite'"),
    ],
)
def test_a_bad_address_or_query_is_explained(database, url, said):
    with pytest.raises(InputError, match=said):
        read_table(url)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "shop.db").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="is not an SQLite database"):
        read_table("sqlite:///shop.db?query=SELECT 1")


def test_without_the_extra_the_message_says_what_to_install(database, monkeypatch):
    for name in list(sys.modules):
        if name.split(".")[0] in ("adbc_driver_sqlite", "adbc_driver_manager"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "adbc_driver_sqlite", None)
    monkeypatch.setitem(sys.modules, "adbc_driver_sqlite.dbapi", None)
    monkeypatch.setitem(sys.modules, "adbc_driver_manager", None)
    with pytest.raises(InputError, match=r"pip install 'layerwise\[databases\]'"):
        read_table("sqlite:///shop.db?query=SELECT 1")


def test_a_password_is_never_shown():
    assert (
        without_password("postgresql://me:se/cret@host/db?query=x") == "postgresql://me:***@host/db?query=x"
    )
    assert "secret" not in without_password("mysql://host/db?user=me&password=secret&query=SELECT 1")
    assert without_password("sqlite:///a.db?query=SELECT 1") == "sqlite:///a.db?query=SELECT 1"


def test_a_url_whose_password_was_left_out_asks_for_it():
    with pytest.raises(InputError, match="password was left out"):
        read_table("postgresql://me:***@host/db?query=SELECT 1")

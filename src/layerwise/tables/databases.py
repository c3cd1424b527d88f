"""A table that a query brings from a database: `sqlite:///file.db?query=SELECT ...` and its like."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_plus

from layerwise.errors import InputError, nearest

if TYPE_CHECKING:
    import polars as pl

SCHEMES = (
    "sqlite",
    "postgresql",
    "postgres",
    "mysql",
    "mssql",
    "oracle",
    "bigquery",
    "redshift",
    "clickhouse",
    "trino",
)
_EXTRA = "pip install 'layerwise[databases]'"


def is_database_url(source: str) -> bool:
    """True for text of the form `scheme://...`."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", source) is not None


def read_database(url: str) -> pl.DataFrame:
    """What the URL's query selects.

    url: `scheme://...?query=SQL`, the query last and as it is or percent-encoded. For SQLite the path after
    `sqlite:///` is relative, after `sqlite:////` absolute. A password in the URL is shown in no message.
    Raises InputError for an unknown scheme, no query, an absent file or module, and whatever the database
    says to the query.
    """
    shown = without_password(url)
    if shown == url and ":***@" in url:
        raise InputError(
            f"{url}: the password was left out when this was written; give the URL with it again"
        )
    address, query = _parts(url, shown)
    scheme = address.split("://", 1)[0].lower()
    if scheme not in SCHEMES:
        raise InputError(f"{shown}: {scheme!r} is no database layerwise can read; {nearest(scheme, SCHEMES)}")
    if scheme == "sqlite":
        address = f"sqlite:///{_sqlite_path(address, shown)}"
    frame = _query(address, query, engine="adbc" if scheme == "sqlite" else "connectorx", shown=shown)
    if not frame.height:
        raise InputError(f"{shown}: the query brings {len(frame.columns)} columns and no rows")
    return frame


def without_password(url: str) -> str:
    """The URL with its password as ***, fit for messages and files."""
    url = re.sub(r"^([A-Za-z0-9+.-]+://[^/@:?]*):[^?]*@", r"\1:***@", url)
    return re.sub(r"([?&](?:password|pwd)=)[^&]*", r"\1***", url, flags=re.IGNORECASE)


def _parts(url: str, shown: str) -> tuple[str, str]:
    match = re.match(r"(?s)(.*?)[?&]query=(.*)$", url)
    query = match.group(2) if match else ""
    # A space shows that the query is written as it is; then "%" and "+" are part of it.
    if not re.search(r"\s", query):
        query = unquote_plus(query) if "%20" not in query else unquote(query)
    if not match or not query.strip():
        raise InputError(
            f"{shown} names no query; write sqlite:///FILE?query=SELECT * FROM TABLE, in quotes in the shell"
        )
    return match.group(1), query.strip()


def _sqlite_path(address: str, shown: str) -> str:
    path = Path(unquote(re.sub(r"^sqlite://(?:localhost)?/?", "", address)))
    if not path.name:
        raise InputError(f"{shown} names no file; write sqlite:///FILE?query=SELECT * FROM TABLE")
    if not path.is_file():
        raise InputError(f"{shown}: there is no file {path}")
    with path.open("rb") as file:
        if not file.read(16).startswith(b"SQLite format 3\x00"):
            raise InputError(f"{shown}: {path} is not an SQLite database")
    return str(path.resolve())


def _query(address: str, query: str, *, engine: str, shown: str) -> pl.DataFrame:
    import polars as pl

    try:
        return pl.read_database_uri(query, address, engine=engine)  # type: ignore[call-overload]
    except ImportError:
        raise InputError(
            f"{shown}: reading databases needs more packages; install them with: {_EXTRA}"
        ) from None
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
            raise
        said = without_password(str(error).splitlines()[0] if str(error) else type(error).__name__)
        raise InputError(f"{shown}: the database refused the query: {said}") from None

"""What a person should know about their table, as data that the shell and the report can print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Notice:
    """One thing that was noticed.

    code: a short stable name, for programs ("constant", "leak", "duplicate_rows", ...).
    severity: "info" for what was done, "warning" for what may spoil the result.
    column: the column it is about, or None.  message: whole sentences, with figures and what to do.
    """

    code: str
    severity: Literal["info", "warning"]
    column: str | None
    message: str


def listed(names: list[str], most: int = 6) -> str:
    """Names for a sentence: 'a', 'b' and 'c', or the first few and how many more."""
    quoted = [repr(name) for name in names]
    if len(quoted) > most:
        return ", ".join(quoted[:most]) + f" and {len(quoted) - most:,} more"
    if len(quoted) < 2:
        return "".join(quoted)
    return ", ".join(quoted[:-1]) + " and " + quoted[-1]


def counted(count: int, thing: str) -> str:
    """'1 row', '1,204 rows'."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"

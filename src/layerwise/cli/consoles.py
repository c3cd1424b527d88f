"""Results go to standard output, everything else to standard error; colours only where a person sees them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from layerwise.tables import Notice


@cache
def results() -> Console:
    """Standard output. What a person's table holds is never taken for markup."""
    from rich.console import Console

    return Console(markup=False, highlight=False, emoji=False)


@cache
def messages() -> Console:
    """Standard error."""
    from rich.console import Console

    return Console(stderr=True, markup=False, highlight=False, emoji=False)


def say_error(text: str) -> None:
    """One line that begins with Error."""
    from rich.text import Text

    messages().print(Text.assemble(("Error: ", "bold red"), text), soft_wrap=True)


def say_notices(notices: Iterable[Notice], *, least: str = "warning") -> None:
    """Warnings, and with least="info" remarks too, a line each."""
    from rich.text import Text

    for notice in notices:
        if notice.severity == "warning":
            messages().print(Text.assemble(("Warning: ", "yellow"), notice.message), soft_wrap=True)
        elif least == "info":
            messages().print(Text.assemble(("Note: ", "cyan"), notice.message), soft_wrap=True)


def print_json(document: Any) -> None:
    """A document for a program to read, in letters that the output's encoding has."""
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    print(json.dumps(document, indent=2, ensure_ascii=not unicode, allow_nan=False))

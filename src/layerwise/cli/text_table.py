"""A table as text on standard output."""

from __future__ import annotations

from collections.abc import Sequence

from layerwise.cli.consoles import results

LONG_WORD = 20


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, bold: bool = False) -> None:
    """Columns of figures stand to the right. Words are broken only where the terminal is too narrow for
    them.   bold: the first row."""
    from rich import box
    from rich.table import Table

    console = results()
    if not console.is_terminal:
        # Where no person looks, a row of the table stays one line.
        console.width = 1000
    columns = [[heading, *(row[number] for row in rows)] for number, heading in enumerate(headings)]
    gap = 2
    widths = _widths(columns, console.width - (gap + 1) * len(columns) - 1)
    if widths is None:
        gap = 1
        widths = _widths(columns, console.width - (gap + 1) * len(columns) - 1)
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, gap, 0, 0))
    for number, (heading, *texts) in enumerate(columns):
        figures = number > 0 and all(map(_is_figure, texts))
        shown.add_column(
            heading,
            justify="right" if figures else "left",
            overflow="fold",
            width=None if widths is None else widths[number],
        )
    for place, row in enumerate(rows):
        shown.add_row(*row, style="bold" if bold and place == 0 else "")
    console.print(shown)


def _widths(columns: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """As wide as the longest word, and from there evenly wider up to the longest text; None where the words
    have no room."""
    from rich.cells import cell_len

    most = [max(map(cell_len, texts)) for texts in columns]
    words = [[cell_len(word) for text in texts for word in text.split()] for texts in columns]
    widths = [min(max(lengths, default=0), LONG_WORD) for lengths in words]
    if sum(widths) > room:
        return None
    while sum(widths) < min(room, sum(most)):
        narrow = [number for number in range(len(widths)) if widths[number] < most[number]]
        widths[min(narrow, key=lambda number: widths[number])] += 1
    return widths


def _is_figure(text: str) -> bool:
    return text[:1].isdigit() or text in ("–", "never", "未达到")

"""Tables on standard output keep to the terminal's width and lose nothing."""

from __future__ import annotations

import pytest
from rich.console import Console

from layerwise.cli import text_table

HEADINGS = ["setting", "value", "accuracy", "to the best value", "95% interval", "", "runs"]
ROWS = [
    ["initialization", "he", "71.2% ± 3.9%", "the best", "", "", "8"],
    ["", "zeros", "63.2% ± 3.9%", "−8 points", "−17.6 to 1.59", "cannot be told, p = 0.15", "8"],
]


def printed(monkeypatch, width: int, terminal: bool) -> list[str]:
    console = Console(width=width, force_terminal=terminal, no_color=True, color_system=None, record=True)
    monkeypatch.setattr(text_table, "results", lambda: console)
    text_table.print_table(HEADINGS, ROWS)
    return console.export_text().splitlines()


@pytest.mark.parametrize("width", [80, 90, 140])
def test_every_word_is_whole_where_all_have_room(width, monkeypatch):
    lines = printed(monkeypatch, width, True)
    assert max(map(len, lines)) <= width
    shown = " ".join(lines).split()
    for word in " ".join([*HEADINGS, *(cell for row in ROWS for cell in row)]).split():
        assert word in shown, word


def test_a_narrow_terminal_breaks_words_and_loses_none(monkeypatch):
    lines = printed(monkeypatch, 48, True)
    assert max(map(len, lines)) <= 48
    assert lines[-2].split() or lines[-3].split()
    assert sum(line.count("8") for line in lines) >= 2


def test_where_no_person_looks_a_row_is_one_line(monkeypatch):
    lines = printed(monkeypatch, 40, False)
    (row,) = [line for line in lines if "zeros" in line]
    assert row.split()[-1] == "8"
    assert "cannot be told, p = 0.15" in row

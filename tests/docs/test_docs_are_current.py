"""The generated pages say what the program says now."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
from pathlib import Path

import pytest


def _writer(repository: Path):
    pytest.importorskip("layerwise.cli", reason="the shell is not installed")
    program = repository / "tools" / "write_cli_reference.py"
    specification = importlib.util.spec_from_file_location("write_cli_reference", program)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def _skip_unless_typer_is_the_tested_one(repository: Path) -> None:
    installed = importlib.metadata.version("typer")
    tested = re.search(r"^typer==(\S+)", (repository / "constraints.txt").read_text("utf-8"), re.MULTILINE)
    assert tested is not None
    if installed != tested[1]:
        pytest.skip(f"help is laid out by typer {installed} here; the page was written with {tested[1]}")


def test_the_page_of_shell_commands_is_what_help_says_now(repository: Path):
    _skip_unless_typer_is_the_tested_one(repository)
    text = _writer(repository).reference()
    page = (repository / "docs" / "cli.md").read_text("utf-8")
    assert page == text, "run `make docs` and commit docs/cli.md"


def test_the_page_of_shell_commands_has_a_section_for_each_command(repository: Path):
    from typer.main import get_command

    page = _writer(repository).reference()
    from layerwise.cli import app

    names = [name for name, command in get_command(app).commands.items() if not command.hidden]
    assert "train" in names
    for name in names:
        assert f"\n## layerwise {name}\n" in page

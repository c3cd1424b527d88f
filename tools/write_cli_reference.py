"""Write docs/cli.md: the `--help` text of every command, so that the page cannot go stale.

Run by `make docs`; `tests/docs/test_docs_are_current.py` fails when the page and the commands differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
WIDTH = 100

HEADING = """\
# The shell commands

<!-- Written by `make docs` from the commands' own help. Change the help texts, not this page. -->

Results go to standard output, progress and messages to standard error. Exit status: 0 it worked, 1 the work
failed, 2 the call or the input is wrong.
"""


def reference() -> str:
    """The whole page as text."""
    from typer.main import get_command

    from layerwise.cli import app

    sections = [HEADING]
    for name, help_text in _helps(get_command(app), "layerwise", parent=None):
        sections.append(f"## {name}\n\n```text\n{help_text}\n```\n")
    return "\n".join(sections)


def _helps(command: Any, name: str, parent: Any) -> Iterator[tuple[str, str]]:
    """The full name and the help text of a command and of all its subcommands, in the order of the help."""
    # Without boxes and colours the text is the same in every terminal and with every release of rich.
    command.rich_markup_mode = None
    # The command's own settings belong in: it keeps the help option of the first context that asked for it.
    settings = command.context_settings | {"terminal_width": WIDTH, "max_content_width": WIDTH}
    context = command.context_class(command, info_name=name, parent=parent, **settings)
    text = "\n".join(line.rstrip() for line in command.get_help(context).strip().splitlines())
    yield context.command_path, text
    if hasattr(command, "list_commands"):
        for subname in command.list_commands(context):
            subcommand = command.get_command(context, subname)
            if not subcommand.hidden:
                yield from _helps(subcommand, subname, context)


def main() -> None:
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(reference(), encoding="utf-8", newline="\n")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()

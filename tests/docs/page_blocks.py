"""The fenced examples of a page: which are run, in which order, and what a page says that they print."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

FENCE = re.compile(r"^(?P<fence>`{3,})(?P<info>[^\n`]*)\n(?P<code>.*?)^(?P=fence)[ \t]*$", re.M | re.S)
OUTPUT = re.compile(r"\s*^```text output\n(?P<printed>.*?)^```[ \t]*$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    language: str
    code: str
    line: int
    output: str | None = None  # what the page says that it prints; None where it says nothing


def blocks_to_run(text: str) -> list[Block]:
    """The fenced blocks of a page that are to be run, with the line each one's code starts on."""
    found = []
    for match in FENCE.finditer(text):
        words = match["info"].split()
        language = words[0] if words else ""
        code = match["code"]
        if "no-run" in words:
            continue
        if language == "python" or (
            language in {"bash", "sh", "console"} and code.lstrip("$ \n").startswith("layerwise ")
        ):
            follows = OUTPUT.match(text, match.end()) if language == "python" else None
            output = follows["printed"] if follows else None
            found.append(Block(language, code, text.count("\n", 0, match.start("code")) + 1, output))
    return found


def program(block: Block) -> str:
    """What a block does, without what it tells its reader: no comments, no docstrings, no layout."""
    if block.language != "python":
        return "\n".join(line.partition(" #")[0].rstrip() for line in block.code.splitlines())
    tree = ast.parse(block.code)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)


def words(text: str) -> str:
    """The page without its fenced blocks."""
    return FENCE.sub("", text)

"""Help texts as they stand in the code, for a terminal of any width."""

from __future__ import annotations

import inspect


def flowing(text: str | None) -> str:
    """The text with each paragraph on one line, so that the terminal breaks it where it must.

    A paragraph that begins with \\b, such as a list of examples, keeps its lines.
    """
    paragraphs = inspect.cleandoc(text or "").split("\n\n")
    return "\n\n".join(
        paragraph if paragraph.startswith("\b") else " ".join(paragraph.split()) for paragraph in paragraphs
    )

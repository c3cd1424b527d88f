"""Functions of the note as they come out wrong, each under the sentence that names what went wrong.

They are made of the right ones wherever that is shorter, and serve only to be recognised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

Mistakes = Mapping[str, Callable]
"""{sentence: the function as it comes out wrong}."""

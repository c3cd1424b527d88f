"""What the table does not show: cost by rows, memory, the start, fits side by side. Of layerwise alone."""

from __future__ import annotations

from collections.abc import Callable

# Each takes the number of threads and returns (what was measured, lines to print).
Limit = Callable[[int], tuple[object, list[str]]]
LIMITS: dict[str, Limit] = {}

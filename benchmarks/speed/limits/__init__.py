"""What the table does not show: cost by rows, memory, the start, bits, fits side by side, more cores."""

from __future__ import annotations

from collections.abc import Callable

from speed.limits import cores, memory, rows, same_bits, side_by_side, start
from speed.surroundings import stay_on

# Each takes the number of threads and returns (what was measured, lines to print).
Limit = Callable[[int], tuple[object, list[str]]]
LIMITS: dict[str, Limit] = {
    "rows": rows.measure,
    "memory": memory.measure,
    "start": start.measure_start,
    "import": start.measure_import,
    "same-bits": same_bits.measure,
    "side-by-side": side_by_side.measure,
    "cores": cores.measure,
}


def measure(name: str, threads: int) -> tuple[object, list[str]]:
    """One of them, in this process, held to so many processors."""
    stay_on(threads)
    return LIMITS[name](threads)

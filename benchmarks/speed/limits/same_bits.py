"""Whether a fit gives the same bits again, and with another number of threads."""

from __future__ import annotations

from dataclasses import replace

from speed.limits.measured_process import run_python
from speed.surroundings import processors
from speed.works import WORKS

WORK_ROWS = {"breast-cancer": 569, "cats": 209, "digits": 2_560, "wide": 512}

_CODE = """
import hashlib, json
from speed.contestants.layerwise_training import fit
from speed.examples import examples_of
from speed.limits.same_bits import works
from speed.surroundings import stay_on

stay_on({threads})
digests = {{}}
for work in works():
    for runner in (make() for make in fit(work, examples_of(work), {threads}).values()):
        digests[work.key] = hashlib.sha256(runner.run().parameters.tobytes()).hexdigest()
print(json.dumps(digests))
"""


def works():
    return [replace(work, rows=WORK_ROWS[work.key], epochs=2) for work in WORKS if work.key in WORK_ROWS]


def measure(threads: int) -> tuple[object, list[str]]:
    """Digests of the parameters after a few steps, from processes of their own."""
    counts = [count for count in sorted({1, 2, threads}) if count <= len(processors())]
    found = {
        count: [run_python(_CODE.format(threads=count), count).said for _ in range(2)] for count in counts
    }
    lines = ["the same bits"]
    for work in works():
        again = all(first[work.key] == second[work.key] for first, second in found.values())
        alike = len({digests[work.key] for pair in found.values() for digests in pair}) == 1
        of_threads = f"with {' and '.join(map(str, counts))} threads alike: {'yes' if alike else 'no'}"
        lines.append(f"  {work.title:64s} again: {'yes' if again else 'no'}; {of_threads}")
    return {str(count): pair for count, pair in found.items()}, lines

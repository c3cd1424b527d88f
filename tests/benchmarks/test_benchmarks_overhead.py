"""The benchmark of the wrapper's time runs, and tells the wrapper from the engine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_wrapper_is_a_part_of_every_call(repository: Path):
    program = repository / "benchmarks" / "overhead.py"
    run = subprocess.run([sys.executable, str(program), "--repeats", "2"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    rows = [line for line in run.stdout.splitlines() if line.startswith(("three", "two", "text", "values"))]
    assert len(rows) == 8
    for row in rows:
        whole, wrapper, _, theirs = row.split(":")[1].split()[-4:]
        assert 0 < int(wrapper) < int(whole), row
        assert int(theirs) > 0

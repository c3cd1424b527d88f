"""What tests of code on disk share: a process of its own, and a kernel that compiles in a moment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial

from layerwise.engine.compiled import making
from layerwise.engine.compiled.kernel import Arguments, Kernel


def in_a_new_process(program, *arguments, **environment):
    """What the program prints, as JSON; None where it prints nothing."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout or "null")


def doubled(x):
    return 2 * x


KIND = Arguments("x", returns=True)


def small_kernel(name="doubled"):
    """One that knows nothing but what is on disk, as in a new process."""
    make = partial(making.make_bound, doubled, {}, "float64", KIND)
    return Kernel(name, f"{name}_shipped", KIND, make)

"""Compiled code is kept on disk for the next process, and no fault of the disk ends a run."""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import subprocess
import sys

import numba
import pytest

from layerwise.engine.compiled.kernel import Arguments, Kernel

ONE_STEP = """
import json, sys
import numpy as np
from layerwise.engine import Batches, Program, StepTotals, TrainingState, build_engine
from layerwise.engine.compiled import driver
from layerwise.engine.compiled.engine import driver_kernel
from layerwise.network.architecture import Architecture
from layerwise.network.objective import Objective

network, objective = Architecture((2, 2), ("softmax",)), Objective("softmax_cross_entropy")
program = Program(network, objective, "gd", dtype="float64")
engine = build_engine(program)
was_compiled = engine.is_compiled
state = TrainingState.start(np.arange(6.0), program)
batches = Batches(np.eye(2), np.eye(2), None, None, 1)
engine.run_steps(state, batches, 0, StepTotals(), np.array([0.1, 0.1]))
# The same call with examples that may not be written to, in another order.
for array in batches[:2]:
    array.flags.writeable = False
again = batches._replace(order=np.array([1, 0]), weights=np.ones(2))
engine.run_steps(state, again, 1, StepTotals(), np.array([0.1, 0.1]))
kernel = driver_kernel(driver.run_steps, "float64")
print(json.dumps({
    "was_compiled": was_compiled,
    "is_compiled": engine.is_compiled,
    "from_disk": kernel.was_on_disk,
    "all_from_disk": [one.was_on_disk for one in engine.kernels],
    "bits": state.parameters.tobytes().hex(),
}))
"""


def in_a_new_process(program, **environment):
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_second_process_finds_the_code_of_the_first(tmp_path):
    first, second = (in_a_new_process(ONE_STEP, NUMBA_CACHE_DIR=str(tmp_path)) for _ in range(2))
    assert (first["was_compiled"], first["is_compiled"], first["from_disk"]) == (False, True, False)
    assert (second["was_compiled"], second["is_compiled"], second["from_disk"]) == (True, True, True)
    assert first["bits"] == second["bits"]


def test_a_first_run_lets_a_second_process_compile_its_share(tmp_path):
    """With one processor there is no such process, and the bits are the same."""
    both = in_a_new_process(ONE_STEP, NUMBA_CACHE_DIR=str(tmp_path / "both"))
    assert True in both["all_from_disk"]
    assert False in both["all_from_disk"]
    one_processor = "import os\nos.cpu_count = lambda: 1\n"
    alone = in_a_new_process(one_processor + ONE_STEP, NUMBA_CACHE_DIR=str(tmp_path / "alone"))
    assert True not in alone["all_from_disk"]
    assert alone["bits"] == both["bits"]


def test_without_a_second_process_all_is_compiled_in_the_first(tmp_path):
    no_interpreter = "import sys\nsys.executable = '/no/such/interpreter'\n"
    alone = in_a_new_process(no_interpreter + ONE_STEP, NUMBA_CACHE_DIR=str(tmp_path))
    assert alone["is_compiled"]
    assert True not in alone["all_from_disk"]


SOURCE = """
def doubled(x):
    return 2 * x
"""


@pytest.fixture
def compiled_anew(tmp_path, monkeypatch):
    """A call makes a kernel that knows nothing but what is on disk, as a new process would."""
    path = tmp_path / "doubling.py"
    path.write_text(SOURCE)
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))

    def make():
        spec = importlib.util.spec_from_file_location("doubling", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return Kernel(module.doubled, "doubled", "float64", Arguments("x", returns=True), "of_this_test")

    return make


def test_a_function_is_on_disk_once_it_has_run(compiled_anew):
    first = compiled_anew()
    assert not first.is_ready
    assert first.entry(3.0) == 6.0
    assert first.is_ready
    second = compiled_anew()
    assert second.is_ready
    assert second.entry(3.0) == 6.0
    assert (first.was_on_disk, second.was_on_disk) == (False, True)


@pytest.mark.parametrize("left", [b"", b"\x80\x04", b"not an index"])
@pytest.mark.parametrize("kind", ["*.nbi", "*.nbc"])
def test_a_file_cut_short_is_written_anew(compiled_anew, tmp_path, kind, left):
    assert compiled_anew().entry(3.0) == 6.0
    (damaged,) = (tmp_path / "cache").rglob(kind)
    damaged.write_bytes(left)
    mended = compiled_anew()
    assert mended.entry(3.0) == 6.0
    assert not mended.was_on_disk
    third = compiled_anew()
    assert third.entry(3.0) == 6.0
    assert third.was_on_disk


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_disk_that_takes_nothing_does_not_stop_the_work(compiled_anew, monkeypatch, code):
    def refuse(*arguments):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("numba.core.caching.IndexDataCacheFile._open_for_write", refuse)
    assert compiled_anew().entry(3.0) == 6.0
    assert not compiled_anew().is_ready


def test_without_any_folder_to_write_to_code_is_compiled_in_memory(compiled_anew, monkeypatch):
    monkeypatch.setattr("layerwise.engine.compiled.disk._ForgivingCache._impl_class._locator_classes", [])
    assert compiled_anew().entry(3.0) == 6.0
    assert not compiled_anew().is_ready

"""Compiled code is kept on disk for the next process, and no fault of the disk ends a run."""

from __future__ import annotations

import errno
import os

import numba
import pytest
from new_processes import in_a_new_process, small_kernel

from layerwise.engine.compiled import disk, machine_code
from layerwise.engine.compiled.processor import MANY_REGISTERS

ONE_STEP = """
import json, sys
import numpy as np
from layerwise.engine import Batches, Program, StepTotals, TrainingState, build_engine
from layerwise.engine.compiled.kernels import driver_kernel
from layerwise.network.architecture import Architecture
from layerwise.network.objective import Objective

network, objective = Architecture((2, 2), ("softmax",)), Objective("softmax_cross_entropy")
program = Program(network, objective, "gd", dtype="float64")
engine = build_engine(program)
was_compiled = engine.is_compiled(1)
state = TrainingState.start(np.arange(6.0), program)
batches = Batches(np.eye(2), np.eye(2), None, None, 1)
engine.run_steps(state, batches, 0, StepTotals(), np.array([0.1, 0.1]))
# The same call with examples that may not be written to, in another order.
for array in batches[:2]:
    array.flags.writeable = False
again = batches._replace(order=np.array([1, 0]), weights=np.ones(2))
engine.run_steps(state, again, 1, StepTotals(), np.array([0.1, 0.1]))
kernel = driver_kernel("run_steps", "float64")
print(json.dumps({
    "was_compiled": was_compiled,
    "is_compiled": engine.is_compiled(1),
    "from_disk": kernel.was_on_disk,
    "all_from_disk": [one.was_on_disk for one in engine.kernels("run_steps")],
    "imported": sorted({"numba", "scipy"} & set(sys.modules)),
    "bits": state.parameters.tobytes().hex(),
}))
"""


def test_a_second_process_finds_the_code_of_the_first(tmp_path):
    first, second = (in_a_new_process(ONE_STEP, NUMBA_CACHE_DIR=str(tmp_path)) for _ in range(2))
    assert (first["was_compiled"], first["is_compiled"], first["from_disk"]) == (False, True, False)
    assert (second["was_compiled"], second["is_compiled"], second["from_disk"]) == (True, True, True)
    assert first["bits"] == second["bits"]


def test_a_second_process_imports_no_compiler(tmp_path):
    first, second = (in_a_new_process(ONE_STEP, NUMBA_CACHE_DIR=str(tmp_path)) for _ in range(2))
    assert "numba" in first["imported"]
    assert "numba" not in second["imported"]
    assert first["bits"] == second["bits"]
    if MANY_REGISTERS:
        assert "scipy" not in second["imported"]


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


@pytest.fixture
def compiled_anew(tmp_path, monkeypatch):
    """A call makes a kernel that knows nothing but what is on disk, as a new process would."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    return small_kernel


def test_a_function_is_on_disk_once_it_has_run(compiled_anew):
    first = compiled_anew()
    assert not first.is_ready
    assert first.entry(3.0) == 6.0
    assert first.is_ready
    second = compiled_anew()
    assert second.is_ready
    assert second.entry(3.0) == 6.0
    assert (first.was_on_disk, second.was_on_disk) == (False, True)


def nothing(content):
    return b""


def cut_short(content):
    return content[: len(content) // 2]


def without_its_end(content):
    return content[:-1]


def one_bit_turned(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def something_else(content):
    return b"not machine code"


@pytest.mark.parametrize("damage", [nothing, cut_short, without_its_end, one_bit_turned, something_else])
def test_a_damaged_file_is_written_anew(compiled_anew, tmp_path, damage):
    assert compiled_anew().entry(3.0) == 6.0
    (damaged,) = (tmp_path / "cache").rglob("doubled*")
    damaged.write_bytes(damage(damaged.read_bytes()))
    assert not compiled_anew().is_ready
    mended = compiled_anew()
    assert mended.entry(3.0) == 6.0
    assert not mended.was_on_disk
    third = compiled_anew()
    assert third.entry(3.0) == 6.0
    assert third.was_on_disk


def test_a_file_under_another_kernels_name_is_not_used(compiled_anew, tmp_path):
    assert compiled_anew().entry(3.0) == 6.0
    (kept,) = (tmp_path / "cache").rglob("doubled*")
    kept.rename(kept.with_name(kept.name.replace("doubled", "doubled_otherwise")))
    assert not compiled_anew("doubled_otherwise").is_ready


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_disk_that_takes_nothing_does_not_stop_the_work(compiled_anew, monkeypatch, code):
    def refuse(*arguments):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("pathlib.Path.write_bytes", refuse)
    assert compiled_anew().entry(3.0) == 6.0
    assert not compiled_anew().is_ready
    assert not disk.takes_files()


def test_a_file_that_could_not_be_finished_is_no_file(compiled_anew, tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("os.replace", refuse)
    assert compiled_anew().entry(3.0) == 6.0
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_without_any_folder_to_write_to_code_is_compiled_in_memory(compiled_anew, monkeypatch):
    monkeypatch.setattr(disk, "folders", lambda: iter(()))
    assert compiled_anew().entry(3.0) == 6.0
    assert not compiled_anew().is_ready


def test_where_the_first_folder_takes_nothing_the_next_one_does(compiled_anew, tmp_path, monkeypatch):
    (tmp_path / "a file").write_text("")
    monkeypatch.setattr(disk, "folders", lambda: iter([tmp_path / "a file" / "inside", tmp_path / "next"]))
    assert compiled_anew().entry(3.0) == 6.0
    assert compiled_anew().is_ready
    assert len(list((tmp_path / "next").iterdir())) == 1


def test_code_that_needs_the_compiler_is_not_kept(compiled_anew, monkeypatch):
    """As where a mathematical function comes from a library that only Numba knows."""
    monkeypatch.setattr(machine_code, "_can_be_alone", lambda module: False)
    assert compiled_anew().entry(3.0) == 6.0
    assert not compiled_anew().is_ready


def test_a_package_that_is_no_files_keeps_nothing(compiled_anew, monkeypatch):
    """Nobody could tell whether what is kept was made from it."""
    monkeypatch.setattr(disk, "__file__", "/packed.zip/layerwise/engine/compiled/disk.py")
    assert compiled_anew().entry(3.0) == 6.0
    assert not compiled_anew().is_ready

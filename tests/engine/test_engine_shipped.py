"""Machine code that comes with the package: all of it, for the right processors, never in another's place."""

from __future__ import annotations

import shutil
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numba
import pytest
from new_processes import KIND, in_a_new_process, small_kernel
from trajectories import NETWORKS

import layerwise
from layerwise.engine.compiled import disk, kernels
from layerwise.engine.compiled.engine import CompiledEngine
from layerwise.engine.compiled.kernel import Kernel, ObjectCode
from layerwise.engine.compiled.processor import MANY, level
from layerwise.engine.contract import DTYPES

needs_a_level = pytest.mark.skipif(
    level() is None, reason="code is shipped for levels of x86-64, none of which this processor reaches"
)


@pytest.mark.parametrize("real", ["float32", "float64"])
def test_every_loop_is_shipped(real, monkeypatch):
    made = set()
    original = kernels._kernel

    def noting(loop, *rest):
        made.add(loop)
        return original(loop, *rest)

    monkeypatch.setattr(kernels, "_kernel", noting)
    kernels.every_kernel(real)
    assert made == set(kernels._ARGUMENTS)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_program_needs_no_kernel_that_is_not_shipped(name):
    program = NETWORKS[name].program(dropout=(0.5,) * (len(NETWORKS[name].sizes) - 2), l1=0.1, clip_norm=1.0)
    shipped = set(kernels.every_kernel("float64"))
    for driver in ("run_steps", "run_hidden_units", "run_copies", "cost_and_gradient"):
        assert set(CompiledEngine(program).kernels(driver)) <= shipped
    assert set(kernels.lane_kernels(program, program.architecture.activations).values()) <= shipped


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """A call makes a kernel as a new process would, with folders of the test for what is shipped and kept."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(disk, "SHIPPED", tmp_path / "shipped")
    return small_kernel


def test_what_is_shipped_is_used_and_nothing_kept(kernel, tmp_path):
    assert kernel().ship(tmp_path / "shipped")
    found = kernel()
    assert found.is_ready
    assert found.entry(3.0) == 6.0
    assert found.was_on_disk
    assert not (tmp_path / "cache").exists()


def test_damaged_code_is_compiled_anew(kernel, tmp_path):
    kernel().ship(tmp_path / "shipped")
    (file,) = (tmp_path / "shipped").iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert not kernel().is_ready
    assert kernel().entry(3.0) == 6.0


@pytest.mark.parametrize(
    ("setting", "asks_for_other_code"),
    [
        ("NUMBA_OPT", True),
        ("NUMBA_BOUNDSCHECK", True),
        ("NUMBA_NUM_THREADS", False),
        ("NUMBA_THREADING_LAYER", False),
        ("NUMBA_CUDA_DRIVER", False),
        ("NUMBA_CACHE_DIR", False),
    ],
)
def test_settings_of_the_compiler_may_ask_for_other_code(
    kernel, tmp_path, monkeypatch, setting, asks_for_other_code
):
    kernel().ship(tmp_path / "shipped")
    monkeypatch.setenv(setting, "1")
    assert kernel().is_ready != asks_for_other_code


def test_code_that_needs_the_compiler_is_not_shipped(tmp_path):
    needs_it = Kernel("doubled", "shipped", KIND, lambda name: ObjectCode(b"code", alone=False))
    assert not needs_it.ship(tmp_path / "shipped")
    assert not (tmp_path / "shipped").exists()


def test_a_folder_that_takes_nothing_is_named(kernel, tmp_path):
    (tmp_path / "a file").write_text("")
    with pytest.raises(OSError, match="a file"):
        kernel().ship(tmp_path / "a file")


# Trains a few steps in single precision: whether that took the compiler, how far NumPy's engine ends away.
TRAINING = """
import json, sys
from pathlib import Path
import numpy as np
from layerwise.engine import Batches, Program, StepTotals, TrainingState, build_engine
from layerwise.engine.compiled import disk, processor
from layerwise.network.architecture import Architecture
from layerwise.network.objective import Objective

sizes = (20, 70, 9, 3)
network = Architecture(sizes, ("relu", "tanh", "softmax"))
program = Program(network, Objective("softmax_cross_entropy", l2=0.01), "adam", dropout=(0.2, 0.0))
drawn = np.random.default_rng(0)
X = drawn.normal(size=(100, 20)).astype(np.float32)
Y = np.eye(3, dtype=np.float32)[drawn.integers(0, 3, 100)]
start = 0.1 * drawn.normal(size=sum(n * (m + 1) for m, n in zip(sizes, sizes[1:])))
ends = {}
for name in ("compiled", "numpy"):
    engine = build_engine(program, name)
    if sys.argv[1:]:
        for kernel in engine.kernels("run_steps"):
            kernel.ship(Path(sys.argv[1]))
        break
    state = TrainingState.start(start, program)
    batches = Batches(X, Y, None, np.arange(100)[::-1].copy(), 37)
    for epoch in range(5):
        engine.run_steps(state, batches, epoch, StepTotals(), np.full(3, 0.01))
    ends[name] = state.parameters
if ends:
    print(json.dumps({
        "level": processor.level(),
        "compiler": "numba" in sys.modules,
        "bits": ends["compiled"].tobytes().hex(),
        "away": float(np.abs(ends["compiled"] - ends["numpy"]).max()),
        "moved": float(np.abs(ends["compiled"] - start).max()),
    }))
"""


def train(*arguments, **environment):
    return in_a_new_process(TRAINING, *arguments, **environment)


@pytest.mark.slow
@needs_a_level
def test_an_installed_package_with_its_code_trains_without_the_compiler(tmp_path):
    """As in the wheel, which has all kernels: a copy of the package with those of one program."""
    package = Path(layerwise.__file__).parent
    copied = tmp_path / "installed" / "layerwise"
    shutil.copytree(package, copied, ignore=shutil.ignore_patterns("__pycache__", "shipped"))
    inside = copied / disk.SHIPPED.relative_to(package)
    installed = {"PYTHONPATH": str(copied.parent), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    train(str(inside), **installed, NUMBA_CPU_NAME=level())
    assert inside.is_dir()
    with_code = train(**installed)
    assert with_code["level"] == level()
    assert not with_code["compiler"]
    assert not (tmp_path / "cache").exists()
    assert train()["bits"] == with_code["bits"]


@pytest.mark.slow
@pytest.mark.skipif(level() != MANY, reason=f"all other tests are of a lower level than {MANY} already")
def test_code_for_the_lower_level_trains_as_the_reference_does(tmp_path):
    """Processors with 16 registers of 32 bytes have tiles of their own."""
    lower = train(NUMBA_CPU_NAME="x86-64-v3", NUMBA_CACHE_DIR=str(tmp_path))
    assert lower["level"] == "x86-64-v3"
    assert lower["moved"] > 0.05
    assert lower["away"] < 1e-5


@pytest.mark.slow
@pytest.mark.skipif(level() is None, reason="a wheel has code in it where it is built on x86-64")
def test_the_builder_of_the_wheel_compiles_for_every_level_and_precision(tmp_path, monkeypatch):
    """One small kernel for each, from a copy of the sources, whatever is set around it."""
    path = Path(layerwise.__file__).parents[2] / "tools" / "build_wheel.py"
    if not path.is_file():
        pytest.skip("an installed package comes without the tools of its repository")
    spec = spec_from_file_location("build_wheel", path)
    builder = module_from_spec(spec)
    spec.loader.exec_module(builder)
    expected = {kernels.every_kernel(real)[-1].shipped_as for real in DTYPES}
    one = builder.COMPILE.replace("in every_kernel(sys.argv[1])", "in every_kernel(sys.argv[1])[-1:]")
    assert one != builder.COMPILE
    monkeypatch.setattr(builder, "COMPILE", one)
    monkeypatch.setenv("NUMBA_OPT", "0")
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".numba_config.yaml").write_text("cpu_name: generic")
    sources = tmp_path / "src"
    unwanted = shutil.ignore_patterns("__pycache__", "shipped")
    shutil.copytree(Path(layerwise.__file__).parent, sources / "layerwise", ignore=unwanted)
    builder.compile_kernels(sources)
    made = {file.stem for file in (sources / builder.INSIDE).iterdir()}
    assert len(made) == 4
    assert expected <= made

"""Machine code on disk is used only where all that it was made from is the same."""

from __future__ import annotations

import sys
from importlib import metadata

import llvmlite.binding as llvm
import pytest

from layerwise.engine.compiled import kernels, origin, processor
from layerwise.engine.compiled.origin import COMPILERS, sources, version
from layerwise.engine.numba_settings import processor_settings
from layerwise.errors import InputError

MODULES = (
    "activations", "losses", "optimizers", "randomness", "regularizers", "calls", "elementary", "formula",
    "loops", "products", "tiles", "kernels", "making", "machine_code", "linked_in", "pipeline", "batch",
    "driver", "team", "engine",
)  # fmt: skip


def origin_anew():
    origin._of_sources.cache_clear()
    return origin.origin.__wrapped__()


def shipped_anew():
    origin._of_sources.cache_clear()
    return origin.origin_of_shipped.__wrapped__()


BOTH = pytest.mark.parametrize("anew", [origin_anew, shipped_anew])


@pytest.fixture(autouse=True)
def nothing_remembered_of_other_sources():
    yield
    origin._of_sources.cache_clear()


def test_every_kernel_and_driver_is_named_for_it():
    expected, shipped = origin_anew(), shipped_anew()
    for kernel in (
        kernels.loss_kernel("squared_error", "float64"),
        kernels.order_kernel("float32"),
        kernels.driver_kernel("run_steps", "float64"),
    ):
        assert kernel.name.endswith(f"_{expected}")
        assert kernel.shipped_as.endswith(f"_{shipped}")


@BOTH
@pytest.mark.parametrize("module", MODULES)
def test_it_changes_with_the_source_of(anew, module, tmp_path, monkeypatch):
    (path,) = (path for path in sources() if path.stem == module)
    before = anew()
    edited = tmp_path / path.name
    edited.write_bytes(path.read_bytes() + b"#")
    monkeypatch.setattr(origin, "sources", lambda: [edited if one == path else one for one in sources()])
    assert anew() != before


def test_it_changes_with_the_compiler(monkeypatch):
    before = origin_anew()
    for changed in COMPILERS:
        with monkeypatch.context() as other:
            other.setattr(origin, "version", lambda name, of=changed: b"0.0" if name == of else version(name))
            assert origin_anew() != before
    assert origin_anew() == before


@pytest.mark.parametrize("package", COMPILERS)
def test_a_version_is_read_without_the_package(package):
    assert metadata.version(package).encode() in version(package)


def test_it_changes_with_the_settings_of_the_compiler(monkeypatch):
    before = origin_anew()
    monkeypatch.setenv("NUMBA_OPT", "1")
    assert origin_anew() != before


def test_it_is_the_same_wherever_code_is_kept(monkeypatch):
    before = origin_anew()
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/elsewhere")
    assert origin_anew() == before


def test_what_is_shipped_is_for_one_system_and_any_python_and_compiler(monkeypatch):
    before = shipped_anew()
    monkeypatch.setattr(sys, "version", "4.0")
    monkeypatch.setattr(origin, "version", lambda name: b"0.0")
    assert shipped_anew() == before
    monkeypatch.setattr(sys, "platform", "plan9")
    assert shipped_anew() != before


def test_it_changes_with_python(monkeypatch):
    before = origin_anew()
    monkeypatch.setattr(sys, "version", "4.0")
    assert origin_anew() != before


HASWELL = "fpu cx16 lahf_lm popcnt ssse3 sse4_1 sse4_2 avx avx2 bmi1 bmi2 f16c fma abm movbe xsave xsaveopt"
CASCADE_LAKE = f"{HASWELL} avx512f avx512bw avx512cd avx512dq avx512vl avx512_vnni"
IVY_BRIDGE = "fpu sse4_2 popcnt avx f16c"
# Registers of 64 bytes, but not the instructions for all that they may hold.
KNIGHTS_LANDING = f"{HASWELL} avx512f avx512cd avx512er avx512pf"
NO_SECOND_LEVEL = CASCADE_LAKE.replace(" bmi2", "")


@pytest.mark.parametrize(
    ("features", "level"),
    [
        (CASCADE_LAKE, "x86-64-v4"),
        (HASWELL, "x86-64-v3"),
        (KNIGHTS_LANDING, "x86-64-v3"),
        (IVY_BRIDGE, None),
        (NO_SECOND_LEVEL, None),
        ("", None),
    ],
)
def test_a_processor_reaches_the_highest_level_whose_features_it_has_all(features, level):
    assert processor.highest_level(frozenset(features.split())) == level


KNOWN, LEVEL = processor._name_and_features.__wrapped__, processor.level.__wrapped__


@pytest.fixture
def described_as(tmp_path, monkeypatch):
    """A call changes what the system says of its processor, and clears what was known of it."""
    monkeypatch.setattr(processor, "processor_settings", dict)

    def describe(machine, name, features):
        text = f"processor\t: 0\nmodel name\t: {name}\nflags\t\t: {features}\n\n"
        (tmp_path / "cpuinfo").write_text(text, encoding="utf-8")
        monkeypatch.setattr(processor, "_DESCRIPTION", str(tmp_path / "cpuinfo"))
        monkeypatch.setattr(processor, "_name_and_features", KNOWN)
        monkeypatch.setattr(processor, "level", LEVEL)
        monkeypatch.setattr("platform.machine", lambda: machine)

    return describe


@BOTH
def test_code_is_the_same_for_every_processor_of_a_level_and_no_other(anew, described_as):
    described_as("x86_64", "one", HASWELL)
    of_one = anew()
    described_as("x86_64", "another", f"{HASWELL} more")
    assert anew() == of_one
    described_as("x86_64", "one", CASCADE_LAKE)
    assert anew() != of_one
    described_as("AMD64", "one", CASCADE_LAKE)
    assert processor.level() == "x86-64-v4"


@BOTH
def test_code_for_a_processor_without_a_level_is_for_it_alone(anew, described_as):
    origins = set()
    for machine, name, features in [
        ("x86_64", "one", IVY_BRIDGE),
        ("x86_64", "another", IVY_BRIDGE),
        ("x86_64", "one", "fpu"),
        ("aarch64", "one", "asimd"),
        ("aarch64", "one", HASWELL),
    ]:
        described_as(machine, name, features)
        assert processor.level() is None
        origins.add(anew())
    assert len(origins) == 5


@pytest.mark.parametrize(
    ("settings", "level"),
    [
        ({"NUMBA_CPU_NAME": "x86-64-v3"}, "x86-64-v3"),
        ({"NUMBA_CPU_NAME": "generic"}, None),
        ({"NUMBA_CPU_FEATURES": ""}, None),
        ({"NUMBA_ENABLE_AVX": "0"}, None),
        ({"NUMBA_CPU_NAME": "x86-64-v3", "NUMBA_CPU_FEATURES": "+sse"}, None),
    ],
)
def test_numbas_settings_may_ask_for_another_processor(described_as, monkeypatch, settings, level):
    for name in ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "NUMBA_ENABLE_AVX"):
        monkeypatch.delenv(name, raising=False)
    described_as("x86_64", "one", CASCADE_LAKE)
    monkeypatch.setattr(processor, "processor_settings", processor_settings)
    assert processor.level() == "x86-64-v4"
    before = origin_anew(), shipped_anew()
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert processor.level() == level
    after = origin_anew(), shipped_anew()
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_numbas_file_of_settings_may_ask_for_another_processor(described_as, tmp_path, monkeypatch):
    described_as("x86_64", "one", CASCADE_LAKE)
    monkeypatch.setattr(processor, "processor_settings", processor_settings)
    monkeypatch.chdir(tmp_path)
    origins = {origin_anew()}
    for text in ("cpu_name: generic", "opt: 0"):
        (tmp_path / ".numba_config.yaml").write_text(text)
        assert processor.level() is None
        origins.add(origin_anew())
    assert len(origins) == 3


def test_a_level_that_the_processor_does_not_reach_is_an_error(monkeypatch):
    monkeypatch.setattr(processor, "level", lambda: "x86-64-v4")
    monkeypatch.setattr(processor, "_features_by_llvm", lambda: frozenset(HASWELL.split()))
    with pytest.raises(
        InputError, match=r"for x86-64-v4, .* lacks avx512bw, .*; set NUMBA_CPU_NAME=x86-64-v3"
    ):
        processor.check_level()
    monkeypatch.setattr(processor, "_features_by_llvm", lambda: frozenset(CASCADE_LAKE.split()))
    processor.check_level()


def test_a_processor_is_known_where_the_system_does_not_describe_it(monkeypatch):
    monkeypatch.setattr(processor, "_DESCRIPTION", "/no/such/file")
    name, features = KNOWN()
    assert name == llvm.get_host_cpu_name()
    # LLVM's names are not the system's; the level is found by either.
    assert processor.highest_level(features) == processor.highest_level(processor._name_and_features()[1])


@pytest.mark.skipif(
    processor.level() is None or bool(processor_settings()),
    reason="code is for this model of a processor, or for one that Numba's settings name",
)
def test_the_compiler_has_the_same_idea_of_its_registers():
    assert llvm.get_host_cpu_features().get("avx512vl", False) == processor.MANY_REGISTERS

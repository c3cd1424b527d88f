"""Machine code on disk is used only where all that it was made from is the same."""

from __future__ import annotations

import sys
from importlib import metadata

import llvmlite.binding as llvm
import pytest

from layerwise.engine.compiled import kernels, origin, processor
from layerwise.engine.compiled.origin import COMPILERS, sources, version

MODULES = (
    "activations", "losses", "optimizers", "randomness", "regularizers", "calls", "elementary", "formula",
    "loops", "products", "tiles", "kernels", "making", "machine_code", "linked_in", "pipeline", "batch",
    "driver", "team", "engine",
)  # fmt: skip


def origin_anew():
    return origin.origin.__wrapped__()


def test_every_kernel_and_driver_is_named_for_it():
    expected = origin_anew()
    for kernel in (
        kernels.loss_kernel("squared_error", "float64"),
        kernels.order_kernel("float32"),
        kernels.driver_kernel("run_steps", "float64"),
    ):
        assert kernel.name.endswith(f"_{expected}")


@pytest.mark.parametrize("module", MODULES)
def test_it_changes_with_the_source_of(module, tmp_path, monkeypatch):
    (path,) = (path for path in sources() if path.stem == module)
    before = origin_anew()
    edited = tmp_path / path.name
    edited.write_bytes(path.read_bytes() + b"#")
    monkeypatch.setattr(origin, "sources", lambda: [edited if one == path else one for one in sources()])
    assert origin_anew() != before


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


def test_it_changes_with_python(monkeypatch):
    before = origin_anew()
    monkeypatch.setattr(sys, "version", "4.0")
    assert origin_anew() != before


@pytest.mark.parametrize(
    "changed", [lambda text: text.replace(" avx2", ""), lambda text: text.replace(": ", ": other ", 6)]
)
def test_it_changes_with_the_processor(changed, tmp_path, monkeypatch):
    try:
        with open(processor._DESCRIPTION, encoding="utf-8") as file:
            described = file.read()
    except OSError:
        pytest.skip("this system does not describe its processor in a file")
    other = changed(described)
    if other == described:
        pytest.skip("this processor has nothing to take away")
    before = origin_anew()
    elsewhere = tmp_path / "cpuinfo"
    elsewhere.write_text(other, encoding="utf-8")
    monkeypatch.setattr(processor, "_DESCRIPTION", str(elsewhere))
    monkeypatch.setattr(processor, "_name_and_features", processor._name_and_features.__wrapped__)
    assert origin_anew() != before


def test_a_processor_is_known_where_the_system_does_not_describe_it(monkeypatch):
    monkeypatch.setattr(processor, "_DESCRIPTION", "/no/such/file")
    monkeypatch.setattr(processor, "_name_and_features", processor._name_and_features.__wrapped__)
    assert llvm.get_host_cpu_name() in processor.processor()


def test_the_compiler_has_the_same_idea_of_its_registers():
    assert llvm.get_host_cpu_features().get("avx512f", False) == processor.MANY_REGISTERS

"""Object code brought into memory by ourselves does what it does when the compiler's own loader brings it."""

from __future__ import annotations

import ctypes
import math

import llvmlite.binding as llvm
import numpy as np
import pytest
from numba import carray

from layerwise.engine.compiled import loading, making
from layerwise.engine.compiled.kernel import Arguments
from layerwise.engine.compiled.linking import Unfamiliar, link
from layerwise.engine.compiled.loading import load

ROWS = tuple(math.sqrt(number) for number in range(50))


def from_a_table(x):
    return ROWS[int(x) % len(ROWS)] + 0.1


def by_the_library(x):
    return math.erf(x) + math.pow(abs(x), 0.3)


def cleared(out, size):
    out = carray(out, (size,))
    for i in range(size):
        out[i] = 0.0


VALUE = Arguments("x", returns=True)
LOADERS = [load, loading._load_by_llvm]


def made(function, kind):
    name = f"{function.__name__}_of_this_test"
    return making.make_bound(function, {}, "float64", kind, name).content, name


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("function", [from_a_table, by_the_library])
def test_a_function_gives_what_python_gives(loader, function):
    address = loader(*made(function, VALUE))
    called = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(address)
    for x in (0.0, 0.3, 1.7, 49.0, 63.2):
        assert called(x) == pytest.approx(function(x), rel=1e-15)


@pytest.mark.parametrize("loader", LOADERS)
def test_a_function_of_the_c_library_is_called(loader):
    content, name = made(cleared, Arguments("dn"))
    assert b"memset" in content
    numbers = np.arange(5000.0)
    ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(loader(content, name))(numbers.ctypes.data, 4999)
    assert not numbers[:-1].any()
    assert numbers[-1] == 4999


def emitted(assembly, triple=None):
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    target = llvm.Target.from_triple(triple or llvm.get_process_triple())
    machine = target.create_target_machine(reloc="pic", codemodel="small")
    return machine.emit_object(llvm.parse_assembly(assembly))


NOTHING = "define void @nothing() { ret void }"
COUNTER = """
@counter = internal global i32 7
define i32 @count() {
  %before = load i32, i32* @counter
  %after = add i32 %before, 1
  store i32 %after, i32* @counter
  ret i32 %after
}
"""
STRANGER = "declare void @nobody_has_this()\ndefine void @calls() { call void @nobody_has_this()\nret void }"


@pytest.mark.parametrize(
    ("content", "entry"),
    [
        (lambda: b"", "nothing"),
        (lambda: emitted(NOTHING, "aarch64-unknown-linux-gnu"), "nothing"),
        (lambda: emitted(NOTHING, "x86_64-apple-darwin"), "nothing"),
        (lambda: emitted(NOTHING), "something"),
        (lambda: emitted(COUNTER), "count"),
        (lambda: emitted(STRANGER), "calls"),
    ],
)
def test_what_is_unfamiliar_is_refused(content, entry):
    with pytest.raises(Unfamiliar):
        link(content(), entry)


def test_what_is_unfamiliar_is_left_to_the_compilers_loader():
    count = ctypes.CFUNCTYPE(ctypes.c_int32)(load(emitted(COUNTER), "count"))
    assert [count(), count()] == [8, 9]

"""Object code brought into memory, to be called by address: the loader without the compiler."""

from __future__ import annotations

import functools
from typing import Any

from layerwise.engine.compiled.processor import check_level


@functools.cache
def _target() -> Any:
    import llvmlite.binding as llvm

    check_level()
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_triple(llvm.get_process_triple())


# Machine code lies in memory as long as the engine that brought it there.
_engines: list[Any] = []


def load(code: bytes, entry: str) -> int:
    """The address of `entry`, the one function that others may call in this object code.

    Raises InputError where the code is for another processor.
    """
    import llvmlite.binding as llvm

    machine = _target().create_target_machine()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _engines.append(engine)
    return engine.get_function_address(entry)

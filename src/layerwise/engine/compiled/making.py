"""Kernels are made: the names in a loop are bound to formulas, tiles and precision, and it is compiled."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

from layerwise.engine.compiled import dropping, loops, products
from layerwise.engine.compiled.elementary import elementary_functions
from layerwise.engine.compiled.formula import compile_formula
from layerwise.engine.compiled.kernel import Arguments, ObjectCode
from layerwise.engine.compiled.lane_tiles import lane_tiles_of
from layerwise.engine.compiled.machine_code import compile_kernel
from layerwise.engine.compiled.naming import only_for_compiled_code
from layerwise.engine.compiled.tiles import PANEL_ROWS, STRIP_ROWS, tiles_of
from layerwise.formulas.regularizers import inverted_dropout

# The loops that others bring along, each after those it brings along itself.
PARTS = (
    loops.in_one_row,
    dropping.marked,
    dropping.stays_in,
    products.columns_of_tile,
    products.panel_of_rows,
    products.add_few,
    products.pack_columns,
    products.pack_rows,
    products.add_rows,
    products.side_by_side,
)
# The formulas that are not compiled for the numbers' own type.
_OTHER_TYPES = {
    "numbered": "uint32",
    "first_kept": "uint32",
    "second_kept": "uint32",
    "moved_on": "uint32",
    "partner": None,
    "subkey": None,
    "constants_at": None,
    "scale_of": "float64",
}


def make(
    loop: str, real: str, kind: Arguments, formulas: tuple[tuple[str, Any], ...], name: str
) -> ObjectCode:
    """The code of a loop, "module.function" of this package, in which the names of `formulas` are bound."""
    module, function = loop.split(".")
    found = getattr(importlib.import_module(f"layerwise.engine.compiled.{module}"), function)
    functions = elementary_functions(real)
    scope: dict[str, Any] = {
        "exp": functions.exp,
        "log": functions.log,
        **_shared_parts(real),
        **lane_tiles_of(real),
    }
    for bound, value in formulas:
        if isinstance(value, FunctionType):
            value = compile_formula(value, _OTHER_TYPES.get(bound, real))
        scope[bound] = value
    return make_bound(found, scope, real, kind, name)


def make_bound(loop: Callable, scope: dict[str, Any], real: str, kind: Arguments, name: str) -> ObjectCode:
    """The code of a loop in which the names of `scope` are bound."""
    names = {**loop.__globals__, "real": np.dtype(real).type, **scope}
    bound = FunctionType(loop.__code__, names, name)
    bound.__qualname__, bound.__module__ = name, loop.__module__
    return compile_kernel(bound, name, real, kind)


def _part_of(loop: Callable, **bound: Any) -> Any:
    """A loop compiled into what calls it, with what is bound to its names."""
    function = FunctionType(loop.__code__, {**loop.__globals__, **bound}, loop.__name__)
    return only_for_compiled_code(function, error_model="numpy", fastmath={"contract"}, forceinline=True)


@functools.cache
def _shared_parts(real: str) -> dict[str, Any]:
    """The tiles, and the loops that others share, by the names that loops call them by."""
    bound: dict[str, Any] = {**tiles_of(real)._asdict(), "PANEL_ROWS": PANEL_ROWS, "STRIP_ROWS": STRIP_ROWS}
    bound["WIDE_COLUMNS"] = bound.pop("wide_columns")
    integer = np.dtype(f"int{8 * np.dtype(real).itemsize}").type
    bound |= {"real": np.dtype(real).type, "integer": integer, "DROPPED_BITS": int(np.iinfo(integer).min)}
    bound["inverted_dropout"] = compile_formula(inverted_dropout, real)
    for loop in PARTS:
        bound[loop.__name__] = _part_of(loop, **bound)
    return bound

"""From a formula to a compiled scalar function of one precision.

Numba takes a literal 0.5 or 2 as double precision, and everything it touches with it: half the speed, and
other digits than the NumPy reference, where a literal takes the array's precision. So a formula's literals
and constants are given the wanted type before it is compiled. Nothing else of the formula changes.
"""

from __future__ import annotations

import ast
import functools
import inspect
import math
import textwrap
from collections.abc import Callable
from types import FunctionType

import numpy as np

from layerwise.engine.compiled.elementary import (
    OPERATORS_IN_32_BITS,
    Elementary,
    choose,
    elementary_functions,
)
from layerwise.engine.compiled.naming import only_for_compiled_code
from layerwise.formulas.activations import erf, softplus
from layerwise.formulas.randomness import hashed

# A product and a sum may be one fused instruction; a division by what does not change in a loop may be a
# product with its reciprocal. Both move a result by its last bit at most.
_FREEDOMS = {"contract", "arcp"}

# What a formula calls on arrays, and what does the same for scalars in compiled code.
_SCALAR_FORMS: dict[Callable, Callable] = {np.where: choose, erf: math.erf}
# Functions of NumPy's that have a form of ours for one precision.
_OURS = {name: f"_{name}" for name in Elementary._fields}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class _OnePrecision(ast.NodeTransformer):
    """Wrap every number, written out or by the name of a module constant, in `_real(...)`; call our own
    exp, tanh, ... in place of NumPy's."""

    def __init__(self, names: dict) -> None:
        self.names = names

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if not _is_number(node.value):
            return node
        return ast.copy_location(ast.Call(ast.Name("_real", ast.Load()), [node], []), node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        value = self.names.get(node.id)
        if isinstance(node.ctx, ast.Load) and _is_number(value):
            return ast.copy_location(ast.Call(ast.Name("_real", ast.Load()), [ast.Constant(value)], []), node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id == "np":
            ours = {"where": "_where", **_OURS}.get(node.attr)
            if ours:
                return ast.copy_location(ast.Name(ours, ast.Load()), node)
        return node


class _In32Bits(_OnePrecision):
    """Wrap every number as well, and do the arithmetic on integers in 32 bits."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        name = f"_{type(node.op).__name__}"
        return ast.copy_location(ast.Call(ast.Name(name, ast.Load()), [node.left, node.right], []), node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        left, right = (
            ast.Call(ast.Name("_real", ast.Load()), [side], []) for side in (node.left, node.comparators[0])
        )
        return ast.copy_location(ast.Compare(left, node.ops, [right]), node)


@functools.cache
def compile_formula(formula: Callable, real: str | None) -> Callable:
    """The formula for scalars of type `real` ("float32", "float64"); None leaves literals as they are.

    "uint32" is for a formula on integers that is the same when all of it is worked out modulo 2^32.
    Formulas that it calls are compiled with it. It is compiled when compiled code first calls it, and nothing
    else can call it.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(formula)))
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    names = inspect.unwrap(formula).__globals__
    parameters = {argument.arg for argument in function.args.args}
    constants = {name: value for name, value in names.items() if name not in parameters}
    if real is not None:
        rewrite = _In32Bits if real == "uint32" else _OnePrecision
        tree = ast.fix_missing_locations(rewrite(constants).visit(tree))
    scope: dict = {"np": np, "_where": choose, "_real": np.dtype(real).type if real else None}
    if real == "uint32":
        scope |= {f"_{kind.__name__}": operation for kind, operation in OPERATORS_IN_32_BITS.items()}
    elif real is not None:
        functions = elementary_functions(real)._asdict()
        scope |= {_OURS[name]: function for name, function in functions.items()}
    for name in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - parameters:
        value = names.get(name)
        if callable(value) and value in _SCALAR_FORMS:
            scope[name] = _SCALAR_FORMS[value]
        elif value is softplus and real is not None:
            scope[name] = elementary_functions(real).softplus
        elif isinstance(value, FunctionType):
            # A hash is the same modulo 2^32, and twice as many fit into a register.
            scope[name] = compile_formula(value, "uint32" if value is hashed else real)
        elif _is_number(value):
            scope[name] = value
    exec(compile(tree, inspect.getsourcefile(formula) or "<formula>", "exec"), scope)
    return only_for_compiled_code(
        scope[formula.__name__], fastmath=_FREEDOMS, error_model="numpy", forceinline=True
    )

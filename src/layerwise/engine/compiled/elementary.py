"""exp, expm1, log, log1p, tanh, sign, maximum and minimum for compiled loops, in single and double precision.

The mathematical library's own are calls, one number at a time. These are straight lines of arithmetic
without a branch or a call, so that the compiler works on a whole SIMD register at once: about ten times as
many numbers a second. Their error is held to 2 units in the last place by the tests, that of softplus to 3.

Method: Cody & Waite 1980 (reduction to |r| <= ln 2 / 2, a polynomial there, scaling by a power of two put
together from its bits). The polynomials are Taylor's, cut where their next term is below half a unit in the
last place.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cache
from math import factorial
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types

from layerwise.engine.compiled.calls import intrinsic
from layerwise.engine.compiled.naming import only_for_compiled_code

_LN_2 = 0.6931471805599453


class _Precision(NamedTuple):
    """What one floating-point format needs: its integers, its bits, and where polynomials may end."""

    integer: Any
    mantissa_bits: int
    bias: int
    round_by: float  # x + round_by - round_by rounds to an integer
    ln2_high: float
    ln2_low: float
    lowest: float  # exp is 0 there, to rounding
    greatest: float  # exp is infinite above
    highest: float  # exp is infinite there
    exp_tail: tuple[float, ...]  # (exp(r) - 1 - r) / r^2
    log_terms: int
    tanh_is_one: float  # tanh is -1 there, to rounding
    softplus_tail: tuple[float, ...]  # log(1 + t) / t, of t - 1/2; none where it is the general way


# Of least greatest error, by Remez' exchange, in single precision; Taylor's in double.
_PRECISIONS = {
    "float32": _Precision(
        np.int32, 23, 127, 12582912.0, 0.693359375, -2.12194440e-4, -104.0, 88.72284, 89.0,
        (1.381461331598535e-3, 8.368709825244219e-3, 4.1668387360007025e-2, 1.6666520689822256e-1,
         4.9999993451715763e-1),
        5, -10.0,
        (-3.2440251670777798e-3, 5.253348965197802e-3, -6.749911233782768e-3, 1.1576151475310326e-2,
         -2.0570294931530952e-2, 3.663547337055206e-2, -6.768769770860672e-2, 1.3260900974273682e-1,
         -2.8852710127830505e-1, 8.109301924705505e-1),
    ),
    "float64": _Precision(
        np.int64, 52, 1023, 6755399441055744.0, 6.93145751953125e-1, 1.42860682030941723212e-6,
        -745.2, 709.782712893384, 710.0, tuple(1 / factorial(k) for k in range(13, 1, -1)), 10, -20.0,
        (),
    ),
}  # fmt: skip


class Elementary(NamedTuple):
    """The functions of one precision, of one number or two."""

    exp: Callable
    expm1: Callable
    log: Callable
    log1p: Callable
    tanh: Callable
    sign: Callable
    softplus: Callable
    maximum: Callable
    minimum: Callable


def _polynomial(coefficients: tuple[float, ...], x: str) -> str:
    """Horner's rule for a polynomial in the variable x, highest power first, as an expression."""
    expression = f"real({coefficients[0]!r})"
    for coefficient in coefficients[1:]:
        expression = f"({expression}) * {x} + real({coefficient!r})"
    return f"({expression})"


_EXP = """
def exp(x):
    # What is not a number stays so: every comparison with it is false.
    inside = choose(x < LOWEST, LOWEST, x)
    inside = choose(inside > HIGHEST, HIGHEST, inside)
    shifted = inside * real(1 / LN_2) + ROUND_BY
    n = shifted - ROUND_BY
    r = (inside - n * LN_2_HIGH) - n * LN_2_LOW
    value = real(1) + (r + r * r * EXP_TAIL)
    # Two factors: their product reaches the smallest denormals, and beyond the greatest number.
    whole = integer(real(shifted).view(integer) - ROUND_BITS)
    half = integer(whole >> integer(1))
    one = integer(integer(half + integer(BIAS)) << integer(BITS)).view(real)
    other = integer(integer(integer(whole - half) + integer(BIAS)) << integer(BITS)).view(real)
    return value * one * other
"""

# 2^n (1 + tail) - 1, with half of 2^n, which is finite for the greatest n too.
_EXPM1 = """
def expm1(x):
    inside = min(max(x, real(-60)), GREATEST)
    n = (inside * real(1 / LN_2) + ROUND_BY) - ROUND_BY
    r = (inside - n * LN_2_HIGH) - n * LN_2_LOW
    tail = r + r * r * EXP_TAIL
    half = integer((integer(n) + integer(BIAS - 1)) << integer(BITS)).view(real)
    value = real(2) * (half * tail + (half - real(0.5)))
    value = choose(x > GREATEST, INFINITY, value)
    return choose(x == x, value, x)
"""

# log of a normal x: log(1 + f) = 2 atanh(s) = f - s (f - 2 z tail), f itself exact.
_LOG_OF = """
    pattern = real({x}).view(integer)
    exponent = integer((pattern >> integer(BITS)) - integer(BIAS))
    mantissa = integer((pattern & integer((1 << BITS) - 1)) | integer(BIAS << BITS)).view(real)
    large = mantissa > real(2**0.5)
    mantissa = choose(large, mantissa * real(0.5), mantissa)
    n = choose(large, real(exponent) + real(1), real(exponent))
    f = mantissa - real(1)
    s = f / (real(2) + f)
    z = s * s
    value = n * LN_2_HIGH + (f - (s * (f - real(2) * z * LOG_TAIL) - n * LN_2_LOW))
"""

_LOG = (
    """
def log(x):
    tiny = x < TINIEST
    grown = choose(tiny, x * real(2.0**60), x)
"""
    + _LOG_OF.format(x="grown")
    + """
    value = choose(tiny, value - real(60 * LN_2), value)
    value = choose(x == 0, -INFINITY, value)
    value = choose(x == INFINITY, INFINITY, value)
    return choose(x >= 0, value, NAN)
"""
)

# log(1 + x) = log(u) + (x - (u - 1)) / u with u = 1 + x as it was rounded.
_LOG1P = (
    """
def log1p(x):
    u = real(1) + x
    lost = x - (u - real(1))
"""
    + _LOG_OF.format(x="u")
    + """
    value = value + lost / u
    value = choose(x == real(-1), -INFINITY, value)
    value = choose(x == INFINITY, INFINITY, value)
    value = choose(u == real(1), x, value)
    return choose(x >= real(-1), value, NAN)
"""
)

# With e = (exp(-2 |x|) - 1) / 2 the size is -e / (1 + e). Of |x|, for a power below 1 makes the polynomial's
# error smaller, and one above makes it larger. Both halves of the quotient are rounded once.
_TANH = """
def tanh(x):
    inside = choose(-abs(x) < TANH_IS_ONE, TANH_IS_ONE, -abs(x))
    # n comes with the bias of an exponent.
    shifted = inside * real(2 / LN_2) + BIASED_ROUND_BY
    n = shifted - BIASED_ROUND_BY
    REDUCED
    power = integer(real(shifted).view(integer) << integer(BITS)).view(real)
    q = h + (h * h * EXPM1_TAIL + lost)
    e = power * q + (power * real(0.5) - real(0.5))
    quotient = e / (power * q + (power * real(0.5) + real(0.5)))
    size = integer(real(quotient).view(integer) & ~SIGN)
    return integer(size | integer(real(x).view(integer) & SIGN)).view(real)
"""

# What is left of x, and what its rounding lost, which counts in double precision alone.
_REDUCED_SINGLE = "h, lost = inside - n * real(LN_2 / 2), real(-0.0)"
_REDUCED = """high, low = inside - n * real(LN_2_HIGH / 2), n * real(LN_2_LOW / 2)
    h = high - low
    lost = (high - h) - low"""

# max(x, 0) + log(1 + t) with t = exp(-|x|).
_SOFTPLUS = """
def softplus(x):
    return choose(x > 0, x, real(0)) + log1p(exp(-abs(x)))
"""

# In single precision log(1 + t) = t times a polynomial in t - 1/2: no division.
_SOFTPLUS_SINGLE = """
def softplus(x):
    t = exp(-abs(x))
    s = t - real(0.5)
    return choose(x > 0, x, real(0)) + t * SOFTPLUS_TAIL
"""


@intrinsic
def choose(typingctx, condition, yes, no):
    """yes if condition else no, both worked out first: a branch would keep a loop from SIMD registers."""
    result = typingctx.unify_types(yes, no)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        condition_, yes_, no_ = (
            context.cast(builder, value, given, wanted)
            for value, given, wanted in zip(
                arguments, signature.args, (types.boolean, result, result), strict=True
            )
        )
        return builder.select(condition_, yes_, no_)

    return result(condition, yes, no), codegen


def _in_32_bits(operation: str) -> Callable:
    """One of LLVM's operations on integers, in 32 bits: its operands are cut to that, whatever they have."""

    @intrinsic
    def operate(typingctx, a, b):
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            taken = [
                context.cast(builder, value, kind, types.uint32)
                for value, kind in zip(arguments, signature.args, strict=True)
            ]
            return getattr(builder, operation)(*taken)

        return types.uint32(a, b), codegen

    return operate


# What Python's operators on integers are in 32 bits. Numba works them out in 64, which a SIMD register
# holds half as many of, and for which most processors have no multiplication.
OPERATORS_IN_32_BITS = {
    ast.Add: _in_32_bits("add"),
    ast.Mult: _in_32_bits("mul"),
    ast.BitXor: _in_32_bits("xor"),
    ast.BitAnd: _in_32_bits("and_"),
    ast.RShift: _in_32_bits("lshr"),
}


def _of_two(routine: str) -> Callable:
    """A call of one of LLVM's own functions of two numbers."""

    @intrinsic
    def chosen(typingctx, a, b):
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            taken = [
                context.cast(builder, value, a_type, a)
                for value, a_type in zip(arguments, signature.args, strict=True)
            ]
            kind = taken[0].type
            declared = builder.module.declare_intrinsic(routine, [kind], ir.FunctionType(kind, [kind, kind]))
            return builder.call(declared, taken)

        return a(a, b), codegen

    return chosen


# One instruction or two, without a branch; NaN if either is.
maximum, minimum = _of_two("llvm.maximum"), _of_two("llvm.minimum")

_SIGN = """
def sign(x):
    size = choose(x > 0, real(1), x)
    return choose(x < 0, real(-1), size)
"""


@cache
def elementary_functions(precision: str) -> Elementary:
    """The functions of "float32" or "float64"."""
    p = _PRECISIONS[precision]
    real = np.dtype(precision).type
    scope: dict[str, Any] = {
        "choose": choose,
        "real": real,
        "integer": p.integer,
        "BITS": p.mantissa_bits,
        "BIAS": p.bias,
        "LN_2": _LN_2,
        "ROUND_BY": real(p.round_by),
        "LN_2_HIGH": real(p.ln2_high),
        "LN_2_LOW": real(p.ln2_low),
        "LOWEST": real(p.lowest),
        "GREATEST": real(p.greatest),
        "HIGHEST": real(p.highest),
        "ROUND_BITS": real(p.round_by).view(p.integer),
        "BIASED_ROUND_BY": real(p.round_by + p.bias),
        "SIGN": real(-0.0).view(p.integer),
        "TANH_IS_ONE": real(p.tanh_is_one),
        "TINIEST": real(np.finfo(precision).tiny),
        "INFINITY": real(np.inf),
        "NAN": real(np.nan),
    }
    powers = range(len(p.exp_tail), 0, -1)
    coefficients = {
        "EXP_TAIL": (p.exp_tail, "r"),
        # (atanh(s) / s - 1) / s^2
        "LOG_TAIL": (tuple(1 / (2 * k + 3) for k in range(p.log_terms - 1, -1, -1)), "z"),
        # (exp(2 h) - 1 - 2 h) / (2 h^2)
        "EXPM1_TAIL": (tuple(c * 2.0**power for c, power in zip(p.exp_tail, powers, strict=True)), "h"),
        "SOFTPLUS_TAIL": (p.softplus_tail, "s"),
    }
    polynomials = {key: _polynomial(*given) for key, given in coefficients.items() if given[0]}
    single = precision == "float32"
    softplus = _SOFTPLUS_SINGLE if single else _SOFTPLUS
    tanh = _TANH.replace("REDUCED", _REDUCED_SINGLE if single else _REDUCED)
    made = Elementary._fields[:7]
    for name, source in zip(made, (_EXP, _EXPM1, _LOG, _LOG1P, tanh, _SIGN, softplus), strict=True):
        for key, polynomial in polynomials.items():
            source = source.replace(key, polynomial)
        exec(source, scope)
        # A product and a sum may become one fused instruction; nothing else moves.
        scope[name] = only_for_compiled_code(
            scope[name], fastmath={"contract"}, error_model="numpy", forceinline=True
        )
    ours = {name: scope[name] for name in made}
    return Elementary(**ours, maximum=maximum, minimum=minimum)

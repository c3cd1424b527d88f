"""A formula compiled is the same formula: same values, same precision, no step through double precision."""

from __future__ import annotations

import importlib.util
import math

import numba
import numpy as np
import pytest

from layerwise.engine.compiled import kernels
from layerwise.engine.compiled.formula import compile_formula
from layerwise.engine.compiled.layout import LOSS_ROWS
from layerwise.formulas import regularizers
from layerwise.formulas.activations import ACTIVATIONS, softmax, softmax_backward
from layerwise.formulas.losses import LOSSES, softmax_cross_entropy, softmax_cross_entropy_derivative
from layerwise.formulas.optimizers import OPTIMIZERS, clip_scale
from layerwise.formulas.randomness import first_is_kept, second_is_kept, subkey

MOST = np.finfo(np.float32).max
EXTREMES = np.array(
    [
        *(0.0, -0.0, 1e-45, -1e-40, 1e-30, 0.5, -0.5, 1, -1, 5, 17, -17, 88, -88, 104, -104),
        *(1e4, -1e4, 1e18, -1e18, MOST, -MOST, np.inf, -np.inf, np.nan),
    ],
    dtype=np.float32,
)
RANDOM = np.random.default_rng(0).normal(size=60).astype(np.float32)
VALUES = np.concatenate([EXTREMES, RANDOM, 10 * RANDOM])


def pairs():
    """Two columns in which every extreme meets several others."""
    first = np.concatenate([np.repeat(EXTREMES, 5), VALUES])
    return first, np.concatenate([np.tile(EXTREMES, 5), VALUES[::-1]])


def elementwise_formulas():
    """name -> (formula, arguments): every formula that the engine compiles for single numbers."""
    z, y = pairs()
    share = (np.abs(RANDOM) / 5)[np.arange(len(z)) % len(RANDOM)]
    cases = {}
    for activation in ACTIVATIONS.values():
        if activation.elementwise:
            with np.errstate(all="ignore"):
                a = activation.function(VALUES)
            cases[activation.name] = activation.function, (VALUES,)
            cases[f"{activation.name} derivative"] = activation.derivative, (VALUES, a)
    for loss in LOSSES.values():
        if loss.elementwise:
            delta = (np.full_like(z, 1.5),) if loss.settings else ()
            # Where exp(z) and z y overflow, inf - inf or not is a matter of where it is rounded.
            one, other = z, y
            if loss.name == "poisson":
                one, other = np.clip(z, -1e30, 1e30), np.minimum(np.abs(np.nan_to_num(y)), 1e3)
            cases[loss.name] = loss.function, (one, other, *delta)
            cases[f"{loss.name} derivative"] = loss.derivative, (one, other, *delta)
    for name in ("l2_penalty", "l2_gradient", "l1_penalty", "l1_gradient"):
        cases[name] = getattr(regularizers, name), (z, share)
    cases["decay"] = regularizers.decay, (z, share, share[::-1])
    cases["inverted_dropout"] = regularizers.inverted_dropout, (z, y > 0, share + np.float32(0.1))
    cases["max_norm_scale"] = regularizers.max_norm_scale, (np.abs(z), share + np.float32(0.1))
    cases["clip_scale"] = clip_scale, (np.abs(z), share + np.float32(0.1))
    for optimizer in OPTIMIZERS.values():
        slots = tuple(np.abs(np.roll(z, shift)) for shift in range(len(optimizer.slots)))
        settings = (0.9, 0.999, 1e-8)[: len(optimizer.settings)]
        constants = tuple(np.full_like(z, value) for value in optimizer.constants(3, *settings))
        cases[f"{optimizer.name} rule"] = optimizer.rule, (z, *slots, y, share, *constants)
    return cases


CASES = elementwise_formulas()


def called_from_python(formula, real):
    """(what Python can call, the compiled formula, which only compiled code can)."""
    compiled = compile_formula(formula, real)

    @numba.njit
    def call(*numbers):
        return compiled(*numbers)

    return call, compiled


def one_by_one(function, arguments):
    return [function(*numbers) for numbers in zip(*arguments, strict=True)]


@pytest.mark.parametrize("name", CASES)
def test_single_precision_goes_in_and_comes_out(name):
    """The type of the compiled function's result is float32: no literal has promoted it on the way, and the
    values are the reference's to a few units in the last place, with its infinities and NaNs."""
    function, arguments = CASES[name]
    call, compiled = called_from_python(function, "float32")
    found = one_by_one(call, arguments)
    returned = compiled.nopython_signatures[0].return_type
    results = returned.types if isinstance(returned, numba.types.BaseTuple) else (returned,)
    assert all(result == numba.float32 for result in results)
    with np.errstate(all="ignore"):
        expected = function(*arguments)
    if not isinstance(expected, tuple):
        found, expected = [(value,) for value in found], (expected,)
    # A moving average s + beta (g - s) takes its last digits from a difference, which is 1000 times as large.
    rtol = 2e-4 if name.endswith("rule") else 2e-6
    for values, reference in zip(zip(*found, strict=True), expected, strict=True):
        assert reference.dtype == np.float32
        np.testing.assert_allclose(np.array(values, dtype=np.float32), reference, rtol=rtol, atol=5e-7)


@pytest.mark.parametrize("name", ["gelu derivative", "silu", "binary_cross_entropy", "adam rule"])
def test_double_precision_keeps_its_digits(name):
    function, arguments = CASES[name]
    arguments = [argument.astype(np.float64) for argument in arguments]
    found = np.array(one_by_one(called_from_python(function, "float64")[0], arguments))
    with np.errstate(all="ignore"):
        expected = np.stack(np.atleast_2d(function(*arguments)), axis=-1)
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-13, atol=1e-15)


def test_the_compiled_hash_is_the_references_bit_for_bit():
    compiled_subkey, _ = called_from_python(subkey, None)
    halves = [(called_from_python(one, "uint32")[0], one) for one in (first_is_kept, second_is_kept)]
    for key in (0, 1, 2**31, 2**32 - 1, 123456789):
        for index in (0, 1, 63, 2**31, 2**40):
            assert compiled_subkey(key, index) == subkey(key, index)
            for highest in (0, 2**14, 2**15 - 1, 2**16 - 1):
                for compiled, formula in halves:
                    assert compiled(subkey(key, index), highest) == formula(subkey(key, index), highest)


@pytest.mark.parametrize("real", ["float32", "float64"])
def test_the_softmax_loops_are_the_softmax_formulas(real):
    random = np.random.default_rng(0)
    Z = (random.normal(size=(7, 5)) * [[1], [1], [10], [100], [1e4], [1e30], [0]]).astype(real)
    bias, D = random.normal(size=5).astype(real), random.normal(size=(7, 5)).astype(real)
    Y = random.dirichlet(np.ones(5), size=7).astype(real)
    rounding = 20 * float(np.finfo(real).eps)
    tolerance = {"rtol": rounding, "atol": rounding}
    forward, backward = kernels.activation_kernels("softmax", real)
    units, examples = 5, 7
    given, A = np.ascontiguousarray(Z.T), np.empty((units, examples), real)
    called(forward, given, A, bias, examples, units, examples)
    np.testing.assert_allclose(A, softmax((Z + bias).T), **tolerance)
    dZ = np.ascontiguousarray(D.T)
    called(backward, dZ, given, A, examples, units, examples)
    np.testing.assert_allclose(dZ, softmax_backward(D.T, A), **tolerance)
    weights = random.random(7).astype(real)
    dZ, settings = np.empty_like(A), np.zeros(1, real)
    total = float(weights.sum())
    loss = kernels.loss_kernel("softmax_cross_entropy", real)
    S, targets = np.ascontiguousarray(Z.T), np.ascontiguousarray(Y.T)
    losses = np.empty((LOSS_ROWS, examples), real)
    called(loss, S, targets, weights, dZ, losses, examples, units, examples, examples, total, settings)
    np.testing.assert_allclose(losses[0], weights * softmax_cross_entropy(Z.T, Y.T), **tolerance)
    expected = softmax_cross_entropy_derivative(Z.T, Y.T) * weights / total
    np.testing.assert_allclose(dZ, expected, **tolerance)


def called(kernel, *arguments):
    """Call a kernel as a driver does: pointers for arrays."""
    return kernel.entry(
        *(argument.ctypes.data if isinstance(argument, np.ndarray) else argument for argument in arguments)
    )


FIRST = """
import numpy as np

STEEPNESS = 3.0
TERMS = 2


def inner(z):
    return STEEPNESS * z


def outer(z):
    'A docstring with 0.5 in it.'
    return np.where(z > 0, inner(z) * TERMS + 0.25, -z)
"""


def module_from(folder, name, source):
    path = folder / f"{name}.py"
    path.write_text(source)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_constants_and_inner_formulas_take_the_precision_too(tmp_path):
    formulas = module_from(tmp_path, "formulas_of_this_test", FIRST)
    call, compiled = called_from_python(formulas.outer, "float32")
    assert call(np.float32(2)) == formulas.outer(2.0) == 12.25
    assert call(np.float32(-2)) == 2
    assert compiled.nopython_signatures[0].return_type == numba.float32
    call, as_written = called_from_python(formulas.inner, None)
    assert call(np.float32(2)) == 6
    assert as_written.nopython_signatures[0].return_type == numba.float64


def test_a_formula_that_calls_erf_is_the_standard_normal_distribution():
    """An oracle outside NumPy: the math module."""
    gelu, _ = called_from_python(ACTIVATIONS["gelu"].function, "float64")
    for z in np.linspace(-6, 6, 49):
        assert gelu(z) == pytest.approx(z * (1 + math.erf(z / math.sqrt(2))) / 2, rel=1e-12, abs=1e-15)

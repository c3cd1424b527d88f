"""`check_gradients`: from a cost, a gradient and parameters to a verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any

import numpy as np

from layerwise.checking.causes import backward_groups, find_causes
from layerwise.checking.complex_step import ComplexStep
from layerwise.checking.corners import without_conventions
from layerwise.checking.elsewhere import decides, is_unusual, is_vague, told, unseen, usual_place
from layerwise.checking.evidence import Arrays, ParameterEvidence, Probes
from layerwise.checking.functions import CostFunction, gradient_function
from layerwise.checking.given import read_gradient, read_theta
from layerwise.checking.measuring import Corner, Measuring
from layerwise.checking.result import GradientCheck
from layerwise.checking.searching import LargeParameter, examine, sampled
from layerwise.checking.verdict import Measured, verdict_of
from layerwise.errors import InputError

TOLERANCE = 1e-7
# Up to so many entries in all, every one is measured; beyond, random directions come first.
EXHAUSTIVE = 4_000
# In a larger network, every entry of parameters no larger than this.
SMALL = 16
# Costs in float64 are smoother than this.
COARSE_COST = 2.0**-32
# So often more is a gradient function asked the same: masks of a few units repeat by chance.
ASKED_AGAIN = 3
ROUNDING_OF_A = 32 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Request:
    """One check to do: the cost, the gradient of each parameter as given, and `ask`, the gradient as a
    function where there is one; see `layerwise.check_gradients` for the rest."""

    cost: CostFunction
    gradient: dict[str, np.ndarray]
    ask: Callable[[Arrays], dict[str, np.ndarray]] | None
    tolerance: float
    step: float | None
    constants: Mapping[str, float]
    exhaustive: bool | None
    seed: int
    notes: list[str]
    # Whether `ask` gives one answer to one question.
    is_steady: bool = True


@dataclass
class Findings:
    """What was measured of each parameter so far."""

    parameters: dict[str, Measured] = field(default_factory=dict)
    corners: list[Corner] = field(default_factory=list)


def functions_request(
    cost: Callable[[Any], Any],
    gradient: Any,
    theta: Any,
    *,
    tolerance: float | None = None,
    step: float | None = None,
    constants: Mapping[str, float] | None = None,
    exhaustive: bool | None = None,
    seed: int = 0,
) -> Request:
    """What `layerwise.check_gradients` was asked, looked at before any work. Raises InputError."""
    if not callable(cost):
        raise InputError(f"cost is {type(cost).__name__}; expected a function of theta that gives one number")
    tolerance = positive("tolerance", TOLERANCE if tolerance is None else tolerance)
    form, arrays, notes = read_theta(theta)
    ask = gradient_function(gradient, form) if callable(gradient) else None
    function = CostFunction(cost, form, arrays)
    function.first_look()
    A = (
        ask(arrays)
        if ask
        else {name: np.array(array) for name, array in read_gradient(gradient, form).items()}
    )
    short = [f"d{name}" for name, array in A.items() if array.dtype.kind == "f" and array.dtype.itemsize < 8]
    if short:
        notes.append(f"{', '.join(short)}: given in less than float64, where few digits can be right.")
    is_steady = ask is None or all(_same(A, ask(arrays)) for _ in range(ASKED_AGAIN))
    if not is_steady:
        notes.append(
            "gradient(theta) gives another answer each time: a dropout mask or a batch is drawn anew in it."
        )
    known = {name: _constant(name, value) for name, value in (constants or {}).items()}
    return Request(function, A, ask, tolerance, step, known, exhaustive, seed, notes, is_steady)


def check_request(request: Request) -> GradientCheck:
    """Measure, compare, and say what was found; where that is little, look at a clearer place too."""
    here = _checked(request)
    cost, ask = request.cost, request.ask
    is_clear = not (unseen(here) if here.passed else is_vague(here))
    if (
        is_clear
        or ask is None
        or not request.is_steady
        or request.step is not None
        or not is_unusual(cost.theta)
    ):
        return here
    there = _elsewhere(request, ask)
    if there is None or not decides(here, there):
        return here
    notes = (told(here), *there.notes)
    return replace(there, evaluations=here.evaluations + there.evaluations, notes=notes)


def _elsewhere(request: Request, ask: Callable[[Arrays], dict[str, np.ndarray]]) -> GradientCheck | None:
    """The check at parameters of the usual size; None where the functions do not answer there."""
    theta = usual_place(request.cost.theta, np.random.default_rng(request.seed))
    try:
        gradient = ask(theta)
        if all(np.array_equal(gradient[name], request.gradient[name]) for name in theta):
            return None
        return _checked(replace(request, cost=request.cost.at(theta), gradient=gradient))
    except Exception:  # the caller's code may do anything at a point it was not written for
        return None


def _checked(request: Request) -> GradientCheck:
    """The check at the request's own place."""
    cost, A, notes = request.cost, request.gradient, list(request.notes)
    step = None if request.step is None else positive("step", request.step)
    here = cost.first_look()
    generator = np.random.default_rng(request.seed)
    measuring = Measuring.start(cost, here, request.tolerance, None, generator)
    whole = cost.form.size <= EXHAUSTIVE if request.exhaustive is None else request.exhaustive
    findings = _measure(request, measuring, whole, generator)
    differences = None if step is None else _at_fixed_step(cost, measuring, A, step, whole)
    cost.check()
    if cost.is_single_precision or measuring.noise > COARSE_COST * measuring.usual:
        notes.append(_coarse(measuring.noise, here))
    evidence = {name: m.evidence for name, m in findings.parameters.items() if m.evidence is not None}
    groups, causes = backward_groups(cost.theta), {}
    if any(part.is_wrong() for part in evidence.values()):
        # A cause is told from the parameters beside it too: those that directions cleared are sampled.
        for name in [name for name in A if name not in evidence]:
            evidence[name] = sampled(measuring, name, A[name])
        order = tuple(name for names in groups for name in names)
        causes = find_causes(evidence, Probes(cost.theta, order, cost, request.ask, request.constants))
        notes += _silent(evidence)
    return verdict_of(
        findings.parameters, findings.corners, causes, groups, request.tolerance, cost.evaluations, notes,
        step, differences,
    )  # fmt: skip


def _silent(evidence: Mapping[str, ParameterEvidence]) -> list[str]:
    """That the cost does not feel its parameters, where it feels none."""
    if any(part.numeric.any() for part in evidence.values()):
        return []
    return [
        "The cost was the same wherever it was asked: does it use the theta it is given, and not arrays of "
        "the program around it?"
    ]


def _coarse(noise: float, here: float) -> str:
    """That the cost is no better than one in single precision."""
    size = f" (about {noise / abs(here):.0e} of it)" if here else ""
    return (
        f"The cost is computed in single precision, or is as coarse as that{size}: this limits what the "
        "check can see."
    )


def _constant(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not np.isfinite(float(value)):
        raise InputError(f"constants[{name!r}] is {value!r}; expected a number")
    return float(value)


def positive(name: str, value: Any) -> float:
    """The value as a float. Raises InputError unless it is a finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < np.inf:
        raise InputError(f"{name} is {value!r}; expected a number above 0")
    return float(value)


def _same(A: Arrays, B: Arrays) -> bool:
    """Whether two answers are one, up to the order of sums."""
    return all(np.allclose(A[name], B[name], rtol=1e-9, atol=0, equal_nan=True) for name in A)


def _measure(request: Request, measuring: Measuring, whole: bool, generator: np.random.Generator) -> Findings:
    cost, A, ask = request.cost, request.gradient, request.ask
    findings, complex_step = Findings(), ComplexStep(cost, generator)
    floor = ROUNDING_OF_A * max(_largest(array) for array in A.values())
    for name, analytic in A.items():
        if whole or analytic.size <= SMALL:
            large: LargeParameter | None = None
            evidence: ParameterEvidence | None
            evidence, corners = measuring.evidence(name, analytic)
        else:
            large = examine(measuring, name, analytic, generator)
            evidence, corners = large.evidence, large.corners
        if evidence is not None:
            evidence = replace(evidence, floor=floor)
            if whole:
                evidence = complex_step.refine(evidence, measuring)
            if ask and request.is_steady and evidence.is_wrong() and np.isfinite(analytic).all():
                evidence, conventions = without_conventions(evidence, cost, ask, measuring, generator)
                corners = [*corners, *conventions]
        findings.parameters[name] = Measured(name, analytic, evidence, large)
        findings.corners += corners
    return findings


def _largest(array: np.ndarray) -> float:
    finite = array[np.isfinite(array)]
    return float(np.abs(finite).max(initial=0.0))


def _at_fixed_step(
    cost: CostFunction, measuring: Measuring, A: dict[str, np.ndarray], step: float, whole: bool
) -> dict[str, np.ndarray]:
    """The plain central differences at one step, for the note's own difference."""
    if not whole:
        raise InputError(
            f"a fixed step measures every entry, here {cost.form.size:,}; pass exhaustive=True for it, "
            "or no step"
        )
    fixed = replace(measuring, step=step)
    return {name: fixed.evidence(name, analytic)[0].numeric for name, analytic in A.items()}

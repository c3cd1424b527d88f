"""What an engine is given and what it does: run steps of training on flat vectors, in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import NamedTuple, Protocol, overload

import numpy as np

from layerwise.errors import InputError, nearest
from layerwise.formulas.activations import ACTIVATIONS
from layerwise.formulas.losses import mean_over_examples
from layerwise.formulas.optimizers import OPTIMIZERS, Optimizer
from layerwise.network.architecture import Architecture
from layerwise.network.objective import Objective, losses_of

DTYPES = ("float32", "float64")


# Told of rows, (some, n[0]); raises an error of its own where something is wrong with them.
Check = Callable[[np.ndarray], None]


@dataclass(frozen=True)
class Program:
    """Everything that fixes what one step of training does.

    `dropout` holds for each hidden layer the probability that a unit is dropped; `weight_decay` None means
    the optimizer's own; `max_norm` and `clip_norm` 0 mean off. `reproducible`: the same bits for any number
    of threads, where otherwise the last bits of a step of middling size depend on it; a step then uses four
    threads at most, and takes longer with fewer. Raises InputError for a value out of range.
    """

    architecture: Architecture
    objective: Objective
    optimizer: str = "adam"
    momentum: float = 0.9
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float | None = None
    dropout: tuple[float, ...] = ()
    max_norm: float = 0.0
    clip_norm: float = 0.0
    dtype: str = "float32"
    seed: int = 0
    reproducible: bool = False

    def __post_init__(self) -> None:
        self.objective.check(self.architecture)
        if self.optimizer not in OPTIMIZERS:
            raise InputError(
                f"unknown optimizer {self.optimizer!r}; {nearest(str(self.optimizer), OPTIMIZERS)}"
            )
        for name in ("momentum", "beta1", "beta2"):
            _check_range(name, getattr(self, name), 0, 1)
        _check_range("epsilon", self.epsilon, 0, np.inf)
        for name in ("max_norm", "clip_norm"):
            _check_range(name, getattr(self, name), 0, np.inf)
        if self.weight_decay is not None:
            _check_range("weight_decay", self.weight_decay, 0, np.inf)
        if len(self.dropout) not in (0, self.architecture.depth - 1):
            raise InputError(
                f"dropout has {len(self.dropout)} values for {self.architecture.depth - 1} hidden layers"
            )
        for value in self.dropout:
            _check_range("dropout", value, 0, 1)
        if self.dtype not in DTYPES:
            raise InputError(f"unknown dtype {self.dtype!r}; {nearest(str(self.dtype), DTYPES)}")
        if not (isinstance(self.seed, Integral) and 0 <= self.seed < 2**64):
            raise InputError(f"seed is {self.seed!r}; expected an integer from 0 to 2^64 - 1")

    @property
    def rule(self) -> Optimizer:
        return OPTIMIZERS[self.optimizer]

    @property
    def optimizer_settings(self) -> tuple[float, ...]:
        """The optimizer's settings, in the order its constants take them."""
        return tuple(float(getattr(self, name)) for name in self.rule.settings)

    @property
    def decay(self) -> float:
        """The decoupled weight decay in force."""
        return self.rule.weight_decay if self.weight_decay is None else self.weight_decay

    @property
    def keep_probs(self) -> tuple[float, ...]:
        """For each layer the probability that a unit is kept; 1 for the output layer."""
        hidden = self.dropout or (0.0,) * (self.architecture.depth - 1)
        return (*(1.0 - rate for rate in hidden), 1.0)


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not (isinstance(value, Real) and low <= value < high):
        raise InputError(f"{name} is {value!r}; expected at least {low} and below {high}")


@dataclass
class TrainingState:
    """The whole state between steps: parameters (n,), what the optimizer remembers (slots, n), steps done."""

    parameters: np.ndarray
    slots: np.ndarray
    t: int = 0

    @classmethod
    def start(cls, parameters: np.ndarray, program: Program) -> TrainingState:
        """The state before the first step."""
        parameters = np.array(parameters, dtype=program.dtype)
        return cls(parameters, np.zeros((len(program.rule.slots), parameters.size), dtype=program.dtype))


class Batches(NamedTuple):
    """The examples of an epoch: X (m, n[0]), Y (m, n[L]), rows contiguous, weights (m,) or None,
    the order they come in (None: as they stand; one row for each epoch where there are several) and the size
    of a mini-batch.

    masks: dropout masks that stay the same in every step, for each hidden layer a boolean (m, n[l]) or None,
    in place of those drawn anew; only where a step takes all examples as they stand.
    """

    X: np.ndarray
    Y: np.ndarray
    weights: np.ndarray | None
    order: np.ndarray | None
    size: int
    masks: tuple[np.ndarray | None, ...] | None = None

    @property
    def steps(self) -> int:
        """Steps in an epoch: the last mini-batch may be smaller."""
        return -(-len(self.X) // self.size)


class StepTotals(NamedTuple):
    """What the steps of an epoch came to so far: the sum of each batch's cost times its weight, the sum of
    the weights, the norm of the last gradient (with penalties, before clipping), the steps done, and whether
    every cost was finite. At a cost that is not, the engine stops before that step changes anything, and the
    norm is NaN. A batch whose weights are all 0 is passed over."""

    cost: float = 0.0
    weight: float = 0.0
    gradient_norm: float = 0.0
    steps: int = 0
    finite: bool = True

    @property
    def mean_cost(self) -> float:
        """The mean cost of the examples seen, each at its own step."""
        return self.cost / self.weight if self.weight else float("nan")

    def followed_by(self, later: StepTotals) -> StepTotals:
        """What both came to together, of steps that followed on these."""
        return StepTotals(
            self.cost + later.cost,
            self.weight + later.weight,
            later.gradient_norm,
            self.steps + later.steps,
            later.finite,
        )


@dataclass(frozen=True)
class EpochTotals(Sequence[StepTotals]):
    """What each of several epochs came to; made one by one when looked at, for few are.

    sums (3, epochs): costs, weights and last gradient norms, as in StepTotals. steps: of a whole epoch.
    last_steps: done in the last one, fewer where a cost was not `finite`.
    """

    sums: np.ndarray
    steps: int
    last_steps: int
    finite: bool

    @property
    def mean_costs(self) -> np.ndarray:
        """`StepTotals.mean_cost` of each epoch: (epochs,)."""
        with np.errstate(all="ignore"):
            return self.sums[0] / self.sums[1]

    def __len__(self) -> int:
        return self.sums.shape[1]

    @overload
    def __getitem__(self, number: int) -> StepTotals: ...
    @overload
    def __getitem__(self, number: slice) -> list[StepTotals]: ...
    def __getitem__(self, number: int | slice) -> StepTotals | list[StepTotals]:
        if isinstance(number, slice):
            return [self[place] for place in range(*number.indices(len(self)))]
        cost, weight, norm = self.sums[:, number].tolist()
        if number in (-1, len(self) - 1):
            return StepTotals(cost, weight, norm, self.last_steps, self.finite)
        return StepTotals(cost, weight, norm, self.steps, True)


class Engine(Protocol):
    """One engine, built for one program. Arrays are of the program's dtype."""

    name: str
    program: Program

    def is_compiled(self, rows: int) -> bool:
        """Whether training can start at once, by mini-batches of so many examples; if not, the first call
        compiles, which takes seconds."""

    def compile(self, rows: int) -> None:
        """Compile all that such training needs, unless it is there: once on a machine for a kind of
        network."""

    def run_steps(
        self, state: TrainingState, batches: Batches, epoch: int, so_far: StepTotals, rates: np.ndarray
    ) -> StepTotals:
        """Do the next len(rates) steps of an epoch of which `so_far` is done, changing `state` in place."""

    def run_epochs(
        self, state: TrainingState, batches: Batches, epoch: int, rates: np.ndarray
    ) -> EpochTotals:
        """Do whole epochs from number `epoch` on, changing `state` in place.   rates (epochs, steps)

        What each came to; ends with the first whose cost was not finite.
        """

    def orders(self, rows: int, first: int, count: int) -> np.ndarray:
        """`formulas.randomness.shuffled` under the program's seed, of `count` epochs from number `first` on:
        (count, rows) int64."""

    def pre_activations(
        self, parameters: np.ndarray, X: np.ndarray, check: Check | None = None
    ) -> np.ndarray:
        """Z[L] of each row, without dropout.   X (m, n[0]) -> (m, n[L])

        `check` is called with rows before they are worked on, until it has seen all, from several threads at
        once; what it raises ends the call.
        """

    def outputs(self, parameters: np.ndarray, X: np.ndarray, check: Check | None = None) -> np.ndarray:
        """A[L] of each row, likewise."""

    def cost_and_gradient(
        self,
        parameters: np.ndarray,
        X: np.ndarray,
        Y: np.ndarray,
        weights: np.ndarray | None = None,
        dropout_at: tuple[int, int] | None = None,
    ) -> tuple[float, np.ndarray]:
        """J over the rows and its gradient as one flat vector.

        Without dropout, or with the masks that step `dropout_at` = (epoch, step) would draw.
        """


@dataclass
class LaneState:
    """The state of networks side by side: parameters (n, lanes), slots (slots, n, lanes), steps done.

    Behind the last network the lanes repeat it.
    """

    parameters: np.ndarray
    slots: np.ndarray
    t: int = 0


class SideBySide(Protocol):
    """Several networks of one program that differ by their seed, start and order alone, trained at once.

    What becomes of one does not depend on the others: it is what an engine does with it alone, to rounding.
    """

    program: Program
    seeds: tuple[int, ...]

    def start(self, starts: Sequence[np.ndarray]) -> LaneState:
        """The state before the first step, from a flat vector for each seed."""

    def orders(self, rows: int, first: int, count: int) -> np.ndarray:
        """`Engine.orders` of each lane: (count, rows, lanes) int64."""

    def run_epochs(
        self, state: LaneState, batches: Batches, rates: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Do whole epochs, changing `state` in place.   rates (epochs, steps); the order of the batches
        (epochs, m, lanes) or None, their weights and masks None

        The mean cost of each epoch, and the gradient's norm in its last step: (epochs, seeds) each. A network
        whose cost is no longer finite goes on, and its numbers are of no use.
        """


def output_activation(program: Program, Z: np.ndarray) -> np.ndarray:
    """A[L] from Z[L].   Z (m, n[L]) -> (m, n[L])"""
    function = ACTIVATIONS[program.architecture.activations[-1]].function
    return np.ascontiguousarray(function(Z.T).T)


def cost_of(program: Program, Z: np.ndarray, Y: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The mean loss of rows whose pre-activations are Z, without penalties.   Z, Y (m, n[L])"""
    A = output_activation(program, Z)
    return float(mean_over_examples(losses_of(program.objective, Z.T, A.T, Y.T).astype(np.float64), weights))

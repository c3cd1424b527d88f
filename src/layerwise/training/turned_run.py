"""A run in as many coordinates as there are examples, where these have more inputs (`network.turned_inputs`).

The 12,288 inputs of 209 pictures become 209, and one more that stands for all that no example sees. What is
trained is the narrow network; the weights of all inputs are put together when somebody looks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from layerwise.engine import Engine, TrainingState, build_engine
from layerwise.engine.threads import shared_processors
from layerwise.network.turned_inputs import turned_by_products
from layerwise.training.passes import Data
from layerwise.training.validation import Turnable, Validate

# Examples whose products are held and factored: 32 MiB, and a second or two, at most.
MOST_EXAMPLES = 2**11
# Multiply-adds of the first layer in an epoch below which it is not worth it, and as how many all that is not
# arithmetic counts.
LEAST_WORK, OVERHEAD = 2**22, 2**27
# Inputs that are brought to double precision at once.
INPUTS_AT_ONCE = 2**12
# The part of a squared length that may be what rounding left.
ROUNDING = 1e-10


def epochs_before_turning(engine: Engine, data: Data) -> int | None:
    """How many epochs a run does as it is before it turns: as many as turning costs, so that a short run
    loses nothing, and a long one little. None: it never does."""
    program, (m, inputs) = engine.program, data.X.shape
    units = program.architecture.sizes[1]
    if engine.name != "compiled" or program.dtype != "float32" or program.objective.l1:
        return None
    if not program.rule.linear or m > MOST_EXAMPLES or inputs < 2 * m or units * inputs * m < LEAST_WORK:
        return None
    # Of the first layer's products, forward and of the gradient, those of m inputs are left. Turning is in
    # double precision, where a multiply-add takes two.
    saved, turning = 2 * units * m * (inputs - m), 2 * m * m * inputs + OVERHEAD
    return math.ceil(turning / saved)


class TurnedRun:
    """What is trained in place of a run, from where that stands, and how it looks from outside.

    engine, state, data: of the narrow network. start: the parameters at which the run turned. is_whole:
    whether what the optimizer remembers is made up of the examples, and of what decay made of the start; it
    is not where it comes from other examples.
    """

    def __init__(self, engine: Engine, state: TrainingState, data: Data) -> None:
        self.start, self._X = state.parameters.copy(), data.X
        program = engine.program
        self._first = program.architecture.blocks[0]
        vectors = [state.parameters, *state.slots]
        # With more threads BLAS has other bits.
        with shared_processors(1, with_blas=True):
            products, along, by_start, squares = self._products(vectors)
            R, B = turned_by_products(products)
            inside = along @ B
        # Of each vector, the part across Q, which lies along the start's.
        across = by_start - (inside * inside[0]).sum(axis=2)
        there = across[0] > ROUNDING * squares[0]
        length = np.sqrt(np.where(there, across[0], 1.0))
        across = np.where(there, across / length, 0.0)
        missed = squares - (inside**2).sum(axis=2) - across**2
        self.is_whole = bool((missed[1:] <= ROUNDING * squares[1:]).all())
        dtype = self.start.dtype
        self._B, self._inside, self._length = B, inside[0].astype(dtype), length.astype(dtype)

        narrow = np.concatenate([inside, across[:, :, None]], axis=2).reshape(len(vectors), -1)
        others = np.array([vector[self._first.stop :] for vector in vectors])
        made = np.concatenate([narrow, others], axis=1).astype(dtype)
        self.state = TrainingState(made[0].copy(), made[1:].copy(), state.t)
        X = np.zeros((len(data.X), len(R) + 1), dtype)
        X[:, :-1] = R.T
        self.data = Data(X, data.Y, data.weights)
        self._program, self._engine_name = program, engine.name
        self.engine = self._engine_of(X.shape[1])
        self._seen: dict[int, np.ndarray] = {}

    def _engine_of(self, inputs: int) -> Engine:
        sizes = inputs, *self._program.architecture.sizes[1:]
        architecture = replace(self._program.architecture, sizes=sizes)
        return build_engine(replace(self._program, architecture=architecture), self._engine_name)

    def _products(self, vectors: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Of the examples with each other (m, m), and of each vector's first layer: with the examples
        (vectors, n[1], m), with the first vector's and with itself, unit by unit (vectors, n[1])."""
        (n, inputs), m = self._first.shape, len(self._X)
        layers = [vector[self._first.slice].reshape(n, inputs) for vector in vectors]
        products, along = np.zeros((m, m)), np.zeros((len(vectors), n, m))
        by_start, squares = np.zeros((2, len(vectors), n))
        for first in range(0, inputs, INPUTS_AT_ONCE):
            some = slice(first, first + INPUTS_AT_ONCE)
            X = self._X[:, some].astype(np.float64)
            products += X @ X.T
            pieces = [layer[:, some].astype(np.float64) for layer in layers]
            for number, W in enumerate(pieces):
                along[number] += W @ X.T
                by_start[number] += (W * pieces[0]).sum(axis=1)
                squares[number] += (W * W).sum(axis=1)
        return products, along, by_start, squares

    def whole(self, narrow: np.ndarray) -> np.ndarray:
        """The same vector, of parameters or of what the optimizer remembers of them, with all inputs.

        W1 = s start + (turned - s start Q) Q', where s is each unit's share of what the start has across Q.
        """
        n, inputs = self._first.shape
        size = n * (self._B.shape[1] + 1)
        turned = narrow[:size].reshape(n, -1)
        share = (turned[:, -1] / self._length)[:, None]
        vector = np.empty_like(self.start)
        W = vector[self._first.slice].reshape(n, inputs)
        with shared_processors(1, with_blas=True):
            moved = (turned[:, :-1] - share * self._inside).astype(np.float64) @ self._B.T
            np.dot(moved.astype(W.dtype), self._X, out=W)
        W += share * self.start[self._first.slice].reshape(n, inputs)
        vector[self._first.stop :] = narrow[size:]
        return vector

    def parameters(self, narrow: np.ndarray, t: int) -> np.ndarray:
        """`whole` of the parameters after t steps, not to be written into: the last two are made once."""
        if t not in self._seen:
            self._seen = dict([*self._seen.items()][-1:]) | {t: self.whole(narrow)}
        return self._seen[t]

    def validating(self, validate: Turnable) -> Validate:
        """The same validation, of parameters of the narrow network.

        Rows that are not trained on have a part across Q too, and what it comes to is another number for each
        unit: they get one more input for each, which no other unit reads.
        """
        n, inputs = self._first.shape
        along, with_start = np.zeros((len(validate.X), len(self._X))), np.zeros((len(validate.X), n))
        start = self.start[self._first.slice].reshape(n, inputs)
        with shared_processors(1, with_blas=True):
            for first in range(0, inputs, INPUTS_AT_ONCE):
                some = slice(first, first + INPUTS_AT_ONCE)
                rows = validate.X[:, some].astype(np.float64)
                along += rows @ self._X[:, some].astype(np.float64).T
                with_start += rows @ start[:, some].astype(np.float64).T
            inside = along @ self._B
            across = (with_start - inside @ self._inside.T) / self._length
        X = np.concatenate([inside, across], axis=1).astype(self.start.dtype)
        viewed = validate.on(self._engine_of(X.shape[1]), X)

        def validate_narrow(narrow: np.ndarray) -> Mapping[str, float]:
            turned = narrow[: n * (inside.shape[1] + 1)].reshape(n, -1)
            W = np.concatenate([turned[:, :-1], np.diag(turned[:, -1])], axis=1)
            return viewed(np.concatenate([W.ravel(), narrow[turned.size :]]))

        return validate_narrow

    def hand_back(self, state: TrainingState) -> None:
        """Bring the state of the run to where this one stands."""
        np.copyto(state.parameters, self.parameters(self.state.parameters, self.state.t))
        for slot, its in zip(state.slots, self.state.slots, strict=True):
            np.copyto(slot, self.whole(its))
        state.t = self.state.t

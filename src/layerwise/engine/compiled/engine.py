"""The compiled engine: the drivers built for one program, and the buffers they work in."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import layerwise.formulas.activations as activation_formulas
import layerwise.formulas.losses as loss_formulas
import layerwise.formulas.optimizers as optimizer_formulas
import layerwise.formulas.randomness as randomness_formulas
import layerwise.formulas.regularizers as regularizer_formulas
from layerwise.engine.checks import check_examples, check_parameters, check_steps
from layerwise.engine.compiled import driver, elementwise, formula, updates
from layerwise.engine.compiled.disk import is_on_disk
from layerwise.engine.contract import Batches, Program, StepTotals, TrainingState
from layerwise.formulas.activations import ACTIVATIONS
from layerwise.formulas.optimizers import OPTIMIZERS, clip_scale
from layerwise.formulas.randomness import dropout_key, dropout_threshold

PREDICTION_ROWS = 1024


@functools.cache
def _digest() -> str:
    """Changes with any source that compiled code is made from."""
    return formula.source_digest(
        activation_formulas, loss_formulas, optimizer_formulas, randomness_formulas, regularizer_formulas,
        driver, elementwise, formula, updates, sys.modules[__name__],
    )  # fmt: skip


@functools.cache
def _forward_pass(activations: tuple[str, ...], real: str) -> tuple[Callable, dict[str, Any]]:
    forward, backward = elementwise.activation_switch(activations, real)
    drop, subkey = elementwise.dropout_loops(real)
    scope = {"activate": forward, "activate_backward": backward, "drop": drop, "subkey": subkey}
    return driver.bind(driver.forward_pass_template, scope), scope


@functools.cache
def _batch_gradient(activations: tuple[str, ...], loss: str, real: str) -> tuple[Callable, dict[str, Any]]:
    forward, scope = _forward_pass(activations, real)
    scope = scope | {
        "forward_pass": forward,
        "loss_and_derivative": elementwise.loss_loop(loss, real),
        "add_penalty": updates.penalty_loop(real),
    }
    return driver.bind(driver.batch_gradient_template, scope), scope


def _name(*parts: str) -> str:
    return "_".join(("layerwise", *parts, _digest()))


@functools.cache
def training_driver(activations: tuple[str, ...], loss: str, optimizer: str, real: str) -> Callable:
    """`run_steps` for every network that uses just these activations (the loss's own left out)."""
    gradient, scope = _batch_gradient(activations, loss, real)
    rule = OPTIMIZERS[optimizer]
    scope = scope | {
        "batch_gradient": gradient,
        "euclidean_norm": updates.euclidean_norm,
        "scale_in_place": updates.scale_in_place,
        "clip_scale": formula.compile_formula(clip_scale, "float64"),
        "update": updates.update_loop(rule, real),
        "fill_constants": updates.constants_loop(rule),
        "limit_rows": updates.max_norm_loop(),
    }
    return driver.bind(
        driver.run_steps_template, scope, _name("train", *activations, loss, rule.rule.__name__, real)
    )


@functools.cache
def gradient_driver(activations: tuple[str, ...], loss: str, real: str) -> Callable:
    """`batch_gradient`, kept on disk."""
    _, scope = _batch_gradient(activations, loss, real)
    return driver.bind(driver.batch_gradient_template, scope, _name("gradient", *activations, loss, real))


@functools.cache
def prediction_driver(activations: tuple[str, ...], real: str) -> Callable:
    """`pre_activations` for every network that uses just these activations."""
    forward, _ = _forward_pass(activations, real)
    return driver.bind(
        driver.pre_activations_template, {"forward_pass": forward}, _name("predict", *activations, real)
    )


def _read_only(array: np.ndarray) -> np.ndarray:
    """The same array, not to be written to: of one type for Numba, whether the caller's is so or not."""
    view = array.view()
    view.flags.writeable = False
    return view


class CompiledEngine:
    """See `contract.Engine`. Not for use by several threads at once: each needs an engine of its own."""

    name = "compiled"

    def __init__(self, program: Program) -> None:
        self.program = program
        self._real = np.dtype(program.dtype).type
        architecture = program.architecture
        # The output layer's own activation is left out of predictions, which stop at Z[L], and of training
        # where the loss is taken of the pre-activation and so includes it.
        bare = (*architecture.activations[:-1], "identity")
        trained = bare if program.objective.formula.of == "pre-activation" else architecture.activations
        self._training_names = tuple(sorted(set(trained)))
        self._prediction_names = tuple(sorted(set(bare)))
        self._training_layers = self._layer_table(trained, self._training_names, dropout=True)
        self._prediction_layers = self._layer_table(bare, self._prediction_names, dropout=False)
        self._keep_probs = np.array(program.keep_probs, dtype=self._real)
        self._thresholds = np.array([dropout_threshold(keep) for keep in program.keep_probs], dtype=np.int64)
        self._settings = tuple(self._real(value) for value in program.objective.settings)
        self._constants = np.zeros(
            len(program.rule.constants(1, *program.optimizer_settings)), dtype=self._real
        )
        self._gradient = np.empty(architecture.parameter_count, dtype=self._real)
        self._buffers: dict[tuple[str, int], np.ndarray] = {}
        self._empty = np.empty(0, dtype=self._real)
        self._no_order = np.empty(0, dtype=np.int64)

    def _layer_table(self, activations, names, *, dropout: bool) -> np.ndarray:
        """See the module `driver` for its columns."""
        architecture = self.program.architecture
        table = np.empty((architecture.depth, driver.LAYER_COLUMNS), dtype=np.int64)
        position = 0
        for layer, n_prev, n, _ in architecture.layers():
            activation = activations[layer - 1]
            W, b = architecture.blocks[2 * layer - 2], architecture.blocks[2 * layer - 1]
            a = position
            position += n
            z = h = a
            if ACTIVATIONS[activation].needs == "input":
                z, position = position, position + n
            if dropout and self.program.keep_probs[layer - 1] < 1:
                h, position = position, position + n
            table[layer - 1] = (n_prev, n, names.index(activation), W.start, b.start, z, a, h)
        return table

    def _buffer(self, purpose: str, per_row: int, rows: int, *lead: int) -> np.ndarray:
        """A work array that is kept from call to call and grows when more rows come."""
        key = (purpose, per_row)
        buffer = self._buffers.get(key)
        if buffer is None or buffer.shape[-1] < per_row * rows:
            buffer = self._buffers[key] = np.empty((*lead, per_row * rows), dtype=self._real)
        return buffer

    @staticmethod
    def _work_width(layers: np.ndarray) -> int:
        return int((layers[:, 5:].max(axis=1) + layers[:, 1]).max())

    def _training_work(self, rows: int) -> tuple[np.ndarray, np.ndarray]:
        """(work, deltas) for mini-batches of so many rows."""
        work = self._buffer("work", self._work_width(self._training_layers), rows)
        deltas = self._buffer("deltas", int(self._training_layers[:, 1].max()), rows, 2)
        return work, deltas

    @property
    def training_driver(self) -> Callable:
        """The compiled `run_steps` of this program."""
        program = self.program
        return training_driver(self._training_names, program.objective.loss, program.optimizer, program.dtype)

    @property
    def is_compiled(self) -> bool:
        """Whether training can start without compiling first."""
        compiled = self.training_driver
        return bool(compiled.signatures) or is_on_disk(compiled)  # type: ignore[attr-defined]

    def run_steps(
        self, state: TrainingState, batches: Batches, epoch: int, so_far: StepTotals, rates: np.ndarray
    ) -> StepTotals:
        """See `contract.Engine.run_steps`."""
        program = self.program
        check_steps(program, state, batches, so_far, rates)
        rows = min(batches.size, len(batches.X))
        work, deltas = self._training_work(rows)
        inputs, outputs = batches.X.shape[1], batches.Y.shape[1]
        gathers = rows if batches.order is not None else 0
        objective = program.objective
        cost, weight, norm, done, t, finite = self.training_driver(
            self._training_layers,
            state.parameters,
            state.slots,
            self._gradient,
            _read_only(batches.X),
            _read_only(batches.Y),
            _read_only(self._empty if batches.weights is None else batches.weights),
            _read_only(self._no_order if batches.order is None else batches.order),
            batches.size,
            so_far.cost,
            so_far.weight,
            so_far.gradient_norm,
            so_far.steps,
            np.ascontiguousarray(rates, dtype=np.float64),
            state.t,
            dropout_key(program.seed, epoch),
            work,
            deltas,
            self._buffer("X", inputs, gathers)[: gathers * inputs].reshape(gathers, inputs),
            self._buffer("Y", outputs, gathers)[: gathers * outputs].reshape(gathers, outputs),
            self._buffer("weights", 1, rows),
            self._keep_probs,
            self._thresholds,
            any(keep < 1 for keep in program.keep_probs),
            float(objective.l2),
            float(objective.l1),
            self._settings,
            program.optimizer_settings,
            self._constants,
            float(program.decay),
            float(program.max_norm),
            float(program.clip_norm),
        )
        state.t = t
        return StepTotals(cost, weight, norm, so_far.steps + done, finite)

    def pre_activations(self, parameters: np.ndarray, X: np.ndarray) -> np.ndarray:
        """See `contract.Engine.pre_activations`."""
        check_parameters(self.program, parameters)
        check_examples(self.program, X)
        Z = np.empty((len(X), self.program.architecture.sizes[-1]), dtype=self._real)
        rows = min(len(X), PREDICTION_ROWS)
        work = self._buffer("prediction", self._work_width(self._prediction_layers), rows)
        prediction_driver(self._prediction_names, self.program.dtype)(
            self._prediction_layers,
            _read_only(parameters),
            _read_only(X),
            Z,
            work,
            PREDICTION_ROWS,
            self._keep_probs,
            self._thresholds,
        )
        return Z

    def cost_and_gradient(
        self, parameters: np.ndarray, X: np.ndarray, Y: np.ndarray, weights: np.ndarray | None = None
    ) -> tuple[float, np.ndarray]:
        """See `contract.Engine.cost_and_gradient`."""
        objective = self.program.objective
        check_parameters(self.program, parameters)
        check_examples(self.program, X, Y, weights)
        work, deltas = self._training_work(len(X))
        gradient = np.empty(parameters.size, dtype=self._real)
        cost = gradient_driver(self._training_names, objective.loss, self.program.dtype)(
            self._training_layers,
            _read_only(parameters),
            gradient,
            _read_only(X),
            _read_only(Y),
            _read_only(self._empty if weights is None else weights),
            float(len(X)) if weights is None else float(weights.sum(dtype=np.float64)),
            work,
            deltas,
            self._keep_probs,
            self._thresholds,
            -1,
            float(objective.l2),
            float(objective.l1),
            self._settings,
        )
        return cost, gradient

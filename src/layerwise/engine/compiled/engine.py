"""The compiled engine: the drivers of one program, and what they are given."""

from __future__ import annotations

import functools

import numpy as np

from layerwise.engine.checks import check_epochs, check_examples, check_parameters, check_steps
from layerwise.engine.compiled import cutting, kernels
from layerwise.engine.compiled.arrays import BOUNDARY, at_boundary
from layerwise.engine.compiled.arrays import address_of as _at
from layerwise.engine.compiled.kernel import Kernel
from layerwise.engine.compiled.kernels import driver_kernel
from layerwise.engine.compiled.layer_table import (
    layer_table,
    tables_of_parts,
    trained_activations,
    whole_registers,
    work_width,
)
from layerwise.engine.compiled.layout import (
    BY_COPIES,
    BY_EXAMPLES,
    BY_HIDDEN_UNITS,
    CACHED,
    FEWEST_ROWS,
    LOSS_ROWS,
    OWN_VECTORS,
    ROOM,
    SLICES,
    leading,
)
from layerwise.engine.compiled.predicting import Predictor
from layerwise.engine.compiled.workplace import Workplace
from layerwise.engine.contract import Batches, Check, EpochTotals, Program, StepTotals, TrainingState
from layerwise.formulas.randomness import (
    dropout_key,
    dropout_seed_key,
    highest_kept,
    seed_key,
    subkey,
)

# What runs steps, by the way they are cut, if it is not `driver.run_steps`.
_DRIVERS = {BY_HIDDEN_UNITS: "run_hidden_units", BY_COPIES: "run_copies"}


class CompiledEngine:
    """See `contract.Engine`. Not for use by several threads at once: each needs an engine of its own."""

    name = "compiled"

    def __init__(self, program: Program) -> None:
        self.program = program
        self._real = np.dtype(program.dtype).type
        architecture = program.architecture
        # The output layer's own activation is left out where Z[L] is asked for.
        self._bare = (*architecture.activations[:-1], "identity")
        trained = trained_activations(program)
        self._training_names = tuple(sorted(set(trained)))
        self._training_layers = layer_table(program, trained, self._training_names, training=True)
        self._keep_probs = np.array(program.keep_probs)
        self._drops = any(keep < 1 for keep in program.keep_probs)
        self._highest = np.array([highest_kept(keep) for keep in program.keep_probs], dtype=np.int64)
        self._settings = np.array([*program.objective.settings, 0.0], dtype=self._real)
        self._optimizer_settings = np.array([*program.optimizer_settings, 0.0])
        self._workplace = Workplace(program)
        self._empty = np.empty(0, dtype=self._real)
        self._no_order = np.empty(0, dtype=np.int64)
        self._given: tuple[object, np.ndarray] = (None, self._empty)
        self._given_ones = self._empty
        self._tables: dict[tuple[int, bool], tuple[np.ndarray, int]] = {}
        self._training_width = work_width(self._training_layers)
        self._dropping = _at(self._keep_probs), _at(self._highest)
        self._ready: set[str] = set()

    @functools.cached_property
    def _masks_key(self) -> int:
        return int(dropout_seed_key(self.program.seed))

    @functools.cached_property
    def _training_kernels(self) -> dict[int, Kernel]:
        return kernels.training_kernels(self.program, self._training_names)

    def kernels(self, driver: str) -> list[Kernel]:
        """All that training by this driver needs, and the predictions that follow; those that take longest to
        compile stand at both ends."""
        others, real = dict(self._training_kernels), self.program.dtype
        names = {*self._bare, *self.program.architecture.activations}
        predicting = kernels.prediction_kernels(tuple(sorted(names)), real)
        first = [driver_kernel(driver, real), others.pop(kernels.LOSS), driver_kernel("outputs", real)]
        drivers = driver_kernel("outputs_of_few", real), kernels.order_kernel(real)
        last = others.pop(kernels.ADD_PRODUCTS), others.pop(kernels.MULTIPLY_ADD)
        del predicting[kernels.MULTIPLY_ADD]
        return list(dict.fromkeys([*first, *drivers, *others.values(), *predicting.values(), *last]))

    @functools.cached_property
    def _training_addresses(self) -> np.ndarray:
        return kernels.addresses(self._training_kernels, self.program.dtype)

    def compile(self, rows: int) -> None:
        """See `contract.Engine`."""
        self._compile(self._driver(rows))

    def is_compiled(self, rows: int) -> bool:
        """See `contract.Engine`."""
        return self._is_ready(self._driver(rows))

    def _driver(self, rows: int) -> str:
        """What runs steps of so many examples."""
        with_blas = not self._workplace.without_blas(rows)
        return _DRIVERS.get(cutting.way_of(self.program, rows, with_blas=with_blas)[1], "run_steps")

    def _compile(self, driver: str) -> None:
        """One by one, as they are asked for, kernels would take twice as long."""
        if not self._is_ready(driver):
            from layerwise.engine.compiled.compiling import compile_all

            compile_all(self.program, driver, self.kernels(driver))

    def _is_ready(self, driver: str) -> bool:
        """Whether all that it needs is there; what is ready stays so."""
        if driver not in self._ready and all(one.is_ready for one in self.kernels(driver)):
            self._ready.add(driver)
        return driver in self._ready

    def run_steps(
        self, state: TrainingState, batches: Batches, epoch: int, so_far: StepTotals, rates: np.ndarray
    ) -> StepTotals:
        """See `contract.Engine.run_steps`."""
        check_steps(self.program, state, batches, so_far, rates)
        totals = np.array([[so_far.cost], [so_far.weight], [so_far.gradient_norm]])
        done, finite = self._run(state, batches, epoch, so_far.steps, rates, totals)
        cost, weight, norm = totals[:, 0].tolist()
        return StepTotals(cost, weight, norm, so_far.steps + done, finite)

    def run_epochs(
        self, state: TrainingState, batches: Batches, epoch: int, rates: np.ndarray
    ) -> EpochTotals:
        """See `contract.Engine.run_epochs`."""
        check_epochs(self.program, state, batches, rates)
        steps = batches.steps
        sums = np.zeros((3, len(rates)))
        done, finite = self._run(state, batches, epoch, 0, rates.ravel(), sums)
        if finite:
            return EpochTotals(sums, steps, steps, True)
        return EpochTotals(sums[:, : done // steps + 1], steps, done % steps, False)

    def _run(
        self, state: TrainingState, batches: Batches, epoch: int, first_step: int, rates: np.ndarray,
        totals: np.ndarray,
    ) -> tuple[int, bool]:  # fmt: skip
        """(steps done, whether every cost was finite); `totals` (3, epochs) gains costs, weights, norms."""
        program, room = self.program, self._workplace.room
        rows = min(batches.size, len(batches.X))
        sizes, inputs, outputs = program.architecture.sizes, batches.X.shape[1], batches.Y.shape[1]
        lead = leading(rows)
        with_blas = not self._workplace.without_blas(rows)
        parts, way, gatherers, ahead = cutting.cut_of(program, batches, rows, with_blas=with_blas)
        driver = _DRIVERS.get(way, "run_steps")
        self._compile(driver)
        layers, length, own_length = self._training_layers, state.parameters.size, 0
        if way == BY_HIDDEN_UNITS:
            in_place = not cutting.copies_parameters(program, rates.size)
            layers, own_length = self._tables_of_parts(parts, in_place)
        if way == BY_COPIES:
            own_length = whole_registers(length)
        # How many threads may have values of their own.
        copies = parts if way in (BY_HIDDEN_UNITS, BY_COPIES) else 1
        gradient_each = min(own_length or length, max(CACHED, FEWEST_ROWS * max(sizes)))
        gradient_size = length * parts if way == BY_EXAMPLES else parts * gradient_each
        if way == BY_COPIES:
            # One of each part, and another that is read meanwhile; and the sums.
            gradient_each, gradient_size = own_length, 3 * parts * own_length
        if program.clip_norm:
            gradient_size = max(gradient_size, length)
        objective, weights, order = program.objective, batches.weights, batches.order
        # What a part writes in every step has a line of memory to itself.
        partial, constants = (at_boundary(parts * BOUNDARY, real) for real in (np.float64, self._real))
        rates = np.ascontiguousarray(rates, dtype=np.float64)
        outcome = np.zeros(3, dtype=np.int64)
        slots = state.slots if state.slots.size else self._empty
        # Examples without weights have weight 1.
        batch_weights = room("weights", copies * lead) if weights is not None else self._ones(lead)
        drawn = batches.masks is None
        masks = _at(self._empty) if batches.masks is None else self._flat_masks(batches.masks)
        # Of the first layer, where its products are made ahead; what each part comes to in the second layer.
        sums = SLICES * sizes[1] * lead if ahead else 0
        if way == BY_HIDDEN_UNITS:
            sums = 2 * copies * sizes[2] * lead
        common = (
            partial[1], _at(self._training_addresses), _at(layers),
            len(self._training_layers), _at(state.parameters), _at(slots), length,
            room("gradient", gradient_size), gradient_each,
            _at(batches.X), _at(batches.Y),
            batch_weights if weights is None else _at(weights), weights is not None,
            _at(self._no_order if order is None else order), order is not None,
            len(batches.X), inputs, outputs, batches.size, batches.steps, first_step,
            _at(rates), rates.size, state.t, self._masks_key, epoch,
            _at(totals[0]), _at(totals[1]), _at(totals[2]),
            room("work", copies * self._training_width * lead),
            room("losses", copies * LOSS_ROWS * lead),
            room("X", inputs * lead * max(1, gatherers)), inputs * lead if gatherers else 0,
            room("Y", copies * outputs * lead), batch_weights, room("rooms", parts * ROOM),
            *self._dropping, self._drops or not drawn, self._drops and drawn, masks,
            float(objective.l2), float(objective.l1), _at(self._settings), _at(self._optimizer_settings),
            constants[1], BOUNDARY,
            float(program.decay), float(program.max_norm), float(program.clip_norm),
            ahead, room("sums", sums), _at(outcome),
        )  # fmt: skip
        of_way: tuple[int, ...] = (way == BY_EXAMPLES,)
        if way == BY_HIDDEN_UNITS:
            of_way = (layers[0].size,)
        if way == BY_COPIES:
            of_way = ()
        if copies > 1:
            of_way += (
                len(state.slots), room("own", copies * OWN_VECTORS * own_length), own_length, lead,
                self._training_width * lead,
            )  # fmt: skip
        entry = driver_kernel(driver, program.dtype).entry
        with self._workplace.processors(
            cutting.call_threads(program, way, parts, rows, rates.size), rows
        ) as free:
            self._workplace.team.run(
                free,
                lambda thread, counters: entry(thread, free, parts, *of_way, _at(counters), *common),
            )
        done, state.t, finite = outcome.tolist()
        return done, bool(finite)

    def _tables_of_parts(self, parts: int, in_place: bool) -> tuple[np.ndarray, int]:
        """See `layer_table.tables_of_parts`; made once."""
        if (parts, in_place) not in self._tables:
            together = cutting.copies_parameters(self.program, 1)
            self._tables[parts, in_place] = tables_of_parts(
                self._training_layers, parts, in_place=in_place, together=together
            )
        return self._tables[parts, in_place]

    def _ones(self, rows: int) -> int:
        """The address of so many numbers 1."""
        if self._given_ones.size < rows:
            self._given_ones = np.ones(rows, dtype=self._real)
        return _at(self._given_ones)

    def _flat_masks(self, masks: tuple[np.ndarray | None, ...]) -> int:
        """The address of masks of 1 and 0, one behind the other, each (n[l], m); made once for the same
        masks."""
        if self._given[0] is not masks:
            m = next((len(mask) for mask in masks if mask is not None), 0)
            laid = np.ones((sum(self.program.architecture.sizes[1:-1]), leading(m)), dtype=self._real)
            first = 0
            for mask, n in zip(masks, self.program.architecture.sizes[1:-1], strict=True):
                if mask is not None:
                    laid[first : first + n, :m] = mask.T
                first += n
            self._given = (masks, laid.ravel())
        return _at(self._given[1])

    def orders(self, rows: int, first: int, count: int) -> np.ndarray:
        """See `contract.Engine.orders`."""
        drawn = np.empty((count, rows), dtype=np.int64)
        kernels.order_kernel(self.program.dtype).entry(
            _at(drawn), rows, count, first, seed_key(self.program.seed, "shuffle")
        )
        return drawn

    def pre_activations(
        self, parameters: np.ndarray, X: np.ndarray, check: Check | None = None
    ) -> np.ndarray:
        """See `contract.Engine.pre_activations`."""
        return self._to_pre_activations.outputs(parameters, X, check)

    def outputs(self, parameters: np.ndarray, X: np.ndarray, check: Check | None = None) -> np.ndarray:
        """See `contract.Engine.outputs`."""
        return self._to_outputs.outputs(parameters, X, check)

    @functools.cached_property
    def _to_pre_activations(self) -> Predictor:
        return Predictor(self.program, self._bare, self._workplace, self._dropping)

    @functools.cached_property
    def _to_outputs(self) -> Predictor:
        return Predictor(self.program, self.program.architecture.activations, self._workplace, self._dropping)

    def cost_and_gradient(
        self,
        parameters: np.ndarray,
        X: np.ndarray,
        Y: np.ndarray,
        weights: np.ndarray | None = None,
        dropout_at: tuple[int, int] | None = None,
    ) -> tuple[float, np.ndarray]:
        """See `contract.Engine.cost_and_gradient`."""
        objective, room = self.program.objective, self._workplace.room
        check_parameters(self.program, parameters)
        check_examples(self.program, X, Y, weights)
        rows = len(X)
        gradient = np.empty(parameters.size, dtype=self._real)
        key = -1
        if dropout_at is not None and self._drops:
            epoch, step = dropout_at
            key = int(subkey(dropout_key(self.program.seed, epoch), step))
        total = float(rows) if weights is None else float(weights.sum(dtype=np.float64))
        weights = np.ones(rows, self._real) if weights is None else weights
        columns, targets = np.ascontiguousarray(X.T), np.ascontiguousarray(Y.T)
        counters, partial = np.zeros(2, np.int64), np.zeros(8)
        self._compile("cost_and_gradient")
        cost = driver_kernel("cost_and_gradient", self.program.dtype).entry(
            _at(self._training_addresses), _at(self._training_layers), len(self._training_layers),
            _at(parameters), _at(gradient), _at(columns), _at(targets), _at(weights), total, rows,
            room("work", self._training_width * rows), room("losses", LOSS_ROWS * rows),
            *self._dropping,
            key >= 0, key,
            float(objective.l2), float(objective.l1), _at(self._settings), _at(counters), _at(partial),
            room("rooms", ROOM),
        )  # fmt: skip
        return cost, gradient

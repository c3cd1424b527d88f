"""The compiled engine of networks side by side: see `contract.SideBySide`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from layerwise.engine.checks import check_epochs_side_by_side
from layerwise.engine.compiled import kernels
from layerwise.engine.compiled.arrays import address_of, at_boundary
from layerwise.engine.compiled.layer_table import layer_table, trained_activations, work_width
from layerwise.engine.compiled.layout import LOSS_ROWS, TOGETHER
from layerwise.engine.compiled.processor import lanes_of
from layerwise.engine.contract import Batches, LaneState, Program
from layerwise.formulas.randomness import seed_key

# Numbers that are worked on at a time: so many stay in the first cache beside the parameters.
FIRST_CACHE = 2**13
# Parameters up to which networks side by side take less time than one after the other.
MOST_PARAMETERS = 2**11


def goes_side_by_side(program: Program) -> bool:
    """Whether networks of this program can, and whether that pays."""
    drops = any(keep < 1 for keep in program.keep_probs)
    small = program.architecture.parameter_count <= MOST_PARAMETERS
    return small and not (drops or program.clip_norm or program.max_norm)


class CompiledLanes:
    """See `contract.SideBySide`. Not for use by several threads at once: each needs one of its own."""

    def __init__(self, program: Program, seeds: Sequence[int]) -> None:
        real = program.dtype
        self.program, self.seeds, self.lanes = program, tuple(seeds), lanes_of(real)
        self._real = np.dtype(real).type
        trained = trained_activations(program)
        names = tuple(sorted(set(trained)))
        self._layers = layer_table(program, trained, names, training=True)
        self._width = work_width(self._layers)
        self._settings = np.array([*program.objective.settings, 0.0], dtype=self._real)
        self._optimizer_settings = np.array([*program.optimizer_settings, 0.0])
        self._constants = np.empty(max(1, len(program.rule.constants(1, *program.optimizer_settings))), real)
        sizes = program.architecture.sizes
        fitting = FIRST_CACHE // ((self._width + sizes[0] + sizes[-1]) * self.lanes)
        self._block = max(TOGETHER, fitting // TOGETHER * TOGETHER)
        self._kernels = kernels.addresses(kernels.lane_kernels(program, names), real)
        of_block = self._block * self.lanes
        self._zeros, self._ones = np.zeros(of_block, real), np.ones(of_block, real)
        each = {
            "gradient": program.architecture.parameter_count * self.lanes,
            "work": self._width * of_block,
            "losses": LOSS_ROWS * of_block,
            "X": sizes[0] * of_block,
            "Y": sizes[-1] * of_block,
        }
        self._buffers = {name: at_boundary(size, self._real) for name, size in each.items()}
        self._costs = np.zeros(self.lanes)
        # Behind the last network the lanes repeat it.
        keys = [seed_key(seed, "shuffle") for seed in seeds]
        self._keys = np.zeros((2, self.lanes), dtype=np.int64)
        self._keys[0] = [*keys, *[keys[-1]] * (self.lanes - len(keys))]

    def start(self, starts: Sequence[np.ndarray]) -> LaneState:
        """See `contract.SideBySide.start`."""
        spare = self.lanes - len(starts)
        parameters = np.stack([*starts, *[starts[-1]] * spare], axis=1).astype(self._real)
        return LaneState(parameters, np.zeros((len(self.program.rule.slots), *parameters.shape), self._real))

    def orders(self, rows: int, first: int, count: int) -> np.ndarray:
        """See `contract.SideBySide.orders`."""
        drawn = np.empty((count, rows, self.lanes), dtype=np.int64)
        kernels.lane_order_kernel(self.program.dtype).entry(
            address_of(drawn), rows, count, first, address_of(self._keys), self.lanes
        )
        return drawn

    def run_epochs(
        self, state: LaneState, batches: Batches, rates: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `contract.SideBySide.run_epochs`."""
        program, X, Y = self.program, batches.X, batches.Y
        check_epochs_side_by_side(program, self.lanes, state, batches, rates)
        epochs, steps = rates.shape
        rows, count = len(X), len(self.seeds)
        costs, squares = np.zeros((epochs, self.lanes)), np.zeros((epochs, self.lanes))
        rates = np.ascontiguousarray(rates, dtype=np.float64)
        order = np.empty(0, np.int64) if batches.order is None else batches.order
        slots = state.slots if state.slots.size else self._zeros
        buffers = {name: address for name, (_, address) in self._buffers.items()}
        objective = program.objective
        self._costs[:] = 0
        kernels.lane_driver_kernel(program.dtype).entry(
            address_of(self._kernels), self.lanes, address_of(self._layers), len(self._layers),
            address_of(state.parameters), address_of(slots), len(state.parameters), buffers["gradient"],
            address_of(X), address_of(Y), address_of(order), batches.order is not None,
            rows, X.shape[1], Y.shape[1], batches.size, self._block, epochs, steps, address_of(rates),
            state.t,
            address_of(costs), address_of(squares), address_of(self._costs),
            buffers["work"], buffers["losses"], buffers["X"], buffers["Y"], address_of(self._zeros),
            address_of(self._ones), float(objective.l2), float(objective.l1), address_of(self._settings),
            address_of(self._optimizer_settings), address_of(self._constants), float(program.decay),
        )  # fmt: skip
        state.t += epochs * steps
        return costs[:, :count] / rows, np.sqrt(squares[:, :count])

"""The kernels: loops compiled for one formula and one precision, known to a driver by number and address.

Each is compiled when a program first needs it, kept on disk by itself, and shared by all programs. Here they
go by name, so that a process which finds them on disk imports no compiler: `making` compiles them.

A new one is a loop in a module of this package, a line in `_ARGUMENTS`, and a line in what says which
programs need it.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from layerwise.engine.compiled.blas import blas_routine
from layerwise.engine.compiled.kernel import Arguments, Kernel, ObjectCode
from layerwise.engine.compiled.layout import CACHED
from layerwise.engine.compiled.origin import origin, origin_of_shipped
from layerwise.engine.compiled.processor import MANY_REGISTERS
from layerwise.engine.contract import Program
from layerwise.formulas.activations import ACTIVATIONS
from layerwise.formulas.losses import LOSSES
from layerwise.formulas.optimizers import OPTIMIZERS
from layerwise.formulas.randomness import (
    first_is_kept,
    hashed,
    moved_on,
    partner,
    second_is_kept,
    subkey,
)
from layerwise.formulas.regularizers import (
    decay,
    l1_gradient,
    l1_penalty,
    l2_gradient,
    l2_penalty,
    max_norm_scale,
)
from layerwise.network.architecture import Architecture
from layerwise.network.objective import Objective

# The numbers under which a driver finds its kernels; those of the activations follow, four by four.
GEMM, MULTIPLY_ADD, ADD_PRODUCTS, ROW_SUMS, LOSS, SQUARES, UPDATE, CONSTANTS = range(8)
DRAW_AND_DROP, DROP, DROP_BACK, PENALTY, SCALE, LIMIT_ROWS = range(8, 14)
GATHER_COLUMNS, TAKE_COLUMNS, TRANSPOSE, ADD = range(14, 18)
# The second is no kernel, but the multiply-adds up to which a product is ours, and beyond which left to BLAS.
FETCH_ROWS, OWN_PRODUCTS_UP_TO, TOTAL, LAY_PANELS = range(18, 22)
# Those of networks side by side.
MULTIPLY_LANES, GATHER_LANES, TAKE_LANES, LANE_TOTALS, LANE_PENALTIES, LANE_SQUARES = range(22, 28)
ACTIVATIONS_FROM = 28

# Our products are the faster ones, whatever their size, where a processor has many registers. Elsewhere they
# are so up to some size, for a call of BLAS costs a microsecond before it begins.
ALL_PRODUCTS, SMALL_PRODUCTS = 2**62, 5 * 2**17
OUR_PRODUCTS = ALL_PRODUCTS if MANY_REGISTERS else SMALL_PRODUCTS

# What they take, by the module of this package and the function that they are made from.
_ARGUMENTS = {
    "driver.run_steps": Arguments("nnnnidiinppnpnpppninnnnnnndnnnndddpppnpppdinnpxxpdpnxxxnpi"),
    "hidden_units.run_hidden_units": Arguments(
        "nnnnnpnnnidiinppnpnpppninnnnnnndnnnndddpppnpppdinnpxxpdpnxxxnpi"
    ),
    "copies.run_copies": Arguments("nnnnpnnnidiinppnpnpppninnnnnnndnnnndddpppnpppdinnpxxpdpnxxxnpi"),
    "driver.cost_and_gradient": Arguments("iinpppppxnppdinnxxpidp", returns=True),
    "driver.outputs": Arguments("iinpppppnnndiip"),
    "driver.outputs_of_few": Arguments("iiin"),
    "loops.draw_orders": Arguments("innnn"),
    "loops.fetch_rows": Arguments("pinn"),
    "loops.gather_columns": Arguments("pipnnn"),
    "loops.take_columns": Arguments("ppnnn"),
    "loops.transpose": Arguments("ppnnn"),
    "products.multiply_add": Arguments("pnnpnpnnnnnp"),
    "products.add_products": Arguments("pnpnpnnnnnnp"),
    "products.lay_panels": Arguments("pnnnnp"),
    "products.row_sums": Arguments("pnpnn", sums=True),
    "loops.activate_output": Arguments("pppnnn"),
    "loops.activate_both": Arguments("pppnnn"),
    "loops.activate_softmax": Arguments("pppnnn"),
    "dropping.activate_output_drawn": Arguments("pppnnnnnnnx"),
    "dropping.draw_and_drop": Arguments("pnnnnnnnx"),
    "loops.backward_output": Arguments("pppnnn"),
    "loops.backward_both": Arguments("pppnnn"),
    "loops.backward_softmax": Arguments("pppnnn"),
    "loops.loss": Arguments("pppppnnnnxp"),
    "loops.loss_with_setting": Arguments("pppppnnnnxp"),
    "loops.loss_softmax": Arguments("pppppnnnnxp"),
    "loops.total_of": Arguments("pn", returns=True, sums=True),
    "dropping.backward_output_dropped": Arguments("pppnnnx"),
    "dropping.backward_both_dropped": Arguments("pppnnnx"),
    "dropping.drop": Arguments("ppnnnx"),
    "dropping.drop_back": Arguments("ppnnnx"),
    "loops.penalty": Arguments("ppnxx", returns=True, sums=True),
    "loops.squares": Arguments("pn", returns=True, sums=True),
    "loops.add": Arguments("ppn"),
    "loops.scale": Arguments("pnx"),
    "loops.limit_rows": Arguments("pnnx", sums=True),
    "loops.update_plain": Arguments("ppppnxxp"),
    "loops.update_one": Arguments("ppppnxxp"),
    "loops.update_two": Arguments("ppppnxxp"),
    "loops.constants": Arguments("pnd"),
    "lane_driver.run_lanes": Arguments("ininppnpppinnnnnnnndndddppppppxxpdpx"),
    "lanes.multiply_lanes": Arguments("pnnpnnpnnpnnnn"),
    "lanes.draw_lane_orders": Arguments("innnin"),
    "lanes.gather_lanes": Arguments("pipnnn"),
    "lanes.take_lanes": Arguments("ppnnn"),
    "lanes.lane_totals": Arguments("pdn"),
    "lanes.lane_penalties": Arguments("ppdnxx"),
    "lanes.lane_squares": Arguments("pdn"),
}


# Of the drivers that have a module of their own, which.
_DRIVERS = {"run_hidden_units": "hidden_units", "run_copies": "copies"}
_PENALTIES = (
    ("l2_of", l2_penalty),
    ("l1_of", l1_penalty),
    ("l2_slope", l2_gradient),
    ("l1_slope", l1_gradient),
)


# Activations of a few instructions, which leave room in the registers to draw masks in the same pass.
QUICK = ("identity", "relu", "leaky_relu")
_DRAWING = (
    ("numbered", hashed),
    ("first_kept", first_is_kept),
    ("second_kept", second_is_kept),
    ("moved_on", moved_on),
)


@functools.cache
def _kernel(loop: str, label: str, real: str, *formulas: tuple[str, Any]) -> Kernel:
    """One kernel per loop, formulas and precision in this process."""
    kind = _ARGUMENTS[loop]

    def make(name: str) -> ObjectCode:
        from layerwise.engine.compiled import making

        return making.make(loop, real, kind, formulas, name)

    name = f"layerwise_{label}_{real}"
    return Kernel(f"{name}_{origin()}", f"{name}_{origin_of_shipped()}", kind, make)


def driver_kernel(name: str, real: str) -> Kernel:
    """One of the drivers, by the name of its function."""
    return _kernel(f"{_DRIVERS.get(name, 'driver')}.{name}", name, real)


def lane_driver_kernel(real: str) -> Kernel:
    """The driver of networks side by side."""
    return _kernel("lane_driver.run_lanes", "run_lanes", real)


def activation_kernels(name: str, real: str) -> tuple[Kernel, Kernel]:
    """(forward, backward) of one activation."""
    activation = ACTIVATIONS[name]
    if not activation.elementwise:
        return (
            _kernel("loops.activate_softmax", "softmax", real),
            _kernel("loops.backward_softmax", "softmax_backward", real),
        )
    both = activation.needs == "input"
    return (
        _kernel(
            "loops.activate_both" if both else "loops.activate_output", name, real,
            ("function", activation.function),
        ),
        _kernel(
            "loops.backward_both" if both else "loops.backward_output", f"{name}_backward", real,
            ("derivative", activation.derivative),
        ),
    )  # fmt: skip


def dropping_kernels(name: str, real: str) -> tuple[Kernel | None, Kernel | None]:
    """(forward, backward) of one activation where its units are dropped; None where it is done with the
    kernels for units that stay, and others after or before these."""
    activation, forward = ACTIVATIONS[name], None
    if not activation.elementwise:
        return None, None
    reads = "both" if activation.needs == "input" else "output"
    if name in QUICK:
        function = ("function", activation.function)
        forward = _kernel("dropping.activate_output_drawn", f"{name}_drawn", real, function, *_DRAWING)
    derivative = ("derivative", activation.derivative)
    return forward, _kernel(
        f"dropping.backward_{reads}_dropped", f"{name}_backward_dropped", real, derivative
    )


def loss_kernel(name: str, real: str) -> Kernel:
    loss = LOSSES[name]
    if not loss.elementwise:
        return _kernel("loops.loss_softmax", name, real)
    loop = "loops.loss_with_setting" if loss.settings else "loops.loss"
    return _kernel(loop, name, real, ("function", loss.function), ("derivative", loss.derivative))


def optimizer_kernels(name: str, real: str) -> tuple[Kernel, Kernel | None]:
    """(update, constants); None where there are no constants."""
    optimizer = OPTIMIZERS[name]
    loop = ("loops.update_plain", "loops.update_one", "loops.update_two")[len(optimizer.slots)]
    count = len(optimizer.constants(1, *(0.5 for _ in optimizer.settings)))
    rule = optimizer.rule
    update = _kernel(loop, rule.__name__, real, ("rule", rule), ("decayed", decay), ("COUNT", count))
    if not optimizer.settings:
        return update, None
    return update, _kernel(
        "loops.constants", f"{rule.__name__}_constants", real, ("constants_at", optimizer.constants),
        ("COUNT", count), ("SETTINGS", len(optimizer.settings)),
    )  # fmt: skip


def product_kernels(real: str) -> dict[int, Kernel]:
    """What multiplies matrices, and what transposes examples by the same tiles."""
    return {
        MULTIPLY_ADD: _kernel("products.multiply_add", "multiply_add", real),
        ADD_PRODUCTS: _kernel("products.add_products", "add_products", real),
        ROW_SUMS: _kernel("products.row_sums", "row_sums", real),
        TAKE_COLUMNS: _kernel("loops.take_columns", "take_columns", real),
        GATHER_COLUMNS: _kernel("loops.gather_columns", "gather_columns", real),
    }


def panel_kernel(real: str) -> Kernel:
    """What transposes the values below a layer once for all pieces of its gradient."""
    return _kernel("products.lay_panels", "lay_panels", real)


def order_kernel(real: str) -> Kernel:
    """What draws the orders of the examples."""
    return _kernel("loops.draw_orders", "draw_orders", real, ("partner", partner), ("subkey", subkey))


def lane_order_kernel(real: str) -> Kernel:
    """What draws the orders of the examples for networks side by side."""
    return _kernel(
        "lanes.draw_lane_orders", "draw_lane_orders", real, ("partner", partner), ("subkey", subkey)
    )


def prediction_kernels(activations: tuple[str, ...], real: str) -> dict[int, Kernel]:
    """What a forward pass without dropout calls."""
    chosen = {
        MULTIPLY_ADD: product_kernels(real)[MULTIPLY_ADD],
        TAKE_COLUMNS: product_kernels(real)[TAKE_COLUMNS],
        TRANSPOSE: _kernel("loops.transpose", "transpose", real),
    }
    for position, name in enumerate(activations):
        chosen[ACTIVATIONS_FROM + 4 * position] = activation_kernels(name, real)[0]
    return chosen


def gradient_kernels(program: Program, activations: tuple[str, ...]) -> dict[int, Kernel]:
    """What a program's cost and gradient call."""
    real, objective = program.dtype, program.objective
    chosen = prediction_kernels(activations, real) | product_kernels(real)
    for position, name in enumerate(activations):
        chosen[ACTIVATIONS_FROM + 4 * position + 1] = activation_kernels(name, real)[1]
    chosen[LOSS] = loss_kernel(objective.loss, real)
    chosen[TOTAL] = _kernel("loops.total_of", "total_of", real)
    if objective.l2 or objective.l1:
        chosen[PENALTY] = _kernel("loops.penalty", "penalty", real, *_PENALTIES)
    hidden = program.architecture.activations
    dropping = {name for name, keep in zip(hidden, program.keep_probs, strict=True) if keep < 1}
    if dropping:
        chosen[DROP] = _kernel("dropping.drop", "drop", real)
    for name in dropping:
        place = ACTIVATIONS_FROM + 4 * activations.index(name)
        for number, kernel in enumerate(dropping_kernels(name, real), place + 2):
            if kernel is not None:
                chosen[number] = kernel
        if place + 2 not in chosen:
            chosen[DRAW_AND_DROP] = _kernel("dropping.draw_and_drop", "draw_and_drop", real, *_DRAWING)
        if place + 3 not in chosen:
            chosen[DROP_BACK] = _kernel("dropping.drop_back", "drop_back", real)
    return chosen


def training_kernels(program: Program, activations: tuple[str, ...]) -> dict[int, Kernel]:
    """What a program's steps call."""
    real = program.dtype
    chosen = gradient_kernels(program, activations)
    chosen[SQUARES] = _kernel("loops.squares", "squares", real)
    chosen[FETCH_ROWS] = _kernel("loops.fetch_rows", "fetch_rows", real)
    chosen[ADD] = _kernel("loops.add", "add", real)
    if any(n_prev * n > CACHED for _, n_prev, n, _ in program.architecture.layers()):
        chosen[LAY_PANELS] = panel_kernel(real)
    chosen[UPDATE], at_step = optimizer_kernels(program.optimizer, real)
    if at_step is not None:
        chosen[CONSTANTS] = at_step
    if program.clip_norm:
        chosen[SCALE] = _kernel("loops.scale", "scale", real)
    if program.max_norm:
        chosen[LIMIT_ROWS] = _kernel("loops.limit_rows", "limit_rows", real, ("scale_of", max_norm_scale))
    return chosen


def lane_kernels(program: Program, activations: tuple[str, ...]) -> dict[int, Kernel]:
    """What the epochs of networks side by side call."""
    real = program.dtype
    chosen = {
        MULTIPLY_LANES: _kernel("lanes.multiply_lanes", "multiply_lanes", real),
        GATHER_LANES: _kernel("lanes.gather_lanes", "gather_lanes", real),
        TAKE_LANES: _kernel("lanes.take_lanes", "take_lanes", real),
        LANE_TOTALS: _kernel("lanes.lane_totals", "lane_totals", real),
        LANE_SQUARES: _kernel("lanes.lane_squares", "lane_squares", real),
        LANE_PENALTIES: _kernel("lanes.lane_penalties", "lane_penalties", real, *_PENALTIES),
    }
    of_one = training_kernels(program, activations)
    shared = {LOSS, UPDATE, CONSTANTS, *range(ACTIVATIONS_FROM, max(of_one) + 1)}
    return chosen | {number: one for number, one in of_one.items() if number in shared}


def every_kernel(real: str) -> list[Kernel]:
    """All kernels of one precision, whatever the program."""
    drivers = ("run_steps", *_DRIVERS, "cost_and_gradient", "outputs", "outputs_of_few")
    found: list[Kernel | None] = [driver_kernel(name, real) for name in drivers]
    found += [
        lane_driver_kernel(real),
        panel_kernel(real),
        order_kernel(real),
        lane_order_kernel(real),
    ]
    found += (kernel for name in ACTIVATIONS for kernel in activation_kernels(name, real))
    found += (kernel for name in ACTIVATIONS for kernel in dropping_kernels(name, real))
    found += (loss_kernel(name, real) for name in LOSSES)
    found += (kernel for name in OPTIMIZERS for kernel in optimizer_kernels(name, real))
    # A program with everything that steps may do besides.
    objective = Objective("squared_error", l2=1.0, l1=1.0)
    activations = ("relu", "softmax", "identity")
    program = Program(
        Architecture((1, 1, 1, 1), activations),
        objective,
        dropout=(0.5, 0.5),
        max_norm=1.0,
        clip_norm=1.0,
        dtype=real,
    )
    found += training_kernels(program, activations).values()
    found += lane_kernels(program, activations).values()
    return [kernel for kernel in dict.fromkeys(found) if kernel is not None]


def addresses(kernels: dict[int, Kernel], real: str) -> np.ndarray:
    """The table that a driver is given: by number, 0 for what it never calls. Compiles what is not ready."""
    # To the end of the four of the last activation.
    table = np.zeros(max(max(kernels, default=0) + 4, ACTIVATIONS_FROM), dtype=np.int64)
    table[OWN_PRODUCTS_UP_TO] = OUR_PRODUCTS
    if OUR_PRODUCTS < ALL_PRODUCTS:
        table[GEMM] = blas_routine(real)
    for number, needed in kernels.items():
        table[number] = needed.address
    return table

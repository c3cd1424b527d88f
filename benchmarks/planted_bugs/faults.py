"""The bugs: each says where back-propagation is broken, how, and what a person would call the mistake.

A `Fault` is one mistake; `layers` gives the layers of a network where it can be made (and shows), `hooks` the
functions that make it, and `wrong` which parameters of the layer begin the fault: "W", "b", or both. Its
`causes` are the fixed names that are right for it, nearly always one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit

from planted_bugs.network import ACTIVATIONS, Hook, Network, Parameters, Run

Hooks = dict[tuple[str, int], Hook]
WholeGradient = Callable[[Network, Parameters], Parameters]


@dataclass(frozen=True)
class Fault:
    """One mistake. `whole` replaces the gradient function, for faults that are not at one layer."""

    name: str
    causes: tuple[str, ...]
    wrong: str
    layers: Callable[[Network], Sequence[int]]
    hooks: Callable[[int], Hooks] | None = None
    whole: WholeGradient | None = None
    tolerance: float = 1e-7


def _any(net: Network) -> Sequence[int]:
    return range(1, net.depth + 1)


def _last(net: Network) -> Sequence[int]:
    return [net.depth]


def _hidden(net: Network) -> Sequence[int]:
    return range(1, net.depth)


def _no_penalty_any(net: Network) -> Sequence[int]:
    return [] if net.spec.penalty else _any(net)


def _with_penalty(net: Network) -> Sequence[int]:
    return _any(net) if net.spec.penalty else []


def _with_dropout(net: Network) -> Sequence[int]:
    return [] if net.spec.keep_prob == 1 else list(_hidden(net))


def _above_dropout(net: Network) -> Sequence[int]:
    return [layer + 1 for layer in _with_dropout(net)]


def _averaged_any(net: Network) -> Sequence[int]:
    return [] if net.spec.summed or net.spec.weighted else _any(net)


def _square(net: Network) -> Sequence[int]:
    sizes = net.spec.sizes
    return [layer for layer in _any(net) if sizes[layer] == sizes[layer - 1] > 1]


def _square_above(net: Network) -> Sequence[int]:
    return [layer - 1 for layer in _square(net) if layer > 1]


def _wide(net: Network) -> Sequence[int]:
    """Several units and several inputs, so that an order can be wrong."""
    return [layer for layer in _any(net) if min(net.spec.sizes[layer], net.spec.sizes[layer - 1]) > 2]


def _several_units(net: Network) -> Sequence[int]:
    return [layer for layer in _any(net) if net.spec.sizes[layer] > 2]


def _several_sums(net: Network) -> Sequence[int]:
    """Several units whose gradients do not add up to 0, as those before softmax do."""
    return [layer for layer in _several_units(net) if layer < net.depth or net.spec.loss != "softmax"]


def _wide_with_sums(net: Network) -> Sequence[int]:
    return [layer for layer in _wide(net) if layer in _several_sums(net)]


def _units_as_examples(net: Network) -> Sequence[int]:
    return [layer for layer in _any(net) if net.spec.sizes[layer] == net.spec.m]


def _same_as_above(net: Network) -> Sequence[int]:
    sizes = net.spec.sizes
    return [
        layer for layer in range(1, net.depth) if sizes[layer - 1 : layer + 1] == sizes[layer : layer + 2]
    ]


def _same_bias_above(net: Network) -> Sequence[int]:
    sizes = net.spec.sizes
    return [layer for layer in range(1, net.depth) if sizes[layer] == sizes[layer + 1] > 1]


def _at(point: str, change: Callable[[Network, Run, int, np.ndarray], np.ndarray]) -> Callable[[int], Hooks]:
    return lambda layer: {(point, layer): change}


def _times(factor: float) -> Callable[[Network, Run, int, np.ndarray], np.ndarray]:
    return lambda net, run, layer, value: factor * value


def _weight_of(layer: int, run: Run) -> np.ndarray:
    return run.parameters[layer - 1][0]


def _data_part(net: Network, run: Run, layer: int, dW: np.ndarray) -> np.ndarray:
    return dW - net.spec.penalty / net.divisor * _weight_of(layer, run)


def _penalty_times(factor: float) -> Callable[[Network, Run, int, np.ndarray], np.ndarray]:
    def change(net: Network, run: Run, layer: int, dW: np.ndarray) -> np.ndarray:
        kept = factor * net.spec.penalty / net.divisor
        return _data_part(net, run, layer, dW) + kept * _weight_of(layer, run)

    return change


SCALED = [
    Fault("dW twice too large", ("scaled",), "W", _any, _at("weight", _times(2))),
    Fault("db four times too large", ("scaled",), "b", _several_units, _at("bias", _times(4))),
    Fault("dW half as large", ("scaled",), "W", _any, _at("weight", _times(0.5))),
    Fault(
        "dW divided by m twice", ("scaled",), "W", _averaged_any,
        _at("weight", lambda net, run, layer, dW: dW / net.spec.m),
    ),
    Fault(
        "dZ times the number of classes", ("scaled",), "Wb",
        lambda net: [net.depth] if net.spec.sizes[-1] > 2 else [],
        _at("output", lambda net, run, layer, dZ: dZ * net.spec.sizes[-1]),
    ),
    Fault("the 2 of the square left in dZ", ("scaled",), "Wb", _last, _at("output", _times(2))),
    Fault("a hidden dZ 3 times too large", ("scaled",), "Wb", _hidden, _at("error", _times(3))),
    Fault(
        "dW divided by the units instead of the examples", ("scaled",), "W",
        lambda net: [layer for layer in _averaged_any(net) if net.spec.sizes[layer] not in (1, net.spec.m)],
        _at("weight", lambda net, run, layer, dW: dW * net.spec.m / net.spec.sizes[layer]),
    ),
]  # fmt: skip

SIGN = [
    Fault("dW with the wrong sign", ("sign-flipped",), "W", _any, _at("weight", _times(-1))),
    Fault("db with the wrong sign", ("sign-flipped",), "b", _any, _at("bias", _times(-1))),
    Fault("dZ = Y - A", ("sign-flipped",), "Wb", _last, _at("output", _times(-1))),
    Fault("a hidden dZ with the wrong sign", ("sign-flipped",), "Wb", _hidden, _at("error", _times(-1))),
]

ARRANGED = [
    Fault("dW transposed", ("transposed",), "W", _square, _at("weight", lambda net, run, layer, dW: dW.T)),
    Fault(
        "dW flattened column by column", ("transposed",), "W", _wide,
        _at("weight", lambda net, run, layer, dW: dW.reshape(-1, order="F").reshape(dW.shape)),
    ),
    Fault("dA = W dZ", ("transposed",), "Wb", _square_above, _at("back", lambda net, run, layer, W: W.T)),
    Fault(
        "rows of dW reversed", ("permuted",), "W", _several_units,
        _at("weight", lambda net, run, layer, dW: dW[::-1]),
    ),
    Fault(
        "columns of dW rolled", ("permuted",), "W", _wide,
        _at("weight", lambda net, run, layer, dW: np.roll(dW, 1, 1)),
    ),
    Fault(
        "db rolled", ("permuted",), "b", _several_units,
        _at("bias", lambda net, run, layer, db: np.roll(db, 1, 0)),
    ),
    Fault(
        "two rows of dW swapped", ("permuted",), "W", _several_units,
        _at("weight", lambda net, run, layer, dW: dW[[1, 0, *range(2, len(dW))]]),
    ),
]  # fmt: skip


def _gradient_of_above(point: str) -> Callable[[int], Hooks]:
    def change(net: Network, run: Run, layer: int, value: np.ndarray) -> np.ndarray:
        pair = net.gradient(run.parameters)[layer]
        return pair[0] if point == "weight" else pair[1]

    return _at(point, change)


OTHER = [
    Fault("dW of the layer above", ("other-parameter",), "W", _same_as_above, _gradient_of_above("weight")),
    Fault("db of the layer above", ("other-parameter",), "b", _same_bias_above, _gradient_of_above("bias")),
    Fault(
        "dA by the weights of the layer itself", ("other-parameter",), "Wb", _same_as_above,
        _at("back", lambda net, run, layer, W: _weight_of(layer, run)),
    ),
]  # fmt: skip


def _penalized_bias(net: Network, run: Run, layer: int, db: np.ndarray) -> np.ndarray:
    return db + net.spec.penalty / net.divisor * run.parameters[layer - 1][1]


PENALTY = [
    Fault(
        "L2 forgotten in one layer", ("missing-penalty",), "W", _with_penalty,
        _at("weight", _penalty_times(0)),
    ),
    Fault("L2 half as strong", ("missing-penalty",), "W", _with_penalty, _at("weight", _penalty_times(0.5))),
    Fault(
        "L2 forgotten everywhere", ("missing-penalty",), "W",
        lambda net: _last(net) if net.spec.penalty else [],
        whole=lambda net, parameters: net.gradient(
            parameters, {("weight", layer): _penalty_times(0) for layer in _any(net)}
        ),
    ),
    Fault("L2 twice as strong", ("extra-penalty",), "W", _with_penalty, _at("weight", _penalty_times(2))),
    Fault(
        "L2 not divided by m", ("extra-penalty",), "W", _with_penalty,
        _at("weight", lambda net, run, layer, dW: _penalty_times(net.spec.m)(net, run, layer, dW)),
    ),
    Fault(
        "L2 on the bias", ("extra-penalty",), "b", lambda net: _with_penalty(net),
        _at("bias", _penalized_bias),
    ),
    Fault(
        "L2 where the cost has none", ("extra-penalty",), "W", _no_penalty_any,
        _at("weight", lambda net, run, layer, dW: dW + 0.7 / net.spec.m * _weight_of(layer, run)),
    ),
]  # fmt: skip

NOT_AVERAGED = [
    Fault(
        "dW not divided by m", ("not-averaged",), "W", _averaged_any,
        _at("weight", lambda net, run, layer, dW: dW * net.spec.m),
    ),
    Fault(
        "db not divided by m", ("not-averaged",), "b", _averaged_any,
        _at("bias", lambda net, run, layer, db: db * net.spec.m),
    ),
    Fault(
        "nothing divided by m", ("not-averaged",), "Wb", lambda net: _last(net) if _averaged_any(net) else [],
        whole=lambda net, parameters: [(W * net.spec.m, b * net.spec.m) for W, b in net.gradient(parameters)],
    ),
    Fault(
        "dW not divided by m, its penalty is", ("not-averaged",), "W",
        lambda net: [] if net.spec.summed else _with_penalty(net),
        _at("weight", lambda net, run, layer, dW: dW + (net.spec.m - 1) * _data_part(net, run, layer, dW)),
    ),
]  # fmt: skip


def _sum_over_units(net: Network, run: Run, layer: int, db: np.ndarray) -> np.ndarray:
    delta = run.delta[layer]
    assert delta is not None
    return delta.sum(axis=0).reshape(db.shape) / net.divisor


WRONG_AXIS = [
    Fault(
        "db one sum for all units", ("wrong-axis",), "b", _several_sums,
        _at("bias", lambda net, run, layer, db: np.full_like(db, db.sum())),
    ),
    Fault(
        "db one mean for all units", ("wrong-axis",), "b", _several_sums,
        _at("bias", lambda net, run, layer, db: np.full_like(db, db.mean())),
    ),
    Fault("db summed over units", ("wrong-axis",), "b", _units_as_examples, _at("bias", _sum_over_units)),
    Fault(
        "dW summed over its rows", ("wrong-axis",), "W", _wide_with_sums,
        _at("weight", lambda net, run, layer, dW: np.broadcast_to(dW.sum(axis=0), dW.shape)),
    ),
    Fault(
        "dW averaged over its columns", ("wrong-axis",), "W", _wide,
        _at("weight", lambda net, run, layer, dW: np.broadcast_to(dW.mean(axis=1, keepdims=True), dW.shape)),
    ),
]  # fmt: skip


def _derivative(of: Callable[[np.ndarray], np.ndarray], *hidden: str, name: str) -> Fault:
    return Fault(
        name, ("activation-derivative",), "Wb",
        lambda net: _hidden(net) if net.spec.hidden in hidden else [],
        _at("derivative", lambda net, run, layer, value: of(run.Z[layer])),
    )  # fmt: skip


_SMOOTH = ("tanh", "sigmoid", "elu", "gelu", "softplus", "silu")
DERIVATIVE = [
    _derivative(np.ones_like, "relu", "leaky_relu", "abs", *_SMOOTH, name="activation derivative missing"),
    _derivative(lambda z: (z > 0) * 1.0, "leaky_relu", "elu", "gelu", "silu", name="relu's derivative"),
    _derivative(lambda z: np.where(z > 0, 1, 0.01), "relu", name="leaky relu's derivative for relu"),
    _derivative(lambda z: z * (1 - z), "sigmoid", name="z (1 - z) for a (1 - a)"),
    _derivative(lambda z: expit(expit(z)) * expit(-expit(z)), "sigmoid", name="sigmoid' at A"),
    _derivative(lambda z: 1 - z**2, "tanh", name="1 - z^2 for 1 - a^2"),
    _derivative(lambda z: 1 - np.tanh(z), "tanh", name="1 - a for 1 - a^2"),
    _derivative(lambda z: 1 - np.tanh(np.tanh(z)) ** 2, "tanh", name="tanh' at A"),
    _derivative(lambda z: expit(z) * expit(-z), "tanh", "softplus", name="sigmoid's derivative"),
    _derivative(lambda z: 1 - np.tanh(z) ** 2, "sigmoid", "relu", name="tanh's derivative"),
    _derivative(np.tanh, "tanh", name="tanh for its derivative"),
    _derivative(lambda z: expit(1.702 * z), "gelu", name="a rough derivative for gelu"),
    _derivative(lambda z: (z <= 0) * 1.0, "relu", name="relu' on the wrong side"),
    _derivative(lambda z: np.maximum(z, 0), "relu", name="relu for its derivative"),
    Fault(
        "sigmoid' once too often at the output", ("activation-derivative",), "Wb",
        lambda net: _last(net) if net.spec.loss == "binary" else [],
        _at("output", lambda net, run, layer, dZ: dZ * expit(run.Z[-1]) * expit(-run.Z[-1])),
    ),
    Fault(
        "sigmoid' forgotten at the output", ("activation-derivative",), "Wb",
        lambda net: _last(net) if net.spec.loss == "squared_sigmoid" else [],
        _at("output", lambda net, run, layer, dZ: dZ / (expit(run.Z[-1]) * expit(-run.Z[-1]))),
    ),
]  # fmt: skip


def _unmasked(net: Network, run: Run, layer: int, value: np.ndarray) -> np.ndarray:
    return run.unmasked[layer - 1]


def _mask_of_another_pass(net: Network, run: Run, layer: int, value: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(99)
    return (rng.random(value.shape) < net.spec.keep_prob) / net.spec.keep_prob


DROPOUT = [
    Fault(
        "mask missing", ("dropout-mask",), "Wb", _with_dropout,
        _at("mask", lambda net, run, layer, mask: np.full_like(mask, 1 / net.spec.keep_prob)),
    ),
    Fault(
        "mask and rescaling missing", ("dropout-mask",), "Wb", _with_dropout,
        _at("mask", lambda *at: np.ones_like(at[3])),
    ),
    Fault(
        "mask not rescaled", ("dropout-mask", "scaled"), "Wb", _with_dropout,
        _at("mask", lambda net, run, layer, mask: mask * net.spec.keep_prob),
    ),
    Fault(
        "rescaled twice", ("dropout-mask", "scaled"), "Wb", _with_dropout,
        _at("mask", lambda net, run, layer, mask: mask / net.spec.keep_prob),
    ),
    Fault("mask of another pass", ("dropout-mask",), "Wb", _with_dropout, _at("mask", _mask_of_another_pass)),
    Fault(
        "dW from the units before dropout", ("dropout-mask",), "W", _above_dropout,
        _at("input", _unmasked),
    ),
]  # fmt: skip

ZERO = [
    Fault("dW zero", ("zero",), "W", _any, _at("weight", _times(0))),
    Fault("db zero", ("zero",), "b", _any, _at("bias", _times(0))),
    Fault("nothing goes back", ("zero",), "Wb", _hidden, _at("error", _times(0))),
]


def _holes(value: float) -> Callable[[Network, Run, int, np.ndarray], np.ndarray]:
    def change(net: Network, run: Run, layer: int, gradient: np.ndarray) -> np.ndarray:
        gradient = gradient.copy()
        gradient.flat[0] = value
        return gradient

    return change


NON_FINITE = [
    Fault("a NaN in dW", ("non-finite",), "W", _any, _at("weight", _holes(np.nan))),
    Fault("an infinity in db", ("non-finite",), "b", _any, _at("bias", _holes(np.inf))),
    Fault(
        "NaN in a hidden dZ",
        ("non-finite",),
        "Wb",
        _hidden,
        _at("error", lambda net, run, layer, dZ: dZ * np.nan),
    ),
]


def _step(net: Network, parameters: Parameters, rate: float) -> Parameters:
    return [
        (W - rate * dW, b - rate * db)
        for (W, b), (dW, db) in zip(parameters, net.gradient(parameters), strict=True)
    ]


def _updated_weight(net: Network, run: Run, layer: int, W: np.ndarray) -> np.ndarray:
    return W - 0.1 * net.gradient(run.parameters)[layer][0]


def _constant(net: Network, parameters: Parameters) -> Parameters:
    """The gradient of an earlier point, whatever the point: a cache that is never renewed."""
    return net.gradient([(0.8 * W, b + 0.1) for W, b in net.parameters()])


STALE = [
    Fault(
        "another batch", ("stale",), "Wb", _last,
        whole=lambda net, parameters: net.other_batch().gradient(parameters),
    ),
    Fault(
        "taken after the update", ("stale",), "Wb", _last,
        whole=lambda net, parameters: net.gradient(_step(net, parameters, 0.5)),
    ),
    Fault("a cache never renewed", ("stale",), "Wb", _last, whole=_constant),
    Fault(
        "the inputs of another batch", ("stale",), "W", lambda net: [1],
        _at("input", lambda net, run, layer, A: net.other_batch().X),
    ),
    Fault(
        "dA by the weights after their update", ("stale",), "Wb", _hidden, _at("back", _updated_weight)
    ),
]  # fmt: skip


# Single precision is right to 7 digits: only a tolerance below that asks for more.
ALL_DIGITS = 1e-9


def _through_single(net: Network, run: Run, layer: int, dW: np.ndarray) -> np.ndarray:
    return dW.astype(np.float32).astype(np.float64)


def _through_half(net: Network, run: Run, layer: int, value: np.ndarray) -> np.ndarray:
    return value.astype(np.float16).astype(np.float64)


def _stored_in_single(net: Network, parameters: Parameters) -> Parameters:
    return [(W.astype(np.float32), b.astype(np.float32)) for W, b in net.gradient(parameters)]


def _computed_in_single(net: Network, parameters: Parameters) -> Parameters:
    single = replace(net, X=net.X.astype(np.float32), Y=net.Y.astype(np.float32))
    single.masks = [mask.astype(np.float32) for mask in net.masks]
    single.weights = net.weights.astype(np.float32)
    short = single.gradient([(W.astype(np.float32), b.astype(np.float32)) for W, b in parameters])
    return [(W.astype(np.float64), b.astype(np.float64)) for W, b in short]


LOW_PRECISION = [
    Fault(
        "dW in single precision", ("low-precision",), "W", _any,
        _at("weight", _through_single), tolerance=ALL_DIGITS,
    ),
    Fault(
        "stored in single precision", ("low-precision",), "Wb", _last,
        whole=_stored_in_single, tolerance=ALL_DIGITS,
    ),
    Fault(
        "computed in single precision", ("low-precision",), "Wb", _last,
        whole=_computed_in_single, tolerance=ALL_DIGITS,
    ),
    Fault(
        "dW in half precision", ("low-precision",), "W", _any,
        _at("weight", _through_half),
    ),
    Fault(
        "dZ in half precision", ("low-precision",), "Wb", _any,
        lambda layer: {
            (point, layer): lambda net, run, layer, dZ: dZ.astype(np.float16).astype(np.float64)
            for point in ("output", "error")
        },
    ),
]  # fmt: skip


def _one_entry(net: Network, run: Run, layer: int, dW: np.ndarray) -> np.ndarray:
    dW = dW.copy()
    dW.flat[dW.size // 2] += 0.37
    return dW


UNKNOWN = [
    Fault("one entry wrong", ("unknown",), "W", _wide, _at("weight", _one_entry)),
    Fault(
        "dW full of noise", ("unknown",), "W", _wide,
        _at("weight", lambda net, run, layer, dW: dW + np.random.default_rng(4).normal(size=dW.shape)),
    ),
]  # fmt: skip

FAULTS: dict[str, list[Fault]] = {
    "scaled": SCALED, "sign-flipped": SIGN, "arranged": ARRANGED, "other-parameter": OTHER,
    "penalty": PENALTY,
    "not-averaged": NOT_AVERAGED, "wrong-axis": WRONG_AXIS, "activation-derivative": DERIVATIVE,
    "dropout-mask": DROPOUT, "zero": ZERO, "non-finite": NON_FINITE, "stale": STALE,
    "low-precision": LOW_PRECISION, "unknown": UNKNOWN,
}  # fmt: skip

assert set(ACTIVATIONS) >= set(_SMOOTH)

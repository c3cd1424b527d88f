"""Which step of a hidden layer's backward pass is wrong: its derivative, its mask, or the weights above."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from layerwise.checking.causes.derivatives import derivative_named, mistake_named
from layerwise.checking.causes.experiment import gradient_at
from layerwise.checking.causes.hidden_layer import Place, places_of, slopes_in_bias
from layerwise.checking.causes.layers import Layer
from layerwise.checking.causes.naming import number, times
from layerwise.checking.evidence import Cause, Probes

CLOSE = 1e-4
SMALL_WEIGHTS = 1e-5


def fault_inside(layers: Sequence[Layer], index: int, probes: Probes) -> Cause | None:
    """What is wrong in dZ of hidden layer `index` (0 the first), when the layers above are right."""
    layer, above = layers[index], layers[index + 1]
    places = places_of(layer, above, probes)
    if not places:
        return None
    if not any(np.any(place.analytic) for place in places):
        return _weights_of_layer(layers, index, places, probes)
    if any(place.is_dropped for place in places):
        return _weights_under_dropout(layers, index, places, probes) or _with_dropout(places, index)
    if all(place.is_along_back for place in places):
        return _derivative(places, index)
    return _weights(layers, index, places)


def fits_where_examples_are_alike(layers: Sequence[Layer], index: int, probes: Probes) -> bool:
    """Whether the layer's biases have the right gradient where its inputs are hidden from it."""
    places = places_of(layers[index], layers[index + 1], probes)
    return bool(places) and all(place.is_right for place in places)


def of_other_values(layers: Sequence[Layer], index: int, probes: Probes) -> Cause | None:
    """Whether dZ of a layer without weights still changes with what lies below it: right it cannot."""
    layer, below = layers[index], layers[:index]
    if layer.bias is None or not below:
        return None
    answers = []
    for shift in (0.0, 0.4):
        theta = layer.placed(probes.theta, W=0.0)
        for one in below:
            b = one.b(theta) + shift if one.bias else None
            theta = one.placed(theta, W=(1 + shift) * one.W(theta), b=b)
        gradient = gradient_at(probes, theta)
        if gradient is None:
            return None
        answers.append(layer.b(gradient))
    if _same(answers[0], answers[1]):
        return None
    return Cause(
        "activation-derivative",
        None,
        f"dZ{index + 1} changes with the layers below where the weights of layer {index + 1} are 0 and none "
        f"of it can reach Z{index + 1}: the derivative of its activation is taken at another layer's values.",
    )


def _derivative(places: Sequence[Place], index: int) -> Cause | None:
    """db[l] is along W[l+1]' db[l+1] everywhere, but what stands for g' is not g'."""
    if all(place.is_right for place in places):
        return None
    z = np.array([place.c for place in places])
    right, used = (np.array([getattr(place, name) for place in places]) for name in ("derivative", "used"))
    factor = float(used @ right) / float(right @ right) if right.any() else 0.0
    if factor and _same(used, factor * right):
        if abs(factor + 1) < CLOSE:
            return Cause("sign-flipped", -1.0, f"dZ{index + 1} has the right size and the wrong sign.")
        return Cause("scaled", factor, f"dZ{index + 1} is {times(factor)} at every pre-activation tried.")
    name = derivative_named(z, right)
    worst = int(np.argmax(np.abs(used - right)))
    of = f"activation, {name}" if name else "activation"
    return Cause(
        "activation-derivative",
        None,
        f"dZ{index + 1} does not have the derivative of its {of}: where Z{index + 1} is {z[worst]:g} the "
        "cost needs "
        f"{right[worst]:.3g} and the gradient takes {used[worst]:.3g}. It takes "
        f"{mistake_named(z, used, name)}.",
    )


def _with_dropout(places: Sequence[Place], index: int) -> Cause | None:
    """The cost drops units of this layer: is the mask wrong, or the derivative?"""
    if all(place.is_right for place in places):
        return None
    known = [place.ratio for place in places if place.ratio is not None]
    dark = [place for place in places if not place.is_lit]
    follows = not any(np.linalg.norm(place.analytic) > CLOSE * place.size for place in dark)
    if (
        known
        and follows
        and np.allclose(known, known[0], rtol=CLOSE)
        and abs(known[0]) > CLOSE < abs(known[0] - 1)
    ):
        return not_rescaled(index, known[0])
    if len(known) > 1 or (len(known) == 1 and abs(known[0] - 1) < CLOSE):
        dZ = f"dZ{index + 1}"
        return Cause(
            "activation-derivative",
            None,
            f"{dZ} has the dropout mask, and not the derivative of its activation: the share of the right "
            f"{dZ} "
            f"changes with Z{index + 1}, from {number(min(known))} to {number(max(known))} times.",
        )
    missing = all(place.is_along_back for place in places)
    text = (
        "goes back through all units: the mask is missing"
        if missing
        else "is masked otherwise than the cost's forward pass: the mask is another one"
    )
    return Cause(
        "dropout-mask", None, f"The cost drops units of layer {index + 1}, but dZ{index + 1} {text}."
    )


def _weights_under_dropout(
    layers: Sequence[Layer], index: int, places: Sequence[Place], probes: Probes
) -> Cause | None:
    """Whether dA is taken with the right weights, when examples differ: with W[l+1] = 0 nothing may come
    back, and with a symmetric W[l+1] a transposed one does no harm."""
    layer, above = layers[index], layers[index + 1]
    faulty = [place for place in places if not place.is_right]
    if not faulty:
        return None
    place = max(faulty, key=lambda place: float(np.linalg.norm(place.slopes)))
    silent = gradient_at(probes, above.placed(place.arrays, W=0.0))
    if silent is None:
        return None
    if np.linalg.norm(layer.b(silent)) > CLOSE * np.linalg.norm(place.analytic):
        for other, one in enumerate(layers[:index]):
            without = gradient_at(probes, one.placed(above.placed(place.arrays, W=0.0), W=0.0))
            if without is not None and not np.any(layer.b(without)):
                return _other_weights(index, other)
        return Cause(
            "stale",
            None,
            f"dA{index + 1} is not 0 where the weights of layer {index + 2} are: it is taken with weights "
            "of another "
            "moment, such as those after an update.",
        )
    W = above.W(place.arrays)
    if W.shape[0] != W.shape[1]:
        return None
    even = above.placed(place.arrays, W=W + W.T)
    gradient = gradient_at(probes, even)
    if gradient is None:
        return None
    slopes, errors = slopes_in_bias(layer, even, place.directions, probes)
    apart = np.abs(place.directions @ layer.b(gradient) - slopes)
    if np.all(apart <= CLOSE * np.abs(slopes).max() + 3 * errors):
        return Cause(
            "transposed",
            None,
            f"dA{index + 1} is W dZ with the weights of layer {index + 2}; it should be W' dZ.",
        )
    return None


def not_rescaled(index: int, factor: float) -> Cause:
    """The mask is right but for its scale."""
    how = "is not divided by keep_prob" if abs(factor) < 1 else "is divided by keep_prob once too often"
    return Cause(
        "dropout-mask",
        factor,
        f"The cost drops units of layer {index + 1}, and dZ{index + 1} is {number(factor)} times what it "
        "should be: "
        f"its mask {how}.",
    )


def _weights(layers: Sequence[Layer], index: int, places: Sequence[Place]) -> Cause | None:
    """dA = W[l+1]' dZ[l+1] is wrong: transposed, permuted, or with weights of another moment or layer."""
    above, dA = layers[index + 1], f"dA{index + 1}"
    lit = [place for place in places if abs(place.derivative) > CLOSE]
    if not lit:
        return None
    pairs = [(place, place.analytic / place.derivative, above.b(place.gradient)) for place in lit]
    W = above.W(lit[0].arrays)
    if W.shape[0] == W.shape[1] and all(_same(dA_used, W @ u) for _, dA_used, u in pairs):
        return Cause(
            "transposed", None, f"{dA} is W dZ with the weights of layer {index + 2}; it should be W' dZ."
        )
    if all(_same(np.sort(dA_used), np.sort(place.back)) for place, dA_used, _ in pairs):
        return Cause("permuted", None, f"{dA} has the right units in the wrong order.")
    for other, layer in enumerate(layers):
        B = layer.W(lit[0].arrays)
        if (
            layer is not above
            and B.shape == W.shape
            and all(_same(dA_used, B.T @ u) for _, dA_used, u in pairs)
        ):
            return _other_weights(index, other)
    rates = [_rate(dA_used - place.back, above.W(place.gradient).T @ u) for place, dA_used, u in pairs]
    if all(rate is not None for rate in rates) and np.allclose(
        np.array(rates, float), float(rates[0] or 0), rtol=1e-3
    ):
        return Cause(
            "stale",
            None,
            f"{dA} is taken with the weights of layer {index + 2} after an update (a step of "
            f"{number(abs(float(rates[0] or 0)))} times their gradient); the forward pass had those before "
            "it.",
        )
    return None


def _weights_of_layer(
    layers: Sequence[Layer], index: int, places: Sequence[Place], probes: Probes
) -> Cause | None:
    """W[l] used where W[l+1] belongs: with W[l] = 0 nothing comes back; with a small one it does."""
    layer, above = layers[index], layers[index + 1]
    place = max(places, key=lambda place: float(np.linalg.norm(place.slopes)))
    W = layer.W(place.arrays)
    if W.shape != above.W(place.arrays).shape:
        return None
    small = SMALL_WEIGHTS * np.random.default_rng(0).normal(size=W.shape)
    gradient = gradient_at(probes, layer.placed(place.arrays, W=small))
    if gradient is None:
        return None
    found = layer.b(gradient)
    wanted = place.derivative * small.T @ above.b(gradient)
    fits = np.any(found) if place.is_dropped else _same(found, wanted, 1e-3)
    return _other_weights(index, index) if fits else None


def _other_weights(index: int, other: int) -> Cause:
    return Cause(
        "other-parameter",
        None,
        f"dA{index + 1} is taken with the weights of layer {other + 1}; those of layer {index + 2} belong "
        "there.",
    )


def _same(found: np.ndarray, wanted: np.ndarray, close: float = CLOSE) -> bool:
    return bool(np.linalg.norm(found - wanted) <= close * np.linalg.norm(wanted))


def _rate(excess: np.ndarray, along: np.ndarray) -> float | None:
    """The r with excess = r * along, None where there is none."""
    size = float(along @ along)
    if not size:
        return None
    rate = float(excess @ along) / size
    return rate if rate and np.linalg.norm(excess - rate * along) <= CLOSE * np.linalg.norm(excess) else None

"""L2 and dropout as they come out wrong (figures 20 to 23)."""

from __future__ import annotations

import numpy as np

from layerwise.course import building, regularization
from layerwise.course._caches import cache_names
from layerwise.course._mistakes import Mistakes
from layerwise.formulas.activations import relu as relu_of
from layerwise.formulas.activations import sigmoid as sigmoid_of


def _weights(parameters):
    return [value for name, value in parameters.items() if name[0] == "W"]


def _squares(parameters):
    return sum(np.sum(np.square(W)) for W in _weights(parameters))


def _penalized(penalty):
    """A cost with the penalty of penalty(parameters, lambd, m) on top."""
    return lambda A3, Y, parameters, lambd: (
        building.compute_cost(A3, Y) + penalty(parameters, lambd, Y.shape[1])
    )


REGULARIZED_COST: Mistakes = {
    "it leaves out the penalty": _penalized(lambda parameters, lambd, m: 0.0),
    "it is the penalty alone; the cross-entropy cost is missing": lambda A3, Y, parameters, lambd: (
        lambd / (2 * Y.shape[1]) * _squares(parameters)
    ),
    "its penalty is twice too large: lambd / (2 m)": _penalized(
        lambda parameters, lambd, m: lambd / m * _squares(parameters)
    ),
    "its penalty is not divided by m: lambd / (2 m)": _penalized(
        lambda parameters, lambd, m: lambd / 2 * _squares(parameters)
    ),
    "its penalty is subtracted; large weights must cost": _penalized(
        lambda parameters, lambd, m: -lambd / (2 * m) * _squares(parameters)
    ),
    "it lets the biases pay the penalty; only the weights do": _penalized(
        lambda parameters, lambd, m: (
            lambd / (2 * m) * sum(np.sum(np.square(value)) for value in parameters.values())
        )
    ),
    "it leaves the last layer's weights out of the penalty": _penalized(
        lambda parameters, lambd, m: (
            lambd / (2 * m) * sum(np.sum(np.square(W)) for W in _weights(parameters)[:-1])
        )
    ),
    "its penalty is the sum of |W|, which is L1; L2 has squares": _penalized(
        lambda parameters, lambd, m: lambd / (2 * m) * sum(np.sum(np.abs(W)) for W in _weights(parameters))
    ),
    "its penalty is the sum of the weights; their squares are missing": _penalized(
        lambda parameters, lambd, m: lambd / (2 * m) * sum(np.sum(W) for W in _weights(parameters))
    ),
    "its penalty is the norm of each W; the square of it belongs there": _penalized(
        lambda parameters, lambd, m: lambd / (2 * m) * sum(np.linalg.norm(W) for W in _weights(parameters))
    ),
    "it squares the sum; it must sum the squares": _penalized(
        lambda parameters, lambd, m: lambd / (2 * m) * sum(np.sum(W) ** 2 for W in _weights(parameters))
    ),
}


def _regularized_with(strength):
    return lambda X, Y, cache, lambd: regularization.backward_propagation_with_regularization(
        X, Y, cache, strength(lambd, X.shape[1])
    )


def _penalty_added(X, Y, cache, lambd, added):
    """The gradients without the penalty, and added(name, parameter) * lambd / m on top of each dW and db."""
    grads = dict(regularization.backward_propagation(X, Y, cache))
    for layer in range(1, len(cache) // 4 + 1):
        for kind, value in zip("Wb", cache[4 * layer - 2 : 4 * layer], strict=True):
            name = f"d{kind}{layer}"
            grads[name] = grads[name] + added(name, value) * lambd / X.shape[1]
    return grads


REGULARIZED_BACKWARD: Mistakes = {
    "it leaves out the penalty's part: + lambd / m * W": _regularized_with(lambda lambd, m: 0),
    "the penalty's part is half too small: + lambd / m * W, the 2 of the cost goes away": _regularized_with(
        lambda lambd, m: lambd / 2
    ),
    "the penalty's part is twice too large: + lambd / m * W": _regularized_with(lambda lambd, m: 2 * lambd),
    "the penalty's part is not divided by m: + lambd / m * W": _regularized_with(lambda lambd, m: lambd * m),
    "the penalty's part is subtracted: + lambd / m * W": lambda X, Y, cache, lambd: _penalty_added(
        X, Y, cache, lambd, lambda name, value: -value if name[1] == "W" else 0
    ),
    "it adds the penalty's part to the biases too; only the weights have it": lambda X, Y, cache, lambd: (
        _penalty_added(X, Y, cache, lambd, lambda name, value: value)
    ),
    "it adds the penalty's part to the last layer only; every dW has it": lambda X, Y, cache, lambd: (
        _penalty_added(X, Y, cache, lambd, lambda name, value: value if name == f"dW{len(cache) // 4}" else 0)
    ),
    "it leaves the penalty's part out of dW1; every dW has it": lambda X, Y, cache, lambd: _penalty_added(
        X, Y, cache, lambd, lambda name, value: value if name[1] == "W" and name != "dW1" else 0
    ),
}


def _dropped(masked, rand=lambda *shape: np.random.rand(*shape), to_output=False):
    """A forward pass in which masked(A, draws, keep_prob) gives D and the A that goes on."""

    def forward(X, parameters, keep_prob):
        flat, A, depth = [], X, len(parameters) // 2
        for layer in range(1, depth + 1):
            W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
            Z = W @ A + b
            if layer == depth:
                A = sigmoid_of(Z)
                A = masked(A, rand(*Z.shape), keep_prob)[1] if to_output else A
                flat += [Z, A, W, b]
            else:
                D, A = masked(relu_of(Z), rand(*Z.shape), keep_prob)
                flat += [Z, D, A, W, b]
        return A, tuple(flat)

    return forward


def _right(A, draws, keep_prob):
    return draws < keep_prob, A * (draws < keep_prob) / keep_prob


def _after_its_own_seed(X, parameters, keep_prob):
    np.random.seed(1)
    return _dropped(_right)(X, parameters, keep_prob)


DROPOUT_FORWARD: Mistakes = {
    "it does not divide by keep_prob, so the expected activation shrinks": _dropped(
        lambda A, draws, keep_prob: (draws < keep_prob, A * (draws < keep_prob))
    ),
    "it multiplies by keep_prob where it must divide": _dropped(
        lambda A, draws, keep_prob: (draws < keep_prob, A * (draws < keep_prob) * keep_prob)
    ),
    "it divides by 1 - keep_prob where it must divide by keep_prob": _dropped(
        lambda A, draws, keep_prob: (draws < keep_prob, A * (draws < keep_prob) / (1 - keep_prob))
    ),
    "it keeps the units where rand > keep_prob: that is a chance of 1 - keep_prob": _dropped(
        lambda A, draws, keep_prob: (draws > keep_prob, A * (draws > keep_prob) / keep_prob)
    ),
    "it keeps the units where rand < 1 - keep_prob, which is the chance of dropping one": _dropped(
        lambda A, draws, keep_prob: (draws < 1 - keep_prob, A * (draws < 1 - keep_prob) / keep_prob)
    ),
    "it compares with 0.5 in place of keep_prob": _dropped(
        lambda A, draws, keep_prob: (draws < 0.5, A * (draws < 0.5) / keep_prob)
    ),
    "it multiplies by the draws themselves; D must be 0 or 1, draws < keep_prob": _dropped(
        lambda A, draws, keep_prob: (draws, A * draws / keep_prob)
    ),
    "it draws with np.random.randn; np.random.rand is uniform, so that rand < keep_prob has that chance": (
        _dropped(_right, lambda *shape: np.random.randn(*shape))
    ),
    "it draws one number a unit, and so drops it in all examples at once; D has the shape of A": _dropped(
        _right, lambda n, m: np.random.rand(n, 1)
    ),
    "it drops outputs too; dropout is for the hidden layers": _dropped(_right, to_output=True),
    "it sets NumPy's seed itself, so every call drops the same units": _after_its_own_seed,
    "it drops no unit": _dropped(lambda A, draws, keep_prob: (draws < 1, A)),
    "it drops no unit, and its cache has no D": lambda X, parameters, keep_prob: (
        regularization.forward_propagation(X, parameters)
    ),
}


def _with_open_masks(cache):
    return tuple(np.ones_like(value) if value.dtype == bool else value for value in cache)


def _back(X, Y, cache, keep_prob, dropped=(1, 2), slope=lambda A: A > 0):
    """Back through two hidden layers: masks and rescaling in the layers `dropped`, slope(A) for ReLU's."""
    m = X.shape[1]
    grads: dict[str, np.ndarray] = {}
    flat = dict(zip(cache_names(cache, ""), cache, strict=True)) | {"A0": X}
    dZ = flat["A3"] - Y
    for layer in (3, 2, 1):
        dW, db = dZ @ flat[f"A{layer - 1}"].T / m, dZ.sum(axis=1, keepdims=True) / m
        grads |= {f"dZ{layer}": dZ, f"dW{layer}": dW, f"db{layer}": db}
        if layer > 1:
            dA = flat[f"W{layer}"].T @ dZ
            if layer - 1 in dropped:
                dA = dA * flat[f"D{layer - 1}"] / keep_prob
            dZ = dA * slope(flat[f"A{layer - 1}"])
            grads[f"dA{layer - 1}"] = dA
    return grads


DROPOUT_BACKWARD: Mistakes = {
    "it does not divide dA by keep_prob": lambda X, Y, cache, keep_prob: (
        regularization.backward_propagation_with_dropout(X, Y, cache, 1)
    ),
    "it does not apply the masks D to dA": lambda X, Y, cache, keep_prob: (
        regularization.backward_propagation_with_dropout(X, Y, _with_open_masks(cache), keep_prob)
    ),
    "it neither applies the masks D to dA nor divides by keep_prob": lambda X, Y, cache, keep_prob: (
        regularization.backward_propagation_with_dropout(X, Y, _with_open_masks(cache), 1)
    ),
    "it multiplies dA by keep_prob where it must divide": lambda X, Y, cache, keep_prob: _back(
        X, Y, cache, 1 / keep_prob
    ),
    "it applies masks and division to dA2 only; dA1 has them too": lambda X, Y, cache, keep_prob: _back(
        X, Y, cache, keep_prob, dropped=(2,)
    ),
    "it applies masks and division to dA1 only; dA2 has them too": lambda X, Y, cache, keep_prob: _back(
        X, Y, cache, keep_prob, dropped=(1,)
    ),
    "it takes dA for dZ; ReLU lets through only where A > 0": lambda X, Y, cache, keep_prob: _back(
        X, Y, cache, keep_prob, slope=lambda A: 1
    ),
}

MISTAKES: dict[str, Mistakes] = {
    "regularization.compute_cost_with_regularization": REGULARIZED_COST,
    "regularization.backward_propagation_with_regularization": REGULARIZED_BACKWARD,
    "regularization.forward_propagation_with_dropout": DROPOUT_FORWARD,
    "regularization.backward_propagation_with_dropout": DROPOUT_BACKWARD,
}

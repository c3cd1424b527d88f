"""One layer as it comes out wrong: the activations, forward and backward (figures 3, 4, 8, 9 and 10)."""

from __future__ import annotations

import numpy as np

from layerwise.course import building
from layerwise.course._mistakes import Mistakes
from layerwise.formulas.activations import relu as relu_of
from layerwise.formulas.activations import sigmoid as sigmoid_of

SIGMOID: Mistakes = {
    "it has exp(Z); sigmoid is 1 / (1 + exp(-Z))": lambda Z: (sigmoid_of(-Z), Z),
    "it has 1 / 1 + exp(-Z), which is 1 + exp(-Z): brackets are missing, 1 / (1 + exp(-Z))": lambda Z: (
        1 + np.exp(-Z),
        Z,
    ),
    "it is tanh; sigmoid is 1 / (1 + exp(-Z))": lambda Z: (np.tanh(Z), Z),
    "its cache is A; the backward pass needs Z": lambda Z: (sigmoid_of(Z), sigmoid_of(Z)),
}
RELU: Mistakes = {
    "it takes the smaller of 0 and Z; ReLU is the larger": lambda Z: (np.minimum(0, Z), Z),
    "it is |Z|; ReLU is 0 where Z is negative": lambda Z: (np.abs(Z), Z),
    "it is 1 where Z > 0, which is ReLU's derivative; ReLU is Z there": lambda Z: ((Z > 0).astype(float), Z),
    "it does nothing: ReLU is max(0, Z)": lambda Z: (Z.copy(), Z),
    "its cache is A; the backward pass needs Z": lambda Z: (relu_of(Z), relu_of(Z)),
}
SIGMOID_BACKWARD: Mistakes = {
    "it leaves out dA: dZ = dA * A * (1 - A)": lambda dA, Z: sigmoid_of(Z) * (1 - sigmoid_of(Z)),
    "it uses Z where A = sigmoid(Z) belongs: dZ = dA * A * (1 - A)": lambda dA, Z: dA * Z * (1 - Z),
    "it multiplies by A and forgets 1 - A": lambda dA, Z: dA * sigmoid_of(Z),
    "it has the derivative of tanh, 1 - A^2; sigmoid's is A * (1 - A)": lambda dA, Z: (
        dA * (1 - sigmoid_of(Z) ** 2)
    ),
}
RELU_BACKWARD: Mistakes = {
    "it lets dA through everywhere; it must be 0 where Z is not above 0": lambda dA, Z: dA.copy(),
    "it applies ReLU to dA; the sign of Z decides, not that of dA": lambda dA, Z: relu_of(dA),
    "it multiplies by A = max(0, Z); the derivative there is 1": lambda dA, Z: dA * relu_of(Z),
    "it leaves out dA: dZ = dA where Z > 0": lambda dA, Z: (Z > 0).astype(float),
    "it lets dA through where Z is negative; it must where Z > 0": lambda dA, Z: dA * (Z <= 0),
}
LINEAR_FORWARD: Mistakes = {
    "it forgets to add b": lambda A, W, b: (W @ A, (A, W, b)),
    "it subtracts b: Z = W A + b": lambda A, W, b: (W @ A - b, (A, W, b)),
}


def _other(activation):
    return {"relu": "sigmoid", "sigmoid": "relu"}[activation]


def _without_activation(A_prev, W, b, activation):
    _, cache = building.linear_activation_forward(A_prev, W, b, activation)
    return cache[1].copy(), cache


def _output_cached(A_prev, W, b, activation):
    A, (linear_cache, _) = building.linear_activation_forward(A_prev, W, b, activation)
    return A, (linear_cache, A.copy())


LINEAR_ACTIVATION_FORWARD: Mistakes = {
    'it applies ReLU for "sigmoid" and sigmoid for "relu"': lambda A_prev, W, b, activation: (
        building.linear_activation_forward(A_prev, W, b, _other(activation))
    ),
    "it applies ReLU whatever `activation` says": lambda A_prev, W, b, activation: (
        building.linear_activation_forward(A_prev, W, b, "relu")
    ),
    "it applies sigmoid whatever `activation` says": lambda A_prev, W, b, activation: (
        building.linear_activation_forward(A_prev, W, b, "sigmoid")
    ),
    "it returns Z; the activation is not applied": _without_activation,
    "its activation_cache is A; the backward pass needs Z": _output_cached,
}


def _divided_by_features(dZ, cache):
    dA_prev, dW, db = building.linear_backward(dZ, cache)
    n_prev, m = cache[0].shape
    return dA_prev, dW * m / n_prev, db * m / n_prev


LINEAR_BACKWARD: Mistakes = {
    "it divides by A_prev.shape[0], the number of features; m is A_prev.shape[1]": _divided_by_features,
}
LINEAR_ACTIVATION_BACKWARD: Mistakes = {
    'it takes sigmoid\'s derivative for "relu" and ReLU\'s for "sigmoid"': lambda dA, cache, activation: (
        building.linear_activation_backward(dA, cache, _other(activation))
    ),
    "it takes ReLU's derivative whatever `activation` says": lambda dA, cache, activation: (
        building.linear_activation_backward(dA, cache, "relu")
    ),
    "it takes sigmoid's derivative whatever `activation` says": lambda dA, cache, activation: (
        building.linear_activation_backward(dA, cache, "sigmoid")
    ),
    "it takes dA for dZ; dZ = dA * g'(Z)": lambda dA, cache, activation: building.linear_backward(
        dA, cache[0]
    ),
}

MISTAKES: dict[str, Mistakes] = {
    "building.sigmoid": SIGMOID,
    "building.sigmoid_backward": SIGMOID_BACKWARD,
    "building.relu": RELU,
    "building.relu_backward": RELU_BACKWARD,
    "building.linear_forward": LINEAR_FORWARD,
    "building.linear_activation_forward": LINEAR_ACTIVATION_FORWARD,
    "building.linear_backward": LINEAR_BACKWARD,
    "building.linear_activation_backward": LINEAR_ACTIVATION_BACKWARD,
}

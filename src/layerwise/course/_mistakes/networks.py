"""A whole network as it comes out wrong: forward, cost, backward, update, prediction (figures 5 to 13)."""

from __future__ import annotations

import numpy as np

from layerwise.course import building
from layerwise.course._mistakes import Mistakes


def _forward_with(hidden, last):
    def forward(X, parameters):
        A, caches, depth = X, [], len(parameters) // 2
        for layer in range(1, depth + 1):
            W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
            A, cache = building.linear_activation_forward(A, W, b, last if layer == depth else hidden)
            caches.append(cache)
        return A, caches

    return forward


L_MODEL_FORWARD: Mistakes = {
    "its last layer is ReLU too; the output is a probability, so sigmoid belongs there": _forward_with(
        "relu", "relu"
    ),
    "its hidden layers are sigmoid too; ReLU belongs there": _forward_with("sigmoid", "sigmoid"),
    "it has sigmoid in the hidden layers and ReLU at the end; the other way round is right": _forward_with(
        "sigmoid", "relu"
    ),
    "it leaves out the cache of the last layer": lambda X, parameters: (lambda AL, caches: (AL, caches[:-1]))(
        *building.L_model_forward(X, parameters)
    ),
}


def _entropy_of(AL, Y):
    return Y * np.log(AL) + (1 - Y) * np.log(1 - AL)


COMPUTE_COST: Mistakes = {
    "it forgets the term of the examples with y = 0": lambda AL, Y: -np.mean(Y * np.log(AL)),
    "it forgets the term of the examples with y = 1": lambda AL, Y: -np.mean((1 - Y) * np.log(1 - AL)),
    "it forgets the term of the examples with y = 0, and the 1/m": lambda AL, Y: -np.sum(Y * np.log(AL)),
    "its two terms are subtracted; they are added, and the minus stands before both": lambda AL, Y: (
        -np.mean(Y * np.log(AL) - (1 - Y) * np.log(1 - AL))
    ),
    "it has Y and 1 - Y in each other's place": lambda AL, Y: -np.mean(_entropy_of(AL, 1 - Y)),
    "it is the mean squared error; the note's cost is the cross-entropy": lambda AL, Y: np.mean(
        (AL - Y) ** 2
    ),
    "it is half the mean squared error; the note's cost is the cross-entropy": lambda AL, Y: (
        np.mean((AL - Y) ** 2) / 2
    ),
}


def _one_layer_too_high(AL, Y, caches):
    """The note's figure 12: dA of layer l - 1 stored under the name of layer l."""
    grads = building.L_model_backward(AL, Y, caches)
    shifted = {f"dA{int(name[2:]) + 1}": value for name, value in grads.items() if name.startswith("dA")}
    return {name: value for name, value in grads.items() if not name.startswith("dA")} | shifted


def _backward_with(dAL_of, hidden="relu", last="sigmoid"):
    def backward(AL, Y, caches):
        grads: dict[str, np.ndarray] = {}
        dA = dAL_of(AL, Y)
        for layer in range(len(caches), 0, -1):
            activation = last if layer == len(caches) else hidden
            dA, dW, db = building.linear_activation_backward(dA, caches[layer - 1], activation)
            grads |= {f"dA{layer - 1}": dA, f"dW{layer}": dW, f"db{layer}": db}
        return grads

    return backward


def _dAL(AL, Y):
    return -(Y / AL - (1 - Y) / (1 - AL))


L_MODEL_BACKWARD: Mistakes = {
    'it stores dA one layer too high, as the note\'s figure does: the gradient of A1 is grads["dA1"]': (
        _one_layer_too_high
    ),
    "its dAL has the wrong sign: - (Y / AL - (1 - Y) / (1 - AL))": _backward_with(lambda AL, Y: -_dAL(AL, Y)),
    "its dAL adds the two parts: - (Y / AL - (1 - Y) / (1 - AL))": _backward_with(
        lambda AL, Y: -(Y / AL + (1 - Y) / (1 - AL))
    ),
    "its dAL is AL - Y, which is dZL; sigmoid's derivative is then taken twice": _backward_with(
        lambda AL, Y: AL - Y
    ),
    "its dAL is divided by m; linear_backward does that": _backward_with(
        lambda AL, Y: _dAL(AL, Y) / Y.shape[1]
    ),
    "it goes back through the last layer as ReLU; it is sigmoid": _backward_with(_dAL, last="relu"),
    "it goes back through the hidden layers as sigmoid; they are ReLU": _backward_with(
        _dAL, hidden="sigmoid"
    ),
}


def _updated(change):
    """Each parameter changed by change(name, value, its gradient, the rate)."""
    return lambda parameters, grads, rate: {
        name: change(name, value, grads[f"d{name}"], rate) for name, value in parameters.items()
    }


def _last_layer_left(parameters, grads, rate):
    last = str(len(parameters) // 2)
    changed = building.update_parameters(parameters, grads, rate)
    return {name: parameters[name] if name[1:] == last else value for name, value in changed.items()}


UPDATE_PARAMETERS: Mistakes = {
    "it goes up the slope: the step is W - learning_rate dW, against the gradient": _updated(
        lambda name, value, gradient, rate: value + rate * gradient
    ),
    "it leaves out the learning rate: the step is W - learning_rate dW": _updated(
        lambda name, value, gradient, rate: value - gradient
    ),
    "it divides by the learning rate: the step is W - learning_rate dW": _updated(
        lambda name, value, gradient, rate: value - gradient / rate
    ),
    "it changes the weights only; the biases have their step too": _updated(
        lambda name, value, gradient, rate: value if name[0] == "b" else value - rate * gradient
    ),
    "it returns the step alone; the parameters move by it, W - learning_rate dW": _updated(
        lambda name, value, gradient, rate: -rate * gradient
    ),
    "it returns the parameters as they were": lambda parameters, grads, rate: dict(parameters),
    "it does not update the last layer; l goes from 1 to L = len(parameters) // 2": _last_layer_left,
}


def _probabilities(X, parameters):
    return building.L_model_forward(X, parameters)[0]


PREDICT: Mistakes = {
    "it returns the probabilities AL; the prediction is 1 where AL > 0.5, else 0": (
        lambda X, y, parameters: _probabilities(X, parameters)
    ),
    "it has 0 and 1 in each other's place; the prediction is 1 where AL > 0.5": (
        lambda X, y, parameters: (_probabilities(X, parameters) <= 0.5).astype(float)
    ),
    "it asks for AL > 0, which is always so; the prediction is 1 where AL > 0.5": (
        lambda X, y, parameters: (_probabilities(X, parameters) > 0).astype(float)
    ),
    "it says where the prediction is right; it must return the prediction": (
        lambda X, y, parameters: ((_probabilities(X, parameters) > 0.5) == y).astype(float)
    ),
    "it returns the accuracy; it must return the prediction of each example": (
        lambda X, y, parameters: np.mean((_probabilities(X, parameters) > 0.5) == y)
    ),
    "it returns the labels y; the prediction comes from AL": lambda X, y, parameters: y.copy(),
}

MISTAKES: dict[str, Mistakes] = {
    "building.L_model_forward": L_MODEL_FORWARD,
    "building.compute_cost": COMPUTE_COST,
    "building.L_model_backward": L_MODEL_BACKWARD,
    "building.update_parameters": UPDATE_PARAMETERS,
    "building.predict": PREDICT,
    "regularization.compute_cost": COMPUTE_COST,
    "optimization.update_parameters_with_gd": UPDATE_PARAMETERS,
}

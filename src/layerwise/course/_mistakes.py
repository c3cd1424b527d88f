"""Functions of the note as they come out wrong, each under the sentence that names what went wrong.

They are made of the right ones wherever that is shorter, and serve only to be recognised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from layerwise.course import building, gradient_checking, regularization
from layerwise.formulas.activations import relu as relu_of
from layerwise.formulas.activations import sigmoid as sigmoid_of
from layerwise.formulas.initializers import xavier_scale

Mistakes = Mapping[str, Callable]


def _scaled_draws(rand, scale, layers_dims):
    parameters = {}
    for layer in range(1, len(layers_dims)):
        n_prev, n = layers_dims[layer - 1 : layer + 1]
        parameters[f"W{layer}"] = rand(n, n_prev) * scale(n_prev, n)
        parameters[f"b{layer}"] = np.zeros((n, 1))
    return parameters


SIGMOID_BACKWARD: Mistakes = {
    "it leaves out dA: dZ = dA * A * (1 - A)": lambda dA, Z: sigmoid_of(Z) * (1 - sigmoid_of(Z)),
    "it uses Z where A = sigmoid(Z) belongs: dZ = dA * A * (1 - A)": lambda dA, Z: dA * Z * (1 - Z),
    "it multiplies by A and forgets 1 - A": lambda dA, Z: dA * sigmoid_of(Z),
}
RELU_BACKWARD: Mistakes = {
    "it lets dA through everywhere; it must be 0 where Z is not above 0": lambda dA, Z: dA,
    "it applies ReLU to dA; the sign of Z decides, not that of dA": lambda dA, Z: relu_of(dA),
    "it multiplies by A = max(0, Z); the derivative there is 1": lambda dA, Z: dA * relu_of(Z),
    "it leaves out dA: dZ = dA where Z > 0": lambda dA, Z: (Z > 0).astype(float),
}
INITIALIZE_PARAMETERS_DEEP: Mistakes = {
    "it draws with np.random.rand, so no weight is negative; np.random.randn has both signs": lambda sizes: (
        _scaled_draws(np.random.rand, lambda n_prev, n: 0.01, sizes)
    ),
    "it does not scale the draws by 0.01": lambda sizes: _scaled_draws(
        np.random.randn, lambda n_prev, n: 1.0, sizes
    ),
}
HE: Mistakes = {
    "it scales by sqrt(1 / n[l-1]); He's is sqrt(2 / n[l-1])": lambda sizes: _scaled_draws(
        np.random.randn, lambda n_prev, n: np.sqrt(1 / n_prev), sizes
    ),
    "it scales by sqrt(2 / n[l]); n[l-1], the inputs of the layer, belongs there": lambda sizes: (
        _scaled_draws(np.random.randn, lambda n_prev, n: np.sqrt(2 / n), sizes)
    ),
    "it scales by 2 / n[l-1]; the root is missing": lambda sizes: _scaled_draws(
        np.random.randn, lambda n_prev, n: 2 / n_prev, sizes
    ),
}
XAVIER: Mistakes = {
    "it scales by sqrt(2 / n[l-1]), which is He's; the note's Xavier is sqrt(1 / n[l-1])": lambda sizes: (
        _scaled_draws(np.random.randn, lambda n_prev, n: np.sqrt(2 / n_prev), sizes)
    ),
    "it scales by sqrt(2 / (n[l-1] + n[l])), Glorot and Bengio's; the note has sqrt(1 / n[l-1])": (
        lambda sizes: _scaled_draws(np.random.randn, xavier_scale, sizes)
    ),
}
LINEAR_FORWARD: Mistakes = {
    "it forgets to add b": lambda A, W, b: (W @ A, (A, W, b)),
}


def _output_of_relu(X, parameters):
    A, caches, depth = X, [], len(parameters) // 2
    for layer in range(1, depth + 1):
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        A, cache = building.linear_activation_forward(A, W, b, "relu")
        caches.append(cache)
    return A, caches


L_MODEL_FORWARD: Mistakes = {
    "its last layer is ReLU too; the output is a probability, so sigmoid belongs there": _output_of_relu,
}
COMPUTE_COST: Mistakes = {
    "it forgets the term of the examples with y = 0": lambda AL, Y: -np.mean(Y * np.log(AL)),
    "it forgets the term of the examples with y = 1": lambda AL, Y: -np.mean((1 - Y) * np.log(1 - AL)),
    "it is the mean squared error; the note's cost is the cross-entropy": lambda AL, Y: np.mean(
        (AL - Y) ** 2
    ),
}


def _one_layer_too_high(AL, Y, caches):
    """The note's figure 12: dA of layer l - 1 stored under the name of layer l."""
    grads = building.L_model_backward(AL, Y, caches)
    shifted = {f"dA{int(name[2:]) + 1}": value for name, value in grads.items() if name.startswith("dA")}
    return {name: value for name, value in grads.items() if not name.startswith("dA")} | shifted


L_MODEL_BACKWARD: Mistakes = {
    'it stores dA one layer too high, as the note\'s figure does: the gradient of A1 is grads["dA1"]': (
        _one_layer_too_high
    ),
}


UPDATE_PARAMETERS: Mistakes = {
    "it goes up the slope: the step is W - learning_rate dW, against the gradient": (
        lambda parameters, grads, rate: building.update_parameters(
            parameters, {name: -value for name, value in grads.items()}, rate
        )
    ),
}
PREDICT: Mistakes = {
    "it returns the probabilities AL; the prediction is 1 where AL > 0.5, else 0": (
        lambda X, y, parameters: building.L_model_forward(X, parameters)[0]
    ),
}


def _penalized(AL, Y, parameters, weight, names="W"):
    squares = sum(np.sum(np.square(value)) for name, value in parameters.items() if name[0] in names)
    return building.compute_cost(AL, Y) + weight * squares


REGULARIZED_COST: Mistakes = {
    "it leaves out the penalty": lambda A3, Y, parameters, lambd: building.compute_cost(A3, Y),
    "its penalty is twice too large: lambd / (2 m)": lambda A3, Y, parameters, lambd: _penalized(
        A3, Y, parameters, lambd / Y.shape[1]
    ),
    "its penalty is not divided by m: lambd / (2 m)": lambda A3, Y, parameters, lambd: _penalized(
        A3, Y, parameters, lambd / 2
    ),
    "it lets the biases pay the penalty; only the weights do": lambda A3, Y, parameters, lambd: _penalized(
        A3, Y, parameters, lambd / (2 * Y.shape[1]), "Wb"
    ),
}


def _regularized_with(strength):
    def backward(X, Y, cache, lambd):
        return regularization.backward_propagation_with_regularization(
            X, Y, cache, strength(lambd, X.shape[1])
        )

    return backward


REGULARIZED_BACKWARD: Mistakes = {
    "it leaves out the penalty's part: + lambd / m * W": _regularized_with(lambda lambd, m: 0),
    "the penalty's part is half too small: + lambd / m * W, the 2 of the cost goes away": _regularized_with(
        lambda lambd, m: lambd / 2
    ),
    "the penalty's part is not divided by m: + lambd / m * W": _regularized_with(lambda lambd, m: lambd * m),
}


def _dropped(X, parameters, keep_prob, masked):
    flat, A, depth = [], X, len(parameters) // 2
    for layer in range(1, depth + 1):
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        Z = W @ A + b
        if layer == depth:
            A = sigmoid_of(Z)
            flat += [Z, A, W, b]
        else:
            D, A = masked(relu_of(Z), np.random.rand(*Z.shape))
            flat += [Z, D, A, W, b]
    return A, tuple(flat)


DROPOUT_FORWARD: Mistakes = {
    "it does not divide by keep_prob, so the expected activation shrinks": lambda X, parameters, keep_prob: (
        _dropped(X, parameters, keep_prob, lambda A, draws: (draws < keep_prob, A * (draws < keep_prob)))
    ),
    "it keeps the units where rand > keep_prob: that is a chance of 1 - keep_prob": (
        lambda X, parameters, keep_prob: _dropped(
            X,
            parameters,
            keep_prob,
            lambda A, draws: (draws > keep_prob, A * (draws > keep_prob) / keep_prob),
        )
    ),
    "it compares with 0.5 in place of keep_prob": lambda X, parameters, keep_prob: _dropped(
        X, parameters, keep_prob, lambda A, draws: (draws < 0.5, A * (draws < 0.5) / keep_prob)
    ),
    "it drops no unit": lambda X, parameters, keep_prob: _dropped(
        X, parameters, keep_prob, lambda A, draws: (draws < 1, A)
    ),
}


def _without_rescaling(X, Y, cache, keep_prob):
    return regularization.backward_propagation_with_dropout(X, Y, cache, 1)


def _without_masks(X, Y, cache, keep_prob):
    open_masks = tuple(np.ones_like(value) if value.dtype == bool else value for value in cache)
    return regularization.backward_propagation_with_dropout(X, Y, open_masks, keep_prob)


DROPOUT_BACKWARD: Mistakes = {
    "it does not divide dA by keep_prob": _without_rescaling,
    "it does not apply the masks D to dA": _without_masks,
    "it neither applies the masks D to dA nor divides by keep_prob": lambda X, Y, cache, keep_prob: (
        _without_masks(X, Y, cache, 1)
    ),
}


def _minus_at_plus(parameters, gradients, X, Y, epsilon=1e-7):
    grad = gradient_checking.gradients_to_vector(gradients)
    return float(np.linalg.norm(grad) / np.linalg.norm(grad))


def _one_sided(parameters, gradients, X, Y, epsilon=1e-7):
    theta, _ = gradient_checking.dictionary_to_vector(parameters)
    sizes = [X.shape[0], *(len(value) for name, value in parameters.items() if name[0] == "b")]

    def cost(vector):
        arrays = gradient_checking.vector_to_dictionary(vector, sizes)
        return gradient_checking.forward_propagation_n(X, Y, arrays)[0]

    here = cost(theta)
    steps = epsilon * np.eye(len(theta))
    slopes = np.array([[(cost(theta + step.reshape(-1, 1)) - here) / epsilon] for step in steps])
    grad = gradient_checking.gradients_to_vector(gradients)
    return float(np.linalg.norm(grad - slopes) / (np.linalg.norm(grad) + np.linalg.norm(slopes)))


GRADIENT_CHECK_N: Mistakes = {
    "it takes J_minus at theta_plus, as the note's figure does: all differences are 0": _minus_at_plus,
    "it takes a one-sided difference; (J_plus - J_minus) / (2 epsilon) is far more exact": _one_sided,
}

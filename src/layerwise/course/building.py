"""Building a deep network step by step: part 1 of the note (figures 2 to 13).

Arrays have shape (features, examples): a column is an example. `parameters` and `grads` are dictionaries
"W1", "b1", ... and "dW1", "db1", ...; W[l] is (n[l], n[l-1]), b[l] is (n[l], 1), float64. Every function
raises InputError where a shape, a label or a name does not fit, and none changes what it is given.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from layerwise.course import _arguments as check
from layerwise.course._cross_entropy import cross_entropy, cross_entropy_derivative
from layerwise.course._descent import descend
from layerwise.course._relu_network import network_of
from layerwise.course._starts import drawn_parameters
from layerwise.errors import InputError
from layerwise.formulas import activations
from layerwise.formulas.optimizers import gradient_descent
from layerwise.network import propagation

ACTIVATIONS = ("sigmoid", "relu")
LinearCache = tuple[np.ndarray, np.ndarray, np.ndarray]
Cache = tuple[LinearCache, np.ndarray]


def sigmoid(Z):
    """A = 1 / (1 + exp(-Z)).   Z any shape -> (A, cache), the cache is Z   (section 1.1.3, used in figure 4).

    Raises InputError where Z is no array of real numbers.
    """
    Z = check.numbers("Z", Z)
    return activations.sigmoid(Z), Z


def sigmoid_backward(dA, cache):
    """dZ = dA * g'(Z) = dA * A (1 - A)   (section 1.1.5 a, used in figure 10).

    dA and cache = Z of one shape, any -> dZ of that shape.
    Raises InputError where the two shapes differ or one is no array of real numbers.
    """
    return _activation_backward("sigmoid", dA, cache)


def relu(Z):
    """A = max(0, Z).   Z any shape -> (A, cache), the cache is Z   (section 1.1.3, used in figure 4).

    Raises InputError where Z is no array of real numbers.
    """
    Z = check.numbers("Z", Z)
    return activations.relu(Z), Z


def relu_backward(dA, cache):
    """dZ = dA * g'(Z): dA where Z > 0, else 0   (section 1.1.5 a, used in figure 10).

    dA and cache = Z of one shape, any -> dZ of that shape.
    Raises InputError where the two shapes differ or one is no array of real numbers.
    """
    return _activation_backward("relu", dA, cache)


def _activation_backward(name: str, dA, Z) -> np.ndarray:
    dA, Z = check.numbers("dA", dA), check.numbers("cache", Z)
    check.same_shape("dA", dA, "cache (Z)", Z)
    return activations.activation_backward(name, dA, Z, activations.ACTIVATIONS[name].function(Z))


def initialize_parameters(n_x, n_h, n_y):
    """W = randn * 0.01, b = 0 for one hidden layer, drawn after np.random.seed(1)   (section 1.1.1).

    n_x inputs, n_h hidden units, n_y outputs -> {"W1" (n_h, n_x), "b1" (n_h, 1), "W2" (n_y, n_h), "b2"
    (n_y, 1)}. Raises InputError where a size is no positive integer.
    """
    sizes = [check.whole(name, n, 1) for name, n in (("n_x", n_x), ("n_h", n_h), ("n_y", n_y))]
    return drawn_parameters(sizes, "small", seed=1)


def initialize_parameters_deep(layer_dims):
    """W[l] = randn(n[l], n[l-1]) * 0.01, b[l] = 0, drawn after np.random.seed(3)   (figure 2).

    layer_dims [n[0], ..., n[L]] -> {"W1" (n[1], n[0]), "b1" (n[1], 1), ...}. With more than a few layers this
    start is too small to learn from: `L_layer_model` starts from randn / sqrt(n[l-1]) instead, as the
    course's own application does. Raises InputError where a size is no positive integer.
    """
    return drawn_parameters(check.layer_sizes(layer_dims, "layer_dims"), "small", seed=3)


def linear_forward(A, W, b):
    """Z = W A + b.   A (n_prev, m), W (n, n_prev), b (n, 1) -> (Z (n, m), cache = (A, W, b))   (figure 3).

    Raises InputError where the three shapes do not fit.
    """
    A, W, b = check.linear_unit(W, b, A, "A")
    return propagation.linear_forward(A, W, b), (A, W, b)


def linear_activation_forward(A_prev, W, b, activation):
    """A = g(Z), Z = W A_prev + b, g the activation "sigmoid" or "relu"   (figure 4).

    A_prev (n_prev, m), W (n, n_prev), b (n, 1) -> (A (n, m), cache = ((A_prev, W, b), Z (n, m))).
    Raises InputError for another activation, or where the shapes do not fit.
    """
    check.choice("activation", activation, ACTIVATIONS)
    A_prev, W, b = check.linear_unit(W, b, A_prev)
    return _layer_forward(A_prev, W, b, activation)


def _layer_forward(A_prev, W, b, activation: str) -> tuple[np.ndarray, Cache]:
    Z = propagation.linear_forward(A_prev, W, b)
    return activations.ACTIVATIONS[activation].function(Z), ((A_prev, W, b), Z)


def L_model_forward(X, parameters):
    """[LINEAR -> RELU] x (L - 1) -> LINEAR -> SIGMOID   (figure 5).

        Z[l] = W[l] A[l-1] + b[l]        A[l] = relu(Z[l]), the last sigmoid(Z[L])        A[0] = X

    X (n[0], m), parameters {"W1" (n[1], n[0]), "b1" (n[1], 1), ...} -> (AL (n[L], m), L caches): those of
    `linear_activation_forward`, ((A_prev, W, b), Z), the first layer's first.
    Raises InputError where a parameter is missing or the shapes do not fit.
    """
    parameters = check.network_parameters(parameters)
    A, depth, caches = check.inputs(X, parameters), len(parameters) // 2, []
    for layer in range(1, depth + 1):
        activation = "relu" if layer < depth else "sigmoid"
        A, cache = _layer_forward(A, parameters[f"W{layer}"], parameters[f"b{layer}"], activation)
        caches.append(cache)
    return A, caches


def compute_cost(AL, Y):
    """J = -1/m sum (y log a + (1 - y) log(1 - a)), where 0 log 0 is 0   (figure 6).

    AL (1, m) in [0, 1], Y (1, m) of 0 and 1 -> J, a float. Infinite where an output is exactly 0 or 1 and
    wrong: the loss itself is finite there, but the rounded output no longer tells how large.
    `layerwise.formulas.losses.binary_cross_entropy` takes it from Z. Raises InputError where the shapes
    differ, a label is not 0 or 1, or AL leaves [0, 1].
    """
    AL = check.matrix("AL", AL)
    Y = check.labels(Y, AL.shape[1], "AL")
    check.same_shape("AL", AL, "Y", Y)
    if not ((AL >= 0) & (AL <= 1)).all():
        raise InputError(
            f"AL, shape {AL.shape}, holds values from {AL.min():g} to {AL.max():g}; expected [0, 1]"
        )
    return cross_entropy(AL, Y)


def linear_backward(dZ, cache):
    """dW = 1/m dZ A_prev',  db = 1/m sum of dZ over the examples,  dA_prev = W' dZ   (figures 8 and 9).

    dZ (n, m), cache = (A_prev, W, b) -> (dA_prev (n_prev, m), dW (n, n_prev), db (n, 1)). dZ and dA_prev
    belong to the sum of the examples' losses, dW and db to their mean.
    Raises InputError where the cache is no such triple or dZ does not fit it.
    """
    A_prev, W, _ = _linear_cache(cache)
    dZ = check.matrix("dZ", dZ)
    if dZ.shape != (W.shape[0], A_prev.shape[1]):
        raise InputError(
            f"dZ has shape {dZ.shape}; expected {(W.shape[0], A_prev.shape[1])}, as the cache holds A_prev "
            f"{A_prev.shape} and W {W.shape}"
        )
    return propagation.linear_backward(dZ, A_prev, W)


def _linear_cache(cache) -> LinearCache:
    if not (isinstance(cache, tuple | list) and len(cache) == 3):
        raise InputError(f"cache is {_described(cache)}; expected the three arrays (A_prev, W, b)")
    A_prev, W, b = cache
    return check.linear_unit(W, b, A_prev)


def _layer_cache(cache) -> Cache:
    if not (isinstance(cache, tuple | list) and len(cache) == 2):
        raise InputError(f"cache is {_described(cache)}; expected the pair ((A_prev, W, b), Z)")
    return _linear_cache(cache[0]), check.matrix("Z of the cache", cache[1])


def _described(value) -> str:
    return f"a {type(value).__name__}" + (f" of {len(value)}" if isinstance(value, tuple | list) else "")


def linear_activation_backward(dA, cache, activation):
    """dZ = dA * g'(Z), then `linear_backward`, g the activation "sigmoid" or "relu"   (figure 10).

    dA (n, m), cache = ((A_prev, W, b), Z (n, m)) -> (dA_prev (n_prev, m), dW (n, n_prev), db (n, 1)).
    Raises InputError for another activation, or where the cache is no such pair or dA does not fit it.
    """
    check.choice("activation", activation, ACTIVATIONS)
    linear_cache, Z = _layer_cache(cache)
    return linear_backward(_activation_backward(activation, check.matrix("dA", dA), Z), linear_cache)


def L_model_backward(AL, Y, caches):
    """From the output back through every layer (figures 11 and 12).

        dA[L] = -(Y / AL - (1 - Y) / (1 - AL))        then figure 10: SIGMOID first, RELU below

    AL, Y (1, m), caches of `L_model_forward` -> {"dW1" (n[1], n[0]), "db1" (n[1], 1), ..., "dA0" (n[0], m),
    ...}. "dA1" is the gradient of A[1] (the note's figure stores it one layer too high, under "dA2"). Where
    AL is exactly 0 or 1, dA[L] is infinite and its product with g'(Z) is taken as its limit, AL - Y.
    Raises InputError where AL, Y and the caches do not fit each other, or a label is not 0 or 1.
    """
    AL = check.matrix("AL", AL)
    Y = check.labels(Y, AL.shape[1], "AL")
    check.same_shape("AL", AL, "Y", Y)
    if not (isinstance(caches, tuple | list) and len(caches)):
        raise InputError(f"caches is {_described(caches)}; expected the list of caches of L_model_forward")
    depth, grads = len(caches), {}
    linear_cache, Z = _layer_cache(caches[-1])
    check.same_shape("Z of the last cache", Z, "AL", AL)
    saturated = (AL == 0) | (AL == 1)
    dA = np.where(saturated, 0.0, cross_entropy_derivative(AL, Y))
    dZ = np.where(saturated, AL - Y, _activation_backward("sigmoid", dA, Z))
    for layer in range(depth, 0, -1):
        dA, grads[f"dW{layer}"], grads[f"db{layer}"] = linear_backward(dZ, linear_cache)
        grads[f"dA{layer - 1}"] = dA
        if layer > 1:
            linear_cache, Z = _layer_cache(caches[layer - 2])
            dZ = _activation_backward("relu", dA, Z)
    return grads


def update_parameters(parameters, grads, learning_rate):
    """W[l] = W[l] - learning_rate dW[l],  b[l] = b[l] - learning_rate db[l]   (figure 13).

    parameters {"W1", "b1", ...}, grads {"dW1", "db1", ...} of the same shapes, learning_rate 0 or more -> a
    new dictionary; the note's code writes into the one it is given. Raises InputError where a gradient is
    missing or has another shape, or the rate is negative or not finite.
    """
    parameters = check.layer_parameters(parameters)
    grads = check.beside_parameters(grads, parameters, "grads")
    rate = check.number("learning_rate", learning_rate, 0)
    return {name: gradient_descent(value, grads[f"d{name}"], rate)[0] for name, value in parameters.items()}


def _report_in_full(iteration: int, cost: float) -> None:
    print(f"Cost after iteration {iteration}: {cost}")


def _report_six_digits(iteration: int, cost: float) -> None:
    print(f"Cost after iteration {iteration}: {cost:f}")


def two_layer_model(X, Y, layers_dims, learning_rate=0.0075, num_iterations=3000, print_cost=False):
    """LINEAR -> RELU -> LINEAR -> SIGMOID, one hidden layer, by batch gradient descent   (section 1.1.6).

    In every iteration the forward pass of figure 5, the cost of figure 6, the backward pass of figure 12 and
    the update of figure 13, W = W - learning_rate dW. X (n_x, m), Y (1, m) of 0 and 1, layers_dims (n_x, n_h,
    1); starts from `initialize_parameters`. Returns the parameters; `print_cost` prints the cost every 100
    iterations. Raises InputError where an argument does not fit, and TrainingError where the cost is no
    longer finite.
    """
    X, Y, sizes = _training_data(X, Y, layers_dims)
    if len(sizes) != 3:
        raise InputError(f"layers_dims is {layers_dims!r}; expected three sizes (n_x, n_h, n_y)")
    start = initialize_parameters(*sizes)
    return _train(X, Y, start, learning_rate, num_iterations, _report_in_full if print_cost else None)


def L_layer_model(X, Y, layers_dims, learning_rate=0.0075, num_iterations=3000, print_cost=False):
    """[LINEAR -> RELU] x (L - 1) -> LINEAR -> SIGMOID by batch gradient descent   (section 1.1.6).

    In every iteration the forward pass of figure 5, the cost of figure 6, the backward pass of figure 12 and
    the update of figure 13, W = W - learning_rate dW. X (n[0], m), Y (1, m) of 0 and 1, layers_dims [n[0],
    ..., 1]; starts from randn / sqrt(n[l-1]) after np.random.seed(1), as the course's application does.
    Returns the parameters; `print_cost` prints the cost every 100 iterations. Raises InputError where an
    argument does not fit, and TrainingError where the cost is no longer finite.
    """
    X, Y, sizes = _training_data(X, Y, layers_dims)
    start = drawn_parameters(sizes, "lecun", seed=1)
    return _train(X, Y, start, learning_rate, num_iterations, _report_six_digits if print_cost else None)


def _training_data(X, Y, layers_dims) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
    X = check.finite_inputs(X)
    return X, check.labels(Y, X.shape[1], "X"), check.network_sizes(layers_dims, X)


def _train(
    X, Y, start, rate, iterations, report: Callable[[int, float], None] | None
) -> dict[str, np.ndarray]:
    return descend(
        X,
        Y,
        start,
        learning_rate=check.number("learning_rate", rate, 0),
        num_iterations=check.whole("num_iterations", iterations, 0),
        every=100,
        report=report,
    )


def predict(X, y, parameters):
    """p = 1 where AL > 0.5, else 0; prints the accuracy against y   (section 1.1.6).

    X (n[0], m), y (1, m) of 0 and 1, parameters {"W1", "b1", ...} of any depth -> p (1, m). Dropout plays no
    part in prediction. Raises InputError where the shapes do not fit or a label is not 0 or 1.
    """
    parameters = check.network_parameters(parameters)
    X = check.inputs(X, parameters)
    y = check.labels(y, X.shape[1], "X", "y")
    AL = propagation.forward(X, parameters, network_of(parameters).activations)[-1].A
    check.same_shape("the network's output", AL, "y", y)
    p = (AL > 0.5).astype(np.float64)
    print(f"Accuracy: {np.mean(p == y)}")
    return p

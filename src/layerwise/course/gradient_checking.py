"""Is back-propagation right? The note's check by central differences: section 2.3 (figures 25 and 26).

    gradapprox = (J(theta + epsilon) - J(theta - epsilon)) / (2 epsilon)
    difference = ||grad - gradapprox|| / (||grad|| + ||gradapprox||)

Arrays have shape (features, examples). Every function raises InputError where an argument does not fit.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import numpy as np

from layerwise.course import _arguments as check
from layerwise.course import regularization
from layerwise.course._cross_entropy import cross_entropy
from layerwise.course._relu_network import network_of, relu_network
from layerwise.errors import InputError
from layerwise.network import propagation
from layerwise.network.parameters import flat_vector, named_views

ONE_DIMENSION = 1e-7
# The note writes 1e-7 here too, and its right gradient fails that at 1.19e-7: the cost is rounded where 1 - a
# is small. The course's later edition allows 2e-7.
MANY_DIMENSIONS = 2e-7
THE_COURSES_NETWORK = (4, 5, 3, 1)


def forward_propagation(x, theta):
    """J = theta * x.   Two numbers (or arrays of one shape) -> J   (section 2.3.1, used in figure 25).

    Raises InputError where one of them is no real number.
    """
    return check.numbers("theta", theta) * check.numbers("x", x)


def backward_propagation(x, theta):
    """dtheta = dJ/dtheta = x.   Two numbers -> dtheta   (section 2.3.1, used in figure 25).

    Raises InputError where one of them is no real number.
    """
    check.numbers("theta", theta)
    return check.numbers("x", x)


def gradient_check(x, theta, epsilon=1e-7):
    """The difference between `backward_propagation` and the central difference of `forward_propagation`.

        gradapprox = (J(theta + epsilon) - J(theta - epsilon)) / (2 epsilon)                     (figure 25)
        difference = |grad - gradapprox| / (|grad| + |gradapprox|), 0 where both are 0

    Two numbers -> difference; prints whether the gradient is correct: below 1e-7. Raises InputError where x
    or theta is not one number, or epsilon is not above 0.
    """
    epsilon = check.number("epsilon", epsilon, 0, above=True)
    x, theta = _scalar("x", x), _scalar("theta", theta)
    J_plus, J_minus = forward_propagation(x, theta + epsilon), forward_propagation(x, theta - epsilon)
    difference = _difference(backward_propagation(x, theta), (J_plus - J_minus) / (2 * epsilon))
    print("The gradient is correct!" if difference < ONE_DIMENSION else "The gradient is wrong!")
    return difference


def _scalar(name: str, value) -> float:
    array = check.numbers(name, value)
    if array.size != 1:
        raise InputError(f"{name} has shape {array.shape}; expected one number")
    return float(array.reshape(()))


def _difference(grad, gradapprox) -> float:
    """||grad - gradapprox|| / (||grad|| + ||gradapprox||), and 0 where both are 0."""
    grad, gradapprox = np.ravel(grad), np.ravel(gradapprox)
    sizes = np.linalg.norm(grad) + np.linalg.norm(gradapprox)
    return float(np.linalg.norm(grad - gradapprox) / sizes) if sizes else 0.0


def _labels(Y: Any, X: np.ndarray) -> np.ndarray:
    """Y (1, m); the course's own case gives it as (m,)."""
    Y = check.numbers("Y", Y)
    return check.labels(Y.reshape(1, -1) if Y.ndim == 1 else Y, X.shape[1], "X")


def forward_propagation_n(X, Y, parameters):
    """J = -1/m sum (y log a + (1 - y) log(1 - a)) of [LINEAR -> RELU] x (L - 1) -> LINEAR -> SIGMOID.

    As figure 26 uses it: X (n[0], m), Y (1, m) or (m,), parameters of any depth -> (cost, cache = (Z1, A1,
    W1, b1, ..., ZL, AL, WL, bL)). Raises InputError where the shapes do not fit or a label is not 0 or 1.
    """
    AL, cache = regularization.forward_propagation(X, parameters)
    return regularization.compute_cost(AL, _labels(Y, cache[0])), cache


def backward_propagation_n(X, Y, cache):
    """The gradient of `forward_propagation_n`: dZ[L] = A[L] - Y, then as in figure 8   (section 2.3.2).

    X (n[0], m), Y (1, m) or (m,), cache of `forward_propagation_n` -> {"dZ3" (n[3], m), "dW3" (n[3], n[2]),
    "db3" (n[3], 1), "dA2", "dZ2", ...}. Raises InputError where the cache does not fit X, Y or itself.
    """
    return regularization.backward_propagation(X, _labels(Y, check.matrix("X", X)), cache)


def dictionary_to_vector(parameters):
    """theta = W1, b1, W2, ... end to end, row by row   (used in figure 26).

    {"W1" (n[1], n[0]), "b1" (n[1], 1), ...}, n numbers in all -> (theta (n, 1), keys): keys names the
    parameter that each entry comes from. Raises InputError where a parameter is missing or does not fit.
    """
    parameters = check.network_parameters(parameters)
    return _column(parameters), [name for name, value in parameters.items() for _ in range(value.size)]


def gradients_to_vector(gradients):
    """grad = dW1, db1, dW2, ... end to end, whatever else is in the dictionary   (used in figure 26).

    {"dW1", "db1", ...}, n numbers in all -> (n, 1). Raises InputError where one is missing or no matrix.
    """
    return _column(check.gradient_arrays(gradients))


def _column(arrays) -> np.ndarray:
    return np.concatenate([array.reshape(-1, 1) for array in arrays.values()])


def vector_to_dictionary(theta, layers_dims=THE_COURSES_NETWORK):
    """theta = W1, b1, ... end to end, cut again: undoes `dictionary_to_vector`   (used in figure 26).

    theta (n, 1) or (n,) -> {"W1" (n[1], n[0]), "b1" (n[1], 1), ...}. The course's function knows one network,
    [4, 5, 3, 1]; another's sizes go into `layers_dims`. Raises InputError where theta has another length.
    """
    theta = check.numbers("theta", theta)
    network = relu_network(check.layer_sizes(layers_dims))
    if theta.shape not in ((network.parameter_count, 1), (network.parameter_count,)):
        raise InputError(
            f"theta has shape {theta.shape}; expected {(network.parameter_count, 1)} for the network "
            f"{list(network.sizes)}; another network's sizes go into layers_dims"
        )
    return named_views(theta.flatten(), network)


def gradient_check_n(parameters, gradients, X, Y, epsilon=1e-7):
    """The difference between `gradients` and the central differences at every parameter   (figure 26).

        gradapprox_i = (J(theta_i + epsilon) - J(theta_i - epsilon)) / (2 epsilon)
        difference = ||grad - gradapprox|| / (||grad|| + ||gradapprox||), 0 where both are 0

    parameters {"W1", "b1", ...}, gradients {"dW1", "db1", ...} as of `backward_propagation_n`, X (n[0], m), Y
    (1, m) -> difference; prints whether it is at most 2e-7, and that nothing can be told where it is not
    finite. J_minus is taken at theta - epsilon; the note's code takes it at theta + epsilon, and takes a NaN
    for a success. Raises InputError where the shapes do not fit, a label is not 0 or 1, or epsilon is not
    above 0.
    """
    epsilon = check.number("epsilon", epsilon, 0, above=True)
    parameters = check.network_parameters(parameters)
    grad = _column(check.beside_parameters(gradients, parameters, "gradients"))
    X = check.inputs(X, parameters)
    Y = _labels(Y, X)
    network = network_of(parameters)
    theta = flat_vector(parameters, network)
    views = named_views(theta, network)

    def cost() -> float:
        return cross_entropy(propagation.forward(X, views, network.activations)[-1].A, Y)

    gradapprox = np.empty_like(theta)
    for i, here in enumerate(theta.tolist()):
        theta[i] = here + epsilon
        J_plus = cost()
        theta[i] = here - epsilon
        J_minus = cost()
        theta[i] = here
        gradapprox[i] = (J_plus - J_minus) / (2 * epsilon)
    difference = _difference(grad, gradapprox)
    if not np.isfinite(difference):
        _print_coloured(
            f"Nothing can be told: the gradient or the cost is not finite. difference = {difference}", "93"
        )
    elif difference > MANY_DIMENSIONS:
        _print_coloured(f"There is a mistake in the backward propagation! difference = {difference}", "93")
    else:
        _print_coloured(f"Your backward propagation works perfectly fine! difference = {difference}", "92")
    return difference


def _print_coloured(text: str, colour: str) -> None:
    """In the note's yellow or green where the output is a terminal that wants colours, and it ends here."""
    wanted = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    print(f"\033[{colour}m{text}\033[0m" if wanted else text)

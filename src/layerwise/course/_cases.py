"""Random cases for each function of the note: its arguments, and the number of examples m among them."""

from __future__ import annotations

import numpy as np

from layerwise.course import building, gradient_checking, regularization

# (n_prev, n, m) of each case: apart, so that a wrong axis shows in the shape; the last square, so that it
# shows in the values.
SIZES = ((3, 2, 5), (4, 3, 8), (2, 5, 3), (5, 1, 6), (4, 4, 4))
DEPTHS = ((3, 4, 2, 1), (4, 5, 3, 1), (2, 3, 4, 1), (5, 2, 3, 1), (3, 3, 3, 1))


def _labels(random, m):
    return random.permutation(np.arange(m) % 2).reshape(1, m)


def _unit(random, case):
    n_prev, n, m = SIZES[case]
    return random.normal(size=(n_prev, m)), random.normal(size=(n, n_prev)), random.normal(size=(n, 1)), m


def _network(random, sizes):
    parameters = {}
    for layer in range(1, len(sizes)):
        parameters[f"W{layer}"] = random.normal(size=(sizes[layer], sizes[layer - 1])) / np.sqrt(
            sizes[layer - 1]
        )
        parameters[f"b{layer}"] = random.normal(size=(sizes[layer], 1)) / 4
    return parameters


def _example(random, case):
    """X (n[0], m), Y (1, m), parameters of three layers."""
    m = SIZES[case][2]
    return random.normal(size=(DEPTHS[case][0], m)), _labels(random, m), _network(random, DEPTHS[case])


def _gradients(random, parameters):
    return {f"d{name}": random.normal(size=value.shape) for name, value in parameters.items()}


def activation(random, case):
    n, m = SIZES[case][1:]
    return (random.normal(size=(n, m)),), m


def activation_backward(random, case):
    n, m = SIZES[case][1:]
    return (random.normal(size=(n, m)), random.normal(size=(n, m))), m


def three_sizes(random, case):
    return SIZES[case], SIZES[case][2]


def layer_sizes(random, case):
    return (list(DEPTHS[case]),), 1


def linear(random, case):
    *unit, m = _unit(random, case)
    return tuple(unit), m


def linear_activation(random, case):
    *unit, m = _unit(random, case)
    return (*unit, ("relu", "sigmoid")[case % 2]), m


def linear_backward(random, case):
    A_prev, W, b, m = _unit(random, case)
    return (random.normal(size=(len(W), m)), (A_prev, W, b)), m


def linear_activation_backward(random, case):
    (dZ, cache), m = linear_backward(random, case)
    return (dZ, (cache, random.normal(size=dZ.shape)), ("relu", "sigmoid")[case % 2]), m


def forward(random, case):
    X, _, parameters = _example(random, case)
    return (X, parameters), X.shape[1]


def backward_of_caches(random, case):
    X, Y, parameters = _example(random, case)
    AL, caches = building.L_model_forward(X, parameters)
    return (AL, Y, caches), X.shape[1]


def outputs_and_labels(random, case):
    m = SIZES[case][2]
    return (random.uniform(0.05, 0.95, (1, m)), _labels(random, m)), m


def update(random, case):
    parameters = _network(random, DEPTHS[case])
    return (parameters, _gradients(random, parameters), 0.01 * (case + 1)), 1


def prediction(random, case):
    X, Y, parameters = _example(random, case)
    return (X, Y, parameters), X.shape[1]


def sized_model(random, case):
    X, Y, _ = _example(random, case)
    return (X, Y, [X.shape[0], 4, 1], 0.05, 12), X.shape[1]


def model(random, case):
    X, Y, _ = _example(random, case)
    return (X, Y, 0.05, 12, False), X.shape[1]


def initialization_model(random, case):
    arguments, m = model(random, case)
    return (*arguments, ("he", "zeros", "random", "he", "he")[case]), m


def regularization_model(random, case):
    arguments, m = model(random, case)
    return (*arguments, (0, 0.7, 0, 0, 0.7)[case], (1, 1, 0.8, 0.6, 1)[case]), m


def optimization_model(random, case):
    X, Y, _ = _example(random, case)
    optimizer = ("gd", "momentum", "adam", "adam", "momentum")[case]
    return (X, Y, [X.shape[0], 4, 1], optimizer, 0.01, 2, 0.9, 0.9, 0.999, 1e-8, 4, False), X.shape[1]


def regularized_cost(random, case):
    (A3, Y), m = outputs_and_labels(random, case)
    return (A3, Y, _network(random, DEPTHS[case]), 0.3 * (case + 1)), m


def backward_of_cache(random, case):
    X, Y, parameters = _example(random, case)
    return (X, Y, regularization.forward_propagation(X, parameters)[1]), X.shape[1]


def regularized_backward(random, case):
    arguments, m = backward_of_cache(random, case)
    return (*arguments, 0.3 * (case + 1)), m


def dropout_forward(random, case):
    X, _, parameters = _example(random, case)
    return (X, parameters, 0.5 + 0.1 * case), X.shape[1]


def dropout_backward(random, case):
    X, Y, parameters = _example(random, case)
    keep_prob = 0.5 + 0.1 * case
    np.random.seed(case)
    return (
        X,
        Y,
        regularization.forward_propagation_with_dropout(X, parameters, keep_prob)[1],
        keep_prob,
    ), X.shape[1]


def two_numbers(random, case):
    return (float(random.normal()), float(random.normal())), 1


def number_to_check(random, case):
    """An epsilon of 1e-3 in the even cases, and in the odd ones one so small that theta + epsilon is rounded
    and the difference is far from 0: the function is linear, and so rounding is all that can differ."""
    x, theta = float(random.normal()), float(random.normal())
    return (x, theta, 0.7 * float(np.spacing(abs(theta))) if case % 2 else 1e-3), 1


def cost_of_parameters(random, case):
    return _example(random, case), SIZES[case][2]


def gradients_to_check(random, case):
    """The course's [4, 5, 3, 1]; right gradients in the even cases, wrong ones in the odd: a check that never
    fails is wrong too."""
    m = SIZES[case][2]
    X, Y, parameters = random.normal(size=(4, m)), _labels(random, m), _network(random, (4, 5, 3, 1))
    _, cache = gradient_checking.forward_propagation_n(X, Y, parameters)
    gradients = gradient_checking.backward_propagation_n(X, Y, cache)
    if case % 2:
        gradients["dW2"] = 2 * gradients["dW2"]
    return (parameters, gradients, X, Y, 1e-4), m


def parameters_alone(random, case):
    return (_network(random, DEPTHS[case]),), 1


def vector(random, case):
    return (random.normal(size=(47, 1)),), 1


def gradients_alone(random, case):
    return (_gradients(random, _network(random, DEPTHS[case])),), 1


def mini_batches(random, case):
    m, size = ((10, 4), (12, 4), (7, 3), (5, 8), (9, 9))[case]
    X = random.normal(size=(3, m))
    # A seed that nothing has been set to before the call: it must be set in it.
    return (X, _labels(random, m), size, 100 + case), m


def momentum_step(random, case):
    parameters, grads, rate = update(random, case)[0]
    return (parameters, grads, _gradients(random, parameters), (0.9, 0.8, 0.5, 0.99, 0.0)[case], rate), 1


def adam_step(random, case):
    parameters, grads, rate = update(random, case)[0]
    v = _gradients(random, parameters)
    s = {name: value**2 for name, value in _gradients(random, parameters).items()}
    # A small s and a large epsilon, so that it matters where epsilon stands.
    return (parameters, grads, v, s, (1, 3, 5, 40, 7)[case], rate, 0.9, (0.999, 0.99)[case % 2], 1e-3), 1

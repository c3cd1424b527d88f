"""Gradient descent, mini-batches, momentum and Adam: section 2.4 of the note (figures 27 to 33).

`parameters` {"W1", "b1", ...}; `grads`, `v` and `s` {"dW1", "db1", ...} of the same shapes. Arrays have shape
(features, examples). Every function raises InputError where an argument does not fit, and none changes what
it is given.
"""

from __future__ import annotations

import numpy as np

from layerwise.course import _arguments as check
from layerwise.course._cross_entropy import cross_entropy
from layerwise.course._descent import stop_unless_finite
from layerwise.course._relu_network import relu_network
from layerwise.course._starts import drawn_parameters
from layerwise.course.building import update_parameters
from layerwise.formulas import optimizers
from layerwise.network.objective import Objective, cost_and_gradient
from layerwise.network.parameters import flat_vector, named_views
from layerwise.network.propagation import forward

OPTIMIZERS = ("gd", "momentum", "adam")


def update_parameters_with_gd(parameters, grads, learning_rate):
    """W[l] = W[l] - learning_rate dW[l],  b[l] = b[l] - learning_rate db[l]   (figure 27).

    parameters {"W1", "b1", ...}, grads {"dW1", "db1", ...} of the same shapes -> new parameters. Raises
    InputError where a gradient is missing or has another shape, or the rate is negative or not finite.
    """
    return update_parameters(parameters, grads, learning_rate)


def random_mini_batches(X, Y, mini_batch_size=64, seed=0):
    """X and Y shuffled by one permutation after np.random.seed(seed), and cut   (figure 29).

        shuffled_X = X[:, permutation]        shuffled_Y = Y[:, permutation]

    X (n[0], m), Y (1, m) -> a list of (mini_batch_X (n[0], size), mini_batch_Y (1, size)): floor(m / size)
    whole mini-batches and, where m is no multiple of the size, one of m - size floor(m / size) examples. The
    global generator stays as it is. Raises InputError where the shapes do not fit, a label is not 0 or 1, the
    size is no positive integer or the seed a negative one.
    """
    X = check.inputs(X)
    Y = check.labels(Y, X.shape[1], "X")
    size = check.whole("mini_batch_size", mini_batch_size, 1)
    order = np.random.RandomState(check.whole("seed", seed, 0)).permutation(X.shape[1])
    return [(X[:, batch], Y[:, batch]) for batch in _cut(order, size)]


def _cut(order: np.ndarray, size: int) -> list[np.ndarray]:
    return [order[first : first + size] for first in range(0, len(order), size)]


def _zeros(parameters) -> dict[str, np.ndarray]:
    return {f"d{name}": np.zeros_like(value) for name, value in check.layer_parameters(parameters).items()}


def initialize_velocity(parameters):
    """v = 0 for every parameter   (section 2.4.3, used in figure 30).

    parameters {"W1" (n[1], n[0]), "b1" (n[1], 1), ...} -> {"dW1" as W1, "db1" as b1, ...}.
    Raises InputError where a parameter is missing or no array of two dimensions.
    """
    return _zeros(parameters)


def update_parameters_with_momentum(parameters, grads, v, beta, learning_rate):
    """v = beta v + (1 - beta) dW,  W = W - learning_rate v, and so for b   (figure 30).

    parameters {"W1", "b1", ...}, grads and v {"dW1", "db1", ...} of the same shapes; beta in [0, 1), 0 is
    plain gradient descent -> (new parameters, new v). Raises InputError where one of them is missing or has
    another shape, or beta or the rate is out of range.
    """
    beta = check.number("beta", beta, 0, 1)
    return _step(optimizers.momentum, parameters, grads, {"v": v}, learning_rate, (beta,))


def initialize_adam(parameters):
    """v = 0 and s = 0 for every parameter   (section 2.4.4, used in figure 31).

    parameters {"W1" (n[1], n[0]), "b1" (n[1], 1), ...} -> (v, s), each {"dW1" as W1, "db1" as b1, ...}.
    Raises InputError where a parameter is missing or no array of two dimensions.
    """
    return _zeros(parameters), _zeros(parameters)


def update_parameters_with_adam(
    parameters, grads, v, s, t, learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8
):
    """One step of Adam, the t-th (t = 1, 2, ...)   (figure 31, epsilon outside the root as in the paper).

        v = beta1 v + (1 - beta1) dW          s = beta2 s + (1 - beta2) dW^2
        W = W - learning_rate (v / (1 - beta1^t)) / (sqrt(s / (1 - beta2^t)) + epsilon)

    parameters {"W1", "b1", ...}, grads, v and s {"dW1", "db1", ...} of the same shapes -> (new parameters,
    new v, new s). The note's code (figure 32) divides by 1 - beta1^2 and 1 - beta2 at every t. Raises
    InputError where one of them is missing or has another shape, t is no positive integer, or beta1, beta2,
    epsilon or the rate is out of range. Source: Kingma & Ba 2015, algorithm 1.
    """
    betas = check.number("beta1", beta1, 0, 1), check.number("beta2", beta2, 0, 1)
    constants = optimizers.adam_constants(check.whole("t", t, 1), *betas, check.number("epsilon", epsilon, 0))
    return _step(optimizers.adam, parameters, grads, {"v": v, "s": s}, learning_rate, constants)


def _step(rule, parameters, grads, slots, learning_rate, constants) -> tuple[dict[str, np.ndarray], ...]:
    """One step of an optimizer's rule on every parameter -> (parameters, *slots)."""
    parameters = check.layer_parameters(parameters)
    grads = check.beside_parameters(grads, parameters, "grads")
    slots = [check.beside_parameters(slot, parameters, name) for name, slot in slots.items()]
    rate = check.number("learning_rate", learning_rate, 0)
    stepped: list[dict[str, np.ndarray]] = [{}, *({} for _ in slots)]
    for name, value in parameters.items():
        remembered = (slot[f"d{name}"] for slot in slots)
        value, *remembered = rule(value, *remembered, grads[f"d{name}"], rate, *constants)
        for kept, key, array in zip(
            stepped, (name, *(f"d{name}",) * len(slots)), (value, *remembered), strict=True
        ):
            kept[key] = array
    return tuple(stepped)


def model(
    X,
    Y,
    layers_dims,
    optimizer,
    learning_rate=0.0007,
    mini_batch_size=64,
    beta=0.9,
    beta1=0.9,
    beta2=0.999,
    epsilon=1e-8,
    num_epochs=10000,
    print_cost=True,
):
    """ReLU layers and a sigmoid, in mini-batches by "gd", "momentum" or "adam"   (section 2.4, figure 33).

    Each step takes one mini-batch of figure 29: W = W - learning_rate dW, or that of figure 30 or 31.

    X (n[0], m), Y (1, m) of 0 and 1, layers_dims [n[0], ..., 1]; starts from He's initialization after
    np.random.seed(3), shuffles after np.random.seed(11), 12, ... epoch by epoch. Returns the parameters;
    `print_cost` prints every 1,000 epochs the cost of that epoch's last mini-batch before its step, as the
    course does. Raises InputError where an argument does not fit, and TrainingError where the cost is no
    longer finite.
    """
    rule = optimizers.OPTIMIZERS[check.choice("optimizer", optimizer, OPTIMIZERS)]
    X = check.finite_inputs(X)
    Y = check.labels(Y, X.shape[1], "X")
    sizes = check.network_sizes(layers_dims, X)
    size = check.whole("mini_batch_size", mini_batch_size, 1)
    rate = check.number("learning_rate", learning_rate, 0)
    settings = {
        "momentum": check.number("beta", beta, 0, 1),
        "beta1": check.number("beta1", beta1, 0, 1),
        "beta2": check.number("beta2", beta2, 0, 1),
        "epsilon": check.number("epsilon", epsilon, 0),
    }
    settings_of_rule = [settings[name] for name in rule.settings]
    network, objective = relu_network(sizes), Objective("binary_cross_entropy")
    theta = flat_vector(drawn_parameters(sizes, "he", seed=3), network)
    parameters = named_views(theta, network)
    slots = [np.zeros_like(theta) for _ in rule.slots]
    t = 0
    with np.errstate(over="ignore", invalid="ignore"):
        for epoch in range(check.whole("num_epochs", num_epochs, 0)):
            batches = _cut(np.random.RandomState(11 + epoch).permutation(X.shape[1]), size)
            for batch in batches:
                t += 1
                batch_X, batch_Y = X[:, batch], Y[:, batch]
                if print_cost and epoch % 1000 == 0 and batch is batches[-1]:
                    AL = forward(batch_X, parameters, network.activations)[-1].A
                    print(f"Cost after epoch {epoch}: {cross_entropy(AL, batch_Y):f}")
                cost, grads = cost_and_gradient(objective, parameters, network, batch_X, batch_Y)
                stop_unless_finite(cost, f"epoch {epoch}", rate)
                gradient = np.concatenate([grads[f"d{block.name}"].ravel() for block in network.blocks])
                constants = rule.constants(t, *settings_of_rule)
                theta[:], *slots = rule.rule(theta, *slots, gradient, rate, *constants)
    return {name: value.copy() for name, value in parameters.items()}

"""Four ways for a network to start, and the model that compares them: section 2.1 (figures 14 to 17).

Weights W[l] (n[l], n[l-1]) and biases b[l] = 0 (n[l], 1). Random starts are drawn after np.random.seed(3), as
the note's code does, from the legacy generator; the global one is left as it is.
"""

from __future__ import annotations

from layerwise.course import _arguments as check
from layerwise.course._descent import descend
from layerwise.course._starts import drawn_parameters

INITIALIZERS = {"zeros": "zeros", "random": "large", "he": "he", "xavier": "lecun"}


def _start(layers_dims, initialization: str):
    return drawn_parameters(check.layer_sizes(layers_dims), INITIALIZERS[initialization], seed=3)


def initialize_parameters_zeros(layers_dims):
    """W[l] = 0: the units of a layer stay equal, and with ReLU nothing moves at all   (figure 14).

    layers_dims [n[0], ..., n[L]] -> {"W1" (n[1], n[0]), "b1" (n[1], 1), ...}.
    Raises InputError where a size is no positive integer.
    """
    return _start(layers_dims, "zeros")


def initialize_parameters_random(layers_dims):
    """W[l] = randn(n[l], n[l-1]) * 10: large, so that training starts at a huge cost (figure 15).

    layers_dims [n[0], ..., n[L]] -> {"W1" (n[1], n[0]), "b1" (n[1], 1), ...}.
    Raises InputError where a size is no positive integer.
    """
    return _start(layers_dims, "random")


def initialize_parameters_he(layers_dims):
    """W[l] = randn(n[l], n[l-1]) * sqrt(2 / n[l-1])   (figure 16). Source: He et al. 2015.

    layers_dims [n[0], ..., n[L]] -> {"W1" (n[1], n[0]), "b1" (n[1], 1), ...}.
    Raises InputError where a size is no positive integer.
    """
    return _start(layers_dims, "he")


def initialize_parameters_xavier(layers_dims):
    """W[l] = randn(n[l], n[l-1]) * sqrt(1 / n[l-1]), what the note calls Xavier (section 2.1.3).

    That scale is LeCun's (1998); Glorot and Bengio's own (2010) is sqrt(2 / (n[l-1] + n[l])), which is what
    `xavier` means everywhere else in layerwise.
    layers_dims [n[0], ..., n[L]] -> {"W1" (n[1], n[0]), "b1" (n[1], 1), ...}.
    Raises InputError where a size is no positive integer.
    """
    return _start(layers_dims, "xavier")


def model(X, Y, learning_rate=0.01, num_iterations=15000, print_cost=True, initialization="he"):
    """[n[0], 10, 5, 1], ReLU and sigmoid, by batch gradient descent from a start of choice   (figure 17).

    W = W - learning_rate dW with all examples in every step. X (n[0], m), Y (1, m) of 0 and 1, initialization
    "zeros", "random", "he" or "xavier" (figures 14 to 16 and section 2.1.3). Returns the parameters;
    `print_cost` prints the cost every 1,000 iterations, taken from the output as the course takes it: with
    "random" the first line says `inf`. Raises InputError where an argument does not fit, and TrainingError
    where the cost is no longer finite.
    """
    check.choice("initialization", initialization, tuple(INITIALIZERS))
    X = check.finite_inputs(X)

    def report(iteration: int, cost: float) -> None:
        print(f"Cost after iteration {iteration}: {cost}")

    return descend(
        X,
        check.labels(Y, X.shape[1], "X"),
        _start([X.shape[0], 10, 5, 1], initialization),
        learning_rate=check.number("learning_rate", learning_rate, 0),
        num_iterations=check.whole("num_iterations", num_iterations, 0),
        every=1000,
        report=report if print_cost else None,
    )

"""L2 regularization and dropout: section 2.2 of the note (figures 18 to 24).

The note writes them for three layers; here any depth will do, and L2 and dropout work together. The cache
tuples are the course's: (Z1, A1, W1, b1, ..., ZL, AL, WL, bL), with dropout (Z1, D1, A1, W1, b1, ..., ZL, AL,
WL, bL). Arrays have shape (features, examples). Every function raises InputError where an argument does not
fit.
"""

from __future__ import annotations

import numpy as np

from layerwise.course import _arguments as check
from layerwise.course._caches import flat_cache, layer_caches
from layerwise.course._descent import descend
from layerwise.course._relu_network import network_of
from layerwise.course._starts import drawn_parameters
from layerwise.course.building import compute_cost
from layerwise.errors import InputError
from layerwise.formulas.activations import activation_backward
from layerwise.formulas.regularizers import inverted_dropout, l2_gradient
from layerwise.network import propagation
from layerwise.network.objective import Objective, penalty
from layerwise.network.propagation import Dropout

__all__ = [
    "backward_propagation",
    "backward_propagation_with_dropout",
    "backward_propagation_with_regularization",
    "compute_cost",
    "compute_cost_with_regularization",
    "forward_propagation",
    "forward_propagation_with_dropout",
    "model",
]


def _forward(X, parameters, keep_prob: float | None):
    """The network's forward pass; with a keep_prob, masks from NumPy's global legacy generator."""
    parameters = check.network_parameters(parameters)
    X = check.inputs(X, parameters)
    network = network_of(parameters)
    dropouts = (
        None if keep_prob is None else drawn_masks(network.sizes, X.shape[1], keep_prob, np.random.rand)
    )
    caches = propagation.forward(X, parameters, network.activations, dropouts)
    return caches[-1].A, flat_cache(caches, parameters)


def drawn_masks(sizes, m: int, keep_prob: float, rand) -> list[Dropout | None]:
    """D[l] = rand(n[l], m) < keep_prob for each hidden layer, first to last; none for the output."""
    return [*(Dropout(rand(n, m) < keep_prob, keep_prob) for n in sizes[1:-1]), None]


def forward_propagation(X, parameters):
    """[LINEAR -> RELU] x (L - 1) -> LINEAR -> SIGMOID   (used in figure 18).

        Z[l] = W[l] A[l-1] + b[l]        A[l] = relu(Z[l]), the last sigmoid(Z[L])        A[0] = X

    X (n[0], m), parameters {"W1" (n[1], n[0]), "b1" (n[1], 1), ...} -> (AL (n[L], m), cache = (Z1, A1, W1,
    b1, ..., ZL, AL, WL, bL)). Raises InputError where a parameter is missing or the shapes do not fit.
    """
    return _forward(X, parameters, None)


def forward_propagation_with_dropout(X, parameters, keep_prob=0.5):
    """After each hidden layer's ReLU (figure 22):

        D = rand(n, m) < keep_prob        A = A * D / keep_prob

    X (n[0], m) -> (AL (n[L], m), cache = (Z1, D1, A1, W1, b1, ..., ZL, AL, WL, bL)), A[l] after dropout. The
    masks come from NumPy's global legacy generator, as in the figure: `np.random.seed(1)` before the call
    gives the course's published numbers, and without it every call draws new masks, as dropout should.
    Raises InputError where keep_prob is outside (0, 1] or the shapes do not fit.
    """
    return _forward(X, parameters, check.keep_probability(keep_prob))


def compute_cost_with_regularization(A3, Y, parameters, lambd):
    """J = cross-entropy + 1/m lambd/2 sum over layers of sum W[l]^2   (figures 19 and 20).

    A3 (1, m) is the last layer's output, Y (1, m) of 0 and 1, parameters {"W1", "b1", ...} of any depth,
    lambd 0 or more; biases pay nothing. Returns a float. Raises InputError where the shapes do not fit, a
    label is not 0 or 1, A3 leaves [0, 1], or lambd is negative or not finite.
    """
    parameters = check.network_parameters(parameters)
    strength = check.number("lambd", lambd, 0)
    data_cost = compute_cost(A3, Y)
    return data_cost + penalty(Objective("binary_cross_entropy", l2=strength), parameters, np.shape(A3)[1])


def backward_propagation(X, Y, cache):
    """dZ[L] = A[L] - Y, and down through the layers: dW, db, dA_prev as in figure 8, dZ = dA * (A > 0).

    X (n[0], m), Y (1, m), cache of `forward_propagation` -> {"dZ3" (n[3], m), "dW3" (n[3], n[2]), "db3"
    (n[3], 1), "dA2" (n[2], m), "dZ2", ...}: figure 21 without its lambd.
    Raises InputError where the cache has another length, or its arrays do not fit X, Y or each other.
    """
    return _backward(X, Y, cache, None, 0.0)


def backward_propagation_with_regularization(X, Y, cache, lambd, *, keep_prob=1):
    """`backward_propagation` with the penalty's gradient, dW[l] = ... + lambd/m W[l]   (figure 21).

    X (n[0], m), Y (1, m), lambd 0 or more; shapes and cache as there. For dropout at the same time give its
    `keep_prob` and a cache of `forward_propagation_with_dropout`. Raises InputError where the cache does not
    fit, lambd is negative or not finite, or keep_prob is outside (0, 1].
    """
    keep_prob = check.keep_probability(keep_prob)
    return _backward(X, Y, cache, None if keep_prob == 1 else keep_prob, check.number("lambd", lambd, 0))


def backward_propagation_with_dropout(X, Y, cache, keep_prob, *, lambd=0):
    """`backward_propagation` through the forward pass's masks, dA[l] = dA[l] * D[l] / keep_prob (figure 23).

    X (n[0], m), Y (1, m), cache of `forward_propagation_with_dropout`; the gradients have the shapes of
    `backward_propagation`. For L2 at the same time give its `lambd`. Raises InputError where the cache does
    not fit, keep_prob is outside (0, 1], or lambd is negative or not finite.
    """
    return _backward(X, Y, cache, check.keep_probability(keep_prob), check.number("lambd", lambd, 0))


def _backward(X, Y, cache, keep_prob: float | None, lambd: float) -> dict[str, np.ndarray]:
    X = check.inputs(X)
    m = X.shape[1]
    Y = check.labels(Y, m, "X")
    caches = layer_caches(X, cache, keep_prob)
    if caches[-1].A.shape != Y.shape:
        raise InputError(
            f"A{len(caches)} of the cache has shape {caches[-1].A.shape}; expected {Y.shape} as Y"
        )
    grads, dZ = {}, caches[-1].A - Y
    for layer in range(len(caches), 0, -1):
        _, W, *_ = this = caches[layer - 1]
        grads[f"dZ{layer}"] = dZ
        dA, dW, grads[f"db{layer}"] = propagation.linear_backward(dZ, this.A_prev, W)
        grads[f"dW{layer}"] = dW + l2_gradient(W, lambd / m) if lambd else dW
        if layer > 1:
            below = caches[layer - 2]
            if below.dropout is not None:
                dA = inverted_dropout(dA, below.dropout.kept, below.dropout.keep_prob)
            grads[f"dA{layer - 1}"] = dA
            dZ = activation_backward(below.activation, dA, below.Z, below.A)
    return grads


def model(X, Y, learning_rate=0.3, num_iterations=30000, print_cost=True, lambd=0, keep_prob=1):
    """[n[0], 20, 3, 1] by batch gradient descent with L2, dropout, both or neither   (figures 18 and 24).

    W = W - learning_rate dW, dW as in figure 21 or 23. X (n[0], m), Y (1, m) of 0 and 1; starts from randn /
    sqrt(n[l-1]) after np.random.seed(3). The masks are drawn after np.random.seed(1) before each forward
    pass, as the course does, so they are the same in every iteration. Returns the parameters; `print_cost`
    prints the cost every 10,000 iterations. Raises InputError where an argument does not fit, and
    TrainingError where the cost is no longer finite.
    """
    X = check.finite_inputs(X)
    keep_prob, sizes = check.keep_probability(keep_prob), (X.shape[0], 20, 3, 1)
    masks = None
    if keep_prob < 1:
        masks = drawn_masks(sizes, X.shape[1], keep_prob, np.random.RandomState(1).rand)

    def report(iteration: int, cost: float) -> None:
        print(f"Cost after iteration {iteration}: {cost}")

    return descend(
        X,
        check.labels(Y, X.shape[1], "X"),
        drawn_parameters(sizes, "lecun", seed=3),
        learning_rate=check.number("learning_rate", learning_rate, 0),
        num_iterations=check.whole("num_iterations", num_iterations, 0),
        every=10000,
        report=report if print_cost else None,
        l2=check.number("lambd", lambd, 0),
        dropouts=masks,
    )

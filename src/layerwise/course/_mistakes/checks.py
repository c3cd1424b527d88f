"""Gradient checking as it comes out wrong (figures 25 and 26)."""

from __future__ import annotations

import numpy as np

from layerwise.course import gradient_checking
from layerwise.course._mistakes import Mistakes


def _ratio(grad, slopes):
    return np.linalg.norm(grad - slopes) / (np.linalg.norm(grad) + np.linalg.norm(slopes))


def _in_one(slope, compare=_ratio):
    """The check of J = theta x; slope(J, theta, epsilon) is the gradient measured."""

    def check(x, theta, epsilon=1e-7):
        return compare(x, slope(lambda theta: theta * x, theta, epsilon))

    return check


def _central(J, theta, epsilon):
    return (J(theta + epsilon) - J(theta - epsilon)) / (2 * epsilon)


MINUS_AT_PLUS = "it takes J_minus at theta_plus, as the note's figure does: all differences are 0"
NOT_TWICE = "it divides by epsilon; theta_plus and theta_minus are 2 epsilon apart"
SUBTRACTED = "it is the norm of the difference alone; divide by ||grad|| + ||gradapprox||"
TRUE_OR_FALSE = "it returns whether the check passes; it must return the difference"
GRADIENT_CHECK: Mistakes = {
    "it takes J_minus at theta_plus, or J_minus - J_plus: the difference is 1 whatever the gradient": _in_one(
        lambda J, theta, epsilon: (J(theta + epsilon) - J(theta + epsilon)) / (2 * epsilon)
    ),
    NOT_TWICE: _in_one(lambda J, theta, epsilon: 2 * _central(J, theta, epsilon)),
    SUBTRACTED: _in_one(_central, lambda grad, slope: np.linalg.norm(grad - slope)),
    "it divides the numbers and not their norms, so signs can cancel": _in_one(
        _central, lambda grad, slope: (grad - slope) / (grad + slope)
    ),
    TRUE_OR_FALSE: _in_one(_central, lambda grad, slope: bool(_ratio(grad, slope) < 1e-7)),
}


def _in_many(slope, compare=_ratio):
    """The check in n dimensions; slope(J, theta, i, epsilon) is the i-th gradient measured."""

    def check(parameters, gradients, X, Y, epsilon=1e-7):
        theta, _ = gradient_checking.dictionary_to_vector(parameters)
        sizes = [X.shape[0], *(len(value) for name, value in parameters.items() if name[0] == "b")]

        def J(vector):
            arrays = gradient_checking.vector_to_dictionary(vector, sizes)
            return gradient_checking.forward_propagation_n(X, Y, arrays)[0]

        slopes = np.array([[slope(J, theta, step, epsilon)] for step in epsilon * np.eye(len(theta))])
        return float(compare(gradient_checking.gradients_to_vector(gradients), slopes))

    return check


def _both_sides(J, theta, step, epsilon):
    step = step.reshape(-1, 1)
    return (J(theta + step) - J(theta - step)) / (2 * epsilon)


def _one_side(J, theta, step, epsilon):
    return (J(theta + step.reshape(-1, 1)) - J(theta)) / epsilon


def _half_side(J, theta, step, epsilon):
    return (J(theta + step.reshape(-1, 1)) - J(theta)) / (2 * epsilon)


GRADIENT_CHECK_N: Mistakes = {
    MINUS_AT_PLUS: _in_many(lambda J, theta, step, epsilon: 0.0),
    "it takes a one-sided difference; (J_plus - J_minus) / (2 epsilon) is far more exact": _in_many(
        _one_side
    ),
    NOT_TWICE: _in_many(lambda *arguments: 2 * _both_sides(*arguments)),
    "its J_minus is taken at theta itself: theta_plus and theta_minus must each start from a copy": _in_many(
        _half_side
    ),
    SUBTRACTED: _in_many(_both_sides, lambda grad, slopes: np.linalg.norm(grad - slopes)),
    "it divides by ||grad|| alone; ||grad|| + ||gradapprox|| belongs there": _in_many(
        _both_sides, lambda grad, slopes: np.linalg.norm(grad - slopes) / np.linalg.norm(grad)
    ),
    "it is the largest difference of one parameter; it must compare the norms of the vectors": _in_many(
        _both_sides, lambda grad, slopes: np.abs(grad - slopes).max()
    ),
    TRUE_OR_FALSE: _in_many(_both_sides, lambda grad, slopes: _ratio(grad, slopes) < 1e-7),
}

BY_COLUMNS = "it takes the columns of each matrix one after the other; reshape(-1, 1) goes row by row"
BY_NAME = "it goes through the names in alphabetical order; W1, b1, W2, b2, ... is right"


def _joined(arrays, names=None, order="C"):
    return np.concatenate([arrays[name].reshape(-1, 1, order=order) for name in names or arrays])


def _by_name(parameters):
    names = sorted(parameters)
    return _joined(parameters, names), [name for name in names for _ in range(parameters[name].size)]


DICTIONARY_TO_VECTOR: Mistakes = {
    BY_COLUMNS: lambda parameters: (
        _joined(parameters, order="F"),
        gradient_checking.dictionary_to_vector(parameters)[1],
    ),
    BY_NAME: _by_name,
    "its keys are the names, each once; the course has the name of each entry": lambda parameters: (
        _joined(parameters),
        list(parameters),
    ),
}
GRADIENTS_TO_VECTOR: Mistakes = {
    BY_COLUMNS: lambda gradients: _joined(gradients, order="F"),
    BY_NAME: lambda gradients: _joined(gradients, sorted(gradients)),
    "it leaves out the biases": lambda gradients: _joined(
        gradients, [name for name in gradients if name[1] == "W"]
    ),
}
VECTOR_TO_DICTIONARY: Mistakes = {
    "it fills each matrix column by column; reshape goes row by row": lambda theta: {
        name: value.reshape(value.shape[::-1]).T
        for name, value in gradient_checking.vector_to_dictionary(theta).items()
    },
}

MISTAKES: dict[str, Mistakes] = {
    "gradient_checking.gradient_check": GRADIENT_CHECK,
    "gradient_checking.gradient_check_n": GRADIENT_CHECK_N,
    "gradient_checking.dictionary_to_vector": DICTIONARY_TO_VECTOR,
    "gradient_checking.vector_to_dictionary": VECTOR_TO_DICTIONARY,
    "gradient_checking.gradients_to_vector": GRADIENTS_TO_VECTOR,
}

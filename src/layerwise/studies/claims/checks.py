"""The note's claims on gradient checking (its section 2.3)."""

from __future__ import annotations

import numpy as np

from layerwise.course import gradient_checking as course
from layerwise.studies.claims.claim import Claim, Trial, judged
from layerwise.studies.gradient_study import (
    difference_of,
    one_dimension,
    over_epsilons,
    the_courses_network,
    with_bugs,
)

THRESHOLD = 1e-7


def one_dimension_passes() -> Trial:
    """The difference in one dimension."""
    difference = one_dimension()
    return Trial(judged(difference < THRESHOLD), {"difference": difference})


def a_right_gradient_is_below_the_threshold() -> Trial:
    """The right gradient and the one with bugs, against 1e-7 at the note's epsilon."""
    network = the_courses_network()
    right = difference_of(network, network.gradients)
    wrong = difference_of(network, with_bugs(network.gradients))
    return Trial(judged(right < THRESHOLD, wrong > 1e3 * right), {"right": right, "wrong": wrong})


def epsilon_1e6_passes() -> Trial:
    """The right gradient at epsilon = 1e-6."""
    network = the_courses_network()
    difference = difference_of(network, network.gradients, 1e-6)
    return Trial(judged(difference < THRESHOLD), {"difference": difference})


def smaller_epsilon_is_worse() -> Trial:
    """The difference from epsilon = 0.1 down to 1e-12: where it falls and where it rises."""
    curve = np.array(over_epsilons())
    best = int(curve[:, 1].argmin())
    falls, rises = curve[0, 1] > 10 * curve[best, 1], curve[-1, 1] > 10 * curve[best, 1]
    figures = {
        "best_epsilon": curve[best, 0],
        "best": curve[best, 1],
        "large": curve[0, 1],
        "small": curve[-1, 1],
    }
    return Trial(judged(bool(rises), not falls), figures)


def kinks_are_the_cause() -> Trial:
    """How near any ReLU of the case is to its kink, and how the difference grows as epsilon shrinks: a kink
    would not grow like 1 / epsilon, the rounding of the cost does."""
    network = the_courses_network()
    _, cache = course.forward_propagation_n(network.X, network.Y, network.parameters)
    nearest = min(float(np.abs(Z).min()) for Z in (cache[0], cache[4]))
    near, far = (difference_of(network, network.gradients, epsilon) for epsilon in (1e-6, 1e-9))
    growth = far / near
    figures = {"nearest": nearest, "growth": growth}
    return Trial(judged(nearest < 1e-6, growth < 10), figures)


def the_notes_code_checks() -> Trial:
    """Figure 26 as printed takes both costs at theta + epsilon: the difference for a right and for a wrong
    gradient."""
    network = the_courses_network()
    slopes = np.zeros(sum(array.size for array in network.parameters.values()))
    found = {}
    for name, gradients in (("right", network.gradients), ("wrong", with_bugs(network.gradients))):
        grad = course.gradients_to_vector(gradients).ravel()
        sizes = np.linalg.norm(grad) + np.linalg.norm(slopes)
        found[name] = float(np.linalg.norm(grad - slopes) / sizes)
    return Trial(judged(found["right"] < 0.1 * found["wrong"]), found)


CHECK_CLAIMS = (
    Claim("one dimension passes", "2.3.1", one_dimension_passes),
    Claim("1e-7 tells right from wrong", "2.3.1", a_right_gradient_is_below_the_threshold),
    Claim("epsilon = 1e-6 passes", "2.3.2", epsilon_1e6_passes),
    Claim("a smaller epsilon is worse", "2.3.2", smaller_epsilon_is_worse),
    Claim("kinks are the cause", "2.3.2", kinks_are_the_cause),
    Claim("the note's n-dimensional code", "2.3.2", the_notes_code_checks),
)

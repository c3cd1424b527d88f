"""Mini-batches and optimizers of the note as they come out wrong, each under the sentence that says how."""

from __future__ import annotations

import numpy as np

from layerwise.course import building, optimization
from layerwise.course._mistakes import Mistakes


def _whole_ones_only(X, Y, mini_batch_size=64, seed=0):
    batches = optimization.random_mini_batches(X, Y, mini_batch_size, seed)
    return [batch for batch in batches if batch[1].shape[1] == mini_batch_size]


def _unshuffled(X, Y, mini_batch_size=64, seed=0):
    firsts = range(0, X.shape[1], mini_batch_size)
    return [(X[:, i : i + mini_batch_size], Y[:, i : i + mini_batch_size]) for i in firsts]


def _two_shuffles(X, Y, mini_batch_size=64, seed=0):
    m = X.shape[1]
    np.random.seed(seed)
    X, Y = X[:, np.random.permutation(m)], Y[:, np.random.permutation(m)]
    return _unshuffled(X, Y, mini_batch_size)


RANDOM_MINI_BATCHES: Mistakes = {
    "it shuffles X and Y by two permutations; the labels no longer belong to their examples": _two_shuffles,
    "it leaves out the last mini-batch where the examples do not fill it": _whole_ones_only,
    "it does not shuffle the examples": _unshuffled,
}


def _stepped(parameters, grads, v, slot, step):
    new_v = {name: slot(value, grads[name]) for name, value in v.items()}
    return {name: value - step(new_v[f"d{name}"]) for name, value in parameters.items()}, new_v


def _without_weight(parameters, grads, v, beta, rate):
    return _stepped(parameters, grads, v, lambda v, g: beta * v + g, lambda v: rate * v)


def _weights_swapped(parameters, grads, v, beta, rate):
    return _stepped(parameters, grads, v, lambda v, g: (1 - beta) * v + beta * g, lambda v: rate * v)


def _v_not_used(parameters, grads, v, beta, rate):
    _, new_v = optimization.update_parameters_with_momentum(parameters, grads, v, beta, rate)
    return building.update_parameters(parameters, grads, rate), new_v


MOMENTUM: Mistakes = {
    "it adds the whole gradient to v; the note weighs it with 1 - beta": _without_weight,
    "it has beta and 1 - beta in each other's place": _weights_swapped,
    "it steps along the gradient; it must step along v": _v_not_used,
}


def _adam_with(correction1, correction2, step):
    """Adam with other corrections, and step(v_corrected, s_corrected, epsilon)."""

    def update(parameters, grads, v, s, t, rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8):
        _, v, s = optimization.update_parameters_with_adam(parameters, grads, v, s, t, rate, beta1, beta2)
        c1, c2 = correction1(beta1, t), correction2(beta2, t)
        moved = {
            name: value - rate * step(v[f"d{name}"] / c1, s[f"d{name}"] / c2, epsilon)
            for name, value in parameters.items()
        }
        return moved, v, s

    return update


def _power_t(beta, t):
    return 1 - beta**t


def _outside(v, s, epsilon):
    return v / (np.sqrt(s) + epsilon)


def _inside(v, s, epsilon):
    return v / np.sqrt(s + epsilon)


def _power_2(beta, t):
    return 1 - beta**2


def _plain(beta, t):
    return 1 - beta


ADAM: Mistakes = {
    "it is the note's figure 32: 1 - beta1^2 and 1 - beta2 at every t, and epsilon inside the root; "
    "1 - beta^t and sqrt(s) + epsilon are right": _adam_with(_power_2, _plain, _inside),
    "it corrects by 1 - beta1^2 and 1 - beta2 as the note's figure 32 does; 1 - beta^t is right": (
        _adam_with(_power_2, _plain, _outside)
    ),
    "it corrects by 1 - beta^2 at every t; 1 - beta^t is right": _adam_with(_power_2, _power_2, _outside),
    "it corrects by 1 - beta at every t; 1 - beta^t is right": _adam_with(_plain, _plain, _outside),
    "it does not correct v and s for their start at 0: divide by 1 - beta^t": _adam_with(
        lambda beta, t: 1, lambda beta, t: 1, _outside
    ),
    "it has epsilon inside the root, as the note's figure 31 does; sqrt(s) + epsilon is right": _adam_with(
        _power_t, _power_t, _inside
    ),
    "it forgets the root: v / (sqrt(s) + epsilon)": _adam_with(
        _power_t, _power_t, lambda v, s, epsilon: v / (s + epsilon)
    ),
    "it forgets epsilon: v / (sqrt(s) + epsilon)": _adam_with(
        _power_t, _power_t, lambda v, s, epsilon: v / np.sqrt(s)
    ),
}

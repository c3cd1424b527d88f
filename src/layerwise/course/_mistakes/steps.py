"""Mini-batches and optimizers of the note as they come out wrong, each under the sentence that says how."""

from __future__ import annotations

import numpy as np

from layerwise.course import optimization
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


def _unseeded(X, Y, mini_batch_size=64, seed=0):
    order = np.random.permutation(X.shape[1])
    return _unshuffled(X[:, order], Y[:, order], mini_batch_size)


def _only_Y_shuffled(X, Y, mini_batch_size=64, seed=0):
    np.random.seed(seed)
    return _unshuffled(X, Y[:, np.random.permutation(X.shape[1])], mini_batch_size)


def _with_an_empty_one(X, Y, mini_batch_size=64, seed=0):
    batches = optimization.random_mini_batches(X, Y, mini_batch_size, seed)
    fits = X.shape[1] % mini_batch_size == 0
    return [*batches, (X[:, X.shape[1] :], Y[:, X.shape[1] :])] if fits else batches


RANDOM_MINI_BATCHES: Mistakes = {
    "it shuffles X and Y by two permutations; the labels no longer belong to their examples": _two_shuffles,
    "it leaves out the last mini-batch where the examples do not fill it": _whole_ones_only,
    "it does not shuffle the examples": _unshuffled,
    "it shuffles Y and leaves X as it is; the labels no longer belong to their examples": _only_Y_shuffled,
    "it does not call np.random.seed(seed), so `seed` has no effect": _unseeded,
    "it adds an empty mini-batch where the examples fill the others": _with_an_empty_one,
}


def _ones_for_zeros(v):
    return {name: np.ones_like(value) for name, value in v.items()}


ONES = "it starts at 1; v starts at 0"
COPIED = "it holds the parameters themselves; v starts at 0, in their shapes"
INITIALIZE_VELOCITY: Mistakes = {
    ONES: lambda parameters: _ones_for_zeros(optimization.initialize_velocity(parameters)),
    COPIED: lambda parameters: {f"d{name}": value.copy() for name, value in parameters.items()},
}


def _momentum_with(average, direction):
    """A step in which v = average(v, g, beta) and W = W - rate direction(new v, old v, g)."""

    def update(parameters, grads, v, beta, rate):
        new_v = {name: average(value, grads[name], beta) for name, value in v.items()}
        return {
            name: value - rate * direction(new_v[f"d{name}"], v[f"d{name}"], grads[f"d{name}"])
            for name, value in parameters.items()
        }, new_v

    return update


def _weighted(v, g, beta):
    return beta * v + (1 - beta) * g


def _along_v(new_v, old_v, g):
    return new_v


def _v_as_it_was(parameters, grads, v, beta, rate):
    return optimization.update_parameters_with_momentum(parameters, grads, v, beta, rate)[0], dict(v)


def _at_rate_one(parameters, grads, v, beta, rate):
    return optimization.update_parameters_with_momentum(parameters, grads, v, beta, 1.0)


MOMENTUM: Mistakes = {
    "it adds the whole gradient to v; the note weighs it with 1 - beta": _momentum_with(
        lambda v, g, beta: beta * v + g, _along_v
    ),
    "it has beta and 1 - beta in each other's place": _momentum_with(
        lambda v, g, beta: (1 - beta) * v + beta * g, _along_v
    ),
    "it subtracts the gradient from v: v = beta v + (1 - beta) dW": _momentum_with(
        lambda v, g, beta: beta * v - (1 - beta) * g, _along_v
    ),
    "it squares the gradient, which is Adam's s: v = beta v + (1 - beta) dW": _momentum_with(
        lambda v, g, beta: beta * v + (1 - beta) * g * g, _along_v
    ),
    "it steps along the gradient; it must step along v": _momentum_with(_weighted, lambda new_v, old_v, g: g),
    "it steps along the old v; v is renewed first": _momentum_with(_weighted, lambda new_v, old_v, g: old_v),
    "it goes up the slope: the step is W - learning_rate v": _momentum_with(
        _weighted, lambda new_v, old_v, g: -new_v
    ),
    "it leaves out the learning rate: the step is W - learning_rate v": _at_rate_one,
    "it returns v as it was; the new v must be kept for the next step": _v_as_it_was,
}


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


def _weighted_square(s, g, beta2, beta1):
    return beta2 * s + (1 - beta2) * g * g


def _one(beta, t):
    return 1


def _adam_with(
    correction1=_power_t, correction2=_power_t, step=_outside, average=_weighted, square=_weighted_square
):
    """Adam with other averages v = average(v, g, beta1) and s = square(s, g, beta2, beta1), other corrections
    of both, and step(v_corrected, s_corrected, epsilon)."""

    def update(parameters, grads, v, s, t, rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8):
        v = {name: average(value, grads[name], beta1) for name, value in v.items()}
        s = {name: square(value, grads[name], beta2, beta1) for name, value in s.items()}
        c1, c2 = correction1(beta1, t), correction2(beta2, t)
        moved = {
            name: value - rate * step(v[f"d{name}"] / c1, s[f"d{name}"] / c2, epsilon)
            for name, value in parameters.items()
        }
        return moved, v, s

    return update


def _corrected_returned(parameters, grads, v, s, t, rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8):
    moved, v, s = optimization.update_parameters_with_adam(
        parameters, grads, v, s, t, rate, beta1, beta2, epsilon
    )
    v = {name: value / _power_t(beta1, t) for name, value in v.items()}
    return moved, v, {name: value / _power_t(beta2, t) for name, value in s.items()}


def _betas_swapped(parameters, grads, v, s, t, rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8):
    return optimization.update_parameters_with_adam(parameters, grads, v, s, t, rate, beta2, beta1, epsilon)


ADAM: Mistakes = {
    "it is the note's figure 32: 1 - beta1^2 and 1 - beta2 at every t, and epsilon inside the root; "
    "1 - beta^t and sqrt(s) + epsilon are right": _adam_with(_power_2, _plain, _inside),
    "it corrects by 1 - beta1^2 and 1 - beta2 as the note's figure 32 does; 1 - beta^t is right": (
        _adam_with(_power_2, _plain)
    ),
    "it corrects by 1 - beta^2 at every t; 1 - beta^t is right": _adam_with(_power_2, _power_2),
    "it corrects by 1 - beta at every t; 1 - beta^t is right": _adam_with(_plain, _plain),
    "it does not correct v and s for their start at 0: divide by 1 - beta^t": _adam_with(_one, _one),
    "it does not correct v for its start at 0: divide by 1 - beta1^t": _adam_with(correction1=_one),
    "it does not correct s for its start at 0: divide by 1 - beta2^t": _adam_with(correction2=_one),
    "it corrects by 1 - beta^(t+1); t counts from 1, so 1 - beta^t is right": _adam_with(
        lambda beta, t: _power_t(beta, t + 1), lambda beta, t: _power_t(beta, t + 1)
    ),
    "it returns v and s corrected; the corrections are for this step only, and v and s go on without": (
        _corrected_returned
    ),
    "it has epsilon inside the root, as the note's figure 31 does; sqrt(s) + epsilon is right": _adam_with(
        step=_inside
    ),
    "it forgets the root: v / (sqrt(s) + epsilon)": _adam_with(step=lambda v, s, epsilon: v / (s + epsilon)),
    "it forgets epsilon: v / (sqrt(s) + epsilon)": _adam_with(step=lambda v, s, epsilon: v / np.sqrt(s)),
    "it goes up the slope: the step is W - learning_rate v / (sqrt(s) + epsilon)": _adam_with(
        step=lambda v, s, epsilon: -_outside(v, s, epsilon)
    ),
    "it does not square the gradient: s = beta2 s + (1 - beta2) dW^2": _adam_with(
        square=lambda s, g, beta2, beta1: beta2 * s + (1 - beta2) * g
    ),
    "it has beta1 in s; s = beta2 s + (1 - beta2) dW^2": _adam_with(
        square=lambda s, g, beta2, beta1: beta1 * s + (1 - beta1) * g * g
    ),
    "it adds the whole squared gradient to s; weigh it with 1 - beta2": _adam_with(
        square=lambda s, g, beta2, beta1: beta2 * s + g * g
    ),
    "it adds the whole gradient to v; weigh it with 1 - beta1": _adam_with(
        average=lambda v, g, beta1: beta1 * v + g
    ),
    "it has beta1 and beta2 in each other's place": _betas_swapped,
}


def _adam_of_ones(parameters):
    v, s = optimization.initialize_adam(parameters)
    return _ones_for_zeros(v), _ones_for_zeros(s)


INITIALIZE_ADAM: Mistakes = {
    "it starts at 1; v and s start at 0": _adam_of_ones,
}

MISTAKES: dict[str, Mistakes] = {
    "optimization.random_mini_batches": RANDOM_MINI_BATCHES,
    "optimization.initialize_velocity": INITIALIZE_VELOCITY,
    "optimization.update_parameters_with_momentum": MOMENTUM,
    "optimization.initialize_adam": INITIALIZE_ADAM,
    "optimization.update_parameters_with_adam": ADAM,
}

"""First parameters as they come out wrong (figures 2, 14, 15 and 16)."""

from __future__ import annotations

import numpy as np

from layerwise.course._mistakes import Mistakes
from layerwise.formulas.initializers import xavier_scale


def _draws(rand, scale, layers_dims, bias=lambda n: np.zeros((n, 1))):
    parameters = {}
    for layer in range(1, len(layers_dims)):
        n_prev, n = layers_dims[layer - 1 : layer + 1]
        parameters[f"W{layer}"] = rand(n, n_prev) * scale(n_prev, n)
        parameters[f"b{layer}"] = bias(n)
    return parameters


def scaled_start(scale, rand=lambda *shape: np.random.randn(*shape), **more):
    """An initialization of [n[0], ..., n[L]] whose weights are rand(n, n_prev) * scale(n_prev, n)."""
    return lambda layers_dims: _draws(rand, scale, layers_dims, **more)


def _uniform(*shape):
    return np.random.rand(*shape)


def _of_three(start):
    return lambda n_x, n_h, n_y: start([n_x, n_h, n_y])


def _constant(value):
    return lambda n_prev, n: value


UNIFORM = "it draws with np.random.rand, so no weight is negative; np.random.randn has both signs"
BIASES_DRAWN = "it draws the biases too; they start at 0"
SMALL: Mistakes = {
    UNIFORM: scaled_start(_constant(0.01), _uniform),
    "it does not scale the draws by 0.01": scaled_start(_constant(1.0)),
    "its weights are all 0, so the units of a layer stay equal; draw them with np.random.randn": scaled_start(
        _constant(0.0)
    ),
    BIASES_DRAWN: scaled_start(_constant(0.01), bias=lambda n: 0.01 * np.random.randn(n, 1)),
}
INITIALIZE_PARAMETERS: Mistakes = {sentence: _of_three(start) for sentence, start in SMALL.items()}
INITIALIZE_PARAMETERS_DEEP = SMALL
ZEROS: Mistakes = {
    "it draws the weights; here all are 0": scaled_start(_constant(0.01)),
    "its weights are 1; here all are 0": scaled_start(_constant(1.0), lambda *shape: np.ones(shape)),
}
RANDOM: Mistakes = {
    UNIFORM: scaled_start(_constant(10.0), _uniform),
    "it does not multiply the draws by 10": scaled_start(_constant(1.0)),
}
HE: Mistakes = {
    UNIFORM: scaled_start(lambda n_prev, n: np.sqrt(2 / n_prev), _uniform),
    "it does not scale the draws; He's scale is sqrt(2 / n[l-1])": scaled_start(_constant(1.0)),
    "it scales by sqrt(1 / n[l-1]); He's is sqrt(2 / n[l-1])": scaled_start(
        lambda n_prev, n: np.sqrt(1 / n_prev)
    ),
    "it scales by sqrt(2 / n[l]); n[l-1], the inputs of the layer, belongs there": scaled_start(
        lambda n_prev, n: np.sqrt(2 / n)
    ),
    "it scales by sqrt(2 / (n[l-1] + n[l])), Glorot and Bengio's; He's is sqrt(2 / n[l-1])": scaled_start(
        xavier_scale
    ),
    "it scales by 2 / n[l-1]; the root is missing": scaled_start(lambda n_prev, n: 2 / n_prev),
    "it scales by sqrt(2) / n[l-1]; n[l-1] belongs under the root": scaled_start(
        lambda n_prev, n: np.sqrt(2) / n_prev
    ),
    "it divides by sqrt(2 / n[l-1]); it must multiply": scaled_start(lambda n_prev, n: np.sqrt(n_prev / 2)),
    BIASES_DRAWN: scaled_start(lambda n_prev, n: np.sqrt(2 / n_prev), bias=lambda n: np.random.randn(n, 1)),
}
XAVIER: Mistakes = {
    UNIFORM: scaled_start(lambda n_prev, n: np.sqrt(1 / n_prev), _uniform),
    "it does not scale the draws; the note's Xavier is sqrt(1 / n[l-1])": scaled_start(_constant(1.0)),
    "it scales by sqrt(2 / n[l-1]), which is He's; the note's Xavier is sqrt(1 / n[l-1])": scaled_start(
        lambda n_prev, n: np.sqrt(2 / n_prev)
    ),
    "it scales by sqrt(1 / n[l]); n[l-1], the inputs of the layer, belongs there": scaled_start(
        lambda n_prev, n: np.sqrt(1 / n)
    ),
    "it scales by sqrt(2 / (n[l-1] + n[l])), Glorot and Bengio's; here it is sqrt(1 / n[l-1])": scaled_start(
        xavier_scale
    ),
    "it scales by 1 / n[l-1]; the root is missing": scaled_start(lambda n_prev, n: 1 / n_prev),
}

MISTAKES: dict[str, Mistakes] = {
    "building.initialize_parameters": INITIALIZE_PARAMETERS,
    "building.initialize_parameters_deep": INITIALIZE_PARAMETERS_DEEP,
    "initialization.initialize_parameters_zeros": ZEROS,
    "initialization.initialize_parameters_random": RANDOM,
    "initialization.initialize_parameters_he": HE,
    "initialization.initialize_parameters_xavier": XAVIER,
}

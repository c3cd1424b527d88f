"""Whole training runs as they come out wrong (section 1.1.6, figures 18 and 33)."""

from __future__ import annotations

from layerwise.course import building, initialization, optimization, regularization
from layerwise.course._mistakes import Mistakes
from layerwise.course._mistakes.starts import scaled_start

UNTRAINED = "it returns the parameters of the start; do they get the result of update_parameters?"


def _counted(model, position, name="iteration"):
    """The model with its number of iterations, the argument at `position`, changed."""

    def with_count(change):
        def trained(*arguments):
            changed = list(arguments)
            changed[position] = change(changed[position])
            return model(*changed)

        return trained

    return {
        f"it does one {name} too many: range(0, num_{name}s)": with_count(lambda count: count + 1),
        f"it does one {name} too few: range(0, num_{name}s)": with_count(lambda count: count - 1),
        UNTRAINED: with_count(lambda count: 0),
    }


def _from_start(start):
    """The L-layer model from another start(layers_dims)."""

    def trained(X, Y, layers_dims, learning_rate=0.0075, num_iterations=3000, print_cost=False):
        parameters = start(list(layers_dims))
        for _ in range(num_iterations):
            AL, caches = building.L_model_forward(X, parameters)
            grads = building.L_model_backward(AL, Y, caches)
            parameters = building.update_parameters(parameters, grads, learning_rate)
        return parameters

    return trained


TWO_LAYER_MODEL: Mistakes = {
    **_counted(building.two_layer_model, 4),
    "it starts from randn / sqrt(n[l-1]); this model starts from initialize_parameters, randn * 0.01": (
        _from_start(scaled_start(lambda n_prev, n: 1 / n_prev**0.5))
    ),
}


L_LAYER_MODEL: Mistakes = {
    **_counted(building.L_layer_model, 4),
    "it starts from randn * 0.01; this model starts from randn / sqrt(n[l-1])": _from_start(
        scaled_start(lambda n_prev, n: 0.01)
    ),
    "it starts from He's initialization; this model starts from randn / sqrt(n[l-1])": _from_start(
        scaled_start(lambda n_prev, n: (2 / n_prev) ** 0.5)
    ),
}


def _from_he_always(X, Y, learning_rate, num_iterations, print_cost, initialization_name):
    return initialization.model(X, Y, learning_rate, num_iterations, False, "he")


INITIALIZATION_MODEL: Mistakes = {
    **_counted(initialization.model, 3),
    "it starts from He's initialization whatever `initialization` says": _from_he_always,
}


def _with_new_masks(X, Y, learning_rate, num_iterations, print_cost, lambd, keep_prob):
    """The right model, but that it does not set the seed before each forward pass."""
    parameters = regularization.model(X, Y, learning_rate, 0, False)
    for _ in range(num_iterations):
        _, cache = regularization.forward_propagation_with_dropout(X, parameters, keep_prob)
        grads = regularization.backward_propagation_with_dropout(X, Y, cache, keep_prob, lambd=lambd)
        parameters = building.update_parameters(parameters, grads, learning_rate)
    return parameters


REGULARIZATION_MODEL: Mistakes = {
    **_counted(regularization.model, 3),
    "it does not use lambd": lambda X, Y, rate, iterations, print_cost, lambd, keep_prob: (
        regularization.model(X, Y, rate, iterations, False, 0, keep_prob)
    ),
    "it does not use keep_prob": lambda X, Y, rate, iterations, print_cost, lambd, keep_prob: (
        regularization.model(X, Y, rate, iterations, False, lambd, 1)
    ),
    "it draws new masks in each iteration, which is right in itself; the published run calls "
    "np.random.seed(1) before every forward pass": _with_new_masks,
}


def _with(optimizer=None, size=None):
    def trained(X, Y, layers_dims, named, rate, mini_batch_size, *settings):
        chosen = optimizer or named
        return optimization.model(X, Y, layers_dims, chosen, rate, size or mini_batch_size, *settings)

    return trained


def _descending(seed_of, t_of):
    """The model that shuffles epoch i after seed_of(i) and takes t_of(i, step) for Adam's t."""

    def trained(X, Y, sizes, optimizer, rate, size, beta, beta1, beta2, epsilon, num_epochs, print_cost):
        parameters = optimization.model(X, Y, sizes, optimizer, rate, num_epochs=0, print_cost=False)
        v, s = optimization.initialize_adam(parameters)
        step = 0
        for epoch in range(num_epochs):
            for batch_X, batch_Y in optimization.random_mini_batches(X, Y, size, seed_of(epoch)):
                step += 1
                AL, caches = building.L_model_forward(batch_X, parameters)
                grads = building.L_model_backward(AL, batch_Y, caches)
                if optimizer == "gd":
                    parameters = optimization.update_parameters_with_gd(parameters, grads, rate)
                elif optimizer == "momentum":
                    parameters, v = optimization.update_parameters_with_momentum(
                        parameters, grads, v, beta, rate
                    )
                else:
                    parameters, v, s = optimization.update_parameters_with_adam(
                        parameters, grads, v, s, t_of(epoch, step), rate, beta1, beta2, epsilon
                    )
        return parameters

    return trained


OPTIMIZATION_MODEL: Mistakes = {
    **_counted(optimization.model, 10, "epoch"),
    'it descends by "gd" whatever `optimizer` says': _with(optimizer="gd"),
    "it takes all examples in one step; each step takes one mini-batch": _with(size=10**6),
    "it does not raise the seed by 1 in each epoch, so the mini-batches stay the same": _descending(
        lambda epoch: 11, lambda epoch, step: step
    ),
    "it shuffles the first epoch after seed 10; the seed is raised before the first shuffle too": _descending(
        lambda epoch: 10 + epoch, lambda epoch, step: step
    ),
    "it raises Adam's t once an epoch; t counts the steps": _descending(
        lambda epoch: 11 + epoch, lambda epoch, step: epoch + 1
    ),
    "its Adam has t = 1 in every step; t counts the steps": _descending(
        lambda epoch: 11 + epoch, lambda epoch, step: 1
    ),
}

MISTAKES: dict[str, Mistakes] = {
    "building.two_layer_model": TWO_LAYER_MODEL,
    "building.L_layer_model": L_LAYER_MODEL,
    "initialization.model": INITIALIZATION_MODEL,
    "regularization.model": REGULARIZATION_MODEL,
    "optimization.model": OPTIMIZATION_MODEL,
}

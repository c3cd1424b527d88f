"""The functions of the note as exercises: random cases for each, and the mistakes that are known by sight."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np

from layerwise.course import _cases as cases
from layerwise.course import building, gradient_checking, initialization, optimization, regularization
from layerwise.course._mistakes import checks, networks, starts, steps, training, units
from layerwise.course._mistakes import regularization as penalties

Draw = Callable[[np.random.Generator, int], tuple[tuple, int]]


@dataclass(frozen=True)
class Exercise:
    """One function of the note.

    draw: a random case from a generator and the case's number, as (arguments, number of examples m).
    outputs: what it returns, by name. seed: what NumPy's global generator is set to before a call, where the
    note fixes it. rebinds: the note's code puts its results into the dictionary it is given. mistakes:
    {sentence: the function as it comes out wrong}.
    """

    name: str
    function: Callable[..., Any]
    draw: Draw
    outputs: tuple[str, ...]
    seed: int | None = None
    rebinds: bool = False
    mistakes: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    @cached_property
    def argument_names(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.function).parameters)


_MISTAKES = {
    **units.MISTAKES,
    **starts.MISTAKES,
    **networks.MISTAKES,
    **training.MISTAKES,
    **penalties.MISTAKES,
    **checks.MISTAKES,
    **steps.MISTAKES,
}


def _exercise(module: ModuleType, name: str, draw: Draw, *outputs: str, **more: Any) -> Exercise:
    full = f"{module.__name__.rsplit('.', 1)[1]}.{name}"
    return Exercise(full, getattr(module, name), draw, outputs, mistakes=_MISTAKES.get(full, {}), **more)


EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise
    for exercise in (
        _exercise(building, "sigmoid", cases.activation, "A", "cache"),
        _exercise(building, "sigmoid_backward", cases.activation_backward, "dZ"),
        _exercise(building, "relu", cases.activation, "A", "cache"),
        _exercise(building, "relu_backward", cases.activation_backward, "dZ"),
        _exercise(building, "initialize_parameters", cases.three_sizes, "parameters", seed=1),
        _exercise(building, "initialize_parameters_deep", cases.layer_sizes, "parameters", seed=3),
        _exercise(building, "linear_forward", cases.linear, "Z", "cache"),
        _exercise(building, "linear_activation_forward", cases.linear_activation, "A", "cache"),
        _exercise(building, "L_model_forward", cases.forward, "AL", "caches"),
        _exercise(building, "compute_cost", cases.outputs_and_labels, "cost"),
        _exercise(building, "linear_backward", cases.linear_backward, "dA_prev", "dW", "db"),
        _exercise(
            building, "linear_activation_backward", cases.linear_activation_backward, "dA_prev", "dW", "db"
        ),
        _exercise(building, "L_model_backward", cases.backward_of_caches, "grads"),
        _exercise(building, "update_parameters", cases.update, "parameters", rebinds=True),
        _exercise(building, "two_layer_model", cases.sized_model, "parameters", seed=1),
        _exercise(building, "L_layer_model", cases.sized_model, "parameters", seed=1),
        _exercise(building, "predict", cases.prediction, "p"),
        _exercise(initialization, "initialize_parameters_zeros", cases.layer_sizes, "parameters", seed=3),
        _exercise(initialization, "initialize_parameters_random", cases.layer_sizes, "parameters", seed=3),
        _exercise(initialization, "initialize_parameters_he", cases.layer_sizes, "parameters", seed=3),
        _exercise(initialization, "initialize_parameters_xavier", cases.layer_sizes, "parameters", seed=3),
        _exercise(initialization, "model", cases.initialization_model, "parameters", seed=3),
        _exercise(regularization, "forward_propagation", cases.forward, "A3", "cache"),
        _exercise(regularization, "backward_propagation", cases.backward_of_cache, "gradients"),
        _exercise(regularization, "compute_cost", cases.outputs_and_labels, "cost"),
        _exercise(regularization, "compute_cost_with_regularization", cases.regularized_cost, "cost"),
        _exercise(
            regularization,
            "backward_propagation_with_regularization",
            cases.regularized_backward,
            "gradients",
        ),
        _exercise(regularization, "forward_propagation_with_dropout", cases.dropout_forward, "A3", "cache"),
        _exercise(regularization, "backward_propagation_with_dropout", cases.dropout_backward, "gradients"),
        _exercise(regularization, "model", cases.regularization_model, "parameters", seed=3),
        _exercise(gradient_checking, "forward_propagation", cases.two_numbers, "J"),
        _exercise(gradient_checking, "backward_propagation", cases.two_numbers, "dtheta"),
        _exercise(gradient_checking, "gradient_check", cases.number_to_check, "difference"),
        _exercise(gradient_checking, "forward_propagation_n", cases.cost_of_parameters, "cost", "cache"),
        _exercise(gradient_checking, "backward_propagation_n", cases.backward_of_cache, "gradients"),
        _exercise(gradient_checking, "gradient_check_n", cases.gradients_to_check, "difference"),
        _exercise(gradient_checking, "dictionary_to_vector", cases.parameters_alone, "theta", "keys"),
        _exercise(gradient_checking, "vector_to_dictionary", cases.vector, "parameters"),
        _exercise(gradient_checking, "gradients_to_vector", cases.gradients_alone, "theta"),
        _exercise(optimization, "update_parameters_with_gd", cases.update, "parameters", rebinds=True),
        _exercise(optimization, "random_mini_batches", cases.mini_batches, "mini_batches"),
        _exercise(optimization, "initialize_velocity", cases.parameters_alone, "v"),
        _exercise(
            optimization,
            "update_parameters_with_momentum",
            cases.momentum_step,
            "parameters",
            "v",
            rebinds=True,
        ),
        _exercise(optimization, "initialize_adam", cases.parameters_alone, "v", "s"),
        _exercise(
            optimization, "update_parameters_with_adam", cases.adam_step, "parameters", "v", "s", rebinds=True
        ),
        _exercise(optimization, "model", cases.optimization_model, "parameters", seed=3),
    )
}

"""What the parameters of the drop-ins may be, and what they come to: the program of a network, its recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any

import numpy as np

from layerwise.engine import DTYPES, ENGINE_NAMES, Program
from layerwise.errors import InputError, nearest
from layerwise.estimators.expected import (
    CLASS_WEIGHTS,
    COUNT,
    FLAG,
    OPTIONAL_COUNT,
    OPTIONAL_STRENGTH,
    POSITIVE,
    SHARE,
    STRENGTH,
    Expected,
    is_flag,
    is_real,
    is_whole,
    require,
)
from layerwise.formulas.activations import ACTIVATIONS
from layerwise.formulas.initializers import INITIALIZERS
from layerwise.formulas.optimizers import OPTIMIZERS
from layerwise.formulas.schedules import SCHEDULE_NAMES
from layerwise.network.architecture import Architecture
from layerwise.network.objective import Objective
from layerwise.training import Recipe

SOLVERS = ("lbfgs", "sgd", "adam")
LEARNING_RATES = ("constant", "invscaling", "adaptive")
BELOW_ONE = float(np.nextafter(1, 0))
SIGMOID = {"logistic": "sigmoid"}
# Schedules that are spread over the whole run, so that one epoch at a time does not know where it stands.
WHOLE_RUN_SCHEDULES = ("cosine", "cyclic", "one_cycle", "plateau")
OFF_FOR_LBFGS = {
    "optimizer": None,
    "schedule": None,
    "warm_up": 0,
    "l1": 0,
    "weight_decay": None,
    "dropout": 0,
    "max_norm": 0,
    "clip_norm": 0,
    "statistics": False,
}


def _is_seed(value: Any) -> bool:
    if value is None or isinstance(value, np.random.RandomState):
        return True
    return is_whole(value) and 0 <= value < 2**32


EXPECTED: dict[str, Expected] = {
    "alpha": STRENGTH,
    "batch_size": Expected(
        lambda value: COUNT.holds(value) or (isinstance(value, str) and value == "auto"),
        "'auto' or an integer of at least 1",
    ),
    "learning_rate_init": POSITIVE,
    "power_t": STRENGTH,
    "max_iter": COUNT,
    "shuffle": FLAG,
    "random_state": Expected(_is_seed, "None, an integer from 0 to 2^32 - 1, or a numpy RandomState"),
    "tol": STRENGTH,
    "verbose": Expected(
        lambda value: is_flag(value) or (is_whole(value) and value >= 0), "True, False or an integer"
    ),
    "warm_start": FLAG,
    "momentum": Expected(lambda value: is_real(value) and 0 <= value <= 1, "a number from 0 to 1"),
    "nesterovs_momentum": FLAG,
    "early_stopping": FLAG,
    "validation_fraction": SHARE,
    "beta_1": SHARE,
    "beta_2": SHARE,
    "epsilon": POSITIVE,
    "n_iter_no_change": Expected(
        lambda value: COUNT.holds(value) or (is_real(value) and value == np.inf),
        "an integer of at least 1, or infinity",
    ),
    "max_fun": COUNT,
    "l1": STRENGTH,
    "max_norm": STRENGTH,
    "clip_norm": STRENGTH,
    "warm_up": STRENGTH,
    "delta": POSITIVE,
    "weight_decay": OPTIONAL_STRENGTH,
    "label_smoothing": SHARE,
    "class_weight": CLASS_WEIGHTS,
    "statistics": FLAG,
    "reproducible": FLAG,
    "threads": OPTIONAL_COUNT,
    "initialization_scale": OPTIONAL_STRENGTH,
}

CHOICES: dict[str, Sequence[Any]] = {
    "solver": SOLVERS,
    "learning_rate": LEARNING_RATES,
    "optimizer": (None, *OPTIMIZERS),
    "schedule": (None, *SCHEDULE_NAMES),
    "initialization": (None, *INITIALIZERS),
    "engine": ENGINE_NAMES,
}

# What the check reads; a regressor has no label_smoothing and no class_weight.
CHECKED = (*EXPECTED, *CHOICES, "loss", "dropout")
ABSENT = object()


def check_parameters(values: Mapping[str, Any], losses: Sequence[str], *, incremental: bool) -> None:
    """Raise InputError for a parameter out of range, or for several that contradict each other.

    `incremental`: for partial_fit. What the network itself is made of is checked where it is built. Values
    that were found right are remembered: a search fits many networks with the same.
    """
    try:
        _check_once(tuple(losses), incremental, *map(values.get, CHECKED, repeat(ABSENT)))
    except TypeError:  # A list, an array or a dictionary among them cannot be remembered.
        _check(values, losses, incremental)


@lru_cache(maxsize=64, typed=True)
def _check_once(losses: Sequence[str], incremental: bool, *checked: Any) -> None:
    known = zip(CHECKED, checked, strict=True)
    _check({name: value for name, value in known if value is not ABSENT}, losses, incremental)


def _check(values: Mapping[str, Any], losses: Sequence[str], incremental: bool) -> None:
    require(values, EXPECTED)
    for name, choices in (*CHOICES.items(), ("loss", losses)):
        # An array compares with each choice element by element, so what is no name is turned away first.
        if not isinstance(values[name], str | None) or values[name] not in choices:
            known = [choice for choice in choices if choice is not None]
            raise InputError(f"unknown {name} {values[name]!r}; {nearest(str(values[name]), known)}")
    if values["initialization_scale"] is not None and values["initialization"] is None:
        raise InputError("initialization_scale needs a named initialization; give initialization too")
    if values["schedule"] is not None and values["solver"] == "sgd" and values["learning_rate"] != "constant":
        raise InputError(
            f"learning_rate={values['learning_rate']!r} and schedule={values['schedule']!r} both set the "
            "learning rate over time; give one of them"
        )
    if values["solver"] == "lbfgs":
        for name, off in OFF_FOR_LBFGS.items():
            if not _is_off(values[name], off):
                raise InputError(f"{name}={values[name]!r} is for the stochastic solvers; solver is 'lbfgs'")
    if incremental:
        if values["early_stopping"]:
            raise InputError("partial_fit does not support early_stopping=True")
        if values["schedule"] in WHOLE_RUN_SCHEDULES:
            raise InputError(
                f"the schedule {values['schedule']!r} is spread over a whole run, and partial_fit does one "
                "epoch at a time; choose constant, step or exponential"
            )
        if isinstance(values.get("class_weight"), str):
            raise InputError(
                "class_weight='balanced' needs all of y, and partial_fit sees a part of it; give a "
                "dictionary of weights"
            )


def _is_off(value: Any, off: Any) -> bool:
    if off is None or isinstance(off, bool):
        return value is off
    values = value if isinstance(value, list | tuple | np.ndarray) else (value,)
    return all(is_real(item) and item == off for item in values)


def hidden_sizes(hidden_layer_sizes: Any) -> tuple[int, ...]:
    """The units of each hidden layer. Raises InputError."""
    many = hasattr(hidden_layer_sizes, "__iter__") and not isinstance(hidden_layer_sizes, str)
    sizes = tuple(hidden_layer_sizes) if many else (hidden_layer_sizes,)
    if not all(is_real(size) and float(size).is_integer() and size > 0 for size in sizes):
        raise InputError(
            f"hidden_layer_sizes must be > 0, got {list(sizes)}; expected integers of at least 1"
        )
    return tuple(int(size) for size in sizes)


def hidden_activations(activation: Any, layers: int) -> tuple[str, ...]:
    """The formula of each hidden layer's activation. Raises InputError."""
    names = (activation,) * layers if isinstance(activation, str) else tuple(activation)
    if len(names) != layers:
        raise InputError(
            f"activation has {len(names)} names for {layers} hidden layers; give one, or one for each"
        )
    # A network without hidden layers has no use for the name, and still it should be one.
    for name in (activation,) if isinstance(activation, str) else names:
        if name not in ACTIVATIONS and name not in SIGMOID:
            raise InputError(f"unknown activation {name!r}; {nearest(str(name), (*SIGMOID, *ACTIVATIONS))}")
    return tuple(SIGMOID.get(name, name) for name in names)


def dropout_rates(dropout: Any, layers: int) -> tuple[Any, ...]:
    """The probability for each hidden layer, from one for all or one for each; not checked yet."""
    return tuple(dropout) if isinstance(dropout, list | tuple | np.ndarray) else (dropout,) * layers


def optimizer_for(values: Mapping[str, Any]) -> str:
    """The update rule: the one named by `optimizer`, else the solver's own."""
    if values["optimizer"] is not None:
        return values["optimizer"]
    if values["solver"] != "sgd":
        return "adam_epsilon_hat"
    if values["momentum"] == 0:
        return "gd"
    return "nesterov" if values["nesterovs_momentum"] else "classical_momentum"


def build_program(
    values: Mapping[str, Any], architecture: Architecture, loss: str, dtype: str, seed: int
) -> Program:
    """The network with everything that fixes a step of its training. Raises InputError."""
    rates = dropout_rates(values["dropout"], architecture.depth - 1)
    return _program(
        architecture,
        _objective(loss, values["alpha"], values["l1"], values.get("delta", 1.0)),
        optimizer=optimizer_for(values),
        # A momentum of 1 is allowed here and means: no friction at all. The next number below does the same.
        momentum=min(values["momentum"], BELOW_ONE),
        beta1=values["beta_1"],
        beta2=values["beta_2"],
        epsilon=values["epsilon"],
        weight_decay=values["weight_decay"],
        dropout=rates if any(rates) else (),
        max_norm=values["max_norm"],
        clip_norm=values["clip_norm"],
        dtype=dtype,
        seed=seed,
        reproducible=bool(values["reproducible"]),
    )


# A search over settings, or a fit of many small networks, makes the same program again and again.
_program = lru_cache(maxsize=64)(Program)
_objective = lru_cache(maxsize=64)(Objective)
build_architecture = lru_cache(maxsize=64)(Architecture)


def build_recipe(values: Mapping[str, Any]) -> Recipe | None:
    """What the rate is multiplied by over time, where `schedule` or `warm_up` say so. Raises InputError."""
    if values["schedule"] is None and not values["warm_up"]:
        return None
    return Recipe(
        epochs=values["max_iter"],
        learning_rate=1.0,
        schedule=values["schedule"] or "constant",
        schedule_factor=values["schedule_factor"],
        schedule_every=values["schedule_every"],
        warm_up=values["warm_up"],
    )


def precision(dtype: Any, data: np.dtype, solver: str) -> str:
    """The precision to train in: what `dtype` asks for, else that of the data. Raises InputError.

    As in scikit-learn: float32 stays so, all else becomes float64, and lbfgs works in float64.
    """
    if dtype is None:
        return "float32" if data == np.float32 and solver != "lbfgs" else "float64"
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = str(dtype)
    if name not in DTYPES:
        raise InputError(f"unknown dtype {dtype!r}; {nearest(name, DTYPES)}, or None for that of the data")
    return name

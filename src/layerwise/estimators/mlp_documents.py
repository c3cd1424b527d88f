"""A fitted drop-in as plain data, and back: what its model files hold.

All of it comes back, the optimizer's memory and the history too, so that training goes on as it would have.
Only a `random_state` that is a generator does not: its parameter comes back as None.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.errors import InputError
from layerwise.estimators.mlp_descent import OptimizerMemory
from layerwise.estimators.mlp_live import LiveNetwork
from layerwise.estimators.mlp_parameters import build_architecture, build_program, check_parameters
from layerwise.formulas.schedules import Plateau
from layerwise.network.parameters import flat_vector, named_views
from layerwise.training.history import History

if TYPE_CHECKING:
    from layerwise.estimators.mlp_network import MLPNetwork

# What fitting leaves beside the parameters, where it leaves it: it depends on the solver.
KEPT = (
    "n_iter_",
    "t_",
    "loss_",
    "loss_curve_",
    "best_loss_",
    "validation_scores_",
    "best_validation_score_",
    "_no_improvement_count",
    "_sparse_labels",
)
SLOTS = "optimizer_slots"


def document_of(estimator: MLPNetwork) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """(document, arrays): the whole fitted estimator.

    Raises InputError for a parameter or a label that is no number, text or truth value.
    """
    known, network = vars(estimator), estimator._live()
    program = network.program
    names = known.get("feature_names_in_")
    document: dict[str, Any] = {
        "estimator": type(estimator).__name__,
        "parameters": _parameters_of(estimator),
        "n_features": int(estimator.n_features_in_),
        "columns": None if names is None else [str(name) for name in names],
        "classes": _labels_of(known["classes_"]) if "classes_" in known else None,
        "out_activation": estimator.out_activation_,
        "architecture": {
            "sizes": list(program.architecture.sizes),
            "activations": list(program.architecture.activations),
        },
        "program": {"loss": program.objective.loss, "dtype": program.dtype, "seed": program.seed},
        "training": {name: _plain(known[name], name) for name in KEPT if name in known},
        "history": {name: _plain(values, name) for name, values in _columns(known["_history"])},
    }
    views = named_views(network.vector, program.architecture)
    arrays = {name: array.copy() for name, array in views.items()}
    if "_optimizer" in known:
        memory = estimator._optimizer
        document["optimizer"] = {
            "learning_rate": float(memory.learning_rate),
            "t": int(memory.t),
            "plateau": _plain(list(memory.plateau), "plateau"),
        }
        arrays[SLOTS] = memory.slots.copy()
    return document, arrays


def rebuild(estimator: MLPNetwork, document: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Make the estimator, new and with default parameters, what the document says.

    Raises KeyError, TypeError or ValueError (InputError is one) for what does not fit together.
    """
    estimator.set_params(**{name: _argument(value) for name, value in document["parameters"].items()})
    values = vars(estimator)
    check_parameters(values, estimator._losses, incremental=False)
    sizes, activations = (tuple(document["architecture"][name]) for name in ("sizes", "activations"))
    architecture = build_architecture(sizes, activations)
    stored = document["program"]
    program = build_program(values, architecture, stored["loss"], stored["dtype"], stored["seed"])
    vector = flat_vector(arrays, architecture, program.dtype)
    if not np.isfinite(vector).all():
        raise ValueError("a parameter is not a finite number")
    estimator.n_features_in_, estimator.n_outputs_ = document["n_features"], sizes[-1]
    estimator.n_layers_ = len(sizes)
    estimator.out_activation_ = document["out_activation"]
    if document["columns"] is not None:
        estimator.feature_names_in_ = np.array(document["columns"], dtype=object)
    if document["classes"] is not None:
        estimator.classes_ = _labels(document["classes"])
    _check_sizes(values, sizes)
    for name in KEPT:
        if name in document["training"]:
            setattr(estimator, name, _value(document["training"][name]))
    estimator._history = _history(document["history"])
    if "optimizer" in document:
        estimator._optimizer = _memory(document["optimizer"], arrays[SLOTS], vector)
    estimator._use(LiveNetwork(program, vector, estimator.engine))


def _parameters_of(estimator: MLPNetwork) -> dict[str, Any]:
    parameters = estimator.get_params()
    if isinstance(parameters["random_state"], np.random.RandomState):
        parameters["random_state"] = None
    if parameters["dtype"] is not None:
        parameters["dtype"] = np.dtype(parameters["dtype"]).name
    return {name: _plain(value, name) for name, value in parameters.items()}


def _columns(history: History) -> list[tuple[str, list[Any]]]:
    names = dict.fromkeys(name for row in history for name in row)
    return [(name, history.column(name)) for name in names]


def _history(columns: Mapping[str, Any]) -> History:
    history = History()
    named = {name: _value(values) for name, values in columns.items()}
    for row in zip(*named.values(), strict=True):
        history.append({name: value for name, value in zip(named, row, strict=True) if value is not None})
    return history


def _memory(document: Mapping[str, Any], slots: np.ndarray, vector: np.ndarray) -> OptimizerMemory:
    if slots.ndim != 2 or slots.shape[1] != vector.size:
        raise ValueError(f"{SLOTS} has shape {slots.shape} for {vector.size} parameters")
    plateau = Plateau(*_value(document["plateau"]))
    return OptimizerMemory(slots, document["learning_rate"], document["t"], plateau)


def _check_sizes(values: Mapping[str, Any], sizes: tuple[int, ...]) -> None:
    """Raise ValueError unless the network fits the columns and the classes."""
    columns = values.get("feature_names_in_")
    if values["n_features_in_"] != sizes[0] or (columns is not None and len(columns) != sizes[0]):
        raise ValueError(f"the network has {sizes[0]} inputs, the document says otherwise")
    classes = values.get("classes_")
    if classes is not None and sizes[-1] != (1 if len(classes) <= 2 and sizes[-1] == 1 else len(classes)):
        raise ValueError(f"the network has {sizes[-1]} outputs for {len(classes)} classes")


# -- values in JSON's types and back ----------------------------------------------------------------------


def _plain(value: Any, name: str) -> Any:
    """The value in JSON's types; what has no form of its own there is a dictionary that says what it is."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"number": str(value)}
    if isinstance(value, list | tuple):
        return [_plain(item, name) for item in value]
    if isinstance(value, Mapping):
        return {
            "keys": [_plain(key, name) for key in value],
            "values": [_plain(item, name) for item in value.values()],
        }
    raise InputError(
        f"{name} holds {value!r}, of type {type(value).__name__}, which a model file has no form for; it "
        "keeps numbers, text and truth values (pickle keeps anything)"
    )


def _value(plain: Any) -> Any:
    """What `_plain` made this of, a sequence as a list."""
    if isinstance(plain, list):
        return [_value(item) for item in plain]
    if isinstance(plain, dict):
        if "number" in plain:
            return float(plain["number"])
        return dict(zip(_value(plain["keys"]), _value(plain["values"]), strict=True))
    return plain


def _argument(plain: Any) -> Any:
    """A parameter: a sequence as a tuple, as scikit-learn's defaults have it."""
    value = _value(plain)
    return tuple(value) if isinstance(value, list) else value


def _labels_of(classes: np.ndarray) -> dict[str, Any]:
    if classes.dtype.kind not in "biufUO":
        raise InputError(f"the labels are of type {classes.dtype}, which a model file has no form for")
    return {"dtype": classes.dtype.str, "labels": _plain(classes, "classes_")}


def _labels(document: Mapping[str, Any]) -> np.ndarray:
    dtype = np.dtype(document["dtype"])
    return np.array(_value(document["labels"]), dtype=dtype)

"""Reading a saved estimator back."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from layerwise.errors import InputError
from layerwise.estimators.fitted_network import FittedNetwork
from layerwise.estimators.mlp import MLPClassifier, MLPRegressor
from layerwise.estimators.mlp_documents import rebuild
from layerwise.estimators.tabular import TabularClassifier, TabularRegressor, TargetScale
from layerwise.network.architecture import Architecture
from layerwise.network.parameters import flat_vector
from layerwise.persistence import read_model
from layerwise.tables import TableEncoder, Target

TABULAR: dict[str, type[TabularClassifier] | type[TabularRegressor]] = {
    "TabularClassifier": TabularClassifier,
    "TabularRegressor": TabularRegressor,
}
DROP_INS: dict[str, type[MLPClassifier] | type[MLPRegressor]] = {
    "MLPClassifier": MLPClassifier,
    "MLPRegressor": MLPRegressor,
}


def load(
    path: str | os.PathLike[str],
) -> TabularClassifier | TabularRegressor | MLPClassifier | MLPRegressor:
    """The fitted estimator saved at `path`: a run folder, a folder written by `save`, or a file in it.

    It predicts as it did, bit for bit; the history of an estimator for tables stays with the run. Raises
    InputError for files that are missing, damaged, of another kind, or of a newer version.
    """
    document, arrays = read_model(path)
    try:
        return _rebuilt(document, arrays)
    except (KeyError, TypeError, ValueError) as error:
        detail = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise InputError(f"the model at {path} is damaged: {detail}") from error


def load_tabular(path: str | os.PathLike[str]) -> TabularClassifier | TabularRegressor:
    """`load` for those who go on with a table: an estimator that knows its columns. Raises InputError."""
    model = load(path)
    if not isinstance(model, TabularClassifier | TabularRegressor):
        raise InputError(
            f"the model at {path} is an {type(model).__name__}, fitted to arrays, which does not know the "
            "columns of a table; use it in Python: layerwise.load(path).predict(X)"
        )
    return model


def _rebuilt(document: dict[str, Any], arrays: dict[str, np.ndarray]) -> Any:
    kind = document["estimator"]
    if kind in DROP_INS:
        drop_in = DROP_INS[kind]()
        rebuild(drop_in, document, arrays)
        return drop_in
    if kind not in TABULAR:
        raise ValueError(f"unknown estimator {kind!r}")
    estimator = TABULAR[kind](**document["parameters"])
    estimator.check_parameters()
    estimator.target_ = Target.from_dict(document["target"])
    estimator.encoder_ = TableEncoder.from_dict(document["encoder"])
    estimator.feature_names_in_ = np.array(document["columns"], dtype=object)
    estimator.n_features_in_ = len(document["columns"])
    estimator.training_ = dict(document["training"])
    stored = Architecture(
        tuple(document["architecture"]["sizes"]), tuple(document["architecture"]["activations"])
    )
    program = estimator._program(stored.sizes[0], stored.sizes[-1])
    if program.architecture != stored:
        raise ValueError(f"the parameters give {program.architecture}, the file says {stored}")
    features = len(estimator.encoder_.feature_names)
    if stored.sizes[0] != features:
        raise ValueError(f"the network has {stored.sizes[0]} inputs, the encoder gives {features}")
    if isinstance(estimator, TabularRegressor):
        estimator.target_scale_ = TargetScale(**document["target_scale"])
    else:
        estimator._learn_target(np.empty(0), None)
    parameters = flat_vector(arrays, stored, program.dtype)
    if not np.isfinite(parameters).all():
        raise ValueError("a parameter is not a finite number")
    estimator.network_ = FittedNetwork(program, parameters, estimator.engine)
    return estimator

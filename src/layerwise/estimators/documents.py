"""A fitted estimator as plain data, and back: what the model files hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.network.parameters import named_views

if TYPE_CHECKING:
    from layerwise.estimators.table_network import TableNetwork


def document_of(estimator: TableNetwork) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """(document, arrays): everything that predictions need, and where the network came from."""
    program = estimator.network_.program
    document: dict[str, Any] = {
        "estimator": type(estimator).__name__,
        "parameters": {name: _plain(value) for name, value in estimator.get_params().items()},
        "target": estimator.target_.to_dict(),
        "columns": [str(name) for name in estimator.feature_names_in_],
        "encoder": estimator.encoder_.to_dict(),
        "architecture": {
            "sizes": list(program.architecture.sizes),
            "activations": list(program.architecture.activations),
        },
        "training": dict(estimator.training_),
    }
    scale = getattr(estimator, "target_scale_", None)
    if scale is not None:
        document["target_scale"] = scale._asdict()
    arrays = named_views(estimator.network_.parameters, program.architecture)
    return document, {name: array.copy() for name, array in arrays.items()}


def _plain(value: Any) -> Any:
    """The same value in JSON's types."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value

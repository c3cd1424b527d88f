"""The run in MLflow: parameters, the history as metrics, how it ended, and the model's files."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Mapping
from typing import Any

from layerwise.errors import InputError

MOST_AT_ONCE = 100
LONGEST_VALUE = 500
# What an MLflow run is called by how ours ended.
STATUS = {"diverged": "FAILED", "interrupted": "KILLED"}
POSITIONS = ("epoch", "step")


class MLflow:
    """Logs a fit to MLflow: into the active run if there is one, else into a run of its own.

    Where it goes is MLflow's own affair: `mlflow.set_tracking_uri`, `mlflow.set_experiment` and the
    environment variables of MLflow count.

    Parameters
    ----------
    run_name : str, optional
        The name of a run of its own; by default MLflow makes one up.
    layers : bool
        Whether to log the statistics of the layers too; they are many.
    model : bool
        Whether to log the fitted model's files (`layerwise.load` reads them), where the estimator can be
        saved.

    Attributes
    ----------
    run_id_ : the MLflow run that was written to.

    Raises InputError where the package mlflow, or mlflow-skinny, is not installed.
    """

    run_name: str | None
    layers: bool
    model: bool
    run_id_: str
    _is_own: bool

    def __init__(self, run_name: str | None = None, *, layers: bool = False, model: bool = True) -> None:
        self.run_name = run_name
        self.layers = layers
        self.model = model
        self._client: Any = None

    def on_fit_begin(self, estimator: Any) -> None:
        """Begin anew, and note the estimator's parameters."""
        self._client = None
        from_mlflow = self._open()
        values = {"estimator": type(estimator).__name__} | estimator.get_params(deep=False)
        params = [
            from_mlflow.entities.Param(name, str(value)[:LONGEST_VALUE]) for name, value in values.items()
        ]
        for start in range(0, len(params), MOST_AT_ONCE):
            self._client.log_batch(self.run_id_, params=params[start : start + MOST_AT_ONCE])

    def on_train_begin(self, plan: Mapping[str, Any]) -> None:
        self._open()

    def on_epoch_end(self, row: Mapping[str, Any]) -> None:
        """Log the row."""
        from_mlflow, now, epoch = self._open(), int(time.time() * 1000), int(row["epoch"])
        metrics = [
            from_mlflow.entities.Metric(name, float(value), now, epoch)
            for name, value in row.items()
            if self._is_logged(name) and value is not None and math.isfinite(value)
        ]
        for start in range(0, len(metrics), MOST_AT_ONCE):
            self._client.log_batch(self.run_id_, metrics=metrics[start : start + MOST_AT_ONCE])

    def on_train_end(self, result: Any) -> None:
        """Say how it ended, and end a run of its own."""
        self._open()
        self._client.set_tag(self.run_id_, "stopped", result.stopped)
        self._client.set_tag(self.run_id_, "reason", result.reason)
        self._client.set_tag(self.run_id_, "best_epoch", str(result.best_epoch))
        if self._is_own:
            self._client.set_terminated(self.run_id_, STATUS.get(result.stopped, "FINISHED"))
        self._ended = True

    def on_fit_end(self, estimator: Any) -> None:
        """Log the model's files; end a run of its own that nobody ended."""
        if self.model and hasattr(estimator, "save"):
            with tempfile.TemporaryDirectory() as folder:
                estimator.save(folder)
                self._client.log_artifacts(self.run_id_, folder, "model")
        if self._is_own and not self._ended:
            self._client.set_terminated(self.run_id_, "FINISHED")
        self._client = None

    def _is_logged(self, column: str) -> bool:
        return column not in POSITIONS and (self.layers or not column.startswith("layer"))

    def _open(self) -> Any:
        """MLflow, with a run to write to."""
        try:
            import mlflow
        except ImportError as error:
            raise InputError("logging to MLflow needs it: pip install 'layerwise[mlflow]'") from error
        if self._client is None:
            self._client, self._ended = mlflow.MlflowClient(), False
            active = mlflow.active_run()
            self._is_own = active is None
            if active is None:
                # Begun and left, so that a fit that fails leaves no run active for what comes after it.
                with mlflow.start_run(run_name=self.run_name) as active:
                    pass
                self._client.update_run(active.info.run_id, status="RUNNING")
            self.run_id_ = active.info.run_id
        return mlflow

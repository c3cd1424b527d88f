"""The cost, or another metric, over the epochs of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.displays.epoch_axes import (
    FloatArray,
    draw_line,
    figure_and_axes,
    finish_epoch_axis,
    spans_widely,
)
from layerwise.displays.unwrapping import best_epoch_of, history_of
from layerwise.errors import InputError, nearest
from layerwise.training.history import columns_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class CostCurveDisplay:
    """Cost over epochs, of training and validation.

    Make it with `from_estimator` or `from_history`; draw it again with `plot`.

    Parameters
    ----------
    epochs : (n,)
    train, validation : (n,) or None
        The metric in each epoch, nan where it was not taken.
    metric : str
    best_epoch : int or None
        The epoch whose parameters were kept.

    Attributes
    ----------
    ax_, figure_ : where it was drawn last.
    lines_ : the lines, training first.
    """

    def __init__(
        self,
        *,
        epochs: FloatArray,
        train: FloatArray | None,
        validation: FloatArray | None = None,
        metric: str = "cost",
        best_epoch: int | None = None,
    ) -> None:
        self.epochs = epochs
        self.train = train
        self.validation = validation
        self.metric = metric
        self.best_epoch = best_epoch

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        metric: str = "cost",
        log_scale: bool | None = None,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> CostCurveDisplay:
        """From a fitted estimator of layerwise, a pipeline or search that ends in one, or scikit-learn's MLP.

        Parameters
        ----------
        metric : str
            "cost", or one that was taken after each epoch, such as "accuracy" or "r2".
        log_scale : bool, optional
            By default logarithmic where the values span more than a factor of 30.
        ax : matplotlib Axes, optional
        **kwargs : for `Axes.plot`, of every line.

        Raises InputError where the history has no such metric, NotFittedError before fit.
        """
        return cls.from_history(
            history_of(estimator),
            metric=metric,
            best_epoch=best_epoch_of(estimator),
            log_scale=log_scale,
            ax=ax,
            **kwargs,
        )

    @classmethod
    def from_history(
        cls,
        history: Any,
        *,
        metric: str = "cost",
        best_epoch: int | None = None,
        log_scale: bool | None = None,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> CostCurveDisplay:
        """From a history: a data frame with a row for each epoch, or the rows as dictionaries.

        See `from_estimator`.
        """
        columns = columns_of(history)
        train = columns.get("cost" if metric == "cost" else f"train_{metric}")
        validation = columns.get(f"validation_{metric}")
        found = [line for line in (train, validation) if line is not None and np.isfinite(line).any()]
        if not found:
            known = dict.fromkeys(
                name.removeprefix("validation_").removeprefix("train_")
                for name in columns
                if name == "cost" or name.startswith(("validation_", "train_"))
            )
            raise InputError(f"the history has no metric {metric!r}; {nearest(metric, known)}")
        display = cls(
            epochs=columns.get("epoch", np.arange(1.0, len(found[0]) + 1)),
            train=train,
            validation=validation,
            metric=metric,
            best_epoch=best_epoch,
        )
        return display.plot(ax=ax, log_scale=log_scale, **kwargs)

    def plot(
        self, ax: Axes | None = None, *, log_scale: bool | None = None, **kwargs: Any
    ) -> CostCurveDisplay:
        """Draw on `ax`, or on a figure of its own."""
        self.figure_, self.ax_ = figure_and_axes(ax)
        named = [("training", "C0", self.train), ("validation", "C1", self.validation)]
        lines = [
            (name, colour, values)
            for name, colour, values in named
            if values is not None and np.isfinite(values).any()
        ]
        self.lines_ = [
            draw_line(self.ax_, self.epochs, values, **{"label": name, "color": colour} | kwargs)
            for name, colour, values in lines
        ]
        if self.best_epoch is not None:
            label = f"kept: epoch {self.best_epoch:,}"
            self.ax_.axvline(self.best_epoch, color="0.5", linestyle="--", linewidth=1, label=label)
        wide = spans_widely([values for _, _, values in lines]) if log_scale is None else log_scale
        finish_epoch_axis(self.ax_, self.metric.replace("_", " "), log_scale=wide)
        self.ax_.legend()
        return self

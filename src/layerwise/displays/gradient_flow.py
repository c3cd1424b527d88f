"""How strong the gradient is in each layer, over the epochs of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.displays.epoch_axes import (
    FloatArray,
    draw_line,
    figure_and_axes,
    finish_epoch_axis,
    spans_widely,
)
from layerwise.displays.unwrapping import history_of, innermost
from layerwise.errors import InputError, nearest
from layerwise.training.history import columns_of, layer_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STATISTICS = {
    "gradient_norm": "norm of the gradient",
    "gradient_mean_abs": "mean size of the gradient",
    "update_ratio": "change of the weights in an epoch / weights",
}


class GradientFlowDisplay:
    """A line for each layer: gradients that fade or grow from the output back to the input show as a fan.

    The first layer is the darkest line, the last the lightest. Make it with `from_estimator` or
    `from_history`; draw it again with `plot`.

    Parameters
    ----------
    epochs : (n,)
    layers : {layer: (n,)}
        The statistic of each layer, nan in epochs where it was not taken.
    statistic : {"gradient_norm", "gradient_mean_abs", "update_ratio"}

    Attributes
    ----------
    ax_, figure_ : where it was drawn last.
    lines_ : the lines, from the first layer to the last.
    """

    def __init__(
        self, *, epochs: FloatArray, layers: Mapping[int, FloatArray], statistic: str = "gradient_norm"
    ) -> None:
        self.epochs = epochs
        self.layers = dict(layers)
        self.statistic = statistic

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        statistic: str = "gradient_norm",
        log_scale: bool | None = None,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> GradientFlowDisplay:
        """From a fitted estimator of layerwise, or a pipeline or search that ends in one.

        The drop-ins for scikit-learn take these statistics where `statistics=True`.

        Parameters
        ----------
        statistic : str
            gradient_norm (of the layer's weights, on a probe of the training rows), gradient_mean_abs, or
            update_ratio (how far an epoch moved the weights, relative to their size).
        log_scale : bool, optional
            By default logarithmic where the values span more than a factor of 30.
        ax : matplotlib Axes, optional
        **kwargs : for `Axes.plot`, of every line.

        Raises InputError where the history has no such statistic, NotFittedError before fit.
        """
        history = history_of(estimator)
        inner = innermost(estimator)
        if not getattr(inner, "statistics", True):
            raise InputError(
                f"this {type(inner).__name__} was fitted without the statistics of its layers; fit it again "
                "with statistics=True"
            )
        return cls.from_history(history, statistic=statistic, log_scale=log_scale, ax=ax, **kwargs)

    @classmethod
    def from_history(
        cls,
        history: Any,
        *,
        statistic: str = "gradient_norm",
        log_scale: bool | None = None,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> GradientFlowDisplay:
        """From a history: a data frame with a row for each epoch, or the rows as dictionaries.

        See `from_estimator`.
        """
        if statistic not in STATISTICS:
            raise InputError(f"unknown statistic {statistic!r}; {nearest(statistic, STATISTICS)}")
        columns = columns_of(history)
        layers = layer_columns(columns, statistic)
        if not layers:
            raise InputError(f"the history has no {statistic} of the layers, as in layer1_{statistic}")
        epochs = columns.get("epoch", np.arange(1.0, len(next(iter(layers.values()))) + 1))
        display = cls(epochs=epochs, layers=layers, statistic=statistic)
        return display.plot(ax=ax, log_scale=log_scale, **kwargs)

    def plot(
        self, ax: Axes | None = None, *, log_scale: bool | None = None, **kwargs: Any
    ) -> GradientFlowDisplay:
        """Draw on `ax`, or on a figure of its own."""
        import matplotlib

        self.figure_, self.ax_ = figure_and_axes(ax)
        # Up to nine tenths of the map: its end is too pale to see on white.
        shades = matplotlib.colormaps["viridis"](np.linspace(0, 0.9, len(self.layers)))
        lines = {layer: np.where(np.isfinite(line), line, np.nan) for layer, line in self.layers.items()}
        wide = spans_widely(list(lines.values())) if log_scale is None else log_scale
        self.lines_ = []
        for (layer, values), shade in zip(lines.items(), shades, strict=True):
            style = {"label": f"layer {layer}", "color": shade} | kwargs
            self.lines_.append(draw_line(self.ax_, self.epochs, values, **style))
        finish_epoch_axis(self.ax_, STATISTICS[self.statistic], log_scale=wide)
        self.ax_.legend()
        return self

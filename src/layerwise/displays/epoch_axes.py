"""What displays over epochs share: where to draw, which scale, how the axis of epochs looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

# Values that span more than this factor are drawn on a logarithmic axis.
WIDE = 30.0
FloatArray = npt.NDArray[np.float64]


def figure_and_axes(ax: Axes | None) -> tuple[Figure, Axes]:
    """The axes to draw on, and their figure; new ones where none are given."""
    if ax is None:
        import matplotlib.pyplot as plt

        return plt.subplots()
    return ax.figure, ax  # type: ignore[return-value]


def spans_widely(lines: list[FloatArray]) -> bool:
    """Whether all values are above 0 and the largest is more than WIDE times the smallest."""
    values = np.concatenate([line[np.isfinite(line)] for line in lines])
    return bool(values.size and values.min() > 0 and values.max() > WIDE * values.min())


def draw_line(ax: Axes, epochs: FloatArray, values: FloatArray, **kwargs: Any) -> Line2D:
    """One line through the epochs that have a value; a point where there is one only."""
    there = np.isfinite(values)
    if there.sum() == 1:
        kwargs = {"marker": "o"} | kwargs
    (line,) = ax.plot(epochs[there], values[there], **kwargs)
    return line


def finish_epoch_axis(ax: Axes, label: str, *, log_scale: bool) -> None:
    """Name the axes; epochs are whole numbers."""
    from matplotlib.ticker import MaxNLocator

    ax.set_xlabel("epoch")
    ax.set_ylabel(label)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if log_scale:
        ax.set_yscale("log")

"""How a network's weights and activations are spread, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from layerwise.displays.unwrapping import network_and_rows
from layerwise.errors import InputError
from layerwise.formulas.randomness import generator_at
from layerwise.network.parameters import named_views
from layerwise.network.propagation import forward

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KINDS = ("weights", "activations")


class LayerHistogram(NamedTuple):
    """The values of one kind in one layer.

    density (bins,) over edges (bins + 1,): the share of all values in a bin, over its width, without those
    that are exactly 0; these are the share `zeros`. dead: units that are 0 on every row, of activations.
    """

    layer: int
    kind: str
    activation: str
    density: np.ndarray
    edges: np.ndarray
    zeros: float
    dead: int


class LayerHistogramDisplay:
    """Histograms of the weights W and of the activations A over given rows, a column for each layer.

    Make it with `from_estimator`; draw it again with `plot`. Values that are exactly 0, as those of a ReLU
    often are, would hide all others: they are said as a share.

    Parameters
    ----------
    histograms : sequence of LayerHistogram

    Attributes
    ----------
    ax_ : (kinds, layers) array of matplotlib Axes, where it was drawn last.
    figure_ : their figure.
    """

    def __init__(self, *, histograms: Sequence[LayerHistogram]) -> None:
        self.histograms = list(histograms)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        kinds: Sequence[str] = KINDS,
        layers: Sequence[int] | None = None,
        bins: int | str = 50,
        max_rows: int = 10_000,
        ax: Axes | np.ndarray | None = None,
        **kwargs: Any,
    ) -> LayerHistogramDisplay:
        """From a fitted estimator of layerwise, or a pipeline or search that ends in one.

        Parameters
        ----------
        X : like the X of fit
            The rows over which activations are taken.
        kinds : of "weights" and "activations"
        layers : sequence of int, optional
            Which layers, from 1; by default all.
        bins : int or str
            As for `numpy.histogram`.
        max_rows : int
            Of more rows than these, so many drawn at random.
        ax : matplotlib Axes or (kinds, layers) array of them, optional
            One is divided among the histograms.
        **kwargs : for `Axes.stairs`, of every histogram.

        Raises InputError for kinds or layers that do not exist, NotFittedError before fit.
        """
        program, parameters, rows = network_and_rows(estimator, X)
        architecture = program.architecture
        wrong = [kind for kind in kinds if kind not in KINDS]
        if wrong or not kinds:
            raise InputError(f"kinds is {list(kinds)!r}; expected some of {', '.join(KINDS)}")
        chosen = list(range(1, architecture.depth + 1) if layers is None else layers)
        if not chosen or not all(1 <= layer <= architecture.depth for layer in chosen):
            raise InputError(f"layers is {chosen}; expected some of 1 to {architecture.depth}")
        if not len(rows):
            raise InputError("X has no rows; activations need at least one")
        if len(rows) > max_rows:
            rows = rows[np.sort(generator_at(0, "probe").permutation(len(rows))[:max_rows])]
        views = named_views(parameters, architecture)
        caches = forward(rows.T, views, architecture.activations)
        histograms = []
        for kind in kinds:
            for layer in chosen:
                values = views[f"W{layer}"] if kind == "weights" else caches[layer - 1].A
                activation = architecture.activations[layer - 1]
                histograms.append(_histogram(layer, kind, activation, values, bins))
        return cls(histograms=histograms).plot(ax=ax, **kwargs)

    def plot(self, ax: Axes | np.ndarray | None = None, **kwargs: Any) -> LayerHistogramDisplay:
        """Draw on `ax`, divided or an array of (kinds, layers), or on a figure of its own."""
        kinds = list(dict.fromkeys(histogram.kind for histogram in self.histograms))
        columns = len(self.histograms) // len(kinds)
        self.figure_, self.ax_ = _grid(ax, len(kinds), columns)
        for place, (axes, histogram) in enumerate(zip(self.ax_.ravel(), self.histograms, strict=True)):
            _draw(axes, histogram, kwargs)
            if place < columns:
                axes.set_title(f"layer {histogram.layer}: {histogram.activation}")
            if place % columns == 0:
                axes.set_ylabel(histogram.kind)
        return self


def _histogram(layer: int, kind: str, activation: str, values: np.ndarray, bins: int | str) -> LayerHistogram:
    """values: W (n, n_prev) or A (n, m)."""
    if not np.isfinite(values).all():
        raise InputError(f"the {kind} of layer {layer} are not all finite; there is nothing to draw")
    there = values[values != 0].astype(np.float64)
    counts, edges = np.histogram(there, bins=bins)
    density = counts / (values.size * np.diff(edges))
    dead = int((values == 0).all(axis=1).sum()) if kind == "activations" else 0
    return LayerHistogram(layer, kind, activation, density, edges, 1 - there.size / values.size, dead)


def _draw(axes: Axes, histogram: LayerHistogram, kwargs: dict[str, Any]) -> None:
    style = {"fill": True, "color": "C0" if histogram.kind == "weights" else "C1"} | kwargs
    axes.stairs(histogram.density, histogram.edges, **style)
    axes.set_yticks([])
    axes.locator_params(axis="x", nbins=5)  # So that the numbers of neighbours keep apart.
    axes.set_ylim(bottom=0)
    words = []
    if histogram.zeros:
        words.append(f"{histogram.zeros:.0%} zero" if histogram.zeros >= 0.005 else "under 1% zero")
    if histogram.dead:
        words.append(f"{histogram.dead:,} dead {'unit' if histogram.dead == 1 else 'units'}")
    if words:
        box = {"facecolor": axes.get_facecolor(), "alpha": 0.8, "edgecolor": "none", "pad": 2}
        place: dict[str, Any] = {"transform": axes.transAxes, "ha": "right", "va": "top"}
        axes.text(0.97, 0.95, "\n".join(words), fontsize="small", bbox=box, **place)


def _grid(ax: Axes | np.ndarray | None, rows: int, columns: int) -> tuple[Figure, np.ndarray]:
    """(figure, axes (rows, columns))."""
    import matplotlib.pyplot as plt
    from matplotlib.gridspec import GridSpecFromSubplotSpec

    if ax is None:
        size = (max(4.0, 2.4 * columns), 2.1 * rows + 0.3)
        return plt.subplots(rows, columns, squeeze=False, figsize=size, layout="constrained")
    if isinstance(ax, np.ndarray):
        if ax.size != rows * columns:
            raise InputError(f"ax has {ax.size} axes; the histograms need {rows} x {columns}")
        grid = ax.reshape(rows, columns)
        return grid[0, 0].figure, grid
    specification = ax.get_subplotspec()
    if specification is None:
        raise InputError("ax is not part of a grid of axes; make it with plt.subplots()")
    ax.set_axis_off()
    inside = GridSpecFromSubplotSpec(rows, columns, specification, wspace=0.15, hspace=0.35)
    axes = [[ax.figure.add_subplot(inside[i, j]) for j in range(columns)] for i in range(rows)]
    return ax.figure, np.array(axes, dtype=object)  # type: ignore[return-value]

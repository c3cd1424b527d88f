"""The error of each entry of a parameter as a small picture, dark where it is large."""

from __future__ import annotations

from html import escape

import numpy as np

from layerwise.checking.evidence import ParameterEvidence

MOST_CELLS = 48
PIXELS = (4, 14)
WIDTH = 240
# Shares of the usual size of the gradient: an error below the first is drawn as none, above the last as full.
LEVELS = (1e-9, 1e-7, 1e-5, 1e-3, 1e-1)
SHADES = (0.06, 0.22, 0.4, 0.6, 0.8, 1.0)


def error_shares(evidence: ParameterEvidence) -> np.ndarray:
    """|A - N| of each entry over the root mean square of N; NaN where it is left out.   (rows, columns)"""
    A, N = evidence.analytic, evidence.numeric
    with np.errstate(all="ignore"):
        sizes = np.concatenate([array[evidence.trusted & np.isfinite(array)] for array in (A, N)])
        largest = np.abs(sizes).max(initial=0.0)
        usual = largest * np.sqrt(np.mean(np.square(sizes / largest))) if largest else 1.0
        off = np.maximum(np.abs(A - N) - evidence.noise, 0)
        shares = np.where(np.isfinite(A), off / usual, np.inf)
    return _as_matrix(np.where(evidence.trusted, shares, np.nan))


def _as_matrix(array: np.ndarray) -> np.ndarray:
    """Rows and columns of any array; a column lies on its side, to save height."""
    if array.ndim < 2 or array.shape[-1] == 1:
        return array.reshape(1, -1)
    return array.reshape(array.shape[0], -1)


def _folded(shares: np.ndarray) -> np.ndarray:
    """At most `MOST_CELLS` a side: each cell has the largest of the entries in it."""
    for axis in (0, 1):
        count = shares.shape[axis]
        if count > MOST_CELLS:
            starts = np.linspace(0, count, MOST_CELLS, endpoint=False).astype(int)
            shares = np.fmax.reduceat(shares, starts, axis=axis)
    return shares


def heat_map(evidence: ParameterEvidence) -> str:
    """The picture as SVG, a cell for each entry measured, in the colours of the text around it."""
    shares = _folded(error_shares(evidence))
    rows, columns = shares.shape
    side = int(np.clip(WIDTH // columns, *PIXELS))
    cells = []
    for i in range(rows):
        for j in range(columns):
            fill = _fill(shares[i, j])
            cells.append(
                f'<rect x="{j * side}" y="{i * side}" width="{side - 1}" height="{side - 1}" {fill}/>'
            )
    worst = np.nanmax(shares, initial=0.0)
    label = f"Error of d{evidence.name}, entry by entry; the largest is {worst:.1e} of the usual size"
    return (
        f'<svg class="heat" viewBox="0 0 {columns * side} {rows * side}" width="{columns * side}" '
        f'height="{rows * side}" role="img" aria-label="{escape(label, quote=True)}">{"".join(cells)}</svg>'
    )


def _fill(share: float) -> str:
    if np.isnan(share):
        return 'class="left-out"'
    shade = SHADES[int(np.searchsorted(LEVELS, share, side="right"))]
    return f'class="off" fill-opacity="{shade}"'

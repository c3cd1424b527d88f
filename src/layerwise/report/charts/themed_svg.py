"""A Matplotlib figure as inline SVG in the page's own colours (CSS variables) and font."""

from __future__ import annotations

import html
import io
import re
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SERIES = 8
_NAMES = ["ink", "muted", "grid", "card", "accent", "wrong", *(f"series{i + 1}" for i in range(SERIES))]
COLOUR = {name: f"#0{i:x}fe{i:x}d" for i, name in enumerate(_NAMES)}
"""A stand-in colour per CSS variable: drawn by Matplotlib, then replaced by var(--name)."""


ROUND = [1, 2, 2.5, 5, 10]
"""The steps between ticks, times a power of ten."""


class Chart(NamedTuple):
    """A picture for the page: title, one sentence on how to read it, the SVG, and its size in the grid."""

    title: str
    caption: str
    svg: str
    size: str = "half"


def series(i: int) -> str:
    """The stand-in colour of the i-th line or class."""
    return COLOUR[f"series{i % SERIES + 1}"]


def themed_svg(
    draw: Callable[[Figure], None], *, name: str, label: str, width: float = 390, height: float = 330
) -> str:
    """Draw on a fresh figure of width x height points and return its <svg> for inlining.

    name: unique on the page; ids are prefixed with it. label: what a screen reader says in place of the
    picture. Same drawing, same bytes. Matplotlib's global figures and settings are left as they were.
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_settings(name)), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*[Gg]lyph.*")
        warnings.filterwarnings("ignore", message=".*constrained_layout.*|.*contour levels.*")
        figure = Figure(figsize=(width / 72, height / 72), layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _for_the_page(buffer.getvalue(), name, label)


def _settings(name: str) -> dict[Any, Any]:
    return {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "text.parse_math": False,
        "axes.unicode_minus": True,
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 11,
        "axes.labelsize": 11,
        "axes.titlesize": 11,
        "xtick.labelsize": 10.5,
        "ytick.labelsize": 10.5,
        "legend.fontsize": 10.5,
        "text.color": COLOUR["ink"],
        "axes.labelcolor": COLOUR["muted"],
        "axes.edgecolor": COLOUR["grid"],
        "axes.facecolor": "none",
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "grid.color": COLOUR["grid"],
        "grid.linewidth": 0.8,
        "xtick.color": COLOUR["grid"],
        "ytick.color": COLOUR["grid"],
        "xtick.labelcolor": COLOUR["muted"],
        "ytick.labelcolor": COLOUR["muted"],
        "ytick.left": False,
        "ytick.minor.left": False,
        "lines.linewidth": 2,
        "lines.solid_capstyle": "round",
        "legend.frameon": False,
        "legend.labelcolor": COLOUR["ink"],
        "patch.linewidth": 0,
    }


def _for_the_page(svg: str, name: str, label: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<defs>\s*</defs>", "", svg)
    box = re.search(r'viewBox="([^"]+)"', svg)
    used = set(re.findall(r"url\(#([^)]+)\)", svg)) | set(re.findall(r'href="#([^"]+)"', svg))
    svg = re.sub(r"<[^>]*>", lambda tag: _tag_for_the_page(tag.group(), name, used), svg)
    opening = (
        f'<svg viewBox="{box.group(1) if box else ""}" role="img" '
        f'aria-label="{html.escape(label, quote=True)}">'
    )
    svg = re.sub(r"<svg[^>]*>", lambda _: opening, svg, count=1)
    return re.sub(r"\n\s*", "\n", svg).strip()


def _tag_for_the_page(tag: str, name: str, used: set[str]) -> str:
    """One tag of the picture with the page's ids, font and colours; the text between tags is the user's."""
    tag = tag.replace("xlink:href", "href")
    tag = re.sub(r' id="([^"]*)"', lambda m: f' id="{name}-{m.group(1)}"' if m.group(1) in used else "", tag)
    tag = tag.replace("url(#", f"url(#{name}-").replace('href="#', f'href="#{name}-')
    tag = re.sub(r"font: ([^;\"]*?)([\d.]+px) [^;\"]*", r"font: \1\2 var(--font)", tag)
    tag = re.sub(r"font-family: [^;\"]*", "font-family: var(--font)", tag)
    for variable, stand_in in COLOUR.items():
        tag = tag.replace(stand_in, f"var(--{variable})")
    return tag


def legend_above(axes: Axes, columns: int = 4) -> None:
    """The legend in a line above the plot, where it hides no data."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
        ncols=columns,
        borderaxespad=0.2,
        handlelength=1.1,
        handletextpad=0.5,
        columnspacing=1.2,
    )

"""The network of an estimator as a small HTML table: a row for each layer, its shapes, its parameters."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from sklearn.exceptions import NotFittedError

from layerwise.engine import Program
from layerwise.errors import InputError

if TYPE_CHECKING:
    from layerwise.estimators.seen_network import SeenNetwork

# Colours are those around it, so that light and dark notebooks both read well.
_STYLE = """<style>
.layerwise-network{padding:.5rem;overflow-x:auto;font-size:.9em;line-height:1.45;color:inherit}
.layerwise-network table{border-collapse:collapse;margin:.2rem 0;color:inherit;background:transparent}
.layerwise-network tr,.layerwise-network tr:hover{background:transparent!important}
.layerwise-network :is(th,td){padding:.15rem .6rem;border:0;border-bottom:1px solid rgba(128,128,128,.35);
text-align:left!important;white-space:nowrap;color:inherit}
.layerwise-network :is(th,td).count{text-align:right!important;font-variant-numeric:tabular-nums}
.layerwise-network p{margin:.3rem 0;white-space:normal;color:inherit}
</style>"""


def network_html(estimator: SeenNetwork) -> str:
    """The network that is there after fit; before it, what the parameters say of it."""
    try:
        program, _ = estimator._network_parts()
    except NotFittedError:
        return _wrapped(_planned(estimator))
    facts = "; ".join(estimator._training_facts())
    return _wrapped(_table(program) + f"<p>{escape(facts)}</p>")


def _wrapped(content: str) -> str:
    return f'{_STYLE}<div class="layerwise-network">{content}</div>'


def _planned(estimator: SeenNetwork) -> str:
    try:
        layers = estimator._planned_layers()
    except (InputError, TypeError, ValueError) as error:
        return f"<p>No network yet: {escape(str(error))}</p>"
    chain = "".join(f"{units:,} {escape(activation)} &rarr; " for units, activation in layers)
    return f"<p>Network: inputs &rarr; {chain}outputs. Its size is known once it is fitted.</p>"


def _table(program: Program) -> str:
    """A row for each layer: units, activation, shapes of W and b, parameters."""
    architecture = program.architecture
    names = ["layer", "units", "activation", "W", "b", "parameters"]
    drops = any(program.dropout)
    if drops:
        names.insert(3, "dropout")
    counts = ("units", "parameters", "dropout")
    head = "".join(f"<th{_class(name in counts)}>{name}</th>" for name in names)
    rows = [_row([("input", False), (f"{architecture.sizes[0]:,}", True)], len(names))]
    for layer, n_prev, n, activation in architecture.layers():
        last = layer == architecture.depth
        cells = [
            ("output" if last else f"hidden {layer}", False),
            (f"{n:,}", True),
            (activation, False),
            (f"{n:,} × {n_prev:,}", False),
            (f"{n:,}", False),
            (f"{n * n_prev + n:,}", True),
        ]
        if drops:
            cells.insert(3, ("" if last else f"{program.dropout[layer - 1]:g}", True))
        rows.append(_row(cells, len(names)))
    total = f"{architecture.parameter_count:,} parameters, {program.dtype}"
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table><p>{total}</p>"


def _row(cells: list[tuple[str, bool]], width: int) -> str:
    filled = [*cells, *[("", False)] * (width - len(cells))]
    return "<tr>" + "".join(f"<td{_class(count)}>{escape(text)}</td>" for text, count in filled) + "</tr>"


def _class(is_count: bool) -> str:
    return ' class="count"' if is_count else ""

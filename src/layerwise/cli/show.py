"""`layerwise show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from layerwise.runs import Run


def show(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON, and nothing else.")] = False,
) -> None:
    """Show a run: layers, shapes and parameters, the recipe, the metrics, and how the cost fell.

    Examples:

    \b
      layerwise show runs/iris-1
      layerwise show runs/iris-1 --json
    """
    from layerwise.cli.consoles import print_json
    from layerwise.runs import read_run

    found = read_run(run)
    if json:
        print_json(_document(found))
    else:
        _print(found)


def _document(run: Run) -> dict[str, Any]:
    from layerwise.runs.report_contents import layer_rows

    config = {name: value for name, value in run.config.values.items() if name not in ("out", "overwrite")}
    layers: list[dict[str, Any]] = [layer._asdict() for layer in layer_rows(run.model)]
    return {
        "run": str(run.path),
        "layers": layers,
        "parameters": sum(layer["parameters"] for layer in layers),
        "config": config,
        "metrics": dict(run.metrics),
        "history": {
            name: run.history[name].fill_nan(None).to_list()
            if run.history[name].dtype.is_float()
            else run.history[name].to_list()
            for name in run.history.columns
            if not name.startswith("layer")
        },
    }


def _print(run: Run) -> None:
    from layerwise.cli.consoles import results
    from layerwise.cli.outcome import metrics_table
    from layerwise.cli.progress import duration

    console, metrics = results(), run.metrics
    console.print(
        f"{run.path}: {metrics['task']}, predicts {metrics['target']!r}", style="bold", soft_wrap=True
    )
    sides = ", ".join(f"{count:,} {split}" for split, count in metrics["rows"].items() if count)
    console.print(f"Data:   {metrics['data']} ({sides} rows)", soft_wrap=True)
    console.print(
        f"Epochs: {metrics['epochs']:,} in {duration(metrics['seconds'])}, epoch {metrics['best_epoch']:,} "
        f"kept; {metrics['reason']}\n",
        soft_wrap=True,
    )
    console.print(_layer_table(run))
    console.print(metrics_table(metrics))
    _print_curves(run, console)
    changed = _changed(run)
    console.print("Recipe: " + ("the defaults" if not changed else ", ".join(changed)), soft_wrap=True)


def _layer_table(run: Run) -> Any:
    from rich import box
    from rich.table import Table

    from layerwise.runs.report_contents import layer_rows

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_footer=True)
    layers = layer_rows(run.model)
    total = f"{sum(layer.parameters for layer in layers):,}"
    for title, footer in (
        ("Layer", ""),
        ("Shape of W", ""),
        ("Activation", ""),
        ("Dropout", ""),
        ("Parameters", total),
    ):
        table.add_column(title, footer, justify="right" if title == "Parameters" else "left", no_wrap=True)
    for layer in layers:
        shape = " x ".join(f"{size:,}" for size in layer.shape)
        dropped = f"{layer.dropout:g}" if layer.dropout else ""
        table.add_row(layer.name, shape, layer.activation, dropped, f"{layer.parameters:,}")
    return table


def _print_curves(run: Run, console: Any) -> None:
    from layerwise.cli.outcome import number
    from layerwise.cli.sparkline import sparkline

    unicode = console.encoding.lower().startswith("utf")
    names = ["cost", *(name for name in run.history.columns if name.startswith("validation_"))]
    width = max(len(name) for name in names)
    for name in names:
        values = [value for value in run.history[name].to_list() if value is not None]
        if values:
            line = sparkline(values, min(60, max(10, console.width - width - 24)), unicode=unicode)
            console.print(
                f"{name:<{width}}  {number(values[0]):>8} {line} {number(values[-1])}",
                soft_wrap=True,
            )
    console.print()


def _changed(run: Run) -> list[str]:
    """The network's options that differ from the defaults, as they would be typed."""
    from layerwise.runs.config import NETWORK_DEFAULTS, OPTIONS
    from layerwise.runs.options import as_typed

    return [
        f"{OPTIONS[name].flag} {as_typed(value)}"
        for name, value in run.config.network.items()
        if value != NETWORK_DEFAULTS[name]
    ]

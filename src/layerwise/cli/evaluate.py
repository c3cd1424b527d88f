"""`layerwise evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run, or of a saved model.")],
    data: Annotated[str, typer.Argument(metavar="DATA", help="Table that has the target's column too.")],
    json: Annotated[
        bool, typer.Option("--json", help="Print the metrics as JSON, and nothing else.")
    ] = False,
) -> None:
    """Measure a network on other data.

    Rows without a target are left out. Intervals say how far a metric may be off because the rows are few.

    Examples:

    \b
      layerwise evaluate runs/customers-1 newer.csv
      layerwise evaluate runs/customers-1 newer.csv --json
    """
    from layerwise.cli.consoles import print_json, results, say_notices
    from layerwise.runs import evaluate_file

    found = evaluate_file(run, data)
    say_notices(found.notices)
    if json:
        print_json(found.document())
        return
    from rich import box
    from rich.table import Table

    from layerwise.cli.outcome import interval, number

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    table.add_column(f"{found.rows:,} rows", justify="right", style="bold", no_wrap=True)
    table.add_column("95% interval", justify="right", no_wrap=True)
    for name, value in found.metrics.items():
        table.add_row(name, number(value), interval(found.intervals.get(name)))
    results().print(table)

"""What is said at the end of a run: how good the network is, and where everything is."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from layerwise.cli.consoles import messages, print_json, results, say_notices
from layerwise.runs import Run
from layerwise.runs.run_folder import REPORT
from layerwise.tables import Notice

_TITLES = {"train": "Train", "validation": "Validation", "test": "Test"}


def print_outcome(run: Run, *, json: bool, quiet: bool) -> None:
    """Metrics on standard output, as a table or JSON; warnings on standard error."""
    notices = [Notice(**notice) for notice in run.metrics["notices"]]
    looked_at = messages().is_terminal and not quiet
    say_notices(notices, least="info" if looked_at else "warning")
    if run.metrics["stopped"] == "interrupted" and not quiet:
        messages().print(
            f"Interrupted in epoch {run.metrics['epochs']:,}: the run keeps the network of epoch "
            f"{run.metrics['best_epoch']:,}, the best so far.",
            soft_wrap=True,
        )
    if json:
        print_json(dict(run.metrics))
    elif not quiet:
        results().print(metrics_table(run.metrics))
    if quiet:
        return
    console = messages() if json else results()
    folder = shlex.quote(str(run.path))
    console.print(f"Run:    {run.path}", soft_wrap=True)
    console.print(f"Report: {run.path / REPORT}", soft_wrap=True)
    console.print(
        f"Next:   layerwise show {folder}\n        layerwise predict {folder} DATA -o predictions.csv",
        soft_wrap=True,
    )


def metrics_table(metrics: Mapping[str, Any]) -> Any:
    """A rich table: a row per metric, a column per split, interval and baseline of the scored split."""
    from rich import box
    from rich.table import Table

    splits = [split for split in _TITLES if metrics.get(split)]
    scored = metrics["scored_split"]
    intervals = metrics["intervals"].get(scored, {})
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for split in splits:
        table.add_column(
            _TITLES[split], justify="right", no_wrap=True, style="bold" if split == scored else ""
        )
    table.add_column("95% interval", justify="right", no_wrap=True)
    table.add_column("No network", justify="right", no_wrap=True, style="dim")
    for name in dict.fromkeys(name for split in splits for name in metrics[split]):
        table.add_row(
            name,
            *(number(metrics[split].get(name)) for split in splits),
            interval(intervals.get(name)),
            number(metrics["baseline"].get(name)),
        )
    return table


def number(value: float | None) -> str:
    """0.9737, 53.21, 12,345."""
    if value is None:
        return "-"
    places = 4 if abs(value) < 10 else 2 if abs(value) < 1000 else 0
    return f"{round(value, places) + 0.0:,.{places}f}"


def interval(ends: list[float] | tuple[float, float] | None) -> str:
    """0.9255 to 0.9912."""
    return "" if ends is None else f"{number(ends[0])} to {number(ends[1])}"

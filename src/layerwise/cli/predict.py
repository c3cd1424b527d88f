"""`layerwise predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run, or of a saved model.")],
    data: Annotated[str, typer.Argument(metavar="DATA", help="Table to predict: whatever train reads.")],
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Where to write: .csv, .tsv, .jsonl, .parquet, .arrow or .feather. Without it, or with -, "
            "CSV goes to standard output.",
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            "--keep",
            "--id",
            metavar="COLUMN",
            help="Column of DATA to write in front of the predictions; may be given several times.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but warnings.")] = False,
) -> None:
    """Predict every row of a table, of any size.

    Writes the column prediction, and for classes a column probability_LABEL for each label. Columns of DATA
    may come in any order; others than the network needs are passed over. Memory does not grow with the rows.

    Examples:

    \b
      layerwise predict runs/customers-1 new.csv -o predictions.csv
      layerwise predict runs/customers-1 new.parquet -o predictions.parquet --id customer_id
      layerwise predict runs/iris-1 demo:iris | head
    """
    import sys

    from layerwise.cli.consoles import messages, say_notices
    from layerwise.runs import predict_file

    console = messages()
    shows = not quiet and out not in (None, "-") and console.is_terminal
    with console.status("Reading ...") if shows else _nothing() as status:
        done = predict_file(
            run,
            data,
            sys.stdout.buffer if out in (None, "-") else str(out),
            keep=keep or (),
            on_rows=(lambda rows: status.update(f"{rows:,} rows predicted ...")) if shows else None,
        )
    say_notices(done.notices)
    if not quiet and out not in (None, "-"):
        console.print(f"Wrote {done.rows:,} predictions to {out}", soft_wrap=True)


def _nothing():
    import contextlib

    return contextlib.nullcontext()

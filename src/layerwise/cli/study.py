"""`layerwise study`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from layerwise.cli.consoles import messages, print_json, results

if TYPE_CHECKING:
    from layerwise.studies.tables import Table


def study(
    name: Annotated[
        str,
        typer.Argument(
            metavar="STUDY",
            help="building, initialization, regularization, gradient-checking, optimization, claims or all.",
        ),
    ],
    data: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="The course's own data: data.mat for regularization, the folder of the HDF5 files of cat "
            "pictures for building, a folder with both for all. Without it, data of our own.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FOLDER", help="Write results.json, the pictures and a page here."
        ),
    ] = None,
    language: Annotated[str, typer.Option(metavar="en|zh", help="Of the table and the page.")] = "en",
    seeds: Annotated[
        int, typer.Option(metavar="N", help="Repeat on N seeds: does the conclusion hold beyond one?")
    ] = 0,
    tune: Annotated[
        bool, typer.Option("--tune", help="Also give each model its own best learning rate of a grid.")
    ] = False,
    jobs: Annotated[
        int, typer.Option(metavar="N", help="Runs at a time with --seeds and --tune; -1: one for each core.")
    ] = -1,
    json: Annotated[
        bool, typer.Option("--json", help="Print the results as JSON, and nothing else.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Run one of the note's experiments, and print its table.

    The numbers are those that the note publishes; the comment on each model is what the rules of diagnosis
    find in the history of its training. `claims` tries every claim of the note's text and says which hold.

    Examples:

    \b
      layerwise study initialization
      layerwise study optimization --seeds 100 --tune --out optimization
      layerwise study regularization --data data.mat --out regularization --language zh
      layerwise study claims
    """
    from layerwise.cli.study_progress import study_progress
    from layerwise.studies.request import plan_calls
    from layerwise.studies.written import run_call

    calls = plan_calls(name, data, seeds, tune, language, jobs, out)
    documents, pages = [], []
    for number, call in enumerate(calls):
        folder = None if out is None else out if len(calls) == 1 else out / call.name
        with study_progress(call.name, quiet=quiet) as watch:
            done = run_call(call, jobs, watch)
        documents.append(done.document())
        if folder is not None:
            pages.append(done.write(folder, language))
        if not json:
            if len(calls) > 1:
                results().print(("\n" if number else "") + call.name, style="bold")
            print_tables(done.tables(language))
    if json:
        print_json(documents[0] if len(calls) == 1 else {"studies": documents})
    if not quiet:
        for page in pages:
            messages().print(f"Page: {page}", soft_wrap=True)


def print_tables(tables: Sequence[Table]) -> None:
    """Tables on standard output, each with the sentences that belong to it."""
    console = results()
    if not console.is_terminal:
        # Where no person looks, a row of the table stays one line.
        console.width = 1000
    for table in tables:
        if table.title:
            console.print(table.title, soft_wrap=True)
        console.print(_rich_table(table))
        for sentence in table.sentences:
            console.print(sentence, soft_wrap=True)


def _rich_table(table: Table) -> Any:
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    for number, heading in enumerate(table.headings):
        figures = number > 0 and all(_is_figure(row[number]) for row in table.rows)
        texts = [heading, *(row[number] for row in table.rows)]
        longest = max(cell_len(word) for text in texts for word in text.split() or [""])
        shown.add_column(
            heading, justify="right" if figures else "left", overflow="fold", min_width=min(longest, 20)
        )
    for row in table.rows:
        shown.add_row(*row)
    return shown


def _is_figure(text: str) -> bool:
    return text[:1].isdigit() or text in ("–", "never", "未达到")

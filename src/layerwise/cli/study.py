"""`layerwise study`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from layerwise.cli.consoles import messages, print_json, results
from layerwise.cli.entry import INTERRUPTED
from layerwise.cli.text_table import print_table

if TYPE_CHECKING:
    from layerwise.studies.many_runs import Unfinished
    from layerwise.studies.tables import Table
    from layerwise.studies.written import Done


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

    The numbers are those that the note publishes, in double precision; the comment on each model is what the
    rules of diagnosis find in the history of its training. `claims` tries every claim of the note's text and
    says which hold; `all` does everything, and --out then holds a page over all pages.

    --seeds and --tune train in single precision. With --out, each of their runs and each claim that was tried
    is kept: after Ctrl-C, or with more seeds, the same command goes on from there.

    Examples:

    \b
      layerwise study initialization
      layerwise study optimization --seeds 100 --tune --out optimization
      layerwise study regularization --data data.mat --out regularization --language zh
      layerwise study claims
      layerwise study all --out note
    """
    from layerwise.cli.study_progress import study_progress
    from layerwise.studies.index_page import write_index
    from layerwise.studies.request import plan_calls
    from layerwise.studies.written import run_call

    calls = plan_calls(name, data, seeds, tune, language, jobs, out)
    finished: list[Done] = []
    page = None
    for call in calls:
        folder = None if out is None else out if len(calls) == 1 else out / call.name
        with study_progress(call.name, quiet=quiet) as watch:
            done = run_call(call, jobs, watch, folder)
        finished.append(done)
        if folder is not None:
            page = done.write(folder, language)
        if out is not None and len(calls) > 1:
            page = write_index(finished, out, language)
        if not json:
            if len(calls) > 1:
                results().print(("" if done is finished[0] else "\n") + call.name, style="bold")
            print_tables(done.tables(language))
        if done.unfinished is not None:
            break
    if json:
        documents = [done.document() for done in finished]
        print_json(documents[0] if len(calls) == 1 else {"studies": documents})
    if page is not None and not quiet:
        messages().print(f"Page: {page}", soft_wrap=True)
    if finished[-1].unfinished is not None:
        messages().print(_how_to_go_on(finished[-1].unfinished, out), soft_wrap=True)
        raise typer.Exit(INTERRUPTED)


def _how_to_go_on(unfinished: Unfinished, out: Path | None) -> str:
    said = f"{unfinished.done:,} of {unfinished.planned:,} {unfinished.what} are done"
    if out is None:
        return f"{said}; with --out FOLDER they are kept, and the same command goes on from there"
    return f"{said} and kept in {out}; the same command goes on from there"


def print_tables(tables: Sequence[Table]) -> None:
    """Tables on standard output, each with the sentences that belong to it."""
    for table in tables:
        if table.title:
            results().print(table.title, soft_wrap=True)
        print_table(table.headings, table.rows)
        for sentence in table.sentences:
            results().print(sentence, soft_wrap=True)

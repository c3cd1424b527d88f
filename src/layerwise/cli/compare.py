"""`layerwise compare`: what is fixed has the options of `layerwise train`, what varies stands in --vary."""

from __future__ import annotations

import inspect
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import typer
from typer.main import get_command

from layerwise.cli.comparison_progress import ComparisonProgress
from layerwise.cli.consoles import messages, print_json, results
from layerwise.cli.help_text import flowing
from layerwise.cli.run_options import (
    CONFIG,
    PANELS,
    OwnOption,
    flag,
    options_in,
    own_parameter,
    parameter_of,
    typed_value,
    with_options,
)
from layerwise.cli.text_table import print_table
from layerwise.comparison import Comparison, compare_file, comparison_folder
from layerwise.comparison.grid import values_from_text
from layerwise.errors import InputError, TrainingError
from layerwise.runs import OPTIONS, read_config
from layerwise.tables.databases import without_password

if TYPE_CHECKING:
    from pathlib import Path

HELP = """
Train a network with every combination of some settings, several times each, and say which does best.

DATA and the options are those of `layerwise train`; --vary names a setting and the values to try. Every
combination is run with the same seeds, and a seed fixes the rows and every random draw, so that runs are
compared in pairs. The table gives mean and spread on test rows, and which differences are more than luck.

A run that fails or diverges is a row with its reason. Each finished run is kept in the folder: after Ctrl-C,
or with more seeds, the same command goes on from there.

Examples:

\b
  layerwise compare demo:moons --vary optimizer=gd,adam
  layerwise compare customers.csv --target churned --vary initialization=zeros,he --vary optimizer=gd,adam
  layerwise compare houses.parquet --target price --vary "hidden=64,32;128" --seeds 10 --jobs 4
"""
PANEL = "Comparison"
_FIXED_GROUPS = ("data", "network", "regularization", "optimizer", "training")


@cache
def compare_command() -> Any:
    """The command, built from the options of a run."""
    alone = typer.Typer(
        add_completion=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    alone.command("compare", help=flowing(HELP))(with_options(_compare, _parameters()))
    return get_command(alone)


def _compare(
    *,
    vary: list[str] | None,
    seeds: int,
    jobs: int,
    metric: str | None,
    out: str | None,
    config: str | None,
    json: bool,
    quiet: bool,
    **given: Any,
) -> None:
    varied = _varied(vary or [])
    options = (
        {name: value for name, value in read_config(config).items() if name not in varied} if config else {}
    )
    for name, value in given.items():
        if value not in (None, [], ()):
            options[name] = typed_value(OPTIONS[name], value)
    folder = _folder(out, options, varied)
    source = without_password(str(options.get("data", "")))
    with ComparisonProgress.on(quiet=quiet) as progress:
        comparison = compare_file(
            options,
            vary=varied,
            seeds=seeds,
            jobs=jobs,
            metric=metric,
            store=folder,
            progress=progress,
            on_rows=lambda rows, columns: progress.on_rows(source, rows, columns),
        )
    page = comparison.save(folder)
    _print(comparison, page, json=json, quiet=quiet)
    if comparison.interrupted:
        raise TrainingError(
            f"interrupted: {len(comparison.records):,} of {comparison.planned:,} runs are done and kept in "
            f"{folder}; the same command goes on from there"
        )
    if comparison.winner is None:
        raise TrainingError(f"no run gave a network; {page} has the reason of each")


def _varied(texts: list[str]) -> dict[str, tuple[Any, ...]]:
    if not texts:
        raise InputError(
            "say what to vary, for example --vary optimizer=gd,adam; see layerwise compare --help"
        )
    varied: dict[str, tuple[Any, ...]] = {}
    for text in texts:
        name, values = values_from_text(text)
        if name in varied:
            raise InputError(f"--vary names {name} twice; give all its values at once")
        varied[name] = values
    return varied


def _folder(out: str | None, options: dict[str, Any], varied: dict[str, tuple[Any, ...]]) -> Path:
    """Where it goes, checked before any work; the same call finds the same folder."""
    from layerwise.comparison.saved import checked_folder

    if out is not None:
        return checked_folder(out)
    return checked_folder(comparison_folder(str(options.get("data", "")), tuple(varied)))


def _print(comparison: Comparison, page: Path, *, json: bool, quiet: bool) -> None:
    from layerwise.comparison.plain_text import MAIN_EFFECTS, findings, main_effects_cells, summary_cells

    if json:
        print_json(comparison.document())
    elif not quiet:
        print_table(*summary_cells(comparison), bold=comparison.winner is not None)
        headings, rows = main_effects_cells(comparison)
        if rows:
            results().print(f"{MAIN_EFFECTS}:", soft_wrap=True)
            print_table(headings, rows)
        results().print(findings(comparison), soft_wrap=True)
    if not quiet:
        console = messages() if json else results()
        console.print(f"\nResults: {page.parent}\nPage:    {page}", soft_wrap=True)


def _parameters() -> list[inspect.Parameter]:
    """The options of a run and, after its data, those of a comparison."""
    first_seed = replace(OPTIONS["seed"], help="The first seed; the others follow it.")
    fixed = [option for group in _FIXED_GROUPS for option in options_in(group)]
    parameters = [parameter_of(first_seed if option.name == "seed" else option) for option in fixed]
    return [parameters[0], *(own_parameter(own) for own in _OWN), *parameters[1:]]


_OWN: tuple[OwnOption, ...] = (
    (
        "vary",
        list[str] | None,
        typer.Option(
            None,
            "--vary",
            metavar="NAME=VALUE,VALUE",
            help="A setting and the values to try; may be given several times, for every combination. Values "
            'that hold commas stand between semicolons: "hidden=64,32;128".',
            show_default=False,
            rich_help_panel=PANEL,
        ),
    ),
    (
        "seeds",
        int,
        typer.Option(
            5,
            "--seeds",
            metavar="N",
            help="Runs of each combination. Default: 5; at least 3 to tell anything, better 10.",
            show_default=False,
            rich_help_panel=PANEL,
        ),
    ),
    (
        "jobs",
        int,
        typer.Option(
            1,
            "--jobs",
            "-j",
            metavar="N",
            help="Runs at a time, each in a process of its own; -1 for one a core. Default: 1. The "
            "numbers are the same for any.",
            show_default=False,
            rich_help_panel=PANEL,
        ),
    ),
    (
        "metric",
        str | None,
        typer.Option(
            None,
            "--metric",
            metavar="TEXT",
            help="What ranks the combinations: accuracy, balanced_accuracy, roc_auc, log_loss, f1, brier for "
            "classes, r2, rmse, mae, median_absolute_error for values. Default: accuracy or r2.",
            show_default=False,
            rich_help_panel=PANEL,
        ),
    ),
    (
        "out",
        str | None,
        typer.Option(
            None,
            "--out",
            "-o",
            metavar="FOLDER",
            help="Folder of the comparison, by default runs/<data>-compare-<settings>.",
            show_default=False,
            rich_help_panel=PANELS["run"],
        ),
    ),
    CONFIG,
    flag("json", "Print everything that was found as JSON, and nothing else."),
    flag("quiet", "Say nothing but errors.", "-q"),
)

"""`layerwise train`: its options are those of a run, each described where it lives."""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

import typer
from typer.main import get_command

from layerwise.cli.help_text import flowing
from layerwise.cli.outcome import print_outcome
from layerwise.cli.progress import TrainingProgress
from layerwise.cli.run_options import (
    CONFIG,
    PANELS,
    flag,
    options_in,
    own_parameter,
    parameter_of,
    typed_value,
    with_options,
)
from layerwise.runs import OPTIONS, TrainConfig, read_config, run_training

HELP = """
Train a network on a table, and leave a folder with the model, its measurements and a report.

DATA is CSV, TSV, JSON Lines, Parquet or Arrow (text also gzipped or with zstd), a database URL with a query,
or demo:NAME for a built-in set: breast_cancer, circles, diabetes, digits, football, iris, moons, wine.

The target says what is learnt: two labels, several, or a number. Numbers, categories, booleans, dates and
missing values are all used as they are. The rows are split into training, validation (which chooses the
best epoch) and test (which is only measured); everything is learnt from the training rows alone.

Ctrl-C ends the training and keeps the best network so far.

Examples:

\b
  layerwise train demo:breast_cancer
  layerwise train customers.csv --target churned --exclude customer_id
  layerwise train houses.parquet --target price --hidden 64,32 --l2 0.01
  layerwise train sales.csv --target sold --time date --out runs/sales
  layerwise train --config runs/sales/config.toml --seed 1
"""


_OWN = (
    CONFIG,
    flag("json", "Print the metrics as JSON, and nothing else."),
    flag("quiet", "Say nothing but warnings.", "-q"),
)


@cache
def train_command() -> Any:
    """The command, built from the options of a run."""
    alone = typer.Typer(
        add_completion=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    parameters = [parameter_of(option) for group in PANELS for option in options_in(group)]
    parameters += [own_parameter(own) for own in _OWN]
    alone.command("train", help=flowing(HELP))(with_options(_train, parameters))
    return get_command(alone)


def _train(*, config: str | None, json: bool, quiet: bool, **given: Any) -> None:
    values = read_config(config) if config is not None else {}
    for name, value in given.items():
        if value not in (None, [], ()):
            values[name] = typed_value(OPTIONS[name], value)
    chosen = TrainConfig.of(values)
    # The shell has its own progress; what the package logs for those who call it from Python stays quiet.
    logging.getLogger("layerwise").setLevel(logging.ERROR)
    with TrainingProgress.on(quiet=quiet) as progress:
        run = run_training(chosen, progress.callbacks)
    print_outcome(run, json=json, quiet=quiet)

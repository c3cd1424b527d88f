"""The command `layerwise` and its list of commands. A command's own code is imported when it is called."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from layerwise._version import __version__
from layerwise.cli.check import check
from layerwise.cli.evaluate import evaluate
from layerwise.cli.help_text import flowing
from layerwise.cli.predict import predict
from layerwise.cli.show import show
from layerwise.cli.study import study

WELCOME = f"""\
layerwise {__version__}: train a deep network on your own table, and see through it.

Three first steps:

  layerwise train demo:breast_cancer                train on a built-in set, no file needed
  layerwise train customers.csv --target churned    train on a table of your own
  layerwise train --help                            every option, with examples

All commands: layerwise --help
"""
ABOUT = """
Train a plain deep network on your own data, and see through it.

Results go to standard output, progress and messages to standard error. Exit status: 0 it worked, 1 the
work failed, 2 the call or the input is wrong.
"""
TRAIN = "Train a network on a table, and leave a folder with the model, its measurements and a report."
COMPARE = "Train with every combination of some settings, several times each, and say which does best."


class Shell(TyperGroup):
    """The list of commands. `train` and `compare` have the estimator's options: built only when asked for."""

    listing = False

    def format_help(self, ctx: Any, formatter: Any) -> None:
        self.listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self.listing = False

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name == "train" and not self.listing:
            from layerwise.cli.train import train_command

            return train_command()
        if cmd_name == "compare" and not self.listing:
            from layerwise.cli.compare import compare_command

            return compare_command()
        return super().get_command(ctx, cmd_name)


app = typer.Typer(
    cls=Shell,
    name="layerwise",
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"layerwise {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True, help=flowing(ABOUT))
def layerwise(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and end.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        print(WELCOME, end="")


@app.command("train", help=TRAIN)
def _train() -> None:
    """Stands in the list of commands; `Shell.get_command` gives the command itself."""


@app.command("compare", help=COMPARE)
def _compare() -> None:
    """Stands in the list of commands, as `_train` does."""


for command in (predict, evaluate, check, show, study):
    app.command(help=flowing(command.__doc__))(command)

"""The options of a run as options of the shell; several commands take them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import typer

from layerwise.runs import OPTIONS
from layerwise.runs.options import Option, as_typed

PANELS = {
    "data": "Data",
    "network": "Network",
    "regularization": "Regularization",
    "optimizer": "Optimizer",
    "training": "Training",
    "run": "Output",
}
_SHORT = {"target": ("-t",), "out": ("-o",)}
_METAVARS = {int: "N", float: "X", str: "TEXT"}

OwnOption = tuple[str, Any, Any]
"""(name, type, typer.Option) of an option that is the shell's alone."""

CONFIG: OwnOption = (
    "config",
    str | None,
    typer.Option(
        None,
        "--config",
        metavar="FILE",
        help="Options from a TOML file, such as the config.toml of a run; those given here go before it.",
        show_default=False,
        rich_help_panel=PANELS["run"],
    ),
)


def flag(name: str, help: str, *short: str) -> OwnOption:
    """A switch of the shell, off unless given."""
    return name, bool, typer.Option(False, f"--{name}", *short, help=help, rich_help_panel=PANELS["run"])


def own_parameter(own: OwnOption) -> inspect.Parameter:
    """How typer is to offer an option of the shell's own."""
    name, kind, default = own
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def with_options(function: Callable[..., None], parameters: Sequence[inspect.Parameter]) -> Any:
    """The function with a signature that typer turns into these options, in this order."""

    def command(**given: Any) -> None:
        function(**given)

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def options_in(group: str) -> list[Option]:
    """The options of a run in one of the groups of `PANELS`."""
    return [option for option in OPTIONS.values() if option.group == group]


def parameter_of(option: Option) -> inspect.Parameter:
    """How typer is to offer the option."""
    several = option.many and option.group == "data"
    kind: Any = bool | None if option.scalar is bool else list[str] | None if several else str | None
    if option.name == "data":
        default = typer.Argument(None, metavar="DATA", help=option.help, show_default=False)
    else:
        default = typer.Option(
            None,
            *_names(option),
            help=_help(option),
            metavar=None if option.scalar is bool else _metavar(option, several),
            show_default=False,
            rich_help_panel=PANELS[option.group],
        )
    return inspect.Parameter(option.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def _names(option: Option) -> tuple[str, ...]:
    if option.scalar is bool and option.default:
        return (f"{option.flag}/--no-{option.flag.removeprefix('--')}",)
    return (option.flag, *_SHORT.get(option.name, ()))


def _metavar(option: Option, several: bool) -> str:
    name = "COLUMN" if several or option.name in ("target", "weights", "group", "time") else ""
    name = name or {"test": "FILE", "out": "FOLDER"}.get(option.name) or _METAVARS[option.scalar]
    return f"{name},{name},..." if option.many and not several else name


def _help(option: Option) -> str:
    """What it is and, in the way a person would type it, its default."""
    value = option.default
    if value is None or value == () or isinstance(value, bool):
        return option.help
    return f"{option.help} Default: {as_typed(value)}."


def typed_value(option: Option, value: Any) -> Any:
    """The option's value from what click made of the arguments: text, a list of texts, or a flag."""
    if isinstance(value, str):
        return option.from_text(value)
    return tuple(value) if isinstance(value, list) else value

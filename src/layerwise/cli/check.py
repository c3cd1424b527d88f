"""`layerwise check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

if TYPE_CHECKING:
    from layerwise.checking import GradientCheck, Sweep


def check(
    subject: Annotated[
        str, typer.Argument(metavar="SUBJECT", help="Folder of a run, or FILE.py:FUNCTION, or FILE.npz.")
    ],
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="DATA", help="Rows to check a run on; without it the run's own table.", show_default=False
        ),
    ] = None,
    cost: Annotated[
        str | None, typer.Option("--cost", metavar="FILE.py:FUNCTION", help="The cost, a function of theta.")
    ] = None,
    theta: Annotated[
        str | None,
        typer.Option("--theta", metavar="FILE", help="Parameters: a .npz or .npy file, or one number."),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance",
            help="Relative difference up to which a gradient is right.",
            show_default="1e-7; 1e-4 in single precision",
        ),
    ] = None,
    step: Annotated[
        float | None,
        typer.Option("--step", help="One fixed step, the note's epsilon.", show_default="one for each entry"),
    ] = None,
    constant: Annotated[
        list[str] | None,
        typer.Option(
            "--constant", metavar="NAME=VALUE", help="A number a fault may be off by, such as m=209."
        ),
    ] = None,
    sweep: Annotated[
        Path | None,
        typer.Option("--sweep", metavar="FILE", help="Plot difference against step: .svg, .png or .html."),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write the table and its heat maps as a page."),
    ] = None,
    exhaustive: Annotated[
        bool, typer.Option("--exhaustive", help="Measure every entry, however many there are.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="Fixes the random directions.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON, and nothing else.")] = False,
) -> None:
    """Check a gradient: which parameter is wrong, how, and what usually causes that.

    Of a trained run it checks the gradients of the engine that trained it. Of your own code it checks
    FUNCTION, which takes theta and returns the gradient, against the function that --cost names; theta is a
    number, an array, or a dictionary of arrays, as --theta holds it. A .npz or .npy file may hold the
    gradient instead. Exit status 1 if the gradient is wrong.

    Examples:

    \b
      layerwise check runs/iris-1
      layerwise check my_backprop.py:gradient --cost my_backprop.py:cost \\
          --theta theta.npz
      layerwise check gradient.npz --cost my_backprop.py:cost \\
          --theta theta.npz --sweep sweep.svg --html check.html
    """
    from layerwise.cli.consoles import print_json, results

    _look_at_files(sweep, html)
    asked = _asked(subject, data, cost, theta)
    settings: dict[str, Any] = {"tolerance": tolerance, "seed": seed}
    found = _check(asked, settings | {"step": step, "exhaustive": exhaustive or None}, _constants(constant))
    swept = None if sweep is None else _sweep(asked, settings)
    _write(found, swept, sweep, html, asked.name)
    if json:
        document = found.document()
        if swept is not None:
            document["sweep"] = {
                "steps": list(swept.steps),
                "differences": list(swept.differences),
                "chosen": swept.chosen,
            }
        print_json(document)
    else:
        results().print(found.text, soft_wrap=True)
        if swept is not None:
            from layerwise.cli.sweep_picture import said_of

            results().print(said_of(swept), soft_wrap=True)
    if not found.passed:
        raise typer.Exit(1)


def _look_at_files(sweep: Path | None, html: Path | None) -> None:
    """Raises InputError for files that could not be written, before the work."""
    from layerwise.errors import InputError

    if sweep is not None and sweep.suffix.lower() not in (".svg", ".png", ".html"):
        raise InputError(f"--sweep is {str(sweep)!r}; expected a file that ends in .svg, .png or .html")
    for option, file in (("--sweep", sweep), ("--html", html)):
        if file is not None and file.is_dir():
            raise InputError(f"{option} is {str(file)!r}, a folder; expected a file")


class Asked(NamedTuple):
    """The three things that are checked, as `layerwise.check_gradients` takes them."""

    cost: Any
    gradient: Any
    theta: Any
    weights: Any
    name: str


def _asked(subject: str, data: str | None, cost: str | None, theta: str | None) -> Asked:
    """Raises InputError where what was named does not go together or cannot be read."""
    from layerwise.cli.own_code import ARRAYS, arrays_in, function_in
    from layerwise.errors import InputError

    is_function = ".py:" in subject
    is_arrays = Path(subject).suffix in ARRAYS
    if not (is_function or is_arrays):
        if Path(subject).suffix == ".py":
            raise InputError(
                f"{subject} names no function; expected FILE.py:FUNCTION, such as {subject}:gradient"
            )
        if cost is not None or theta is not None:
            raise InputError(f"--cost and --theta go with FILE.py:FUNCTION; {subject!r} would be a run")
        from layerwise.runs.batch_of_run import model_and_rows

        rows = model_and_rows(subject, data)
        return Asked(rows.model, rows.X, rows.y, rows.weights, f"{subject} on {rows.data}")
    if data is not None:
        raise InputError(f"DATA ({data}) goes with a run; a function of your own has its data in the file")
    if cost is None or theta is None:
        missing = "--cost FILE.py:FUNCTION" if cost is None else "--theta FILE"
        raise InputError(f"{subject} is checked against a cost at parameters theta; {missing} is missing")
    gradient = function_in(subject, "gradient") if is_function else arrays_in(subject, "gradient")
    return Asked(function_in(cost, "cost"), gradient, arrays_in(theta, "theta"), None, subject)


def _constants(given: list[str] | None) -> dict[str, float]:
    from layerwise.errors import InputError

    constants = {}
    for text in given or []:
        name, equals, value = text.partition("=")
        try:
            constants[name] = float(value)
        except ValueError:
            equals = ""
        if not (name and equals):
            raise InputError(f"--constant is {text!r}; expected NAME=VALUE, such as m=209")
    return constants


def _check(asked: Asked, settings: dict[str, Any], constants: dict[str, float]) -> GradientCheck:
    from layerwise.checking import check_gradients

    return check_gradients(
        asked.cost, asked.gradient, asked.theta, sample_weight=asked.weights, constants=constants, **settings
    )


def _sweep(asked: Asked, settings: dict[str, Any]) -> Sweep:
    from layerwise.checking import sweep_steps

    return sweep_steps(asked.cost, asked.gradient, asked.theta, sample_weight=asked.weights, **settings)


def _write(
    found: GradientCheck, swept: Sweep | None, sweep: Path | None, html: Path | None, name: str
) -> None:
    """The files that were asked for; a sweep into a page stands under the table."""
    from layerwise.cli.check_page import render_check
    from layerwise.cli.sweep_picture import write_picture
    from layerwise.persistence import write_atomically

    in_page = sweep is not None and sweep.suffix.lower() == ".html"
    if sweep is not None and swept is not None and not in_page:
        write_picture(swept, sweep)
    for page in dict.fromkeys(path for path in (html, sweep if in_page else None) if path is not None):
        write_atomically(page, render_check(found, name, swept))

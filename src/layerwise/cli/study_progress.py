"""What a person sees while a study runs: one bar on standard error, on a terminal only."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from layerwise.cli.consoles import messages

Watch = Callable[[str, float], None]


@contextlib.contextmanager
def study_progress(study: str, *, quiet: bool) -> Iterator[Watch | None]:
    """A function that is told (what, share done), or None where nobody looks."""
    console = messages()
    if quiet or not console.is_terminal or console.is_dumb_terminal:
        yield None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as progress:
        tasks: dict[str, int] = {}

        def watch(what: str, share: float) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(f"{study}: {what}", total=1.0)
            progress.update(tasks[what], completed=share, visible=share < 1)  # type: ignore[arg-type]

        yield watch

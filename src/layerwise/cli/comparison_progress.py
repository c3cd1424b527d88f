"""What a person sees while a comparison runs: one bar, what ended last, and the time left."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from layerwise.cli.consoles import messages
from layerwise.cli.progress import duration

if TYPE_CHECKING:
    from layerwise.comparison import Progress


class ComparisonProgress:
    """Draws on a terminal, and says nothing elsewhere."""

    def __init__(self, *, shows: bool) -> None:
        self.shows = shows
        self.console = messages()
        self.live: Any = None
        self.where: Progress | None = None

    @classmethod
    @contextlib.contextmanager
    def on(cls, *, quiet: bool) -> Iterator[ComparisonProgress]:
        """The terminal is as it was afterwards."""
        console = messages()
        progress = cls(shows=not quiet and console.is_terminal and not console.is_dumb_terminal)
        try:
            yield progress
        finally:
            progress.close()

    def close(self) -> None:
        """Take away what moves."""
        if self.live is not None:
            self.live.stop()
            self.live = None

    def on_rows(self, source: str, rows: Any, columns: int) -> None:
        """What was read."""
        if self.shows:
            self.console.print(
                f"Read {rows.rows.frame.height:,} rows and {columns:,} columns from {source}: predict "
                f"{rows.target.column!r} ({rows.task})",
                soft_wrap=True,
            )

    def __call__(self, where: Progress) -> None:
        if not self.shows:
            return
        if self.live is None:
            self._begin(where)
        self.where = where
        if self.live is not None:
            self.live.update(self._picture(where), refresh=True)
        if where.status and where.status not in ("done", "diverged"):
            self.console.print(f"Failed: {where.label} with seed {where.seed}", soft_wrap=True)

    def _begin(self, where: Progress) -> None:
        from rich.live import Live

        again = f"; {where.reused:,} were done before" if where.reused else ""
        self.console.print(f"{where.total:,} runs{again}", soft_wrap=True)
        if where.done < where.total:
            picture = self._picture(where)
            self.live = Live(picture, console=self.console, auto_refresh=False, transient=True)
            self.live.start(refresh=True)

    def _picture(self, where: Progress) -> Any:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        bar = Table.grid(padding=(0, 1))
        left = "" if where.seconds_left is None else f"about {duration(where.seconds_left)} left"
        width = min(40, max(10, self.console.width - 45))
        bar.add_row(
            f"run {where.done:,} of {where.total:,}",
            ProgressBar(total=where.total, completed=where.done, width=width),
            left,
        )
        last = f"last: {where.label}, seed {where.seed}" if where.label else "starting"
        return Group(bar, Text(last, style="dim", overflow="ellipsis", no_wrap=True))

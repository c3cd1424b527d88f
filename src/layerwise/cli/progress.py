"""What a person sees while a network trains: one bar and one line of figures, on a terminal only."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from layerwise.cli.consoles import messages
from layerwise.evaluation import HIGHER_IS_BETTER

if TYPE_CHECKING:
    from rich.live import Live

    from layerwise.runs.training_table import TrainingTable

SECONDS_BETWEEN_DRAWINGS = 0.1
SHARE_OF_TIME = 0.01
LONGEST_PAUSE = 1.0
_PHASES = {"measuring": "Measuring what it learnt", "writing": "Writing the run"}


class TrainingProgress:
    """Callbacks of a run that draw: ten times a second at most, and more seldom where drawing is slow, so
    that it takes a hundredth of the time at most."""

    def __init__(self) -> None:
        self.console = messages()
        self.live: Live | None = None
        self.status: Any = None
        self.plan: Mapping[str, Any] = {}
        self.row: Mapping[str, Any] = {}
        self.epoch = self.steps = 0
        self.best: float | None = None
        self.next_drawing = self.started = 0.0

    @classmethod
    @contextlib.contextmanager
    def on(cls, *, quiet: bool) -> Iterator[TrainingProgress | Silence]:
        """Progress where somebody looks, silence elsewhere; the terminal is as it was afterwards."""
        console = messages()
        if quiet or not console.is_terminal or console.is_dumb_terminal:
            yield Silence()
            return
        progress = cls()
        try:
            yield progress
        finally:
            progress.close()

    @property
    def callbacks(self) -> tuple[TrainingProgress, ...]:
        return (self,)

    def close(self) -> None:
        """Take away what moves."""
        if self.live is not None:
            self.live.stop()
            self.live = None
        if self.status is not None:
            self.status.stop()
            self.status = None

    def on_table(self, table: TrainingTable) -> None:
        """What was read, and what of it is used."""
        used = [column for column in table.columns if column.used]
        left_out = [column.name for column in table.columns if not column.used]
        task = table.task
        if table.target.labels is not None:
            task += f", {len(table.target.labels)} classes"
        self.console.print(
            f"Read {table.rows:,} rows from {table.config.shown_data}: "
            f"predict {table.target.column!r} ({task}) "
            f"from {len(used):,} {'column' if len(used) == 1 else 'columns'}",
            soft_wrap=True,
        )
        if left_out:
            more = f" and {len(left_out) - 8:,} more" if len(left_out) > 8 else ""
            self.console.print(f"Left out: {', '.join(left_out[:8])}{more}", soft_wrap=True)
        sides = {"train": "to train", "validation": "to choose the epoch", "test": "to test"}
        parts = [
            f"{len(table.splits[name].target):,} {word}"
            for name, word in sides.items()
            if name in table.splits
        ]
        self.console.print(f"Rows: {', '.join(parts)}", style="dim")

    def on_train_begin(self, plan: Mapping[str, Any]) -> None:
        from rich.live import Live

        self.plan, self.started = plan, time.perf_counter()
        if plan["compiling"]:
            self.console.print("Compiling for this kind of network (once; it is kept on disk) ...")
        self.monitor = str(plan["monitor"])
        self.higher = HIGHER_IS_BETTER.get(self.monitor.removeprefix("validation_"), False)
        self.live = Live(console=self.console, auto_refresh=False, transient=True)
        self.live.start()
        self._draw()
        self._draw()

    def on_steps_end(self, epoch: int, steps: int) -> None:
        if time.perf_counter() >= self.next_drawing:
            self.epoch, self.steps = epoch - 1, steps
            self._draw()

    def on_epoch_end(self, row: Mapping[str, Any]) -> None:
        value = row[self.monitor]
        if self.best is None or (value > self.best if self.higher else value < self.best):
            self.best = value
        if time.perf_counter() >= self.next_drawing:
            self.row, self.epoch, self.steps = row, row["epoch"], 0
            self._draw()

    def on_train_end(self, result: Any) -> None:
        self.close()
        epochs = len(result.history)
        self.console.print(
            f"Trained {epochs:,} {'epoch' if epochs == 1 else 'epochs'} in {duration(result.seconds)}: "
            f"{result.reason}; epoch {result.best_epoch:,} is kept",
            soft_wrap=True,
        )

    def on_phase(self, name: str) -> None:
        self.close()
        self.status = self.console.status(_PHASES.get(name, name) + " ...")
        self.status.start()

    def _draw(self) -> None:
        start = time.perf_counter()
        if self.live is not None:
            self.live.update(self._picture(), refresh=True)
        end = time.perf_counter()
        pause = max(SECONDS_BETWEEN_DRAWINGS, (end - start) / SHARE_OF_TIME)
        self.next_drawing = end + min(pause, LONGEST_PAUSE)

    def _picture(self) -> Any:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        epochs, steps = self.plan["epochs"], self.plan["steps"]
        done = (self.epoch + self.steps / steps) / epochs
        left = (time.perf_counter() - self.started) * (1 - done) / done if done else None
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            f"epoch {min(self.epoch + (self.steps > 0), epochs):,} of {epochs:,}",
            ProgressBar(total=1.0, completed=done, width=min(40, max(10, self.console.width - 45))),
            "" if left is None else f"{duration(left)} left at most",
        )
        return Group(
            bar,
            Text(
                in_lines(self._figures(), self.console.width), style="dim", overflow="ellipsis", no_wrap=True
            ),
        )

    def _figures(self) -> list[str]:
        row = self.row
        if not row:
            return []
        parts = [f"cost {figure(row['cost'])}"]
        for name, value in row.items():
            if name.startswith("validation_") and value is not None:
                best = (
                    f" (best {figure(self.best)})" if name == self.monitor and self.best is not None else ""
                )
                short = "validation cost" if name == "validation_cost" else name.removeprefix("validation_")
                parts.append(f"{short.replace('_', ' ')} {figure(value)}{best}")
        parts.append(f"rate {row['learning_rate']:.3g}")
        parts.append(f"{short_count(row['rows_per_second'])} rows/s")
        return parts


class Silence:
    """Nobody looks."""

    callbacks: tuple[()] = ()


def in_lines(parts: list[str], width: int) -> str:
    """The parts, two spaces between them, in as many lines as they need."""
    lines = [""]
    for part in parts:
        longer = f"{lines[-1]}  {part}" if lines[-1] else part
        if len(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(part)
    return "\n".join(lines)


def figure(value: float) -> str:
    """A number in a few letters, of steady width: 0.1234, 53.2100."""
    return f"{value:.4f}" if value == 0 or 1e-4 <= abs(value) < 1e5 else f"{value:.3g}"


def short_count(value: float) -> str:
    """950, 12k, 3.4M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.0f}"


def duration(seconds: float) -> str:
    """0.4 s, 12 s, 3 min 20 s, 2 h 05 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"

"""The loop over epochs: order, steps, validation, history, the best epoch, and why it stopped."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from typing import Any

import numpy as np

from layerwise.engine import Batches, Engine, StepTotals, TrainingState
from layerwise.errors import InputError, nearest
from layerwise.formulas.randomness import generator_at
from layerwise.formulas.schedules import PLATEAU, Plateau, reduce_on_plateau
from layerwise.training.callback import tell
from layerwise.training.epoch_start import LARGE, EpochStart
from layerwise.training.history import History, epoch_columns, time_columns
from layerwise.training.interrupt import StopOnInterrupt
from layerwise.training.pace import FIRST_STEPS, LARGEST_ORDER, fitting, seconds_to_compile
from layerwise.training.passes import Blocks, Data, InBlocks, InMemory
from layerwise.training.recipe import Recipe
from layerwise.training.result import Best, Result, reason_of
from layerwise.training.snapshot import Snapshot, run_identity
from layerwise.training.statistics import PROBE_ROWS, layer_statistics
from layerwise.training.turned_run import TurnedRun, epochs_before_turning
from layerwise.training.validation import Turnable, Validate

HIGHER_IS_BETTER = ("accuracy", "balanced_accuracy", "roc_auc", "f1", "r2")
# Multiply-adds of the first call of several epochs, while nothing is known of their time, and as how many the
# surroundings of a step count: less than a second in NumPy, and some hundredths compiled.
FIRST_CALL = {"numpy": 10**8, "compiled": 10**9}
STEP_OVERHEAD = 20_000
STATISTICS_PER_RUN = 100
# What a callback may have that is called between two epochs.
BETWEEN_EPOCHS = ("on_steps_end", "on_epoch_end", "on_snapshot")


def train(
    engine: Engine,
    state: TrainingState,
    data: Data | Blocks,
    recipe: Recipe,
    *,
    validate: Validate | None = None,
    callbacks: Sequence[Any] = (),
    statistics: bool = True,
    interrupt: StopOnInterrupt | None = None,
) -> Result:
    """Run the recipe from `state`, which is changed in place, and return how it ended.

    data: the examples, or `Blocks` of them where they are more than memory holds; see `training.passes`.
    validate: parameters -> {"validation_cost": ..., ...}, called after each epoch. With it the parameters of
    the best epoch are kept; without it, the last. Ctrl-C ends the run after the steps at hand; `interrupt`,
    where somebody listens for it already.
    Raises InputError where there are no examples or the monitored column does not exist.
    """
    source = InMemory(data, engine) if isinstance(data, Data) else InBlocks(data, engine, recipe.epochs)
    if source.rows == 0:
        raise InputError("there are no examples to train on; expected at least one row")
    monitor = recipe.monitor or ("validation_cost" if validate else "cost")
    run = _Run(engine, state, source, recipe, monitor, statistics, validate)
    run.restore_from(callbacks)
    tell(callbacks, "on_train_begin", run.plan())
    run.compile()
    stopped = "patience" if run.out_of_patience else "epochs"
    looked_at = validate is not None or recipe.patience is not None or recipe.schedule == PLATEAU
    # A batch of weight 0 is no step, so with weights the steps of an epoch are counted one epoch at a time.
    looked_at |= source.weighted or isinstance(source, InBlocks)
    looked_at |= any(hasattr(callback, event) for callback in callbacks for event in BETWEEN_EPOCHS)
    with ExitStack() as stack:
        stack.enter_context(closing(source))
        interrupt = stack.enter_context(StopOnInterrupt()) if interrupt is None else interrupt
        stack.callback(run.hand_back)
        while stopped == "epochs" and len(run.history) < recipe.epochs:
            run.turn_where_due()
            if not looked_at and run.several_epochs():
                stopped = "interrupted" if interrupt.asked else "epochs"
                continue
            row, ended = run.epoch(len(run.history), callbacks, interrupt)
            if ended == "diverged":
                stopped = ended
                break
            if run.validate is not None:
                row |= {name: float(value) for name, value in run.validate(run.state.parameters).items()}
            if monitor not in row:
                raise InputError(
                    f"cannot monitor {monitor!r}: the history has no such column; {nearest(monitor, row)}"
                )
            run.see(row, keep=validate is not None)
            wishes = tell(callbacks, "on_epoch_end", row)
            if ended is None:
                tell(callbacks, "on_snapshot", run.snapshot)
            if ended == "interrupted" or interrupt.asked:
                stopped = "interrupted"
                break
            if any(wishes):
                stopped = "callback"
                break
            if run.out_of_patience:
                stopped = "patience"
                break
    result = run.result(stopped)
    tell(callbacks, "on_train_end", result)
    return result


class _Run:
    """The moving parts of one call of `train`."""

    def __init__(
        self,
        engine: Engine,
        state: TrainingState,
        source: InMemory | InBlocks,
        recipe: Recipe,
        monitor: str,
        statistics: bool,
        validate: Validate | None,
    ) -> None:
        self.validate = validate
        self.engine, self.state, self.recipe, self.monitor = engine, state, recipe, monitor
        self.source, rows = source, source.rows
        self.program, self.given = engine.program, state
        self.turned: TurnedRun | None = None
        # The epoch before which the run turns, if it does.
        self.turns_at: int | None = None
        # A validation of parameters alone would have all weights put together each time, which takes as long.
        if isinstance(source, InMemory) and (validate is None or isinstance(validate, Turnable)):
            self.turns_at = epochs_before_turning(engine, source.data)
        self.batch_size = recipe.batch_rows(rows)
        self.steps = source.steps(self.batch_size)
        self.history = History()
        self.best = Best()
        self.plateau = Plateau()
        self.started = time.perf_counter()
        self.every = max(1, recipe.epochs // STATISTICS_PER_RUN) if statistics else 0
        self.probe: Data | None = None
        if statistics:
            pick = generator_at(engine.program.seed, "probe").permutation(rows)[:PROBE_ROWS]
            self.probe = source.some(pick)
        # The parameters at an epoch's start, and the steps done by then.
        self.before, self.before_t = EpochStart(), 0
        self.call_steps = min(self.steps, FIRST_STEPS)
        work = 3 * rows * state.parameters.size + STEP_OVERHEAD * self.steps
        self.call_epochs = max(1, FIRST_CALL[engine.name] // work)
        self.identity: dict[str, Any] = {}

    def plan(self) -> dict[str, Any]:
        return {
            "epochs": self.recipe.epochs,
            "steps": self.steps,
            "rows": self.source.rows,
            "engine": self.engine.name,
            "compiling": not self.engine.is_compiled(self.batch_size),
            "parameters": self.given.parameters.size,
            "monitor": self.monitor,
            "history": [dict(row) for row in self.history],
        }

    def compile(self) -> None:
        """Compile what is not there yet, off the run's clock."""
        self.started += seconds_to_compile(self.engine, self.batch_size)

    # -- going on where an earlier run stopped --------------------------------------------------------

    def restore_from(self, callbacks: Sequence[Any]) -> None:
        """Go on from the first snapshot that a callback has of this run."""
        if not any(hasattr(callback, "restore") for callback in callbacks):
            return
        settings = asdict(self.recipe) | {"monitor": self.monitor}
        self.identity = run_identity(self.program, settings, self.state.parameters, self.source.identity())
        found = [snapshot for snapshot in tell(callbacks, "restore", self.identity) if snapshot is not None]
        if not found:
            return
        arrays, document = found[0].arrays, found[0].document
        if "turned_at" in arrays:
            np.copyto(self.state.parameters, arrays["turned_at"])
            self.turn()
        np.copyto(self.state.parameters, arrays["parameters"])
        np.copyto(self.state.slots, arrays["slots"])
        self.state.t = document["t"]
        self.best = Best(**document["best"], parameters=arrays.get("best_parameters"))
        self.plateau = Plateau(*document["plateau"])
        self.history.rows = [dict(row) for row in document["history"]]
        self.started -= document["seconds"]

    def snapshot(self) -> Snapshot:
        """Where the run stands, on its own: later epochs do not change it."""
        arrays = {"parameters": self.state.parameters.copy(), "slots": self.state.slots.copy()}
        if self.turned is not None:
            arrays["turned_at"] = self.turned.start
        best = {"score": self.best.score, "epoch": self.best.epoch, "waited": self.best.waited}
        if self.best.parameters is not None:
            arrays["best_parameters"] = self.best.parameters
        document = {
            "t": self.state.t,
            "best": best,
            "plateau": list(self.plateau),
            "history": [dict(row) for row in self.history],
            "seconds": time.perf_counter() - self.started,
        }
        return Snapshot(self.identity, arrays, document)

    # -- where there are more inputs than examples ----------------------------------------------------

    def turn_where_due(self) -> None:
        """Turn before the epoch from which that pays."""
        if self.turned is None and len(self.history) == self.turns_at:
            self.turn()

    def turn(self) -> None:
        """Go on in as many coordinates as there are examples, if that is the same run."""
        assert isinstance(self.source, InMemory)
        turned = TurnedRun(self.engine, self.state, self.source.data)
        if not turned.is_whole:
            self.turns_at = None
            return
        self.turned, self.engine, self.state = turned, turned.engine, turned.state
        if isinstance(self.validate, Turnable):
            self.validate = turned.validating(self.validate)
        self.source, self.before = InMemory(turned.data, turned.engine), EpochStart()
        self.compile()

    def whole(self, parameters: np.ndarray, t: int) -> np.ndarray:
        """The parameters after so many steps as all but the engine knows them, not to be written into."""
        return parameters if self.turned is None else self.turned.parameters(parameters, t)

    def hand_back(self) -> None:
        """Bring the state that the run was given to where the run stands."""
        if self.turned is not None:
            self.turned.hand_back(self.given)

    @property
    def out_of_patience(self) -> bool:
        return self.recipe.patience is not None and self.best.waited >= self.recipe.patience

    # -- running --------------------------------------------------------------------------------------

    def epoch(
        self, epoch: int, callbacks: Sequence[Any], interrupt: StopOnInterrupt
    ) -> tuple[dict, str | None]:
        """All steps of an epoch; its row and, where it did not run to its end, why."""
        start = time.perf_counter()
        rows = self.source.rows
        rates = self.recipe.rates(epoch, self.steps, self.plateau.factor)
        takes_statistics = self.every > 0 and epoch % self.every == 0
        if takes_statistics or self.best.parameters is None:
            self.before.keep(self.state.parameters, at_hand=takes_statistics)
            self.before_t = self.state.t
        whole, ended = StepTotals(), None
        for batches, address in self.source.passes(epoch, self.batch_size, self.recipe.shuffle):
            totals, its_rates = StepTotals(), rates[whole.steps : whole.steps + batches.steps]
            while totals.steps < batches.steps and ended is None:
                call_start = time.perf_counter()
                part = its_rates[totals.steps : totals.steps + self.call_steps]
                totals = self.engine.run_steps(self.state, batches, address, totals, part)
                if not totals.finite:
                    ended = "diverged"
                elif interrupt.asked:
                    ended = "interrupted"
                self._pace(len(part), time.perf_counter() - call_start)
                if self.steps > len(part):
                    tell(callbacks, "on_steps_end", epoch + 1, whole.steps + totals.steps)
            whole = whole.followed_by(totals)
            if ended is not None:
                break
        totals = whole
        seconds = time.perf_counter() - start
        if not is_finite(self.state.parameters):
            ended = "diverged"
        row = {
            "epoch": epoch + 1,
            "step": self.state.t,
            "cost": totals.mean_cost,
            "learning_rate": float(rates[max(totals.steps - 1, 0)]),
            "gradient_norm": totals.gradient_norm,
            "seconds": time.perf_counter() - self.started,
            "rows_per_second": min(totals.steps * self.batch_size, rows) / max(seconds, 1e-9),
        }
        self.call_epochs = fitting(1, seconds, self.call_epochs)
        if takes_statistics and ended is None:
            probe = self.probe
            assert probe is not None
            row |= layer_statistics(
                self.whole(self.state.parameters, self.state.t),
                self.whole(self.before.parameters(), self.before_t),
                self.program.architecture,
                self.program.objective,
                probe.X,
                probe.Y,
            )
        return row, ended

    @property
    def shuffles(self) -> bool:
        return self.recipe.shuffle and self.steps > 1

    def several_epochs(self) -> bool:
        """Do as many epochs in one call as nobody looks at and `pace.fitting` allows.

        Whether any was done: none where there are fewer than two, where the state is large, for a copy of it
        is kept, or where one of them diverges. `epoch` does it then, and keeps the parameters before it.
        """
        assert isinstance(self.source, InMemory)
        if self.state.parameters.size > LARGE:
            return False
        first, rows = len(self.history), self.source.rows
        count = min(self.recipe.epochs - first, self.call_epochs, max(1, LARGEST_ORDER // rows))
        if self.every:
            count = min(count, -first % self.every)
        if self.turns_at is not None and first < self.turns_at:
            count = min(count, self.turns_at - first)
        if count < 2:
            return False
        start, t = time.perf_counter(), self.state.t
        saved = self.state.parameters.copy(), self.state.slots.copy()
        epochs = np.arange(first, first + count)
        rates = self.recipe.rates(epochs, self.steps)
        order = self.engine.orders(rows, first, count) if self.shuffles else None
        batches = Batches(*self.source.data, order, self.batch_size)
        totals = self.engine.run_epochs(self.state, batches, first, rates)
        if not (totals[-1].finite and is_finite(self.state.parameters)):
            np.copyto(self.state.parameters, saved[0])
            np.copyto(self.state.slots, saved[1])
            self.state.t, self.call_epochs = t, 1
            return False
        seconds = time.perf_counter() - start
        # Nobody waits for the best epoch here, or for a plateau: the rows are all there is to keep.
        columns = epoch_columns(first, t, rates, totals.mean_costs, totals.sums[2])
        self.history.extend(columns | time_columns(start - self.started, seconds, count, rows))
        self.call_epochs = fitting(count, seconds, self.call_epochs)
        return True

    def _pace(self, steps: int, seconds: float) -> None:
        """How many steps the next call does, so that progress shows and Ctrl-C is heard soon."""
        self.call_steps = min(self.steps, fitting(steps, seconds, self.call_steps))

    def see(self, row: dict[str, Any], *, keep: bool) -> None:
        """Keep the row, and what it says of the best epoch and of the plateau."""
        self.history.append(row)
        value = row[self.monitor]
        metric = self.monitor.removeprefix("validation_")
        score = -value if metric in HIGHER_IS_BETTER else value
        self.best.see(score, row["epoch"], self.state.parameters if keep else None, self.recipe.min_delta)
        if self.recipe.schedule == PLATEAU:
            settings: dict[str, Any] = {}
            if self.recipe.schedule_factor is not None:
                settings["factor"] = self.recipe.schedule_factor
            if self.recipe.schedule_every is not None:
                settings["patience"] = self.recipe.schedule_every
            self.plateau = reduce_on_plateau(self.plateau, score, **settings)

    def result(self, stopped: str) -> Result:
        kept, epoch = self.best.parameters, self.best.epoch
        if kept is not None and self.turned is not None and kept.size != self.given.parameters.size:
            kept = self.turned.whole(kept)
        if kept is None:
            # After a divergence the last epoch that was done is the last with a cost: its end is `before`.
            epoch = len(self.history)
            kept = self.given.parameters
            if stopped == "diverged":
                kept = self.whole(self.before.parameters(), self.before_t)
        return Result(
            parameters=kept,
            history=self.history,
            best_epoch=epoch,
            stopped=stopped,
            reason=self._reason(stopped),
            seconds=time.perf_counter() - self.started,
            state=self.given,
        )

    def _reason(self, stopped: str) -> str:
        done = len(self.history)
        if stopped == "patience":
            return f"{self.monitor} had not improved for {self.best.waited} epochs"
        if stopped == "diverged":
            return f"the cost or the parameters were no longer finite in epoch {done + 1}"
        if stopped == "callback":
            return f"a callback asked to stop after epoch {done}"
        return reason_of(stopped, done)


def is_finite(array: np.ndarray) -> bool:
    """Whether every number is: a sum of squares is finite then, unless a square overflows."""
    return bool(np.isfinite(np.vdot(array, array)) or np.isfinite(array).all())

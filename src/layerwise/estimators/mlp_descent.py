"""The stochastic solvers, by scikit-learn's rules: when the rate falls, when the loss counts as better, when
to stop. The steps themselves are the engine's."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from layerwise.engine import Engine, TrainingState
from layerwise.estimators.mlp_epochs import EpochOutcome, Epochs
from layerwise.estimators.mlp_resuming import restore_from
from layerwise.formulas.randomness import generator_at
from layerwise.formulas.schedules import PLATEAU, Plateau, reduce_on_plateau
from layerwise.training import Recipe, Result
from layerwise.training.callback import tell
from layerwise.training.pace import seconds_to_compile
from layerwise.training.statistics import PROBE_ROWS, layer_statistics

if TYPE_CHECKING:
    from layerwise.estimators.mlp_network import MLPNetwork

SMALLEST_RATE = 1e-6
ADAPTIVE_DIVISOR = 5.0


@dataclass
class OptimizerMemory:
    """What the optimizer carries from one `partial_fit` to the next: what it remembers of each parameter
    (slots, n), the steps it has done, the learning rate in force and the state of a plateau schedule."""

    slots: np.ndarray
    learning_rate: float
    t: int = 0
    plateau: Plateau = field(default_factory=Plateau)

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Slots that were mapped from a file are not to be written to, and training writes in place.
        vars(self).update(state | {"slots": np.array(state["slots"])})


@dataclass
class Descent:
    """One call of `fit` or `partial_fit` with a stochastic solver.

    `model` is the estimator, whose attributes are kept up as it goes; `vector` its parameters, changed in
    place; `score` gives the (cost, score) of held-out rows or is None.
    """

    model: MLPNetwork
    engine: Engine
    vector: np.ndarray
    memory: OptimizerMemory
    epochs: Epochs
    random: np.random.RandomState
    recipe: Recipe | None
    score: Callable[[], tuple[float, float]] | None
    callbacks: Sequence[Any] = ()
    stopped: str = "epochs"

    def __post_init__(self) -> None:
        self.best = self.vector.copy() if self.model.early_stopping else None
        self.best_epoch = 0
        self.started = time.perf_counter()
        self._order = np.arange(self.epochs.count)
        if self.model.statistics:
            pick = generator_at(self.engine.program.seed, "probe").permutation(self.epochs.count)[:PROBE_ROWS]
            self._probe = self.epochs.batch(np.sort(pick))

    def run(self, most: int, *, incremental: bool) -> None:
        """At most so many epochs. Warns as scikit-learn does where they were not enough."""
        model = self.model
        state = TrainingState(self.vector, self.memory.slots, self.memory.t)
        model.n_iter_ = 0
        if self.callbacks:
            self._snapshot = restore_from(self, state, self.callbacks)
            tell(self.callbacks, "on_train_begin", self._plan(most))
        self.started += seconds_to_compile(self.engine, self.epochs.size)
        try:
            while model.n_iter_ < most and self.stopped == "epochs":
                self._block(state, most)
                if model.n_iter_ == model.max_iter and self.stopped == "epochs" and not incremental:
                    warnings.warn(
                        f"Stochastic Optimizer: Maximum iterations ({model.max_iter}) reached and the "
                        "optimization hasn't converged yet.",
                        ConvergenceWarning,
                        stacklevel=5,
                    )
        except KeyboardInterrupt:
            self.stopped = "interrupted"
            warnings.warn("Training interrupted by user.", stacklevel=5)
        self.memory.t = state.t
        if self.best is not None:
            self.vector[:] = self.best
        if self.callbacks:
            tell(self.callbacks, "on_train_end", self._result(state))

    # -- epochs -------------------------------------------------------------------------------------

    def _block(self, state: TrainingState, most: int) -> None:
        """The next epochs, and what scikit-learn does after each.

        Several at once where nothing looks at the parameters between them and none of them can be the last
        but the last one: training gives up only after so many epochs without an improvement.
        """
        model = self.model
        number = len(model.loss_curve_)
        before = self.vector.copy() if model.statistics else None
        on_steps = self._tell_of_steps if self.callbacks else None
        count = self._epochs_ahead(most - model.n_iter_)
        rates = self._rates_ahead(number, count)
        outcomes = self.epochs.run(state, self._orders_ahead(count), number, rates, on_steps)
        # The state at the end of the block; epochs before its last one ended so many steps earlier.
        last = state.t - self.epochs.steps * (len(outcomes) - 1)
        for k, outcome in enumerate(outcomes):
            self._after_epoch(outcome, last + k * self.epochs.steps, float(rates[k, -1]), before)

    def _epochs_ahead(self, left: int) -> int:
        model = self.model
        watched = self.score is not None or self.callbacks or model.statistics or model.schedule == PLATEAU
        if watched:
            return 1
        patience = model.n_iter_no_change + 1 - model._no_improvement_count
        return self.epochs.at_once(int(min(left, max(patience, 1))))

    def _orders_ahead(self, count: int) -> np.ndarray | None:
        """scikit-learn's orders: each epoch shuffles the one before, mini-batches or not."""
        if not self.model.shuffle:
            return None if count == 1 or self.epochs.steps == 1 else np.tile(self._order, (count, 1))
        if self.epochs.steps == 1 and isinstance(self.model.random_state, Integral):
            # One batch has no order, and of a generator made from a seed nobody sees the next number.
            return None
        orders = np.empty((count, self.epochs.count), dtype=np.int64)
        for k in range(count):
            # The same as the order at the positions of a permutation, without making either.
            self.random.shuffle(self._order)
            orders[k] = self._order
        return orders if self.epochs.steps > 1 else None

    def _rates_ahead(self, epoch: int, count: int) -> np.ndarray:
        """The learning rate of each step, (epochs, steps)."""
        steps, model = self.epochs.steps, self.model
        rates = np.full((count, steps), self.memory.learning_rate)
        if self._falls_with_time():
            for k in range(1, count):
                rates[k] = self._rate_after(model.t_ + k * self.epochs.count)
        if self.recipe is not None:
            for k in range(count):
                rates[k] *= self.recipe.rates(epoch + k, steps, self.memory.plateau.factor)
        return rates

    def _falls_with_time(self) -> bool:
        return self.model.solver == "sgd" and self.model.learning_rate == "invscaling"

    def _rate_after(self, examples: int) -> float:
        """scikit-learn's "invscaling" after so many examples."""
        return self.model.learning_rate_init / (examples + 1) ** self.model.power_t

    def _after_epoch(self, outcome: EpochOutcome, step: int, rate: float, before: np.ndarray | None) -> None:
        """Keep what scikit-learn keeps of an epoch, tell the callbacks, and see whether to stop."""
        model = self.model
        model.n_iter_ += 1
        model.t_ += self.epochs.count
        model.loss_ = outcome.loss if outcome.finite else float("nan")
        model.loss_curve_.append(model.loss_)
        if model.verbose:
            print(f"Iteration {model.n_iter_}, loss = {model.loss_:.8f}")
        row = {
            "epoch": len(model.loss_curve_),
            "step": step,
            "cost": model.loss_,
            "learning_rate": rate,
            "gradient_norm": outcome.gradient_norm,
            "seconds": time.perf_counter() - self.started,
            "rows_per_second": self.epochs.count / max(outcome.seconds, 1e-9),
        }
        cost, score = (None, None) if self.score is None else self._held_out(outcome)
        if score is not None:
            row |= {"validation_cost": cost, f"validation_{model._score_name}": score}
        if before is not None and outcome.finite:
            row |= layer_statistics(
                self.vector, before, self.engine.program.architecture, self.engine.program.objective,
                self._probe.X, self._probe.Y,
            )  # fmt: skip
        model._history.append(row)
        self._judge(score)
        self._change_rate(cost)
        wishes = tell(self.callbacks, "on_epoch_end", row)
        if not outcome.finite:
            self.stopped = "diverged"
        elif model._no_improvement_count > model.n_iter_no_change and self._gives_up():
            self.stopped = "patience"
        elif any(wishes):
            self.stopped = "callback"
        if outcome.finite and self.callbacks:
            tell(self.callbacks, "on_snapshot", self._snapshot)

    def _held_out(self, outcome: EpochOutcome) -> tuple[float, float]:
        assert self.score is not None
        return self.score() if outcome.finite else (float("nan"), float("nan"))

    # -- better, and enough ---------------------------------------------------------------------------

    def _judge(self, score: float | None) -> None:
        """Whether the epoch counts as an improvement: by the score where training may stop early, else by
        the loss. A NaN never counts as worse, as in scikit-learn."""
        model = self.model
        if model.early_stopping:
            assert score is not None
            model.validation_scores_.append(score)
            if model.verbose:
                print(f"Validation score: {score:f}")
            worse = score < model.best_validation_score_ + model.tol
            if score > model.best_validation_score_:
                model.best_validation_score_ = score
                assert self.best is not None
                self.best[:], self.best_epoch = self.vector, len(model.loss_curve_)
        else:
            worse = model.loss_ > model.best_loss_ - model.tol
            if model.loss_ < model.best_loss_:
                model.best_loss_ = model.loss_
        model._no_improvement_count = model._no_improvement_count + 1 if worse else 0

    def _change_rate(self, validation_cost: float | None) -> None:
        """The learning rate that the next epoch begins with."""
        model = self.model
        if self._falls_with_time():
            self.memory.learning_rate = self._rate_after(model.t_)
        if model.schedule == PLATEAU:
            settings: dict[str, Any] = {}
            if model.schedule_factor is not None:
                settings["factor"] = model.schedule_factor
            if model.schedule_every is not None:
                settings["patience"] = model.schedule_every
            watched = model.loss_ if validation_cost is None else validation_cost
            self.memory.plateau = reduce_on_plateau(self.memory.plateau, watched, **settings)

    def _gives_up(self) -> bool:
        """No improvement for too long: whether to stop. An adaptive rate falls first."""
        model = self.model
        watched = "Validation score" if model.early_stopping else "Training loss"
        message = (
            f"{watched} did not improve more than tol={model.tol:f} for {model.n_iter_no_change} "
            "consecutive epochs."
        )
        adaptive = model.solver == "sgd" and model.learning_rate == "adaptive"
        if not adaptive or self.memory.learning_rate <= SMALLEST_RATE:
            reason = " Learning rate too small. Stopping." if adaptive else " Stopping."
            self._say(message + reason)
            return True
        self.memory.learning_rate /= ADAPTIVE_DIVISOR
        self._say(f"{message} Setting learning rate to {self.memory.learning_rate:f}")
        model._no_improvement_count = 0
        return False

    def _say(self, text: str) -> None:
        if self.model.verbose:
            print(text)

    # -- what callbacks are told ------------------------------------------------------------------------

    def _tell_of_steps(self, steps: int) -> None:
        tell(self.callbacks, "on_steps_end", len(self.model.loss_curve_) + 1, steps)

    def _plan(self, most: int) -> dict[str, Any]:
        return {
            "epochs": most,
            "steps": self.epochs.steps,
            "rows": self.epochs.count,
            "engine": self.engine.name,
            "compiling": not self.engine.is_compiled(self.epochs.size),
            "parameters": self.vector.size,
            "monitor": f"validation_{self.model._score_name}" if self.model.early_stopping else "cost",
            "history": [dict(row) for row in self.model._history],
        }

    def _result(self, state: TrainingState) -> Result:
        model = self.model
        reasons = {
            "epochs": f"all {model.n_iter_} epochs were done",
            "patience": f"no improvement for {model.n_iter_no_change} epochs",
            "diverged": f"the cost was no longer finite in epoch {len(model.loss_curve_)}",
            "interrupted": f"interrupted in epoch {len(model.loss_curve_) + 1}",
            "callback": f"a callback asked to stop after epoch {len(model.loss_curve_)}",
        }
        return Result(
            parameters=self.vector.copy(),
            history=model._history,
            best_epoch=self.best_epoch if self.best is not None else len(model.loss_curve_),
            stopped=self.stopped,
            reason=reasons[self.stopped],
            seconds=time.perf_counter() - self.started,
            state=state,
        )
